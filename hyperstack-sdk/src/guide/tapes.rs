//! Read an event log: each event once, in order, even across restarts.
//!
//! A *tape* is an append view whose records a v2 server numbers and retains. It has records instead of rows. Each
//! record is one change of an entity, as a typed patch. A stream of rows may merge changes. A tape yields each of them
//! once; for the one exception, see [`GapCause::UnknownCursor`](crate::GapCause::UnknownCursor).
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//! use hyperstack_sdk::testing::TestServer;
//! use hyperstack_sdk::TapeError;
//! use serde_json::json;
//!
//! #[derive(Debug, Clone, PartialEq, Entity, Views)]
//! struct Trade {
//!     price: Option<f64>,
//!     buyer: Option<String>,
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = TestServer::builder().tape("Trade/append", 1_000).start().await?;
//! server.patch("Trade", "SoL9x", json!({"price": 1.5, "buyer": "ada"}));
//! server.patch("Trade", "SoL9x", json!({"price": 1.6}));
//!
//! let hs = HyperStack::connect(server.url()).await?;
//! let trades = hs.views::<TradeViews>().append();
//! let mut tape = trades.tape();
//! let first = tape.next().await.ok_or("the tape ended")??;
//! assert_eq!((&*first.key, first.patch.price), ("SoL9x", Some(Some(1.5))));
//! drop(tape);
//!
//! // Continue after the stored cursor in another process.
//! let stored = first.cursor.to_string();
//! let mut tape = trades.tape().after(stored.parse()?);
//! let second = tape.next().await.ok_or("the tape ended")??;
//! assert_eq!((second.patch.price, second.patch.buyer), (Some(Some(1.6)), None));
//! # Ok(())
//! # }
//! ```
//!
//! # Store the cursor with the data
//!
//! To process each record exactly once, store its [`cursor`](crate::TapeRecord::cursor) in the same transaction as the
//! result of processing the record. If your process dies, the database has both or neither. The example
//! [`examples/archive`](https://github.com/HyperTekOrg/hyperstack/tree/main/examples/archive) does this with SQLite.
//!
//! If you cannot store both at once, store the cursor last. After a crash, you get the records after the stored cursor
//! again.
//!
//! # Where a tape starts
//!
//! | method | first record |
//! |---|---|
//! | (default) | the oldest record that the server retains |
//! | [`after(cursor)`](crate::Tape::after) | the one after this cursor |
//! | [`from_now()`](crate::Tape::from_now) | the first one that arrives after you subscribe |
//!
//! [`key`](crate::Tape::key) and [`filter`](crate::Tape::filter) select records.
//! [`next_retained`](crate::Tape::next_retained) returns `None` when you have read the history (not with a key or
//! filter: the end of the history is unknown then).
//!
//! # When records are lost
//!
//! A server retains only recent records. If it no longer has what you need, the tape yields a
//! [`TapeError::Gap`](crate::TapeError::Gap), and then continues with the oldest record that the server has:
//!
//! | [`cause`](crate::GapCause) | what happened | what is lost |
//! |---|---|---|
//! | `Expired` | you were away for too long | [`lost`](crate::TapeGap::lost) records |
//! | `NewEpoch` | the server lost its records and started over | the records that came after your cursor; their number is unknown |
//! | `UnknownCursor` | the server went back to an earlier state, or the cursor belongs to another view | unknown; records may come again |
//! | `MissedByServer` | the server itself missed events | unknown |
//! | `Unreadable` | the client could not decode a message | [`lost`](crate::TapeGap::lost) records |
//!
//! With [`end_at_gap`](crate::Tape::end_at_gap), the tape ends after the gap. A lost connection or a lagging
//! subscription is not a gap: the client continues after the last record that you have read.
//!
//! # If you are slow
//!
//! A tape never merges or drops records. When 8,192 records wait ([`capacity`](crate::Tape::capacity)), the client
//! unsubscribes, and subscribes again when you have read half of them. So memory is bounded, and you can be slower than
//! the server for as long as the server retains the records.
