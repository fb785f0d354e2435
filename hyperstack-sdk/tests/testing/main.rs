//! The in-process server, driven by a bare WebSocket client.
#![cfg(feature = "testing")]

mod client;

mod address;
mod faults;
mod mutations;
mod replay;
mod subscriptions;
mod v2;
mod windows;

use hyperstack_sdk::testing::{TestServer, TestServerBuilder};
use hyperstack_sdk::Protocol;

fn v1_server() -> TestServerBuilder {
    TestServer::builder().protocol(Protocol::V1)
}
