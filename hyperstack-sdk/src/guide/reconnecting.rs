//! What happens when the connection is lost.
//!
//! If the client loses the connection, it reconnects by itself and resubscribes. Streams stay open. They yield only
//! what changed in the meantime:
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//! use hyperstack_sdk::testing::TestServer;
//! use serde_json::json;
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! struct Player {
//!     score: i64,
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = TestServer::builder().entity("Player").start().await?;
//! server.upsert("Player", "ada", json!({"score": 1}));
//! server.upsert("Player", "bob", json!({"score": 1}));
//! let hs = HyperStack::connect(server.url()).await?;
//! let mut states = hs.connection_states();
//! let mut players = hs.watch::<Player>();
//! for _ in 0..2 {
//!     players.next().await;
//! }
//!
//! server.drop_connections();
//! server.patch("Player", "ada", json!({"score": 2})); // while the client is away
//! let update = players.next().await.ok_or("the stream ended")?;
//! assert_eq!((update.key(), update.data().map(|ada| ada.score)), ("ada", Some(2)));
//!
//! for _ in 0..3 {
//!     let change = states.next().await.ok_or("the client ended")?;
//!     println!("{}, {:?}", change.state, change.cause); // connected, reconnecting (attempt 1), connected
//! }
//! assert_eq!(hs.stats().reconnects, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # When the client reconnects
//!
//! - The client treats the connection as lost when the socket closes, or when nothing, not even a pong, arrives for two
//!   ping intervals (30 s).
//! - Before each attempt, the client waits a random time: at most 1 second before the first, then at most 2, 4, 8 and
//!   16 seconds ([`reconnect_intervals`]). If the server sends `Retry-After`, the client waits at least that long.
//! - By default, the client never gives up. [`max_reconnect_attempts`] limits how many attempts may fail in a row. A
//!   connection that stays up for 30 seconds resets the count.
//! - With [`auto_reconnect`]`(false)`, the client closes and all streams end when the connection is lost.
//! - While there is no connection, reads wait for at most
//!   [`initial_data_timeout`](crate::HyperStackBuilder::initial_data_timeout) (5 s). Then `get` and `list` return the
//!   rows in the cache, and `try_get` and `try_list` return
//!   [`ReadError::Disconnected`](crate::ReadError::Disconnected).
//!
//! To test how your code handles all this, see [testing](super::testing#cause-failures).
//!
//! # What you can observe
//!
//! | method | reports | form |
//! |---|---|---|
//! | [`connection_states`] | each state of the connection, with the error that caused the change | a stream, from the current state on |
//! | [`faults`] | every error that did not end the client: decode errors, malformed messages, server errors, failed connections | a stream, from now on |
//! | [`socket_issues`] | only the errors that the server sends; `faults` includes them | a stream, from now on |
//! | [`last_error`] | the latest connection or token error; a new connection does not clear it | a value |
//! | [`end_reason`] | why the client closed, or `None` while it runs | a value |
//! | [logs](crate::guide::observing) | each attempt, its delay, and each resync with its cause | `tracing` events |
//!
//! [`is_connected`] tells you whether the connection is open now, and [`wait_connected`] waits for it. A stream with
//! errors (`try_watch` or [`with_errors`]) also yields [`StreamError::Resynced`] when a new snapshot has replaced its
//! rows. A stream of whole windows yields one window for the whole snapshot, or none if no row changed.
//!
//! # How rows are compared
//!
//! After a reconnect, the client requests a snapshot and compares each row with the cached one. A row that changed
//! yields an upsert; an equal row yields nothing. If a row left the view, the stream yields a delete (under protocol v1,
//! only in derived views).
//!
//! Protocol v1 differs in three ways:
//!
//! - The client *resumes* a list: it requests only the rows that changed since 150 slots before the latest change that
//!   it has. It requests the whole list instead if a change could not be applied, had no slot, or was more than 150
//!   slots older than the changes before it. [`resume`]`(false)` always requests the whole list. Set it if slots can
//!   start again, as with a local validator.
//! - The client does not remove rows from a list or from `state()`. A v1 server does not announce deletions, and by
//!   default its snapshot has only the latest 500 rows, so a row that is missing may still exist.
//! - If a snapshot has a row without a required field, the client keeps the cached row.
//!
//! # A subscription that goes silent
//!
//! A server can end a subscription without a message while the connection stays up. With a v2 server, the client probes
//! lists that have been silent for five minutes and resubscribes if a list has missed a change. With a v1 server, set
//! [`stale_after`] to resubscribe to each view that has been silent for that long. This costs a snapshot, also for a
//! view that simply had no changes.
//!
//! [`reconnect_intervals`]: crate::HyperStackBuilder::reconnect_intervals
//! [`max_reconnect_attempts`]: crate::HyperStackBuilder::max_reconnect_attempts
//! [`auto_reconnect`]: crate::HyperStackBuilder::auto_reconnect
//! [`resume`]: crate::HyperStackBuilder::resume
//! [`stale_after`]: crate::HyperStackBuilder::stale_after
//! [`connection_states`]: crate::HyperStack::connection_states
//! [`faults`]: crate::HyperStack::faults
//! [`socket_issues`]: crate::HyperStack::socket_issues
//! [`last_error`]: crate::HyperStack::last_error
//! [`end_reason`]: crate::HyperStack::end_reason
//! [`is_connected`]: crate::HyperStack::is_connected
//! [`wait_connected`]: crate::HyperStack::wait_connected
//! [`with_errors`]: crate::Watch::with_errors
//! [`StreamError::Resynced`]: crate::StreamError::Resynced
