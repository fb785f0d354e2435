//! A cluster of three nats-servers that loses one.

use std::time::Duration;

use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::Info;
use async_nats::jetstream::{self, Context};
use async_nats::ConnectOptions;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use nats_tests::{Directory, NatsServer};
use serde_json::json;

use crate::bridge::{equal, Running};
use crate::source::{prices, put, server, tape, trade};
use crate::support::{lost, settings, soon, PREFIX};

const LIST: &str = "KV_game_Player_list";
const TAPE: &str = "TAPE_game_Trade_append";

struct Cluster {
    servers: Vec<NatsServer>,
    _files: Directory,
}

impl Cluster {
    fn start() -> Self {
        let files = Directory::temporary();
        let mut servers: Vec<NatsServer> = Vec::new();
        let mut ports = Vec::new();
        for number in 0..3 {
            let path = configure(&files, number, &ports);
            let server = NatsServer::start_with(&["-c", &path]);
            let log = server.log_until("Listening for route connections on ");
            let port = log.last().unwrap().rsplit(':').next().unwrap();
            ports.push(port.to_owned());
            servers.push(server);
        }
        Cluster {
            servers,
            _files: files,
        }
    }

    /// Returns the URLs of all servers, first the one with this number.
    fn urls(&self, first: usize) -> String {
        let urls = (first..first + 3).map(|number| self.servers[number % 3].url());
        urls.collect::<Vec<_>>().join(",")
    }

    /// Connects to any of the servers.
    async fn connect(&self) -> async_nats::Client {
        let urls = self.urls(0);
        let urls: Vec<&str> = urls.split(',').collect();
        soon(options().connect(urls)).await.unwrap()
    }
}

/// The options of all clients. A request to a stream without a leader has no answer.
fn options() -> ConnectOptions {
    ConnectOptions::new().request_timeout(Some(Duration::from_secs(1)))
}

/// Writes the configuration of a server. It must have three routes, to expect a cluster of three.
fn configure(files: &Directory, number: usize, ports: &[String]) -> String {
    let unused = ["1", "2", "3"];
    let ports = ports.iter().map(String::as_str).chain(unused).take(3);
    let routes: Vec<_> = ports
        .map(|port| format!("nats://127.0.0.1:{port}"))
        .collect();
    let config = json!({
        "server_name": format!("n{number}"),
        "cluster": {"name": "tests", "listen": "127.0.0.1:-1", "routes": routes},
    });
    files.write(&format!("{number}.conf"), &config.to_string())
}

/// Waits until the cluster has a leader, which answers requests.
async fn answered(jetstream: &Context) {
    loop {
        let info = jetstream.get_stream("none").await;
        if let Err(GetStreamErrorKind::JetStream(_)) = info.map_err(|error| error.kind()) {
            return;
        }
    }
}

/// Returns the state of a stream, which has a leader sooner or later.
async fn info(jetstream: &Context, stream: &str) -> Info {
    loop {
        if let Ok(stream) = jetstream.get_stream(stream).await {
            return stream.cached_info().clone();
        }
    }
}

/// Returns the number of the server that leads the bucket of rows, when all servers have all streams.
async fn leader(jetstream: &Context) -> usize {
    let mut leader = None;
    for stream in ["KV_game", TAPE, LIST] {
        loop {
            let cluster = info(jetstream, stream).await.cluster.unwrap();
            let current = cluster
                .replicas
                .iter()
                .filter(|it| it.current && !it.offline);
            if current.count() == 2 {
                leader = cluster.leader;
                break;
            }
        }
    }
    leader.unwrap()[1..].parse().unwrap()
}

/// A cluster with two bridges, 200 rows and 100 records.
struct Copied {
    cluster: Cluster,
    jetstream: Context,
    source: TestServer,
    _bridges: [Running; 2],
}

impl Copied {
    async fn start() -> Self {
        let cluster = Cluster::start();
        let source = server(1_000).await;
        put(&source, 0..200, 1);
        trade(&source, 0..100);
        let jetstream = jetstream::new(cluster.connect().await);
        soon(answered(&jetstream)).await;
        let bridge = async || {
            let nats = cluster.connect().await;
            Running::over(&source, nats, |bridge| {
                let bridge = bridge.view("Player/list").tape("Trade/append");
                bridge.replicas(3)
            })
            .await
        };
        let bridges = [bridge().await, bridge().await];
        for bridge in &bridges {
            bridge.caught_up().await;
        }
        Copied {
            cluster,
            jetstream,
            source,
            _bridges: bridges,
        }
    }

    /// Connects a client to a server, and reads everything. Kills this server or another one. Then everything changes,
    /// and the client reads it.
    async fn kill(&mut self, connected: usize, killed: usize) {
        let builder = hyperstack_nats::builder(self.cluster.urls(connected), PREFIX);
        let builder = builder.options(|| options().retain_servers_order());
        let hs = soon(builder.client(settings()).connect()).await.unwrap();
        let direct = HyperStack::connect(self.source.url()).await.unwrap();
        let (direct, rows) = (direct.raw("Player").list(), hs.raw("Player").list());
        let mut tape = tape(&hs);
        assert_eq!(equal(direct.clone(), rows.clone(), true).await, 200);
        let expected: Vec<i64> = (0..100).collect();
        assert_eq!(prices(&mut tape, 100).await, expected);

        let mut states = hs.connection_states();
        self.cluster.servers[killed].kill();
        if killed == connected {
            let cause = lost(&mut states).await;
            assert!(cause.ends_with("NATS closed the connection"), "{cause}");
        }
        put(&self.source, 100..300, 1_000);
        self.source.delete("Player", "k0");
        trade(&self.source, 100..200);
        let expected: Vec<i64> = (100..200).collect();
        assert_eq!(prices(&mut tape, 100).await, expected);
        assert_eq!(equal(direct, rows, true).await, 299);
        let state = soon(info(&self.jetstream, TAPE)).await.state;
        assert_eq!((state.messages, state.last_sequence), (200, 200));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_of_a_stream_dies() {
    let mut copied = Copied::start().await;
    let leader = soon(leader(&copied.jetstream)).await;
    copied.kill((leader + 1) % 3, leader).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_of_a_client_dies() {
    let mut copied = Copied::start().await;
    let other = (soon(leader(&copied.jetstream)).await + 1) % 3;
    copied.kill(other, other).await;
}
