//! Clients and bridges with a real `nats-server`.

mod bridge;
mod client;
mod hs;
mod security;
mod support;
