//! The command `hs bridge`, which `cargo build -p hyperstack-cli` builds in the repository's root.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use nats_tests::NatsServer;
use serde_json::json;

use crate::support::{next, player, settings, soon, Hand, Player, TradeViews, PREFIX};

/// Returns the path of `hs`. The variable `HS` overrides it.
fn hs() -> PathBuf {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/debug/hs");
    let hs = std::env::var_os("HS").map_or_else(|| built.into(), PathBuf::from);
    assert!(
        hs.is_file(),
        "there is no {}: build it with `cargo build -p hyperstack-cli` in the repository's root",
        hs.display()
    );
    hs
}

/// A running `hs bridge`, and the lines of its standard error. It is killed when you drop it.
struct Process {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStderr>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // If it has ended already, there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn bridge(arguments: &[&str]) -> Process {
    let mut command = Command::new(hs());
    command.arg("bridge").args(arguments);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("cannot start hs");
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    Process { child, lines }
}

#[tokio::test(flavor = "multi_thread")]
async fn hs_bridge_copies_what_its_file_names() {
    let builder = TestServer::builder().protocol(Protocol::V2);
    let builder = builder.entity("Player").entity("Trade");
    let server = builder.tape("Trade/append", 100).start().await.unwrap();
    server.upsert("Player", "ada", json!({"score": 7}));
    server.upsert("Trade", "A", json!({"price": 1}));
    let nats = NatsServer::start();
    let file = std::env::temp_dir().join(format!("hs-bridge-{}.toml", std::process::id()));
    let url = server.url();
    let text = format!(
        "from = '{url}'\nviews = ['Player']\ntapes = ['Trade']\nprefix = 'x'\ninterval = 200\n"
    );
    std::fs::write(&file, text).unwrap();
    let path = file.display().to_string();
    let mut process = bridge(&[&path, "--to", &nats.url(), "--prefix", PREFIX]);
    let start = process.lines.next().unwrap().unwrap();
    assert_eq!(start, format!("copying to {}, prefix {PREFIX}", nats.url()));

    let hs = hyperstack_nats::builder(nats.url(), PREFIX).client(settings().wait_for_server(true));
    let hs = soon(hs.connect()).await.unwrap();
    let mut players = hs.watch::<Player>();
    let update = next(&mut players).await;
    assert_eq!(update.data(), Some(&player(7)));
    let mut tape = hs.views::<TradeViews>().append().tape();
    let record = next(&mut tape).await.unwrap();
    assert_eq!(record.patch.price, Some(Some(1)));
    server.upsert("Player", "ada", json!({"score": 8}));
    assert_eq!(next(&mut players).await.data(), Some(&player(8)));
    std::fs::remove_file(file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hs_bridge_says_that_it_cannot_reach_nats() {
    let server = TestServer::builder()
        .entity("Player")
        .start()
        .await
        .unwrap();
    let nats = NatsServer::start();
    let url = nats.url().replace("nats://", "nats://me:secret@");
    drop((Hand::new(&nats).await, nats));
    let mut process = bridge(&[
        "--from",
        &server.url(),
        "--view",
        "Player",
        "--to",
        &url,
        "--prefix",
        PREFIX,
    ]);
    let lines: Vec<String> = process.lines.by_ref().map(Result::unwrap).collect();
    let text = lines.join("\n");
    assert!(
        text.starts_with("error: cannot connect to NATS at nats://127.0.0.1:"),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(process.child.wait().unwrap().code(), Some(1));
}
