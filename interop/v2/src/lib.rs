//! The published `arete-server` 0.51.2, run in process, for tests of a client against it.
//!
//! ```text
//! server    the server on a port of its own, fed by its own projector
//! data      what a test feeds: entities, derived views, changes
//! chain     events of programs, made from their IDLs (shared with the 0.6.9 server)
//! machine   the virtual machine, which turns events into changes
//! sessions  who may connect: signed tokens, and sessions with limits
//! sweep     the server's clock, for the timer that no setting reaches (shared with the 0.6.9 server)
//! ```
#![forbid(unsafe_code)]

#[path = "../../src/chain.rs"]
mod chain;
mod data;
mod machine;
mod server;
mod sessions;
#[path = "../../src/sweep.rs"]
mod sweep;

pub use arete_auth::Limits;
pub use arete_server::{RateLimitConfig, SlotContext, StaticTokenAuthPlugin, ViewSpec};
pub use chain::{Chain, Event, Size, ADDRESS};
pub use data::{derived, entity, wide, Change, Order};
pub use machine::Machine;
pub use server::{Server, Setup, Stall};
pub use sessions::{Granted, Mint, Paced};
