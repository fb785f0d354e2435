//! Shares a Hyperstack server between many processes through NATS JetStream.

mod meta;
mod names;
