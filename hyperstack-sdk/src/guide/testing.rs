//! Test your code without a server.
//!
//! The feature `testing` has an in-process server, [`TestServer`]. It listens on a free port, speaks both protocol
//! generations, and simulates faults. Turn the feature on for your tests only:
//!
//! ```toml
//! [dev-dependencies]
//! hyperstack-sdk = { path = "../hyperstack/hyperstack-sdk", features = ["testing"] }
//! serde_json = "1"
//! tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
//! ```
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
//!
//! let hs = HyperStack::connect(server.url()).await?;
//! let mut updates = hs.watch_rich::<Player>();
//! assert!(updates.next().await.is_some_and(|update| update.is_created()));
//!
//! server.patch("Player", "ada", json!({"score": 5}));
//! let update = updates.next().await.ok_or("the stream ended")?;
//! assert!(update.has_patch_field("score"));
//! assert_eq!(update.data().map(|player| player.score), Some(5));
//! # Ok(())
//! # }
//! ```
//!
//! # Change rows
//!
//! [`upsert`](crate::testing::TestServer::upsert), [`patch`](crate::testing::TestServer::patch), [`append`](crate::testing::TestServer::append) and
//! [`delete`](crate::testing::TestServer::delete) change rows as a server does when a program's state changes. The server merges each change and sends it to
//! all subscribers.
//!
//! # Cause failures
//!
//! [`drop_connections`](crate::testing::TestServer::drop_connections) and [`stop`](crate::testing::TestServer::stop) break connections;
//! [`TestServer`] has a method for each fault that we have seen in real servers. Use
//! [`TestServerBuilder::protocol`](crate::testing::TestServerBuilder::protocol) to test against protocol v1 as well:
//! v2 is the default.
//!
//! # Replay a recording
//!
//! [`HyperStackBuilder::record`](crate::HyperStackBuilder::record) and `hs stream --save` record what a real server
//! sends. [`TestServerBuilder::replay`](crate::testing::TestServerBuilder::replay) plays the recording in your tests.
//!
//! # Control time
//!
//! The client uses Tokio's clock. With tokio's feature `test-util`, in a `#[tokio::test]`, call `tokio::time::pause()`,
//! `advance(..)` and `resume()` to let a timeout or a backoff pass at once. Do not leave the clock paused: it runs
//! ahead while the test waits for the socket.
//!
//! [`TestServer`]: crate::testing::TestServer
