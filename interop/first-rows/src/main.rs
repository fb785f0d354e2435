//! How long a first read takes against the published servers, on the loopback interface.
//!
//! A server writes `subscribed` and then the snapshot. It does not set `TCP_NODELAY`, so the snapshot waits
//! until the client's TCP stack acknowledges the first message, which Linux delays. A WebSocket ping right
//! after `subscribed` carries the acknowledgement.
#![forbid(unsafe_code)]

mod published_clients;

use std::time::{Duration, Instant};

use hyperstack_interop_socket::{Event, Socket};
use hyperstack_sdk::{HyperStack, Protocol};
use serde_json::{json, Value};

/// Reads per line of the table. The middle one is shown.
const READS: usize = 31;

#[tokio::main]
async fn main() {
    let row = json!({"name": "a", "score": 1});
    println!("first rows of a list of one row, median of {READS} new connections:");
    println!(
        "| server | socket, no ping | socket, ping | SDK, protocol set | SDK, only the URL | published client |"
    );
    println!("|---|---|---|---|---|---|");

    let server = hyperstack_interop_v2::Setup::new(hyperstack_interop_v2::entity("Player")).start();
    let change = hyperstack_interop_v2::Change::new("Player", "a", row.clone());
    server.apply([change]).await;
    line("arete-server 0.51.2", &server.url(), Protocol::V2).await;

    let server = hyperstack_interop::Setup::new(hyperstack_interop::entity("Player")).start();
    let change = hyperstack_interop::Change::new("Player", "a", row.clone());
    server.apply([change]).await;
    line("hyperstack-server 0.6.9", &server.url(), Protocol::V1).await;

    let server = hyperstack_interop_v05::Server::start(hyperstack_interop_v05::entity("Player"));
    let change = hyperstack_interop_v05::Change::new("Player", "a", row);
    server.apply([change]).await;
    line("hyperstack-server 0.5.10", &server.url(), Protocol::V1).await;
}

async fn line(server: &str, url: &str, protocol: Protocol) {
    let mut columns = [const { Vec::new() }; 5];
    for _ in 0..READS {
        columns[0].push(by_socket(url, protocol, false).await);
        columns[1].push(by_socket(url, protocol, true).await);
        columns[2].push(by_client(url, protocol).await);
        columns[3].push(by_client(url, Protocol::Auto).await);
        columns[4].push(match protocol {
            Protocol::V2 => published_clients::by_arete(url).await,
            _ => published_clients::by_hyperstack(url).await,
        });
    }
    let columns = columns.map(|mut times| {
        times.sort_unstable();
        format!("{:.2} ms", times[READS / 2].as_secs_f64() * 1e3)
    });
    println!("| {server} | {} |", columns.join(" | "));
}

/// From the subscribe to the snapshot over a bare WebSocket.
async fn by_socket(url: &str, protocol: Protocol, pings: bool) -> Duration {
    let mut socket = Socket::connect(url).await;
    let subscribe = match protocol {
        Protocol::V2 => json!({
            "type": "subscribe", "protocolVersion": 2, "subscriptionId": "a",
            "query": {"view": "Player/list"},
        }),
        _ => json!({"type": "subscribe", "view": "Player/list"}),
    };
    let start = Instant::now();
    socket.send(&subscribe).await;
    loop {
        let Event::Message(message, _) = socket.next().await else {
            continue;
        };
        match message["op"].as_str() {
            Some("subscribed") if pings => socket.ping().await,
            Some("snapshot") => return start.elapsed(),
            _ => {}
        }
    }
}

/// From the call to the rows.
async fn by_client(url: &str, protocol: Protocol) -> Duration {
    let builder = HyperStack::builder().url(url).protocol(protocol);
    let hs = builder.connect().await.expect("a connection");
    let start = Instant::now();
    let rows: Vec<Value> = hs.raw("Player").list().get().await;
    let elapsed = start.elapsed();
    assert_eq!(rows.len(), 1);
    elapsed
}
