//! The messages of both directions, and their frames.
//!
//! All functions are pure. [`payload::json`] decompresses a message within a limit, [`Incoming::decode`] decodes it
//! while borrowing from it, and [`Request`] encodes the client's messages.

mod code;
mod cursor;
mod entry;
mod envelope;
mod frame;
pub mod payload;
mod protocol;
mod request;
mod scan;
mod seq;
mod text;

pub use code::{AuthErrorCode, Remedy};
pub use cursor::{Cursor, CursorError};
pub use entry::{Entry, Kind, Side};
#[cfg(feature = "testing")]
pub(crate) use envelope::member;
pub use frame::{
    Ack, Direction, Frame, FrameError, Incoming, Issue, RefreshReply, ReplayWindow, Row, Sort,
};
pub use protocol::Protocol;
pub(crate) use request::masked;
pub use request::{Query, Request, Secret, Subscribe};
pub use scan::Scalar;
pub(crate) use scan::{text_at, text_of, value_at};
pub(crate) use seq::leading_number;
pub use seq::{Seq, SeqError};
