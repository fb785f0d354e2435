//! Each client reads a few hundred updates from a server in another process, and misses none.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const FLOOD: &str = env!("CARGO_BIN_EXE_flood");

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
    let all = ["ours", "ours-shared", "published", "floor"];
    for (scenario, contenders) in [
        ("one-100", &all[..]),
        ("keys-100", &all[..]),
        // The published client is left out, because it takes seconds.
        ("full-100", &["ours", "ours-shared", "floor"]),
        ("latency-100", &all[..]),
    ] {
        for contender in contenders {
            let measured = server.measure(contender, scenario, &["--updates", "256"]);
            let name = format!("{contender} in {scenario}: {measured}");
            let wanted = measured["wanted"].as_u64().unwrap();
            assert!(wanted >= 512, "{name}");
            assert_eq!(measured["received"], wanted, "{name}");
            assert_eq!(measured["conflated"], 0, "{name}");
            assert_eq!(
                measured["p99"].is_number(),
                scenario == "latency-100",
                "{name}"
            );
        }
    }
}

#[test]
fn every_contender_gets_every_row_and_field() {
    let server = Server::start();
    for contender in ["ours", "ours-shared", "published", "floor"] {
        let options = ["--rows", "230", "--updates", "460"];
        let measured = server.measure(contender, "paced-100000", &options);
        // Two snapshots.
        assert_eq!(measured["received"], 460, "{contender}: {measured}");
        for scenario in ["small-10000", "wide-10000"] {
            let options = ["--rows", "100", "--updates", "256"];
            let measured = server.measure(contender, scenario, &options);
            assert_eq!(
                measured["received"], measured["wanted"],
                "{contender}: {measured}"
            );
        }
    }
}
