//! Connect to a server.
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//! # use hyperstack_sdk::testing::TestServer;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = TestServer::builder().start().await?;
//! # let url = server.url();
//! let hs = HyperStack::connect(url).await?;
//! assert_eq!(hs.connection_state().await, ConnectionState::Connected);
//! # Ok(())
//! # }
//! ```
//!
//! [`HyperStack::connect`] makes one attempt, which takes at most 10 seconds, and returns its error. A
//! [`HyperStack`] is a cheap handle: clone it and pass it around. The connection closes when you drop the last
//! handle (a `HyperStack` or a view handle) or call [`disconnect`](crate::HyperStack::disconnect). A stream does not
//! keep the connection open, so keep a handle for as long as you read streams.
//!
//! # Settings
//!
//! [`HyperStack::builder`] has a method for each setting:
//!
//! ```
//! use std::time::Duration;
//! use hyperstack_sdk::prelude::*;
//! # use hyperstack_sdk::testing::TestServer;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = TestServer::builder().start().await?;
//! # let url = server.url();
//! let hs = HyperStack::builder()
//!     .url(url)
//!     .connect_timeout(Duration::from_secs(3))
//!     .max_reconnect_attempts(10)
//!     .connect()
//!     .await?;
//! # drop(hs);
//! # Ok(())
//! # }
//! ```
//!
//! | setting | default | meaning |
//! |---|---|---|
//! | [`connect_timeout`] | 10 s | how long one attempt to connect may take |
//! | [`wait_for_server`] | `false` | whether `connect` keeps trying if the server is down |
//! | [`initial_data_timeout`] | 5 s | how long `get` and `list` wait for a snapshot: the rows that the server sends first |
//! | [`auto_reconnect`] | `true` | whether the client restores a lost connection |
//! | [`reconnect_intervals`] | 1, 2, 4, 8, 16 s | the upper limit of the random wait before each attempt to reconnect; the last one repeats |
//! | [`max_reconnect_attempts`] | no limit | after how many failed attempts the client gives up |
//! | [`ping_interval`] | 15 s | how often the client pings the server |
//! | [`linger`] | 5 s | how long a subscription outlives its last reader |
//! | [`stream_capacity`] | 1,024 changes | how many changes a stream queues before it [conflates](super::lag) |
//! | [`max_entries_per_view`] | no limit | how many rows of a view the client holds |
//! | [`max_subscriptions`] | 10,000 | how many subscriptions the client keeps: parts of views, and rows read by key |
//! | [`protocol`] | `Protocol::Auto` | which protocol generation the client speaks |
//!
//! The [`auth` guide](super::auth) lists the settings for tokens.
//!
//! # Protocol generations
//!
//! Hyperstack servers speak protocol v1, Arete servers speak protocol v2. The client detects the generation on each
//! connection, and your code is the same for both. [`Stats::protocol`](crate::Stats::protocol) says which one is in
//! use. Some behaviour depends on the server:
//!
//! | | v1 | v2 |
//! |---|---|---|
//! | filters and windows | applied by the client | applied by the server, with few exceptions |
//! | a deleted entity | not announced in lists: its row stays | an [`Update::Delete`](crate::Update::Delete) |
//! | an unknown view | not answered: reads end with `ReadError::NotYet`, until a reply for another view shows that it is unknown | an error at once |
//! | a list that the server appends to | grows, unless the field has `append(max = N)` | keeps its newest 100 elements |
//!
//! To detect the generation, the client sends a probe. A Hyperstack server of version 0.5 does not answer it, so each
//! connection takes about a second longer until rows arrive. Set [`protocol`]`(Protocol::V1)` for such a server.
//!
//! # Errors
//!
//! [`ConnectError`](crate::ConnectError) says why the attempt failed, and
//! [`remedy()`](crate::ConnectError::remedy) says what may help: waiting, a new token, or nothing (such as for an
//! invalid setting).
//!
//! # Runtime
//!
//! `connect` needs a Tokio runtime with IO and time enabled, as `#[tokio::main]` and `#[tokio::test]` provide. The
//! client runs one task on it.
//!
//! [`connect_timeout`]: crate::HyperStackBuilder::connect_timeout
//! [`wait_for_server`]: crate::HyperStackBuilder::wait_for_server
//! [`initial_data_timeout`]: crate::HyperStackBuilder::initial_data_timeout
//! [`auto_reconnect`]: crate::HyperStackBuilder::auto_reconnect
//! [`reconnect_intervals`]: crate::HyperStackBuilder::reconnect_intervals
//! [`max_reconnect_attempts`]: crate::HyperStackBuilder::max_reconnect_attempts
//! [`ping_interval`]: crate::HyperStackBuilder::ping_interval
//! [`linger`]: crate::HyperStackBuilder::linger
//! [`stream_capacity`]: crate::HyperStackBuilder::stream_capacity
//! [`max_entries_per_view`]: crate::HyperStackBuilder::max_entries_per_view
//! [`max_subscriptions`]: crate::HyperStackBuilder::max_subscriptions
//! [`protocol`]: crate::HyperStackBuilder::protocol
//! [`HyperStack`]: crate::HyperStack
//! [`HyperStack::connect`]: crate::HyperStack::connect
//! [`HyperStack::builder`]: crate::HyperStack::builder
