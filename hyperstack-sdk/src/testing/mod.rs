//! An in-process server that speaks the protocol as the real servers do, and recordings of them.
//!
//! [`TestServer`] listens on a free port of this machine and serves entities that the test changes. It
//! speaks both [generations](TestServerBuilder::protocol) of the protocol: it batches and compresses
//! snapshots, applies filters and windows, answers or stays silent as the real server does, and
//! misbehaves on request. A test never has to sleep: every change is queued for the clients before the
//! call returns, and a test can wait for what clients do.
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
//! // The client under test would connect to `server.url()`. This is what it would read:
//! let row = server.row("Round", "42").ok_or("no such row")?;
//! assert_eq!(row["log"], json!(["open", "paid"]));
//! assert_eq!(server.window("Round/latest"), Some(vec![("42".to_owned(), row)]));
//! # Ok(())
//! # }
//! ```
//!
//! To change the data while a client is away: [`freeze`](TestServer::freeze),
//! [`drop_connections`](TestServer::drop_connections), change it, [`thaw`](TestServer::thaw). Until
//! then a client that reconnects gets no answer.
//!
//! A [`TokenEndpoint`] gives the tokens that a [`TestServer`] with tokens asks for.
//!
//! A [`Recording`] holds a session with a real server; [`TestServerBuilder::replay`] serves it, and
//! [`HyperStackBuilder::record`](crate::HyperStackBuilder::record) makes one. An
//! [`Offline`] client has no server at all, and no clock: the test hands it each message.
//!
//! # Protocol v2
//!
//! A v2 subscription has an id, which [`subscription_ids`](TestServer::subscription_ids) returns. Beside
//! the faults of both generations, the server can [`recover`](TestServer::recover) or
//! [end](TestServer::end_subscriptions) subscriptions, [`coalesce`](TestServer::coalesce) a view, send
//! [late frames](TestServer::send_late_frames), and change its generation
//! ([`set_protocol`](TestServer::set_protocol)).
//!
//! Versions (`_version`) are on the wire only; [`row`](TestServer::row) returns rows without them. Rows go
//! out as the test wrote them: where the real server would send a wide integer as a string, write a
//! string. As on the real server, a filter asks for such an integer as a number.
//!
//! # Where it differs from the real server
//!
//! It is kinder: a snapshot and the live messages after it never overlap and leave no gap, `state`
//! views lose no patches, a deletion is always a `delete`, and no client is removed unless the test says
//! so ([`mute`](TestServer::mute), [`kill_subscriptions`](TestServer::kill_subscriptions)). Caches are
//! unbounded unless limited ([`row_limit`](TestServerBuilder::row_limit),
//! [`array_limit`](TestServerBuilder::array_limit)); under v2, a derived view loses the same rows as the
//! list. A v1 server can delete rows. There are no journal-backed append views (tapes): script one with
//! [`scripted_view`](TestServer::scripted_view), or replay a recording.

mod error;

mod merge;
mod ranking;
mod rows;
mod seq;
mod sort;

mod frame;
mod model;
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
mod faults;
mod observe;
mod offline;
mod server;

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
