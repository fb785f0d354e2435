//! A typed client for [Hyperstack](https://github.com/HyperTekOrg/hyperstack) and
//! [Arete](https://github.com/AreteA4/arete) servers, which stream the state of Solana programs.
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
//! # Terms
//!
//! | term | meaning |
//! |---|---|
//! | entity | a named type on the server, such as `OreRound`. The server has one *row* for each *key* of the entity |
//! | stack | all entities of one server |
//! | view | a list of an entity's rows. `OreRound/list` has all of them, the most recently changed first |
//! | derived view | a view that the server sorts and limits, such as `OreRound/latest` |
//! | state view | a view that you read one row at a time, by key |
//! | window, filter | a part of a view: `skip` and `take` some rows, or keep those with a given value |
//! | snapshot | the current rows of a view, which the server sends first |
//! | patch | the fields of a row that changed. Patches merge into the client's rows |
//! | tape | an event log of a v2 server: numbered records instead of rows |
//!
//! # What to write
//!
//! `hs` is a [`HyperStack`], `views` is `hs.views::<PlayerViews>()`, and `builder` is [`HyperStack::builder`]`()`. Each
//! link leads to a short example.
//!
//! | I want to … | write this |
//! |---|---|
//! | [read one row](guide::recipes#read-one-row) | `hs.get::<T>(key).await` |
//! | [read all rows](guide::recipes#read-all-rows) | `hs.list::<T>().await` |
//! | [select rows by a field](guide::recipes#select-rows-by-a-field) | `views.list().filter("team", "red")` |
//! | [select rows by a closure](guide::recipes#select-rows-by-a-closure) | `views.list().filter_rows(\|row\| ..)` |
//! | [read or follow the first row](guide::recipes#read-the-first-row) | `views.by_score().first()` |
//! | [read a page](guide::recipes#read-a-page) | `views.by_score().skip(20).take(10).get().await` |
//! | [tell an empty view from a slow one](guide::recipes#tell-an-empty-view-from-a-slow-one) | `hs.try_list::<T>().await` |
//! | [read without waiting](guide::recipes#read-without-waiting) | `hs.get_sync::<T>(key)`, `hs.list_sync::<T>()` |
//! | [read rows without copying them](guide::recipes#read-rows-without-copying-them) | `.shared()` |
//! | [read raw JSON](guide::recipes#read-raw-json) | `hs.raw("Player")` |
//! | [follow all changes](guide::recipes#follow-all-changes) | `hs.watch::<T>()` |
//! | [follow one row](guide::recipes#follow-one-row) | `hs.watch_key::<T>(key)` |
//! | [follow some rows](guide::recipes#follow-some-rows) | `hs.watch_keys::<T>(&[..])` |
//! | [show the top ten, live](guide::recipes#show-the-top-ten-live) | `views.by_score().take(10).watch_window()` |
//! | [skip the current rows](guide::recipes#skip-the-current-rows) | `views.list().with_snapshot(false).watch()` |
//! | [wait until a row satisfies a condition](guide::recipes#wait-until-a-row-satisfies-a-condition) | `views.state().wait_for(key, \|row\| ..).await` |
//! | [see a row before and after a change](guide::recipes#see-a-row-before-and-after-a-change) | `hs.watch_rich::<T>()` |
//! | [see which fields changed](guide::recipes#see-which-fields-changed) | `update.changed(\|row\| row.score)` |
//! | [send patches to my own clients](guide::recipes#send-patches-to-your-own-clients) | `hs.watch::<T>().changes()` |
//! | [know why a row left](guide::recipes#know-why-a-row-left) | `RowChange::Removed { cause, .. }` |
//! | [see errors](guide::recipes#see-errors) | `hs.try_watch::<T>()`, `hs.faults()` |
//! | [know why a stream ended](guide::recipes#know-why-a-stream-ended) | `stream.end_reason()` |
//! | [keep every change](guide::recipes#keep-every-change) | `.unbounded()` |
//! | [get only the latest state of each row](guide::recipes#get-only-the-latest-state-of-each-row) | `.conflate(1)` |
//! | [read an event log](guide::tapes) | `views.append().tape()` |
//! | [process each event exactly once](guide::tapes#store-the-cursor-with-the-data) | `.tape().after(cursor)` |
//! | [return a stream that keeps the client alive](guide::recipes#return-a-stream-that-keeps-the-client-alive) | `.keep_alive()` |
//! | [store a stream in a struct](guide::recipes#store-a-stream-in-a-struct) | `.erased()` |
//! | [wait for the connection](guide::recipes#wait-for-the-connection) | `hs.wait_connected().await` |
//! | [watch the connection](guide::recipes#watch-the-connection) | `hs.connection_states()` |
//! | [wait for a server that is down](guide::recipes#wait-for-a-server-that-is-down) | `builder.wait_for_server(true)` |
//! | [change how the client reconnects](guide::recipes#change-how-the-client-reconnects) | `builder.reconnect_intervals(..)` |
//! | [authenticate](guide::recipes#authenticate-with-a-token) | `builder.token(token)` |
//! | [read the counters](guide::recipes#read-the-counters) | `hs.stats()` |
//! | [test without a server](guide::recipes#test-your-code-without-a-server) | `TestServer::builder()` |
//! | [record a session and replay it](guide::recipes#record-a-session-and-replay-it) | `builder.record(..)` |
//! | [read from something other than a server](guide::upstreams) | `builder.connect_over(upstream)` |
//! | [generate the structs](guide::recipes#generate-the-structs) | `hs sdk create rust <stack>` |
//!
//! # Guides
//!
//! Start with [reading](guide::reading) and [streaming](guide::streaming), then [`derives`], which shows each attribute
//! with an example. The [recipes](guide::recipes) are the examples of the table above. Read the other guides when you
//! need them: [connecting](guide::connecting), [lag](guide::lag), [tapes](guide::tapes), [reconnecting](guide::reconnecting),
//! [auth](guide::auth), [observing](guide::observing),
//! [testing](guide::testing), [upstreams](guide::upstreams) and [migrating](guide::migrating).
//!
//! # What the client promises
//!
//! - **By default, a stream starts with the current rows**, then yields later changes.
//! - **A slow reader always gets the latest state of each row.** When more than 1,024 changes are queued, the stream
//!   merges the queued changes of each row. You can [choose another policy](guide::lag). A slow reader never delays the
//!   connection or other readers.
//! - **Streams skip rows that did not change.** If the server sends a row that equals the cached one, the stream yields
//!   nothing.
//! - **A field that fails to decode keeps its last good value.** The other fields of the same update apply.
//!   `try_watch()` and [`HyperStack::faults`] report the error. [`StateView::stale_fields`] lists the field until a good
//!   value arrives.
//! - **A row stays hidden until all required fields have arrived.** If no row of a snapshot has a required field, or if
//!   the server spells a field's name differently, the client logs a warning and reports [`Fault::MissingField`], once
//!   per view and field.
//! - **`try_get` and `try_list` tell an empty view from a slow or failed one**; see [`ReadError`].
//! - **A reconnect repeats nothing.** Streams yield only the rows that changed while the client was away. (A Hyperstack
//!   server does not announce deletions in lists; see [protocol versions](guide::connecting#protocol-versions).)
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `rustls` (default) | the client, with `wss://` through rustls and the Mozilla root certificates. Builds `ring`, which needs a C compiler |
//! | `rustls-native-roots` | `rustls`, and the setting [`native_roots`](HyperStackBuilder::native_roots), which also trusts the system's root certificates |
//! | `native-tls` | the client, with `wss://` through the platform's TLS library and root certificates. If both are enabled, the client uses `rustls` |
//! | `client` | the client, with `ws://` only |
//! | `token-endpoint` | exchanges an API key for tokens at an HTTP endpoint |
//! | `metrics` | counters and gauges for the [`metrics`](https://docs.rs/metrics) crate; see [observing](guide::observing#metrics) |
//! | `testing` | an in-process server, a token endpoint for tests, and recordings |
//!
//! With `default-features = false` and no feature, the crate has no client and does not depend on tokio. It still has
//! the derives, [`patch`], [`wire`], [`session`], [`auth`] and [`stream`], for example to decode patches that you have
//! received in another way.
//!
//! The client logs through [`tracing`](https://docs.rs/tracing); see [observing](guide::observing).
//!
//! # Internals
//!
//! You need this section only if you change the crate.
//!
//! ```text
//! socket bytes
//!   -> wire      messages of protocol v1 (Hyperstack) and v2 (Arete), decoded without copying
//!   -> session   wanted and confirmed subscriptions, timers, backoff, tokens
//!   -> store     rows: decode the patch, merge it, keep the order
//!   -> stream    one queue per reader, and the stream that reads it
//!   -> engine    session and store as one state machine
//!   -> view      handles to the views of an entity
//!   -> client    HyperStack and its builder
//! upstream       what feeds a client: a server behind a WebSocket, or your own code
//! driver         the one task that awaits a connection and feeds the session
//! auth           tokens and token providers
//! shapes         Capture, Event and other types in which servers send Solana accounts and instructions
//! patch          typed patches: decode, merge, diff
//! testing        the in-process server, and recordings of real ones
//! ```
//!
//! `wire`, `session` and `store` do no IO and read no clock: time is an argument.

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
pub mod upstream;

#[cfg(feature = "client")]
mod driver;

// The examples need the in-process server.
#[cfg(any(feature = "testing", not(doctest)))]
pub mod guide;

pub mod derives;
pub mod patch;
mod shapes;
mod with_serde;

#[cfg(feature = "testing")]
pub mod testing;

pub mod prelude;

#[doc(inline)]
pub use auth::{AuthToken, TokenError, TokenProvider};
#[cfg(feature = "client")]
pub use client::{HyperStack, HyperStackBuilder, ViewSource, Views, ViewsOf};
#[cfg(feature = "client")]
pub use engine::{ConnectionState, Fault, Feed, StateChange, Stats, SubscriptionStats};
pub use futures_util::{Stream, StreamExt};
/// Derives the patch type, decoder and merge logic for an entity.
///
/// For all attributes and the merge rules, see [the derives](derives#entity).
///
/// ```
/// use hyperstack_sdk::prelude::*;
///
/// #[derive(Debug, Clone, PartialEq, Entity)]
/// #[entity(name = "OreRound", key(number: u64), rename_all = "camelCase")]
/// pub struct Round {
///     pub number: u64,
///     pub expires_at: Option<Option<i64>>,
///     #[field(append(max = 100))]
///     pub winners: Vec<String>,
/// }
///
/// let patch: RoundPatch = serde_json::from_str(r#"{"number": 7, "expiresAt": null}"#)?;
/// let round = Round::try_from(patch)?;
/// assert_eq!((round.key(), round.expires_at), (Some(&7), Some(None)));
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
/// Derives, on a unit struct, a client for a stack: the views of all entities of one server.
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
    DecodeError, Entity, FieldPath, FilterError, FilterValue, JsonPatch, Key, Keyed, ListPatch,
    MapPatch, Patch, PatchError, PatchErrorKind, Patchable, Record, RowKey,
};
pub use serde_json::Value;
#[doc(inline)]
pub use session::{
    CloseReason, ConfigError, ConnectError, ConnectionLost, GapCause, RemovalCause, TapeGap,
    TooManySubscriptions,
};
pub use shapes::{
    Capture, Event, Instruction, ProgramError, SlotHashBytes, TokenMetadata, TokenMetadataPatch,
};
#[cfg(feature = "client")]
pub use store::{Lack, MissingField, PartialRows};
#[doc(inline)]
pub use stream::{
    AnyRow, ChangeStream, EndReason, EntityStream, ErasedStream, RichEntityStream, RichUpdate,
    RowChange, RowError, RowErrorCause, RowStream, SharedEntityStream, StreamError, TapeError,
    TapeRecord, TryEntityStream, Update, Watch, WindowRows, WindowStream,
};
#[cfg(feature = "client")]
#[doc(inline)]
pub use upstream::Upstream;
#[cfg(feature = "client")]
pub use view::{
    Derived, Entities, ListView, ReadError, Shared, SingleView, StateView, Tape, WindowView,
};
#[doc(inline)]
pub use wire::{AuthErrorCode, Cursor, CursorError, Protocol, Remedy, Seq};
pub use with_serde::nullable;

/// Items for the code that the derives generate. Not part of the public API.
#[doc(hidden)]
pub mod __private {
    #[cfg(feature = "client")]
    pub use crate::client::{source, ViewSource, Viewed};
    pub use crate::patch::__private::*;
}

/// The name that expansions use. It contains the version, so that the code of a derive of another version does not
/// compile. Nor does this crate if the name is wrong, because it uses its own derives.
#[doc(hidden)]
pub use __private as __private_0_5_0;

#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../../README.md")]
struct Readme;
