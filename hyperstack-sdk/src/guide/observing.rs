//! See what the client does: logs, counters and metrics.
//!
//! # Logs
//!
//! The client logs with [`tracing`](https://docs.rs/tracing). To see its events, install a subscriber, for example that of
//! the crate `tracing-subscriber` with its feature `env-filter`:
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//! use hyperstack_sdk::testing::TestServer;
//! use serde_json::json;
//! use tracing_subscriber::EnvFilter;
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! struct Player {
//!     score: i64,
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Or `EnvFilter::from_default_env()`, which reads the variable RUST_LOG.
//! let filter = EnvFilter::new("warn,hyperstack_sdk=debug");
//! tracing_subscriber::fmt().with_env_filter(filter).init();
//!
//! let server = TestServer::builder().entity("Player").start().await?;
//! server.upsert("Player", "ada", json!({"score": 1}));
//! let hs = HyperStack::connect(server.url()).await?;
//! assert_eq!(hs.list::<Player>().await.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! The targets, levels, messages and fields below are stable. Events of other targets, which all start with
//! `hyperstack_sdk`, may change.
//!
//! | target | level | message | fields |
//! |---|---|---|---|
//! | `hyperstack_sdk::connection` | DEBUG | `connecting` | `url`, `attempt` (0 for the first) |
//! | | INFO | `connected` | `url`, `protocol` (a guess until the server's first message) |
//! | | DEBUG | `protocol changed`: the guess was wrong | `url`, `protocol` |
//! | | WARN | `connection lost`, `cannot connect`, `cannot fetch a token` | `url`, `cause` |
//! | | DEBUG | `reconnecting`: a delay starts | `url`, `attempt`, `delay_ms` |
//! | | WARN | an error that the server sent | `url`, `subscription` |
//! | | INFO | `closed`: the client ended for good | `url`, `reason` |
//! | `hyperstack_sdk::subscription` | DEBUG | `subscribing`, `acknowledged`, `unsubscribing` | |
//! | | DEBUG | `snapshot complete` | `rows` in the cache, `duration_ms` since the request |
//! | | DEBUG | `resync`: a snapshot replaces the rows | `cause` |
//! | | DEBUG | `ended` | `reason` |
//! | `hyperstack_sdk::data` | WARN | a decode error, at most once per minute for each view and field | `view`, `key` |
//! | | WARN | a malformed message, a missing field, or a view over the row limit | `url` |
//! | | TRACE | `frame`, for each message with rows | `url`, `subscription`, `view`, `key`, `op`, `bytes` |
//!
//! The `cause` of a resync is `reconnect`, `server` (the server sent a snapshot unasked), `lagged` or `rescoped` (a v2
//! server ended the subscription), `repair` (a change could not repair a row) or `resubscribed` (a reader wants more of
//! the view, or the view was silent for too long: see [`stale_after`](crate::HyperStackBuilder::stale_after)).
//!
//! Two kinds of DEBUG spans surround the events:
//!
//! | target | span | fields |
//! |---|---|---|
//! | `hyperstack_sdk::connection` | `connection`: one for each connection, from the attempt on | `url`, `protocol` |
//! | `hyperstack_sdk::subscription` | `subscription`: one for each subscription of a connection | `url`, `view`, `key` (of a row), `subscription` (the id, v2 only), `protocol` |
//!
//! `url` has no query and no user. No event contains a token, an API key or the contents of a row, except the value that
//! failed to decode.
//!
//! # Counters
//!
//! [`HyperStack::stats`](crate::HyperStack::stats) returns the counters of the whole client.
//! [`HyperStack::subscription_stats`](crate::HyperStack::subscription_stats) returns those of each subscription:
//!
//! ```
//! # use hyperstack_sdk::prelude::*;
//! # use hyperstack_sdk::testing::TestServer;
//! # use serde_json::json;
//! # #[derive(Debug, Clone, PartialEq, Entity)]
//! # struct Player {
//! #     score: i64,
//! # }
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = TestServer::builder().entity("Player").start().await?;
//! server.upsert("Player", "ada", json!({"score": 1}));
//! server.upsert("Player", "bob", json!({"name": "Bob"})); // lacks `score`
//! # let hs = HyperStack::connect(server.url()).await?;
//! let mut players = hs.watch::<Player>();
//! players.next().await;
//!
//! let subscriptions = hs.subscription_stats();
//! let list = &subscriptions[0];
//! assert_eq!((list.view.as_str(), list.readers), ("Player/list", 1));
//! assert_eq!((list.rows, list.partial_rows), (2, 1));
//! # Ok(())
//! # }
//! ```
//!
//! [`HyperStack::faults`](crate::HyperStack::faults) streams the errors that the client survived.
//!
//! # Metrics
//!
//! With the feature `metrics`, the client reports to the recorder of the crate
//! [`metrics`](https://docs.rs/metrics), for example to an exporter for Prometheus. Install the recorder before you
//! create the client.
//!
//! | name | kind | labels | unit |
//! |---|---|---|---|
//! | `hyperstack_frames_total` | counter | `host` | messages received |
//! | `hyperstack_bytes_total` | counter | `host` | bytes received, before decompression |
//! | `hyperstack_malformed_frames_total` | counter | `host` | messages, or rows of messages |
//! | `hyperstack_reconnects_total` | counter | `host` | restored connections |
//! | `hyperstack_resyncs_total` | counter | `host` | snapshots of subscriptions that had one before |
//! | `hyperstack_conflated_changes_total` | counter | `host` | changes that slow streams merged into others |
//! | `hyperstack_missed_changes_total` | counter | `host` | changes that slow streams dropped |
//! | `hyperstack_evicted_rows_total` | counter | `host` | rows over the row limit |
//! | `hyperstack_view_frames_total` | counter | `host`, `view` | messages with rows or deletions |
//! | `hyperstack_decode_errors_total` | counter | `host`, `view` | decode errors of rows |
//! | `hyperstack_connected` | gauge | `host` | open connections |
//! | `hyperstack_subscriptions` | gauge | `host`, `view` | subscriptions |
//! | `hyperstack_rows` | gauge | `host`, `view` | rows in the cache, partial ones included |
//! | `hyperstack_partial_rows` | gauge | `host`, `view` | rows that lack a required field |
//!
//! `host` is the host and port of the URL, and `view` the view's id. Clients with the same labels add up. The client
//! publishes after each batch of messages, not for each message.
