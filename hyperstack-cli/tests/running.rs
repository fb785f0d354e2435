//! Tests of the commands that connect or serve.
#![cfg(feature = "hs")]

#[path = "../../hyperstack-sdk/tests/support/proxy.rs"]
mod proxy;
#[path = "running/support.rs"]
mod support;
#[path = "../../hyperstack-sdk/tests/support/tls.rs"]
mod tls;

#[path = "running/doctor.rs"]
mod doctor;
#[path = "running/get.rs"]
mod get;
#[path = "running/infer.rs"]
mod infer;
#[path = "running/lines.rs"]
mod lines;
#[path = "running/mistakes.rs"]
mod mistakes;
#[path = "running/network.rs"]
mod network;
#[path = "running/save.rs"]
mod save;
#[path = "running/serve.rs"]
mod serve;
#[cfg(unix)]
#[path = "running/table.rs"]
mod table;
#[path = "running/tape.rs"]
mod tape;
