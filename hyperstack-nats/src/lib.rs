//! Shares a Hyperstack server between many processes through NATS JetStream.

mod meta;
mod names;

mod bridge;

pub use bridge::{Bridge, BridgeBuilder, BridgeError, BridgeStatus, ViewError, ViewStatus};
