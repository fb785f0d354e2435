#![doc = include_str!("../README.md")]

mod bridge;
mod client;
mod meta;
mod names;
mod servers;
mod store;

pub use async_nats;
pub use bridge::{Bridge, BridgeBuilder, BridgeError, BridgeStatus, ViewError, ViewStatus};
pub use client::{builder, connect, Builder, NatsUpstream};
pub use servers::Servers;
