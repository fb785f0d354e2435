//! Frames and messages: what travels over the socket, in both directions.
//!
//! Everything here is a pure function of bytes. [`payload::json`] undoes compression under a limit,
//! [`Incoming::decode`] tells what a message is while borrowing from it, and [`Request`] writes what
//! the client says.

mod code;
mod envelope;
mod frame;
pub mod payload;
mod request;
mod scan;
mod seq;
mod text;

pub use code::{AuthErrorCode, Remedy};
pub use frame::{Direction, Frame, FrameError, Incoming, Issue, RefreshReply, Row, Sort};
pub(crate) use request::masked;
pub use request::{Request, Secret, Subscribe};
pub use scan::Scalar;
pub use seq::{Seq, SeqError};
