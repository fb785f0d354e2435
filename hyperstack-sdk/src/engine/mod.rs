//! The session and the caches as one state machine, which handles, readers and the driver share.

mod shared;

mod core;

mod handle;
mod readers;

mod fault;
mod feed;
#[cfg(feature = "metrics")]
mod metrics;
mod state;
mod stats;
mod trace;
mod warnings;

#[cfg(feature = "testing")]
mod tap;

pub use fault::Fault;
pub use feed::Feed;
pub(crate) use handle::{Handle, Place, TapeReader};
pub(crate) use shared::{ClientSettings, Engine};
pub use state::{ConnectionState, StateChange};
pub use stats::{Stats, SubscriptionStats};
#[cfg(feature = "testing")]
pub(crate) use tap::Tap;
