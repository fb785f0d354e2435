//! An in-process server for tests, and recordings of sessions with real servers.
//!
//! [`TestServer`] listens on a free local port and serves entities that your test changes. It speaks both
//! [generations](TestServerBuilder::protocol) of the protocol. It batches and compresses snapshots, applies
//! filters and windows, and answers as the real server does. On request, it misbehaves.
//!
//! Tests need no sleeps: each change is queued for the clients before the call returns, and the `wait_for_…`
//! methods wait for what clients do.
//!
//! ```
//! use hyperstack_sdk::testing::{Sort, TestServer};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = TestServer::builder()
//!     .entity("Round")
//!     .view("Round/latest", Sort::desc("id.round_id"), 1)
//!     .start()
//!     .await?;
//! server.upsert("Round", "42", json!({"id": {"round_id": 42}, "log": ["open"]}));
//! server.append("Round", "42", json!({"log": ["paid"]}), &["log"]);
//!
//! // A client that connects to `server.url()` reads these rows:
//! let row = server.row("Round", "42").ok_or("no such row")?;
//! assert_eq!(row["log"], json!(["open", "paid"]));
//! assert_eq!(server.window("Round/latest"), Some(vec![("42".to_owned(), row)]));
//! # Ok(())
//! # }
//! ```
//!
//! To change the data while a client is away, call [`freeze`](TestServer::freeze) and
//! [`drop_connections`](TestServer::drop_connections), change the data, then call [`thaw`](TestServer::thaw).
//! A client that reconnects in between gets no answer until the server thaws.
//!
//! A [`TokenEndpoint`] issues tokens to clients over HTTP.
//!
//! A [`Recording`] holds a session with a real server.
//! [`HyperStackBuilder::record`](crate::HyperStackBuilder::record) makes one, and
//! [`TestServerBuilder::replay`] serves it. An [`Offline`] client has no socket: the test hands it each
//! message.
//!
//! # Protocol v2
//!
//! A v2 subscription has an id, which [`subscription_ids`](TestServer::subscription_ids) returns. Besides the
//! faults of both generations, a v2 server can [`recover`](TestServer::recover) or
//! [end](TestServer::end_subscriptions) subscriptions, [`coalesce`](TestServer::coalesce) a view, send [late
//! frames](TestServer::send_late_frames), and [switch](TestServer::set_protocol) to the other generation.
//!
//! Versions (`_version`) are on the wire only; [`row`](TestServer::row) returns rows without them. A v2
//! server sends rows as the test wrote them. If the real server sends a wide integer as a string, write a
//! string. A filter takes such an integer as a number, as on the real server.
//!
//! # Where it differs from the real server
//!
//! The test server is kinder than the real one:
//!
//! - A snapshot and the live messages after it never overlap and leave no gap.
//! - `state` views lose no patches.
//! - A deletion is always sent as a `delete`. A v1 server can delete rows too.
//! - No client is removed unless the test does it: [`mute`](TestServer::mute),
//!   [`kill_subscriptions`](TestServer::kill_subscriptions).
//! - Caches are unbounded unless you limit them: [`row_limit`](TestServerBuilder::row_limit),
//!   [`array_limit`](TestServerBuilder::array_limit). Under v2, a row that is evicted from the list also leaves
//!   derived views.
//! - A [tape](TestServerBuilder::tape) retains records by number only, not by size or age.

// rustdoc lists the methods of `TestServer` in the order of these modules.
mod server;

mod observe;

mod faults;

mod error;

mod merge;
mod ranking;
mod rows;
mod seq;
mod sort;

mod frame;
mod model;
mod shape;
mod v1;
mod v2;

mod recording;
mod replay;

mod handshake;
mod peer;
mod refusal;
mod state;
mod tokens;

mod connection;
mod shared;

mod builder;
mod offline;

mod endpoint;

#[cfg(test)]
mod simulation;

pub use crate::wire::{Entry, Kind, Seq, Side};
pub use builder::TestServerBuilder;
pub use endpoint::{TokenEndpoint, TokenReply, TokenRequest};
pub use error::{LineProblem, RecordingError, ServerError};
pub use frame::Mode;
pub use handshake::Handshake;
pub use offline::Offline;
pub use recording::{Recording, Truth};
pub use refusal::Refusal;
pub use replay::Pace;
pub use seq::SeqSource;
pub use server::TestServer;
pub use sort::{Order, Sort};
pub use state::Refresh;
