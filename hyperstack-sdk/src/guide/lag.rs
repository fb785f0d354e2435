//! What happens if your code is slower than the server.
//!
//! The client always reads the socket at full speed, because a server disconnects slow clients. Changes wait in the
//! queue of each stream, so a slow stream does not delay another.
//!
//! As long as at most 1,024 changes are queued, you get every change. Beyond that, the stream *conflates*: it merges
//! the queued changes of each row into one item with the row's latest state. It stops when you have emptied the queue.
//! While it conflates, you miss intermediate states, but never the latest one, and the queue has at most one item per
//! row.
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
//! // Wait until the client has received the last change.
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
//! | method | if the reader is behind | memory | typical use |
//! |---|---|---|---|
//! | (default) | conflates beyond 1,024 queued changes (see [`stream_capacity`]) | the larger of 1,024 changes and one change per row | most programs |
//! | [`conflate`]`(n)` | conflates beyond `n` queued changes | the larger of `n` changes and one change per row | a dashboard, with a small `n` |
//! | [`unbounded`]`()` | keeps every change | grows until the reader catches up | an audit log |
//! | `with_errors().`[`drop_oldest`]`(n)`, or on `try_watch` | drops all but the newest `n` changes, and [`StreamError::Lagged`] says how many it dropped | `n` changes | a ticker |
//!
//! While a stream conflates, a row that is created and deleted before you read it yields nothing. The `before` of a
//! [`RichUpdate`](crate::RichUpdate) or a [`RowChange`](crate::RowChange) is the row that the stream last yielded.
//!
//! A stream of whole windows ([`watch_window`](crate::ListView::watch_window)) has no queue: however slow you are, the
//! next item is the latest window. The methods above do not change that.
//!
//! If [`conflated`](crate::Watch::conflated) grows, your code is slower than the server: it counts the changes that the
//! stream has merged. [`Stats::conflated`](crate::Stats::conflated) counts those of all streams, and
//! [`Stats::queue_depth`](crate::Stats::queue_depth) is the length of the longest queue.
//!
//! [`stream_capacity`]: crate::HyperStackBuilder::stream_capacity
//! [`conflate`]: crate::Watch::conflate
//! [`unbounded`]: crate::Watch::unbounded
//! [`drop_oldest`]: crate::Watch::drop_oldest
//! [`StreamError::Lagged`]: crate::StreamError::Lagged
