//! Follow changes.
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//! use hyperstack_sdk::testing::TestServer;
//! use serde_json::json;
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! struct Player {
//!     name: String,
//!     score: i64,
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = TestServer::builder().entity("Player").start().await?;
//! server.upsert("Player", "ada", json!({"name": "Ada", "score": 1}));
//! let hs = HyperStack::connect(server.url()).await?;
//!
//! let mut updates = hs.watch::<Player>();
//! // A stream starts with the rows that the view has.
//! let update = updates.next().await.ok_or("the stream ended")?;
//! assert!(matches!(update, Update::Upsert { .. }));
//! // Then it yields every change, with the whole row.
//! server.patch("Player", "ada", json!({"score": 2}));
//! match updates.next().await.ok_or("the stream ended")? {
//!     Update::Patch { key, data } => assert_eq!((&key[..], data.score), ("ada", 2)),
//!     other => panic!("{other:?}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Streams are lazy: they subscribe when you poll them for the first time. They are `Send` and `Unpin`. Drop a stream
//! to stop it. If it was the last reader of its view, the client unsubscribes after 5 seconds (the setting
//! [`linger`](crate::HyperStackBuilder::linger)).
//!
//! # What you can watch
//!
//! | call | rows |
//! |---|---|
//! | `hs.watch::<T>()`, `views.list().watch()` | all rows of an entity |
//! | `hs.watch_key::<T>(key)`, `views.state().watch(key)` | one row |
//! | `hs.watch_keys::<T>(&[..])`, `views.state().watch_keys(&[..])` | some rows |
//! | `views.latest().watch()` | a derived view |
//! | `views.list().filter(..).skip(n).take(n).watch()` | a part of a view: rows enter it and leave it |
//!
//! # What a stream yields
//!
//! | method | item |
//! |---|---|
//! | `watch` | [`Update<T>`](crate::Update): `Upsert`, `Patch` or `Delete` |
//! | `watch_rich` | [`RichUpdate<T>`](crate::RichUpdate): the row before and after the change |
//! | `listen` | `T`: the row after each change |
//! | `try_watch` | `Result<Update<T>, StreamError>`: also bad fields, resyncs, and the end of the stream |
//!
//! A row that arrives again without a change yields nothing. A row that enters a window yields an upsert (or a patch,
//! if a patch moved it there). A row that leaves a window yields a delete.
//!
//! Chain options and operators after these methods: `.shared()` for `Arc<T>` instead of `T`, then `.filter(..)`,
//! `.filter_map(..)` and `.map(..)`, and everything from [`StreamExt`](crate::StreamExt):
//!
//! ```no_run
//! # use hyperstack_sdk::prelude::*;
//! # #[derive(Debug, Clone, PartialEq, Entity)]
//! # struct Player { name: String, score: i64 }
//! # async fn run(hs: HyperStack) {
//! let mut jumps = hs.watch_rich::<Player>().filter_map(|update| match update {
//!     RichUpdate::Updated { before, after, .. } if after.score > before.score + 10 => Some(after.name),
//!     _ => None,
//! });
//! while let Some(name) = jumps.next().await {
//!     println!("{name} jumped ahead");
//! }
//! # }
//! ```
//!
//! # Errors and the end
//!
//! A value that does not fit its field does not stop a stream. The field keeps its last good value, and the other
//! fields of the update apply. `try_watch` yields the error as [`StreamError::Row`](crate::StreamError::Row),
//! [`HyperStack::faults`](crate::HyperStack::faults) reports it too, and `stale_fields(key)` names the field until a
//! good value arrives.
//!
//! A stream ends when no more updates can come: for example after `disconnect()`, after you drop the last handle, if
//! the client gives up reconnecting, or if the filter is invalid. Then `next()` returns `None`, and [`end_reason`](crate::Watch::end_reason) says
//! why. `try_watch` yields the reason as its last item.
//!
//! # A row stays hidden until it is complete
//!
//! A row appears in reads and streams when all its required fields have arrived. Not required are `Option`, `Vec`,
//! sets, maps, `serde_json::Value`, fields with `default` or `skip`, and sections without a required field of their
//! own. If every row lacks a required field, `try_list` returns [`ReadError::Partial`](crate::ReadError::Partial); [`Stats::partial_rows`](crate::Stats::partial_rows) counts
//! such rows.
