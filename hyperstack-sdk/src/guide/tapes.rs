//! How to read an event log: each event once and in order, also across restarts.
//!
//! A *tape* is an append view of a v2 server with a journal. It has numbered records instead of rows. Each record is
//! one change of an entity, as a typed patch. Where a stream of rows may merge changes, a tape yields each of them.
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
//! To process each record exactly once, store its [`cursor`](crate::TapeRecord::cursor) in the same transaction as what
//! you make of the record. If your process dies, both are there or neither is. The example
//! [`examples/archive`](https://github.com/HyperTekOrg/hyperstack/tree/main/examples/archive) does this with SQLite.
//!
//! If you cannot store both at once, store the cursor last. After a crash, the records since the stored cursor come
//! again.
//!
//! # Where a tape starts
//!
//! | method | first record |
//! |---|---|
//! | (default) | the oldest record that the server retains |
//! | [`after(cursor)`](crate::Tape::after) | the one after this cursor |
//! | [`from_now()`](crate::Tape::from_now) | the first one that the server receives from now on |
//!
//! [`key`](crate::Tape::key) and [`filter`](crate::Tape::filter) select records.
//! [`next_retained`](crate::Tape::next_retained) returns `None` when you have read the history.
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
//! With [`end_at_gap`](crate::Tape::end_at_gap), the tape ends there instead. All other losses are repaired without a
//! gap: after a reconnect, or if the server reports that the tape fell behind, the client continues behind the last
//! record.
//!
//! # If you are slow
//!
//! A tape never merges or drops records. When 8,192 records wait ([`capacity`](crate::Tape::capacity)), the client
//! unsubscribes, and subscribes again when you have read half of them. So memory is bounded, and you can be slower than
//! the server for as long as the server retains the records.
