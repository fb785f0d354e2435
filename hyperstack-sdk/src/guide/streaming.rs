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
//! # Choose the rows
//!
//! | call | rows |
//! |---|---|
//! | `hs.watch::<T>()`, `views.list().watch()` | all rows of an entity |
//! | `hs.watch_key::<T>(key)`, `views.state().watch(key)` | one row |
//! | `hs.watch_keys::<T>(&[..])`, `views.state().watch_keys(&[..])` | some rows |
//! | `views.latest().watch()` | the rows of a derived view |
//! | `views.list().filter(..).skip(n).take(n).watch()` | a filtered window: rows enter and leave it as they change |
//! | `views.list().filter_rows(closure).watch()` | the rows for which a closure returns `true` |
//! | `views.list().first().watch()` | the first row |
//!
//! # Choose the item
//!
//! Every stream can yield every kind of item. The common ones have a short form:
//!
//! | on any stream | short form | item |
//! |---|---|---|
//! | [`.updates()`] | `watch` | [`Update<T>`](crate::Update): `Upsert`, `Patch` or `Delete`, with the row after the change |
//! | [`.rich()`] | `watch_rich` | [`RichUpdate<T>`](crate::RichUpdate): the row before and after the change |
//! | [`.rows()`] | `listen` | `T`: the row after the change, without its key |
//! | [`.changes()`] | | [`RowChange<T>`](crate::RowChange): before, after, a typed patch, and why a row left |
//! | [`.windows()`] | `watch_window` | `Arc<[Arc<T>]>`: all rows in the view's order, after each change |
//!
//! Then choose how the stream yields them:
//!
//! | method | effect |
//! |---|---|
//! | [`.shared()`] | rows are `Arc<T>`s from the cache, without copying |
//! | [`.with_errors()`] | items are `Result`s, with decode errors, resyncs (a new snapshot has replaced the rows) and, as the last item, why the stream ended. `try_watch` is short for `watch().with_errors()` |
//! | [`.conflate(n)`], [`.unbounded()`], [`.drop_oldest(n)`] | what happens if your code is slow; see [lag](super::lag) |
//! | [`.keep_alive()`] | the stream keeps the client alive |
//! | [`.erased()`] | the type of the stream names only its items |
//!
//! Choose the item, `shared` and `with_errors` before [operators](#operators).
//! Call `erased` last.
//!
//! - **`Upsert` and `Patch` both carry the whole row**, so most programs treat them alike. They only tell you whether
//!   the server sent the whole row or some fields. A new row can begin with either.
//! - **A `Delete` means that the row left the view**: it was deleted, it no longer matches the filter, it left the
//!   window, or it exceeded the row limit ([`max_entries_per_view`](crate::HyperStackBuilder::max_entries_per_view)).
//! - If the server sends a row that did not change, the stream yields nothing. (A stream of windows yields one if the
//!   order changed.)
//! - A stream yields changes in the server's order, unless it [conflates](super::lag). Two streams are independent.
//!
//! # A live board
//!
//! To show a list, stream whole windows. Each item has all rows in order, so you do not apply updates yourself. If
//! several rows change before you read again, you get one window:
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//! use hyperstack_sdk::testing::{Sort, TestServer};
//! use serde_json::json;
//!
//! #[derive(Debug, Clone, PartialEq, Entity, Views)]
//! #[view(by_volume)]
//! struct Token {
//!     name: String,
//!     volume: u64,
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let sort = Sort::desc("volume");
//! # let server = TestServer::builder().view("Token/by_volume", sort, 100).start().await?;
//! # for (name, volume) in [("a", 3), ("b", 2), ("c", 1)] {
//! #     server.upsert("Token", name, json!({"name": name, "volume": volume}));
//! # }
//! # let hs = HyperStack::connect(server.url()).await?;
//! let mut boards = hs.views::<TokenViews>().by_volume().take(10).watch_window();
//! while let Some(tokens) = boards.next().await {
//!     for (i, token) in tokens.iter().enumerate() {
//!         println!("{:2}. {} {}", i + 1, token.name, token.volume);
//!     }
//! #   if tokens[0].name == "c" { break }
//! #   server.patch("Token", "c", json!({"volume": 9}));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # All details of a change
//!
//! A [`RowChange`](crate::RowChange) has the row before and after, the changed fields as a typed patch, and why a row
//! left. The patch serializes to the changed fields only, so you can send it to your own clients:
//!
//! ```
//! # use hyperstack_sdk::prelude::*;
//! # use hyperstack_sdk::testing::TestServer;
//! # use serde_json::json;
//! # #[derive(Debug, Clone, PartialEq, Entity)]
//! # struct Player { name: String, score: i64 }
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = TestServer::builder().entity("Player").start().await?;
//! # server.upsert("Player", "ada", json!({"name": "Ada", "score": 1}));
//! # let hs = HyperStack::connect(server.url()).await?;
//! let mut changes = hs.watch::<Player>().changes();
//! # let mut seen = Vec::new();
//! while let Some(change) = changes.next().await {
//!     match &change {
//!         RowChange::Added { key, row } => println!("{key} is new: {row:?}"),
//!         RowChange::Changed { key, patch, .. } => {
//!             println!("{key}: {}", serde_json::to_string(patch)?); // {"score":5}
//!         }
//!         RowChange::Removed { key, last, cause } => println!("{key} left: {last:?}, {cause:?}"),
//!     }
//! #   seen.push(change.patch().map(serde_json::to_string).transpose()?);
//! #   match seen.len() {
//! #       1 => drop(server.patch("Player", "ada", json!({"score": 5}))),
//! #       2 => server.delete("Player", "ada"),
//! #       _ => break,
//! #   }
//! }
//! # assert_eq!(seen, [None, Some(r#"{"score":5}"#.to_owned()), None]);
//! # Ok(())
//! # }
//! ```
//!
//! # Operators
//!
//! Chain `.filter(..)`, `.filter_map(..)` and `.map(..)`, which take plain closures, and any method of
//! [`StreamExt`](crate::StreamExt). `filter(path, value)` and `filter_rows(closure)` on a view select rows: a row that
//! no longer matches yields a `Delete`. `filter(closure)` on a stream only drops items:
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
//! # Store or return a stream
//!
//! The type of a stream without operators has a name, such as [`EntityStream<T>`](crate::EntityStream) or
//! [`WindowStream<T>`](crate::WindowStream). After an operator, call `erased`, and the type is
//! [`ErasedStream<Item>`](crate::ErasedStream).
//!
//! A stream does not keep the client alive: when you drop the last `HyperStack` and view handle, it ends and logs a
//! warning. Call `keep_alive` to return a stream without the client:
//!
//! ```
//! use hyperstack_sdk::{prelude::*, ErasedStream};
//! # use hyperstack_sdk::testing::TestServer;
//! # use serde_json::json;
//! # #[derive(Debug, Clone, PartialEq, Entity)]
//! # struct Player { name: String, score: i64 }
//!
//! struct Scores {
//!     scores: ErasedStream<i64>,
//! }
//!
//! impl Scores {
//!     async fn connect(url: &str) -> Result<Self, ConnectError> {
//!         let hs = HyperStack::connect(url).await?;
//!         let players = hs.listen::<Player>().keep_alive();
//!         Ok(Scores { scores: players.map(|player| player.score).erased() })
//!     }
//!
//!     async fn next(&mut self) -> Option<i64> {
//!         self.scores.next().await
//!     }
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = TestServer::builder().entity("Player").start().await?;
//! # server.upsert("Player", "ada", json!({"name": "Ada", "score": 1}));
//! let mut scores = Scores::connect(&server.url()).await?;
//! assert_eq!(scores.next().await, Some(1));
//! # Ok(())
//! # }
//! ```
//!
//! # Wait for a condition
//!
//! `wait_for` returns the first row for which a closure returns `true`. It tests the current rows, then each change.
//! It has no timeout of its own:
//!
//! ```
//! use std::time::Duration;
//! # use hyperstack_sdk::prelude::*;
//! # use hyperstack_sdk::testing::TestServer;
//! # use serde_json::json;
//! # #[derive(Debug, Clone, PartialEq, Entity, Views)]
//! # struct Player { name: String, score: i64 }
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = TestServer::builder().entity("Player").start().await?;
//! # server.upsert("Player", "ada", json!({"name": "Ada", "score": 100}));
//! # let hs = HyperStack::connect(server.url()).await?;
//! let players = hs.views::<PlayerViews>().list();
//! let winner = players.wait_for(|player| player.score >= 100);
//! match tokio::time::timeout(Duration::from_secs(60), winner).await {
//!     Ok(Ok(player)) => println!("{} won", player.name),
//!     Ok(Err(reason)) => println!("the stream ended: {reason}"),
//!     Err(_) => println!("there is no winner after a minute"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! `views.state().wait_for(key, closure)` waits for one row. `wait_for` reads a stream, so if rows change very fast, it
//! may skip states in between.
//!
//! # To a browser
//!
//! Items implement `Serialize` if their rows do. `hs.watch::<Player>().changes()` yields
//! [`RowChange`](crate::RowChange)s, which serialize a new row as a whole and then only the changed fields. The
//! example in `examples/browser` serves them as server-sent events.
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
//! [`end_reason`](crate::Watch::end_reason) says why. A stream with errors yields the reason as its last item. If you
//! dropped the client, the reason is [`CloseReason::Dropped`](crate::CloseReason::Dropped), and the client logs a
//! warning.
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
//!
//! [`.updates()`]: crate::Watch::updates
//! [`.rich()`]: crate::Watch::rich
//! [`.rows()`]: crate::Watch::rows
//! [`.changes()`]: crate::Watch::changes
//! [`.windows()`]: crate::Watch::windows
//! [`.shared()`]: crate::Watch::shared
//! [`.with_errors()`]: crate::Watch::with_errors
//! [`.conflate(n)`]: crate::Watch::conflate
//! [`.unbounded()`]: crate::Watch::unbounded
//! [`.drop_oldest(n)`]: crate::Watch::drop_oldest
//! [`.keep_alive()`]: crate::Watch::keep_alive
//! [`.erased()`]: crate::Watch::erased
