//! The records of a tape, and the queue of its reader.

mod error;
mod queue;
mod record;

pub use error::TapeError;
pub(crate) use queue::{Polled, TapeQueue};
pub use record::TapeRecord;
