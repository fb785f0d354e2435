//! A short example for each task.
//!
//! The examples use this entity. The server sorts the view `Player/by_score` by descending score.
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//!
//! #[derive(Debug, Clone, PartialEq, Entity, Views)]
//! #[view(by_score)]
//! struct Player {
//!     name: String,
//!     team: String,
//!     score: i64,
//! }
//! ```
//!
//! `hs` is a [`HyperStack`](crate::HyperStack), and `views` is `hs.views::<PlayerViews>()`. A call to `server` changes
//! a row on the in-process [test server](super::testing) that the examples run against.
//!
//! # Read one row
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let ada: Option<Player> = hs.get::<Player>("ada").await;
//! assert_eq!(ada.map(|ada| ada.score), Some(3));
//! # Ok(())
//! # }
//! ```
//!
//! # Read all rows
//!
//! Rows come most recently changed first. By default, a server sends only the latest 500.
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let players: Vec<Player> = hs.list::<Player>().await;
//! assert_eq!(players.len(), 3);
//! # Ok(())
//! # }
//! ```
//!
//! # Select rows by a field
//!
//! A v2 server applies the filter. You can also watch the handle.
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let red = views.list().filter("team", "red");
//! assert_eq!(red.get().await.len(), 2);
//! let mut updates = red.watch(); // a row that leaves the red team yields a `Delete`
//! # assert!(updates.next().await.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # Select rows by a closure
//!
//! The client applies the closure, so the server sends the whole view.
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let good = views.list().filter_rows(|player| player.score > 1);
//! assert_eq!(good.get().await.len(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! # Read the first row
//!
//! If you declare the view with `#[view(by_score, single)]`, you do not need `first()`.
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let best = views.by_score().first();
//! assert_eq!(best.get().await.map(|player| player.name), Some("ada".to_owned()));
//! let mut updates = best.watch();
//! # assert!(updates.next().await.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # Read a page
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let second_and_third = views.by_score().skip(1).take(2).get().await;
//! assert_eq!(second_and_third[0].name, "eve");
//! # Ok(())
//! # }
//! ```
//!
//! # Tell an empty view from a slow one
//!
//! `get` and `list` return no rows in both cases. `try_get` and `try_list` return an error if the read fails or times
//! out.
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! match hs.try_list::<Player>().await {
//!     Ok(players) => println!("{} players", players.len()),
//!     Err(ReadError::NotYet { .. }) => println!("still loading"),
//!     Err(error) => println!("failed: {error}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Read without waiting
//!
//! `get_sync` and `list_sync` read the cache. They find rows only while a stream or a recent read keeps the client
//! subscribed.
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let players = hs.list::<Player>().await; // stays subscribed for 5 seconds
//! assert_eq!(hs.list_sync::<Player>(), players);
//! assert!(hs.get_sync::<Player>("ada").is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # Read rows without copying them
//!
//! ```
//! use std::sync::Arc;
//!
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let players: Vec<Arc<Player>> = views.list().shared().get().await;
//! let mut updates = hs.watch::<Player>().shared();
//! let ada: Option<Arc<Player>> = updates.next().await.and_then(Update::into_data);
//! # assert_eq!((players.len(), ada.is_some()), (3, true));
//! # Ok(())
//! # }
//! ```
//!
//! # Read raw JSON
//!
//! Use this if you learn the entity or its fields only at run time.
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let ada = hs.raw("Player").state().get("ada").await.ok_or("no such player")?;
//! assert_eq!(ada["team"], "red");
//! # Ok(())
//! # }
//! ```
//!
//! # Follow all changes
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let mut updates = hs.watch::<Player>();
//! while let Some(update) = updates.next().await {
//!     match update {
//!         Update::Upsert { key, data } | Update::Patch { key, data } => println!("{key}: {data:?}"),
//!         Update::Delete { key } => println!("{key} left"),
//!     }
//! #   if hs.list_sync::<Player>().len() == 3 { break }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Follow one row
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let mut updates = hs.watch_key::<Player>("ada");
//! let update = updates.next().await.ok_or("the stream ended")?;
//! assert_eq!(update.key(), "ada");
//! # Ok(())
//! # }
//! ```
//!
//! # Follow some rows
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let mut updates = hs.watch_keys::<Player>(&["ada", "bob"]);
//! # for _ in 0..2 {
//! let update = updates.next().await.ok_or("the stream ended")?;
//! # assert_ne!(update.key(), "eve");
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! # Show the top ten, live
//!
//! Each item is the whole board in order, so you only draw it.
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let mut boards = views.by_score().take(10).watch_window();
//! let board = boards.next().await.ok_or("the stream ended")?;
//! let names: Vec<&str> = board.iter().map(|player| &*player.name).collect();
//! assert_eq!(names, ["ada", "eve", "bob"]);
//!
//! server.patch("Player", "bob", json!({"score": 9}));
//! let board = boards.next().await.ok_or("the stream ended")?;
//! assert_eq!(board[0].name, "bob");
//! # Ok(())
//! # }
//! ```
//!
//! # Skip the current rows
//!
//! The stream yields only later changes.
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let mut updates = views.list().with_snapshot(false).watch();
//! # let change = async {
//! #     server.wait_for_subscription("Player/list").await;
//! #     server.patch("Player", "bob", json!({"score": 9}));
//! # };
//! # let (update, ()) = tokio::join!(updates.next(), change);
//! # assert_eq!(update.ok_or("the stream ended")?.key(), "bob");
//! # Ok(())
//! # }
//! ```
//!
//! # Wait until a row satisfies a condition
//!
//! `views.list().wait_for(..)` waits for any row. A current row counts. There is no timeout, so add one.
//!
//! ```
//! use std::time::Duration;
//!
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! server.patch("Player", "bob", json!({"score": 9}));
//! let players = views.state();
//! let wait = players.wait_for("bob", |bob| bob.score >= 5);
//! let bob = tokio::time::timeout(Duration::from_secs(30), wait).await??;
//! assert_eq!(bob.score, 9);
//! # Ok(())
//! # }
//! ```
//!
//! # See a row before and after a change
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let mut updates = hs.watch_rich::<Player>();
//! # for _ in 0..3 { updates.next().await; }
//! # server.patch("Player", "bob", json!({"score": 9}));
//! if let Some(RichUpdate::Updated { before, after, .. }) = updates.next().await {
//!     println!("{}: {} -> {}", after.name, before.score, after.score);
//! #   assert_eq!((before.score, after.score), (1, 9));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # See which fields changed
//!
//! `changed` tests a field, and the compiler checks its name. A typed patch lists all changed fields.
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let mut updates = hs.watch_key::<Player>("bob").rich();
//! # updates.next().await;
//! # server.patch("Player", "bob", json!({"score": 9}));
//! let update = updates.next().await.ok_or("the stream ended")?;
//! assert!(update.changed(|player| player.score));
//! let patch = update.diff().ok_or("not an update")?;
//! assert_eq!(patch.changed_fields(), ["score"]);
//! # Ok(())
//! # }
//! ```
//!
//! # Send patches to your own clients
//!
//! The patch of a [`RowChange`](crate::RowChange) serializes to the changed fields only.
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let mut changes = hs.watch_key::<Player>("bob").changes();
//! # changes.next().await;
//! # server.patch("Player", "bob", json!({"score": 9}));
//! let change = changes.next().await.ok_or("the stream ended")?;
//! if let Some(patch) = change.patch() {
//!     assert_eq!(serde_json::to_string(patch)?, r#"{"score":9}"#);
//! }
//! # assert!(change.patch().is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # Know why a row left
//!
//! The cause is a hint: a busy server reports many deletions as `NotInResult`.
//!
//! ```
//! use hyperstack_sdk::RemovalCause;
//!
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let mut changes = hs.watch_key::<Player>("bob").changes();
//! # changes.next().await;
//! server.delete("Player", "bob");
//! let change = changes.next().await.ok_or("the stream ended")?;
//! assert!(matches!(change, RowChange::Removed { cause: RemovalCause::Deleted, .. }));
//! # Ok(())
//! # }
//! ```
//!
//! # See errors
//!
//! `with_errors()` adds errors to any stream; `try_watch()` is short for `watch().with_errors()`.
//! [`faults`](crate::HyperStack::faults) reports the errors of all views.
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let mut updates = views.state().try_watch("bob");
//! # updates.next().await;
//! server.patch("Player", "bob", json!({"score": "many"}));
//! match updates.next().await.ok_or("the stream ended")? {
//!     Ok(update) => println!("{}", update.key()),
//!     Err(error) => assert!(error.to_string().contains("score"), "{error}"),
//! }
//! # assert_eq!(views.state().stale_fields("bob"), ["score"]);
//! # Ok(())
//! # }
//! ```
//!
//! # Know why a stream ended
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let mut updates = hs.watch::<Player>();
//! # hs.disconnect().await;
//! while let Some(update) = updates.next().await {
//!     println!("{}", update.key());
//! }
//! let reason = updates.end_reason();
//! assert_eq!(reason, Some(&EndReason::Closed(CloseReason::Disconnected)));
//! # Ok(())
//! # }
//! ```
//!
//! # Keep every change
//!
//! Memory grows while you read more slowly than the server sends.
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let mut updates = hs.watch::<Player>().unbounded();
//! # assert!(updates.next().await.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # Get only the latest state of each row
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let mut updates = hs.watch::<Player>().conflate(1);
//! # assert!(updates.next().await.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # Return a stream that keeps the client alive
//!
//! Without `keep_alive`, the stream ends when you drop `hs`, and the client logs a warning.
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! async fn players(url: &str) -> Result<EntityStream<Player>, ConnectError> {
//!     let hs = HyperStack::connect(url).await?;
//!     Ok(hs.watch::<Player>().keep_alive())
//! }
//!
//! let mut updates = players(&server.url()).await?;
//! assert!(updates.next().await.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # Store a stream in a struct
//!
//! A closure has no type that you can write down. `erased` hides it.
//!
//! ```
//! use hyperstack_sdk::ErasedStream;
//!
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! struct Names {
//!     names: ErasedStream<String>,
//! }
//!
//! let mut names = Names {
//!     names: hs.listen::<Player>().map(|player| player.name).erased(),
//! };
//! assert!(names.names.next().await.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # Wait for the connection
//!
//! Reads wait by themselves, so you rarely need this.
//!
//! ```
//! use std::time::Duration;
//!
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! tokio::time::timeout(Duration::from_secs(10), hs.wait_connected()).await??;
//! assert!(hs.is_connected());
//! # Ok(())
//! # }
//! ```
//!
//! # Watch the connection
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let mut states = hs.connection_states();
//! let change = states.next().await.ok_or("the client closed")?;
//! println!("{}, because of {:?}", change.state, change.cause);
//! # Ok(())
//! # }
//! ```
//!
//! # Wait for a server that is down
//!
//! `connect` returns when the server is up, or if the error is final.
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let hs = HyperStack::builder()
//!     .url(server.url())
//!     .wait_for_server(true)
//!     .connect()
//!     .await?;
//! # assert!(hs.is_connected());
//! # Ok(())
//! # }
//! ```
//!
//! # Change how the client reconnects
//!
//! The [defaults](super::connecting#common-settings) suit most programs.
//!
//! ```
//! use std::time::Duration;
//!
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let hs = HyperStack::builder()
//!     .url(server.url())
//!     .reconnect_intervals(vec![Duration::from_secs(1), Duration::from_secs(5)])
//!     .max_reconnect_attempts(20)
//!     .connect()
//!     .await?;
//! # assert!(hs.is_connected());
//! # Ok(())
//! # }
//! ```
//!
//! # Authenticate with a token
//!
//! A fixed token cannot be renewed. [`token_provider`](crate::HyperStackBuilder::token_provider) gets new ones; see
//! [auth](super::auth).
//!
//! ```
//! # use hyperstack_sdk::testing::TestServer;
//! #
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! # let server = TestServer::builder().token("secret").start().await?;
//! let hs = HyperStack::builder()
//!     .url(server.url())
//!     .token("secret")
//!     .connect()
//!     .await?;
//! # assert!(hs.is_connected());
//! # Ok(())
//! # }
//! ```
//!
//! # Read the counters
//!
//! ```
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! hs.list::<Player>().await;
//! let stats = hs.stats();
//! assert_eq!((stats.rows, stats.row_errors, stats.reconnects), (3, 0, 0));
//! # Ok(())
//! # }
//! ```
//!
//! # Test your code without a server
//!
//! [Testing](super::testing) shows how to cause failures too.
//!
//! ```
//! use hyperstack_sdk::testing::TestServer;
//!
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let server = TestServer::builder().entity("Player").start().await?;
//! server.upsert("Player", "ada", json!({"name": "Ada", "team": "red", "score": 1}));
//! let hs = HyperStack::connect(server.url()).await?;
//! assert_eq!(hs.list::<Player>().await.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Record a session and replay it
//!
//! Both need the feature `testing`. [`Recording::open`](crate::testing::Recording::open) reads what `hs stream --save`
//! wrote.
//!
//! ```
//! use hyperstack_sdk::testing::{Pace, Recording, TestServer};
//!
//! # use hyperstack_sdk::guide::recipes::setup::*;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (server, hs, views) = start().await?;
//! let (sender, entries) = std::sync::mpsc::channel();
//! let hs = HyperStack::builder()
//!     .url(server.url())
//!     .record(move |entry| drop(sender.send(entry)))
//!     .connect()
//!     .await?;
//! let players = hs.list::<Player>().await;
//! let recording: Recording = entries.try_iter().collect();
//!
//! let replay = TestServer::builder().replay(recording, Pace::Instant).start().await?;
//! let hs = HyperStack::connect(replay.url()).await?;
//! assert_eq!(hs.list::<Player>().await, players);
//! # Ok(())
//! # }
//! ```
//!
//! # Generate the structs
//!
//! The command `hs` writes the structs from a stack file. Without one, look at the rows that a server sends and write
//! the structs yourself.
//!
//! ```sh
//! hs sdk create rust <stack>
//! hs stream wss://ore.example OreRound
//! ```

#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod setup;
