//! What only protocol v2 has.
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
