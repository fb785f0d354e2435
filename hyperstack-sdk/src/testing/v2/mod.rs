//! Protocol v2: its messages, order, windows and membership.

mod faults;
mod feed;
mod frame;
mod journal;
mod message;
mod recorded_tape;
mod replay;
mod requests;
mod sort;
mod tape;

#[cfg(test)]
pub(crate) use faults::{end, lagged};
pub(crate) use feed::{Batch, Feed};
pub(crate) use frame::{error, Epoch};
pub(crate) use journal::{Journal, Published, Record, Tapes};
pub(crate) use replay::Sessions;
pub(crate) use requests::receive;
pub(crate) use sort::SortValue;
pub(crate) use tape::TapeFeed;
