//! A typed client for Hyperstack: Solana programs as live entities, streamed into plain Rust structs.
//!
#![cfg_attr(feature = "client", doc = "```no_run")]
#![cfg_attr(not(feature = "client"), doc = "```ignore")]
//! use hyperstack_sdk::prelude::*;
//!
//! #[derive(Debug, Clone, PartialEq, Entity, Views)]
//! #[view(latest, single)]
//! pub struct OreRound {
//!     pub id: RoundId,
//!     pub motherlode: Option<f64>,
//! }
//!
//! #[derive(Debug, Clone, PartialEq, Section)]
//! pub struct RoundId {
//!     pub round_id: u64,
//! }
//!
//! # async fn run() -> Result<(), ConnectError> {
//! let hs = HyperStack::connect("wss://ore.example").await?;
//! let rounds = hs.list::<OreRound>().await;
//! let mut updates = hs.views::<OreRoundViews>().latest().watch();
//! while let Some(update) = updates.next().await {
//!     println!("{}: {:?}", update.key(), update.data());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # How data flows
//!
//! ```text
//! socket bytes
//!   -> wire      messages: inflated under a limit, borrowed from their bytes
//!   -> session   what readers want against what the server confirmed; timers, backoff, tokens
//!   -> store     sources and local windows: decode the patch, merge it, keep the order
//!   -> stream    one conflating queue per reader, and the stream over it
//!   -> engine    session and caches as one machine, shared by handles, readers and the driver
//!   -> view      handles to the views of an entity
//!   -> client    HyperStack and its builder
//! driver         the one task that awaits the socket and feeds the session
//! auth           tokens, where they come from, and why they may not come
//! shapes         what the server wraps around accounts and instructions
//! patch          what the derives build on: typed patches, their merge, their wire
//! testing        an in-process server that speaks the protocol, and recordings of the real one
//! ```
//!
//! [`wire`], [`session`] and the store are pure: they do no IO and read no clock, and time is an
//! argument. Only the client, its views and its driver need tokio; they stand behind the feature
//! `client`.
//!
//! # What a reader is promised
//!
//! - **Snapshot, then live, for everyone.** A stream, the first or the hundredth on a view, starts
//!   with the rows that are there, then yields every later change.
//! - **Nothing is lost in silence.** A reader that falls behind gets one item for each row that
//!   changed meanwhile, and what it reads last is the truth. It never slows the socket down.
//! - **Unchanged is silent.** A row that comes again as it is makes no item.
//! - **A bad field keeps its last good value, and the rest of its update applies.** `try_watch()` and
//!   [`HyperStack::faults`] report it, and [`StateView::stale_fields`] names it until a good value arrives. A
//!   row stays hidden until all required fields have arrived.
//! - **A struct that does not match the data is reported.** If no row of a snapshot has a field and the server
//!   sends a similar name, one warning and one [`Fault::MissingField`] name both. If every row lacks a required
//!   field, `try_list()` is `ReadError::Partial`.
//! - **Empty, not yet, and broken are three answers**: see the `try_…` methods and `ReadError`.
//!
//! # When the connection is lost
//!
//! It is restored, after a wait that is drawn at random up to 1, 2, 4, 8, then 16 seconds, as often as it
//! takes or as [`max_reconnect_attempts`](HyperStackBuilder::max_reconnect_attempts) says, and never before
//! the server's `Retry-After`. The connection is taken for lost after two ping intervals of silence.
//! What is read is then subscribed anew, and readers are told of what changed meanwhile, and only that:
//!
//! - **A derived view** is sent whole: rows that left the window are deletes.
//! - **A list** is asked for from the last change that came, rewound by 150 slots, where the positions of its
//!   changes can be relied on as far as they were seen: each had one, none ever went back by more than
//!   that, and nothing failed to decode. Else it is sent whole, and always with
//!   [`resume(false)`](HyperStackBuilder::resume): where the chain may begin again at a lower slot meanwhile,
//!   as a local validator's does, that is needed.
//! - **Rows of a list that are not in the new snapshot stay.** The protocol has no deletes of entities; the
//!   server keeps its 500 last changed rows and begins empty after a restart, so that a row that is
//!   missing is one that it forgot. The same goes for `state()`.
//! - **A row of which the server only has a part**, since it forgot the rest, replaces what is held as any row
//!   does; without a required field it is a bad row, and the last good value stands. One that nobody has
//!   yet waits until it is whole.
//! - **An update that the snapshot has already** may come again behind it. Values are then set once more, while
//!   elements that a list has are not appended again.
//!
//! [`HyperStack::connection_states`] tells each state with its cause, `try_watch()` that the rows were taken
//! again ([`StreamError::Resynced`]), and [`HyperStack::stats`] counts. A subscription can also die alone, in
//! silence: see [`stale_after`](HyperStackBuilder::stale_after).
//!
//! # The derives
//!
//! [`derives`] has each attribute with an example, and the table of how a patch merges.
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | `rustls` (default) | the client, with `wss://` by rustls and the Mozilla roots |
//! | `native-tls` | the client, with `wss://` by the platform's TLS library; `rustls` wins if both are on |
//! | `client` | the client, `ws://` only |
//! | `token-endpoint` | the client, with tokens for an API key from a token endpoint, over HTTP |
//! | `testing` | an in-process server and a token endpoint for tests |
//!
//! Without any of them the crate is its pure core: the derives, [`patch`], [`wire`] and [`session`].

// The derives name this crate by its name, and it uses them too.
extern crate self as hyperstack_sdk;

mod json;

pub mod wire;

pub mod auth;

pub mod session;

#[cfg_attr(not(feature = "client"), allow(dead_code, unused_imports))]
mod store;

#[cfg_attr(not(feature = "client"), allow(dead_code, unused_imports))]
pub mod stream;

#[cfg(feature = "client")]
mod engine;

#[cfg(feature = "client")]
mod view;

#[cfg(feature = "client")]
mod client;

#[cfg(feature = "client")]
mod driver;

pub mod derives;
pub mod patch;
mod shapes;

#[cfg(feature = "testing")]
pub mod testing;

pub mod prelude;

pub use auth::{AuthToken, TokenError, TokenProvider};
#[cfg(feature = "client")]
pub use client::{HyperStack, HyperStackBuilder, ViewSource, Views};
#[cfg(feature = "client")]
pub use engine::{ConnectionState, Fault, Feed, StateChange, Stats};
pub use futures_util::{Stream, StreamExt};
/// Makes a typed patch of what the server knows by name, and its merge.
///
/// Each attribute with an example, and how a patch merges: [the derives](derives#entity).
///
/// ```
/// use hyperstack_sdk::prelude::*;
///
/// #[derive(Debug, Clone, PartialEq, Entity)]
/// #[entity(name = "OreRound", key = "number", rename_all = "camelCase")]
/// pub struct Round {
///     pub number: u64,
///     pub expires_at: Option<Option<i64>>,
///     #[field(append(max = 100))]
///     pub winners: Vec<String>,
/// }
///
/// let patch: RoundPatch = serde_json::from_str(r#"{"number": 7, "expiresAt": null}"#)?;
/// let round = Round::try_from(patch)?;
/// assert_eq!((*round.key(), round.expires_at), (7, Some(None)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(inline)]
pub use hyperstack_derive::Entity;
/// Makes a field of what is replaced whole.
///
/// Each attribute with an example, and how a patch merges: [the derives](derives#leaf).
///
/// ```
/// use hyperstack_sdk::prelude::*;
///
/// #[derive(Debug, Clone, PartialEq, Leaf)]
/// #[leaf(rename_all = "snake_case")]
/// pub enum Phase {
///     NotStarted,
///     #[leaf(rename = "CLOSED")]
///     Closed,
///     #[leaf(other)]
///     Unknown(String),
/// }
///
/// #[derive(Debug, Clone, PartialEq, Entity)]
/// struct Round {
///     phase: Phase,
/// }
///
/// let patch: RoundPatch = serde_json::from_str(r#"{"phase": "not_started"}"#)?;
/// assert_eq!(patch.phase, Some(Some(Phase::NotStarted)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[doc(inline)]
pub use hyperstack_derive::Leaf;
/// Makes a typed patch of a nested struct, and its merge, field by field.
///
/// Each attribute with an example, and how a patch merges: [the derives](derives#section).
///
/// ```
/// use hyperstack_sdk::prelude::*;
///
/// #[derive(Debug, Clone, PartialEq, Section)]
/// #[section(rename_all = "camelCase")]
/// pub struct Trading {
///     pub last_price: Option<f64>,
///     #[field(default)]
///     pub volume: u64,
/// }
///
/// let mut trading = Trading { last_price: Some(1.5), volume: 100 };
/// trading.apply(serde_json::from_str(r#"{"lastPrice": 2.5}"#)?)?;
/// assert_eq!(trading, Trading { last_price: Some(2.5), volume: 100 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(inline)]
pub use hyperstack_derive::Section;
/// Makes a client of one server: the views of all its entities.
///
/// Each attribute with an example, and how a patch merges: [the derives](derives#views-and-stack).
///
#[cfg_attr(feature = "client", doc = "```no_run")]
#[cfg_attr(not(feature = "client"), doc = "```ignore")]
/// use hyperstack_sdk::prelude::*;
///
/// #[derive(Stack)]
/// #[stack(name = "ore", url = "wss://ore.example", entities(OreRound, OreTreasury))]
/// pub struct OreStack;
///
/// #[derive(Debug, Clone, PartialEq, Entity, Views)]
/// #[view(latest, single)]
/// pub struct OreRound {
///     pub motherlode: Option<f64>,
/// }
///
/// #[derive(Debug, Clone, PartialEq, Entity, Views)]
/// pub struct OreTreasury {
///     pub balance: Option<u64>,
/// }
///
/// # async fn run() -> Result<(), ConnectError> {
/// let ore = OreStack::connect().await?;
/// let round = ore.ore_round.latest().get().await;
/// let mut treasuries = ore.ore_treasury.list().watch();
/// println!("{:?}", ore.hyperstack().stats());
///
/// // With other settings than the default ones:
/// let hyperstack = OreStack::builder().token("…").connect().await?;
/// let ore = OreStackClient::new(hyperstack);
/// # Ok(())
/// # }
/// ```
#[doc(inline)]
pub use hyperstack_derive::Stack;
/// Makes an accessor for each view of an entity.
///
/// Each attribute with an example, and how a patch merges: [the derives](derives#views-and-stack).
///
/// ```no_run
/// use hyperstack_sdk::prelude::*;
///
/// #[derive(Debug, Clone, PartialEq, Entity, Views)]
/// #[view(latest, single)]
/// #[view(richest, id = "OreRound/top5")]
/// pub struct OreRound {
///     pub motherlode: Option<f64>,
/// }
///
/// # async fn run() -> Result<(), ConnectError> {
/// let hs = HyperStack::connect("wss://ore.example").await?;
/// let views = hs.views::<OreRoundViews>();
/// let latest: Option<OreRound> = views.latest().get().await;
/// let richest: Vec<OreRound> = views.richest().get().await;
/// let every: Vec<OreRound> = views.list().get().await;
/// # Ok(())
/// # }
/// ```
#[doc(inline)]
pub use hyperstack_derive::Views;
pub use patch::{
    DecodeError, Entity, FilterError, JsonPatch, Key, Keyed, ListPatch, MapPatch, Patch,
    PatchError, PatchErrorKind, Patchable, Record,
};
pub use serde_json::Value;
pub use session::{CloseReason, ConfigError, ConnectError, ConnectionLost, TooManySubscriptions};
pub use shapes::{Capture, Event, Instruction, SlotHashBytes, TokenMetadata, TokenMetadataPatch};
#[cfg(feature = "client")]
pub use store::MissingField;
pub use stream::{
    EndReason, EntityStream, RichEntityStream, RichUpdate, RowError, RowErrorCause, RowStream,
    SharedEntityStream, StreamError, TryEntityStream, Update, Watch,
};
#[cfg(feature = "client")]
pub use view::{Derived, Entities, ListView, ReadError, Shared, SingleView, StateView, WindowView};
pub use wire::{AuthErrorCode, Protocol, Remedy, Seq};

/// What the expansions of the derives refer to. No part of the public interface.
#[doc(hidden)]
pub mod __private {
    #[cfg(feature = "client")]
    pub use crate::client::{source, ViewSource, Viewed};
    pub use crate::patch::__private::*;
}

#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../../README.md")]
struct Readme;
