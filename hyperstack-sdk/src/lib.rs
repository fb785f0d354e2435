//! A typed client for Hyperstack and Arete: Solana programs as live entities, streamed into plain Rust structs.
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
//! # Guides
//!
//! The [`guide`] has a page for each task: [connecting](guide::connecting), [reading](guide::reading),
//! [streaming](guide::streaming), [lag](guide::lag), [reconnecting](guide::reconnecting), [auth](guide::auth),
//! [testing](guide::testing) and [migrating](guide::migrating). [`derives`] shows each attribute with an example.
//!
//! # What the client promises
//!
//! - **Every stream starts with the current rows**, then yields later changes.
//! - **A slow reader misses no row's latest state.** Beyond 1,024 queued changes, the changes of each row are merged
//!   into one. A reader never slows down the socket.
//! - **Unchanged rows are silent.** A row that arrives again without a change yields nothing.
//! - **A bad field keeps its last good value, and the rest of its update applies.** `try_watch()` and
//!   [`HyperStack::faults`] report it, and [`StateView::stale_fields`] names it until a good value arrives.
//! - **A row stays hidden until all required fields have arrived.** If every row lacks a
//!   required field, or if the server sends a field in another spelling, one warning and one
//!   [`Fault::MissingField`] say so.
//! - **Empty, loading and failed are different answers**: see `try_get`, `try_list` and [`ReadError`].
//! - **A reconnect repeats nothing.** Streams yield only the rows that differ. (Under protocol v1, deletions in lists
//!   go unnoticed.)
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `rustls` (default) | the client, with `wss://` through rustls and the Mozilla root certificates |
//! | `native-tls` | the client, with `wss://` through the platform's TLS library. If both are on, `rustls` wins |
//! | `client` | the client, with `ws://` only |
//! | `token-endpoint` | tokens for an API key from a token endpoint, over HTTP |
//! | `testing` | an in-process server, a token endpoint for tests, and recordings |
//!
//! Without any feature (`default-features = false`), the crate has the derives, [`patch`], [`wire`], [`session`],
//! [`auth`] and [`stream`], and does not depend on tokio.
//!
//! # Internals
//!
//! ```text
//! socket bytes
//!   -> wire      messages of both protocol generations, decoded from borrowed bytes
//!   -> session   wanted and confirmed subscriptions, timers, backoff, tokens
//!   -> store     rows: decode the patch, merge it, keep the order
//!   -> stream    one queue per reader, and the stream that reads it
//!   -> engine    session and store as one state machine
//!   -> view      handles to the views of an entity
//!   -> client    HyperStack and its builder
//! driver         the one task that awaits the socket and feeds the session
//! auth           tokens and token providers
//! shapes         the types in which the server sends accounts and instructions
//! patch          typed patches: decode, merge, diff
//! testing        the in-process server, and recordings of real ones
//! ```
//!
//! [`wire`], [`session`] and the store do no IO and read no clock: time is an argument.

#![cfg_attr(docsrs, feature(doc_cfg))]

// The derives name this crate by its name, and it uses them too.
extern crate self as hyperstack_sdk;

mod json;

pub mod wire;

pub mod auth;

pub mod session;

#[cfg_attr(
    not(feature = "client"),
    allow(dead_code, unused_imports, unreachable_pub)
)]
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

// The examples need the in-process server.
#[cfg(any(feature = "testing", not(doctest)))]
pub mod guide;

pub mod derives;
pub mod patch;
mod shapes;

#[cfg(feature = "testing")]
pub mod testing;

pub mod prelude;

#[doc(inline)]
pub use auth::{AuthToken, TokenError, TokenProvider};
#[cfg(feature = "client")]
pub use client::{HyperStack, HyperStackBuilder, ViewSource, Views};
#[cfg(feature = "client")]
pub use engine::{ConnectionState, Fault, Feed, StateChange, Stats};
pub use futures_util::{Stream, StreamExt};
/// Derives the patch type, decoder and merge logic for an entity.
///
/// For all attributes and the merge rules, see [the derives](derives#entity).
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
/// Derives the decoder and encoder for a field type that is replaced as a whole.
///
/// For all attributes, see [the derives](derives#leaf).
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
/// Derives the patch type, decoder and merge logic for a nested struct that merges field by field.
///
/// For all attributes and the merge rules, see [the derives](derives#section).
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
/// Derives a client that has the views of all entities of one server.
///
/// For all attributes, see [the derives](derives#views-and-stack).
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
/// // With custom settings:
/// let hyperstack = OreStack::builder().token("…").connect().await?;
/// let ore = OreStackClient::new(hyperstack);
/// # Ok(())
/// # }
/// ```
#[doc(inline)]
pub use hyperstack_derive::Stack;
/// Derives an accessor for each view of an entity.
///
/// For all attributes, see [the derives](derives#views-and-stack).
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
#[doc(inline)]
pub use patch::{
    DecodeError, Entity, FilterError, FilterValue, JsonPatch, Key, Keyed, ListPatch, MapPatch,
    Patch, PatchError, PatchErrorKind, Patchable, Record,
};
pub use serde_json::Value;
#[doc(inline)]
pub use session::{
    CloseReason, ConfigError, ConnectError, ConnectionLost, RemovalCause, TooManySubscriptions,
};
pub use shapes::{Capture, Event, Instruction, SlotHashBytes, TokenMetadata, TokenMetadataPatch};
#[cfg(feature = "client")]
pub use store::{Lack, MissingField, PartialRows};
#[doc(inline)]
pub use stream::{
    AnyRow, ChangeStream, EndReason, EntityStream, ErasedStream, RichEntityStream, RichUpdate,
    RowChange, RowError, RowErrorCause, RowStream, SharedEntityStream, StreamError,
    TryEntityStream, Update, Watch, WindowRows, WindowStream,
};
#[cfg(feature = "client")]
pub use view::{Derived, Entities, ListView, ReadError, Shared, SingleView, StateView, WindowView};
#[doc(inline)]
pub use wire::{AuthErrorCode, Protocol, Remedy, Seq};

/// Items that the generated code of the derives uses. Not part of the public API.
#[doc(hidden)]
pub mod __private {
    #[cfg(feature = "client")]
    pub use crate::client::{source, ViewSource, Viewed};
    pub use crate::patch::__private::*;
}

#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../../README.md")]
struct Readme;
