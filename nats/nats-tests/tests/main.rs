//! Clients and bridges with a real `nats-server`.

mod bridge;
mod client;
mod cluster;
mod hs;
mod security;
mod source;
mod support;
