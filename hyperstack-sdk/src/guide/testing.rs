//! Test your code without a server.
//!
//! The feature `testing` adds [`TestServer`], an in-process server. It listens on a free port, speaks protocol v1 and
//! v2, and simulates faults. Enable the feature for your tests only:
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
//! [`upsert`](crate::testing::TestServer::upsert), [`patch`](crate::testing::TestServer::patch),
//! [`append`](crate::testing::TestServer::append) and [`delete`](crate::testing::TestServer::delete) change rows as a
//! real server does when the state of the Solana program changes. The server merges each change and sends it to all
//! subscribers. [`TestServerBuilder::view`](crate::testing::TestServerBuilder::view) adds a derived view.
//!
//! To wait without sleeping, use the server's `wait_…` methods, such as
//! [`wait_for_subscription`](crate::testing::TestServer::wait_for_subscription).
//!
//! Rows can also be values of your struct, and JSON with a misspelled name is refused:
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//! use hyperstack_sdk::testing::TestServer;
//! use serde_json::json;
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! #[entity(key = "name")]
//! struct Player {
//!     name: String,
//!     score: i64,
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = TestServer::builder().typed_entity::<Player>().start().await?;
//! let ada = Player { name: "Ada".to_owned(), score: 1 };
//! server.put("Player", &ada); // under the key "Ada"
//!
//! let hs = HyperStack::connect(server.url()).await?;
//! assert_eq!(hs.list::<Player>().await, [ada]);
//! server.patch("Player", "Ada", json!({"score": 5})); // `scroe` would panic
//! # Ok(())
//! # }
//! ```
//!
//! [`put`](crate::testing::TestServer::put) takes the key from the row, and
//! [`put_at`](crate::testing::TestServer::put_at) takes it as an argument, for entities that declare no key. Both, and
//! [`typed_entity`](crate::testing::TestServerBuilder::typed_entity), turn on the check of names. To imitate a server
//! that sends more fields than your struct has, declare the entity with
//! [`entity`](crate::testing::TestServerBuilder::entity) and write JSON only.
//!
//! # Cause failures
//!
//! [`drop_connections`](crate::testing::TestServer::drop_connections) and [`stop`](crate::testing::TestServer::stop)
//! break connections. [`TestServer`] also has a method for each fault of real servers, such as
//! [`freeze`](crate::testing::TestServer::freeze),
//! [`kill_subscriptions`](crate::testing::TestServer::kill_subscriptions) and
//! [`send_text`](crate::testing::TestServer::send_text), which sends malformed messages.
//!
//! The server speaks protocol v2 by default. Test against v1 as well, with
//! [`TestServerBuilder::protocol`](crate::testing::TestServerBuilder::protocol)`(Protocol::V1)`.
//!
//! [`TestServerBuilder::tape`](crate::testing::TestServerBuilder::tape) serves a tape. To test gaps, let it retain few
//! records, call [`restart`](crate::testing::TestServer::restart), or call
//! [`mark_gap`](crate::testing::TestServer::mark_gap) while the client is away.
//!
//! # Replay a recording
//!
//! [`HyperStackBuilder::record`](crate::HyperStackBuilder::record) and `hs stream --save` record what a real server
//! sends. [`TestServerBuilder::replay`](crate::testing::TestServerBuilder::replay) plays the recording in your tests.
//!
//! # Control time
//!
//! The client uses Tokio's clock. To let a timeout or a backoff pass at once, call `tokio::time::pause()`,
//! `advance(..)` and `resume()` in a `#[tokio::test]`. This needs tokio's feature `test-util`. Resume the clock right
//! after `advance`: a paused clock skips ahead whenever the runtime is idle, so timeouts fire while the test waits for
//! the socket.
//!
//! [`TestServer`]: crate::testing::TestServer
