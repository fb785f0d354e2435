//! The parts of the simulation that are specific to protocol v2.
//!
//! ```text
//! draw      steps and habits that a v1 server does not have
//! server    the model of the server: windows, versions, recoveries
//! journal   what the frames of the whole list said
//! check     what must hold at the end
//! tape      readers of the tape, and what must hold of their records
//! ```

mod check;
mod draw;
mod journal;
mod server;
mod tape;

pub(super) use draw::script;
pub(super) use journal::{Subscription, Versions};
pub(super) use server::{Trouble, UNKNOWN};
pub(super) use tape::{TapeAct, TapeLog, TapeReader};
