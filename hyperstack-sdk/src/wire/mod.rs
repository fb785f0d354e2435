//! Frames and messages: what travels over the socket, in both directions.
//!
//! Everything here is a pure function of bytes. [`payload::json`] undoes compression under a limit,
//! [`Incoming::decode`] tells what a message is while borrowing from it, and [`Request`] writes what
//! the client says.

mod code;
#[cfg(feature = "testing")]
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
#[cfg(feature = "testing")]
pub use entry::{Entry, Kind, Side};
#[cfg(feature = "testing")]
pub(crate) use envelope::member;
pub use frame::{Ack, Direction, Frame, FrameError, Incoming, Issue, RefreshReply, Row, Sort};
pub use protocol::Protocol;
pub(crate) use request::masked;
pub use request::{Query, Request, Secret, Subscribe};
pub use scan::Scalar;
pub(crate) use scan::{text_at, text_of, value_at};
pub(crate) use seq::leading_number;
pub use seq::{Seq, SeqError};
