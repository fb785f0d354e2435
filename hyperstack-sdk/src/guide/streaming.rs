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
//! A stream subscribes when you first poll it. By default, it starts with the rows that exist then, so you do not need
//! a `get` before it. Streams are `Send` and `Unpin`, and `next()` is cancel safe, for example in `tokio::select!`.
//!
//! All streams and reads of the same rows share one subscription. Drop a stream to stop it. If nothing else reads the
//! view, the client unsubscribes 5 seconds later (see [`linger`](crate::HyperStackBuilder::linger)).
//!
//! # What you can watch
//!
//! | call | rows |
//! |---|---|
//! | `hs.watch::<T>()`, `views.list().watch()` | all rows of an entity |
//! | `hs.watch_key::<T>(key)`, `views.state().watch(key)` | one row |
//! | `hs.watch_keys::<T>(&[..])`, `views.state().watch_keys(&[..])` | some rows |
//! | `views.latest().watch()` | the rows of a derived view |
//! | `views.list().filter(..).skip(n).take(n).watch()` | a filtered window: rows enter and leave it as they change |
//!
//! # What a stream yields
//!
//! | method | item |
//! |---|---|
//! | `watch` | [`Update<T>`](crate::Update): `Upsert`, `Patch` or `Delete` |
//! | `watch_rich` | [`RichUpdate<T>`](crate::RichUpdate): the row before and after the change |
//! | `listen` | `T`: the row after each change |
//! | `try_watch` | `Result<Update<T>, StreamError>`: also decode errors, resyncs (a new snapshot has replaced the rows) and, as the last item, why the stream ended |
//!
//! - **`Upsert` and `Patch` both carry the whole row**, so most programs treat them alike. They only tell you whether
//!   the server sent the whole row or some fields. A new row can begin with either.
//! - **A `Delete` means that the row left the view**: it was deleted, it no longer matches the filter, it left the
//!   window, or it exceeded the row limit ([`max_entries_per_view`](crate::HyperStackBuilder::max_entries_per_view)).
//! - If the server sends a row that did not change, the stream yields nothing.
//! - A stream yields changes in the server's order, unless it [conflates](super::lag). Two streams are independent.
//!
//! # Operators
//!
//! After these methods you can first set options, such as `.shared()` for `Arc<T>` instead of `T`, or `.conflate(n)`;
//! see [lag](super::lag). Then chain `.filter(..)`, `.filter_map(..)` and `.map(..)`, which take plain closures, and
//! any method of [`StreamExt`](crate::StreamExt). `filter(path, value)` on a view selects rows; `filter(closure)` on a
//! stream drops items:
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
//! A value that fails to decode does not end a stream. The field keeps its last good value, and the other fields of the
//! update apply. `try_watch` yields the error as [`StreamError::Row`](crate::StreamError::Row),
//! [`HyperStack::faults`](crate::HyperStack::faults) reports it too, and `stale_fields(key)` lists the field until a
//! good value arrives.
//!
//! A stream ends when no more updates can come: after `disconnect()`, when you drop the last handle, when the client
//! gives up reconnecting, or if a filter is invalid. Then `next()` returns `None`, and
//! [`end_reason`](crate::Watch::end_reason) says why. `try_watch` yields the reason as its last item.
//!
//! # A row stays hidden until it is complete
//!
//! A row appears in reads and streams when all its required fields have arrived. All fields are required, except:
//!
//! - `Option`, `Vec`, sets, maps and `serde_json::Value`,
//! - fields with `default` or `skip`,
//! - sections that have no required field.
//!
//! If every row lacks a required field, `try_list` returns [`ReadError::Partial`](crate::ReadError::Partial).
//! [`Stats::partial_rows`](crate::Stats::partial_rows) counts the rows that are incomplete now. The client ignores
//! fields that the struct does not have.
