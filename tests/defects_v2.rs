//! Defects of the published v2 client, one test each. The numbers are those of its list of defects.

mod connection;
mod cost;
mod load;
mod readers;
mod rows;
mod tokens;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{TestServer, TestServerBuilder};

use crate::support;

/// The server of [`support::games`], in protocol v2.
pub(crate) fn games() -> TestServerBuilder {
    support::games().protocol(Protocol::V2)
}

/// The client of [`support::client`], in protocol v2.
pub(crate) fn client(server: &TestServer) -> HyperStackBuilder {
    support::client(server).protocol(Protocol::V2)
}
