//! Protocol v1: its messages, order and windows.

mod feed;
mod frame;
mod integers;
mod message;
mod replay;
mod requests;
mod sort;
mod window;

pub(crate) use feed::{default_take, Feed};
#[cfg(test)]
pub(crate) use frame::Header;
#[cfg(test)]
pub(crate) use integers::is_wide;
pub(crate) use integers::stringified;
#[cfg(test)]
pub(crate) use message::ClientMessage;
pub(crate) use replay::Tapes;
pub(crate) use requests::receive;
pub(crate) use window::SortedRows;
