//! Protocol v2: its messages, order, windows and membership.

mod faults;
mod feed;
mod frame;
mod message;
mod replay;
mod requests;
mod sort;

#[cfg(test)]
pub(crate) use faults::{end, lagged};
pub(crate) use feed::{Batch, Feed};
pub(crate) use frame::{error, Epoch};
pub(crate) use replay::Sessions;
pub(crate) use requests::receive;
pub(crate) use sort::SortValue;
