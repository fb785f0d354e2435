//! The real `hyperstack-server`, run in process, for tests of the SDK against it.
//!
//! ```text
//! server    the server on its own port, fed by its own projector
//! data      the test's entities, derived views and changes
//! sessions  who may connect: signed tokens, and sessions with limits
//! sweep     the server's clock, for the one timer without a setting
//! process   the same server in its own process, for tests that freeze it
//! machine   the server's virtual machine: a stack file compiled, events in, changes out
//! chain     events for it, made from the programs' interfaces
//! ```
#![forbid(unsafe_code)]

mod chain;
mod data;
mod machine;
mod process;
mod server;
mod sessions;
mod sweep;

pub use chain::{Chain, Event, Size, ADDRESS};
pub use data::{derived, entity, Change};
pub use machine::{Machine, SIGNATURE};
pub use process::{serve, Process, Scene};
pub use server::{Server, Setup, Stall};
pub use sessions::{Granted, Mint};
