//! The parts of the simulation that are specific to protocol v2.
//!
//! ```text
//! draw      steps and habits that a v1 server does not have
//! server    the model of the server: windows, versions, recoveries
//! journal   what the frames of the whole list said
//! check     what must hold at the end
//! ```

mod check;
mod draw;
mod journal;
mod server;

pub(super) use draw::script;
pub(super) use journal::{Subscription, Versions};
pub(super) use server::{Trouble, UNKNOWN};
