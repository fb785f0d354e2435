//! Session and caches as one machine, and the state that handles, readers and driver share.

mod core;
mod fault;
mod handle;
mod shared;
mod state;
mod stats;

pub use fault::{Fault, Faults};
pub(crate) use handle::Handle;
pub(crate) use shared::{Settings, Shared};
pub use state::ConnectionState;
pub use stats::Stats;
