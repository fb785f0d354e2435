//! What happens when the connection is lost.
//!
//! The client restores a lost connection by itself and resubscribes. Streams stay open. They yield what changed in the
//! meantime and nothing else:
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
//!     println!("{:?}, {:?}", change.state, change.cause); // Connected, Reconnecting, Connected
//! }
//! assert_eq!(hs.stats().reconnects, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # When the client reconnects
//!
//! - A connection counts as lost when the socket closes, or when nothing arrives for two ping intervals (30 s by
//!   default), not even the reply to a ping.
//! - The client waits before each attempt: a random time up to 1, 2, 4, 8, then 16 seconds
//!   ([`reconnect_intervals`]). It never tries before the server's `Retry-After`.
//! - It tries without limit, unless you set [`max_reconnect_attempts`]. The count starts again after a connection
//!   that stayed up for 30 seconds.
//! - With [`auto_reconnect`]`(false)`, streams end when the connection is lost.
//!
//! # What you can observe
//!
//! | | |
//! |---|---|
//! | [`connection_states`] | each state of the connection, with the cause of the change |
//! | [`last_error`](crate::HyperStack::last_error) | the latest error of the connection |
//! | `try_watch` | [`StreamError::Resynced`] when the rows of the stream were taken from a new snapshot |
//! | [`faults`](crate::HyperStack::faults) | everything that went wrong and that the client survived |
//! | [`end_reason`](crate::HyperStack::end_reason) | why the client gave up, once it has |
//!
//! # How rows are compared
//!
//! After a reconnect the client requests a snapshot and compares it with the rows that it holds, by value. Rows that
//! changed yield upserts. Rows that left a derived view, and under v2 any view, yield deletes.
//!
//! Under protocol v1 there are exceptions:
//!
//! - Each change has a position: a Solana slot and an index. If the positions so far never went back by more than 150
//!   slots, the client requests only changes from 150 slots before its last one. Otherwise it requests the whole list. [`resume`]`(false)` always requests the whole
//!   list; use it if the chain may restart at a lower slot, as a local validator does.
//! - A list never deletes rows. The server does not announce deletions, and it keeps only the latest 500 rows by default,
//!   so a row that the snapshot lacks may still exist. The same is true for `state()`.
//! - If a snapshot has only a part of a row, without a required field, the client keeps the row that it has.
//!
//! # A subscription that goes silent
//!
//! A v1 server can end a subscription without a message while the connection stays up. To limit how old rows can
//! get, set [`stale_after`]: the client then resubscribes to a view that has been silent for that long.
//!
//! [`reconnect_intervals`]: crate::HyperStackBuilder::reconnect_intervals
//! [`max_reconnect_attempts`]: crate::HyperStackBuilder::max_reconnect_attempts
//! [`auto_reconnect`]: crate::HyperStackBuilder::auto_reconnect
//! [`resume`]: crate::HyperStackBuilder::resume
//! [`stale_after`]: crate::HyperStackBuilder::stale_after
//! [`connection_states`]: crate::HyperStack::connection_states
//! [`StreamError::Resynced`]: crate::StreamError::Resynced
