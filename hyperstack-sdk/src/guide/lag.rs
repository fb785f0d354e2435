//! What happens if your code is slower than the server.
//!
//! Each stream has a queue. The client never waits for a slow stream, because the server disconnects clients that
//! read too slowly. Up to 1,024 queued changes, you get every change. Beyond that, until you have caught up, the stream
//! *conflates*: several changes of one row become one item, which has the row's latest state. You miss intermediate
//! states, but never the last one, and the queue holds at most one item for each row.
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
//! server.upsert("Player", "ada", json!({"score": 0}));
//! let hs = HyperStack::connect(server.url()).await?;
//!
//! let mut updates = hs.watch::<Player>().conflate(1);
//! updates.next().await;
//! let mut other = hs.watch::<Player>();
//! for score in 1..=100 {
//!     server.patch("Player", "ada", json!({"score": score}));
//! }
//! // Another stream reads until the client has received the last change.
//! while other.next().await.and_then(Update::into_data).is_some_and(|ada| ada.score < 100) {}
//!
//! let update = updates.next().await.ok_or("the stream ended")?;
//! assert_eq!(update.data().map(|ada| ada.score), Some(100));
//! assert_eq!(updates.conflated(), 99);
//! # Ok(())
//! # }
//! ```
//!
//! You can choose another policy for each stream:
//!
//! | method | if the reader is behind | memory |
//! |---|---|---|
//! | (default) | conflates from 1,024 queued changes on ([`stream_capacity`]) | bounded by the number of rows |
//! | [`conflate`]`(n)` | conflates from `n` queued changes on; `conflate(0)` from the first change on | bounded by the number of rows |
//! | [`unbounded`]`()` | keeps every change | grows until the reader catches up |
//! | [`drop_oldest`]`(n)`, after `try_watch` | keeps the newest `n` changes; [`StreamError::Lagged`] says how many it dropped | `n` changes |
//!
//! [`conflated`](crate::Watch::conflated) counts the changes that one stream conflated;
//! [`Stats::conflated`](crate::Stats::conflated) counts those of all streams.
//! [`Stats::queue_depth`](crate::Stats::queue_depth) is the longest queue.
//!
//! While a stream conflates, a row that is created and deleted before you read it yields nothing.
//!
//! [`stream_capacity`]: crate::HyperStackBuilder::stream_capacity
//! [`conflate`]: crate::Watch::conflate
//! [`unbounded`]: crate::Watch::unbounded
//! [`drop_oldest`]: crate::Watch::drop_oldest
//! [`StreamError::Lagged`]: crate::StreamError::Lagged
