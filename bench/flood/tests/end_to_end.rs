//! Each client reads a few hundred updates from a server in another process, and misses none.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const FLOOD: &str = env!("CARGO_BIN_EXE_flood");

const V1: &[&str] = &["ours-v1", "ours-shared-v1", "floor-v1"];
const V2: &[&str] = &["ours-v2", "ours-shared-v2", "floor-v2"];
const PUBLISHED: &[&str] = &["published", "arete"];

/// Returns the clients, and with them the published ones if they are built.
fn with_published(clients: &[&[&'static str]], published: &[&'static str]) -> Vec<&'static str> {
    let mut all = clients.concat();
    if cfg!(feature = "published") {
        all.extend(published);
    }
    all
}

/// A server process that ends with the test.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new(FLOOD)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        Server {
            process,
            address: line.trim().to_owned(),
        }
    }

    /// Runs a client and returns its measurement.
    fn measure(&self, contender: &str, scenario: &str, options: &[&str]) -> Value {
        let output = Command::new(FLOOD)
            .args(["client", contender, scenario, "--server", &self.address])
            .args(options)
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success(), "{contender} in {scenario}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs a client, and checks that every update reached its readers one by one.
    fn check(&self, contender: &str, scenario: &str, options: &[&str]) {
        let measured = self.measure(contender, scenario, options);
        let name = format!("{contender} in {scenario}: {measured}");
        let wanted = measured["wanted"].as_u64().unwrap();
        assert!(wanted >= 256, "{name}");
        assert_eq!(measured["received"], wanted, "{name}");
        assert_eq!(measured["conflated"], 0, "{name}");
        let has_latency = measured["p99"].is_number();
        assert_eq!(has_latency, scenario == "latency-100", "{name}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

#[test]
fn every_contender_gets_every_update() {
    let server = Server::start();
    for contender in with_published(&[V1, V2], PUBLISHED) {
        for scenario in ["one-100", "latency-100"] {
            server.check(contender, scenario, &["--updates", "256"]);
        }
        // The published clients take seconds for a hundred streams.
        let is_published = PUBLISHED.contains(&contender);
        let keys: &[&str] = if is_published { &["--rows", "10"] } else { &[] };
        let updates = &["--updates", "256"];
        server.check(contender, "keys-100", &[keys, updates].concat());
        if !is_published {
            server.check(contender, "full-100", updates);
        }
    }
}

#[test]
fn every_contender_gets_every_row_and_field() {
    let server = Server::start();
    for contender in with_published(&[V1, V2], PUBLISHED) {
        for scenario in ["small-10000", "wide-10000"] {
            let options = ["--rows", "100", "--updates", "256"];
            server.check(contender, scenario, &options);
        }
        // Two snapshots, each with batches of every length.
        server.check(
            contender,
            "paced-100000",
            &["--rows", "230", "--updates", "460"],
        );
    }
}

#[test]
fn every_v2_contender_gets_the_updates_of_ten_windows() {
    let server = Server::start();
    for contender in with_published(&[V2], &["arete"]) {
        server.check(contender, "windows-100", &["--updates", "512"]);
    }
}

/// A client fails if its records are not numbered without a gap.
#[test]
fn every_v2_contender_gets_every_record_of_a_tape_in_order() {
    let server = Server::start();
    for contender in with_published(&[&["ours-v2", "floor-v2"]], &["arete"]) {
        server.check(contender, "tape", &["--updates", "2048"]);
    }
}
