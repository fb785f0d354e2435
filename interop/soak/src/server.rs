//! The server's process: it changes rows all the time, and executes commands.

use crate::entity::{KEPT, TOP};
use crate::fault::Fault;
use crate::Result;
use decode::random::Random;
use hyperstack_sdk::testing::{Refusal, Sort, TestServer};
use serde_json::{json, Value};
use std::time::Duration;
use tokio::io::{stdin, AsyncBufReadExt, BufReader};
use tokio::time::{interval, sleep};

/// The number of rows.
const ROWS: u64 = 1_000;

/// The interval of changes, each of a few rows.
const TICK: Duration = Duration::from_millis(2);

/// Longer than a client's ping deadline.
const FROZEN: Duration = Duration::from_secs(4);

/// Serves until the client's process ends. Each line is a command, and gets one line as the answer.
pub async fn serve() -> Result<()> {
    let rate: u32 = std::env::args().nth(2).ok_or("no rate")?.parse()?;
    let mut world = World::new().await?;
    println!("{}", world.server.url());
    let mut lines = BufReader::new(stdin()).lines();
    let (mut tick, mut owed, mut is_paused) = (interval(TICK), 0.0, false);
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                match line.as_str() {
                    "pause" => {
                        is_paused = true;
                        println!("{}", world.rows());
                    }
                    "resume" => {
                        is_paused = false;
                        tick.reset();
                        println!("{}", world.changes);
                    }
                    fault => {
                        world.suffer(fault.parse()?).await?;
                        println!();
                    }
                }
            }
            _ = tick.tick(), if !is_paused => {
                owed += f64::from(rate) * TICK.as_secs_f64();
                while owed >= 1.0 {
                    owed -= 1.0;
                    world.change();
                }
            }
        }
    }
}

struct World {
    server: TestServer,
    random: Random,
    changes: u64,
}

impl World {
    async fn new() -> Result<Self> {
        let server = TestServer::builder()
            // The faults are frames of this generation.
            .protocol(hyperstack_sdk::Protocol::V1)
            .entity("Round")
            .view("Round/top", Sort::desc("state.total_deployed"), TOP)
            .array_limit(KEPT)
            .start()
            .await?;
        let mut row: Value = serde_json::from_str(decode::payload::ROW)?;
        let mut random = Random(53);
        for key in 0..ROWS {
            row["id"]["round_id"] = key.into();
            row["state"]["total_deployed"] = price(&mut random);
            server.upsert("Round", &key.to_string(), row.clone());
        }
        Ok(World {
            server,
            random,
            changes: 0,
        })
    }

    /// Changes three fields of a row, and sometimes fields that merge in another way.
    fn change(&mut self) {
        let random = &mut self.random;
        let key = random.below(ROWS).to_string();
        self.changes += 1;
        let mut patch = json!({
            "metrics": {"deploy_count": self.changes},
            "state": {"total_deployed": price(random), "total_miners": random.below(100_000)},
        });
        match random.below(20) {
            0 | 1 => {
                patch["log"] = json!([self.changes]);
                self.server.append("Round", &key, patch, &["log"]);
                return;
            }
            2 => patch["note"] = Value::Null,
            3 => patch["note"] = json!(self.changes),
            4 => patch["log"] = json!([]),
            5 => patch["results"] = json!({"rng": u64::MAX - self.changes, "slot_hash": null}),
            6 => patch["state"]["count_per_square"] = json!(vec![self.changes; 25]),
            _ => {}
        }
        self.server.patch("Round", &key, patch);
    }

    /// Returns all rows and the window as one line of JSON.
    fn rows(&self) -> Value {
        json!({"rows": self.server.rows("Round"), "window": self.server.window("Round/top")})
    }

    async fn suffer(&mut self, fault: Fault) -> Result<()> {
        let server = &self.server;
        match fault {
            Fault::Drop => server.drop_connections(),
            Fault::Freeze => {
                server.freeze();
                let server = server.clone();
                tokio::spawn(async move {
                    sleep(FROZEN).await;
                    server.thaw();
                });
            }
            Fault::Restart => {
                let rows = server.rows("Round");
                server.restart().await?;
                // The least recently changed row comes first, to restore the order.
                for (key, row) in rows.into_iter().rev() {
                    server.upsert("Round", &key, row);
                }
            }
            Fault::Garbage => {
                server.send_binary(b"\x1f\x8bno gzip".to_vec());
                server.send_binary(
                    b"{\"op\":\"patch\",\"entity\":\"Round/list\",\"key\":\"7\"".to_vec(),
                );
                server.send_binary(vec![0xff; 100]);
                server.send_text("neither");
                server.send(json!({"op": "truncate", "entity": "Round/list", "key": "7"}));
                let odd = json!({"id": {"round_id": "seven"}});
                server
                    .send(json!({"op": "patch", "entity": "Round/list", "key": "7", "data": odd}));
            }
            Fault::Oversized => {
                server.send_binary(vec![b' '; 2 * crate::soak::LARGEST]);
                server.send_binary(vec![b' '; 5 * crate::soak::LARGEST]);
            }
            Fault::Refuse => {
                for _ in 0..2 {
                    server.refuse_next(Refusal::new("rate-limit-exceeded").retry_after(1));
                }
                server.drop_connections();
            }
            Fault::Snapshot => {
                let rows = server.rows("Round").into_iter().take(100);
                let rows: Vec<_> = rows
                    .map(|(key, data)| json!({"key": key, "data": data}))
                    .collect();
                server.send_gzip(json!({
                    "mode": "list", "entity": "Round/list", "op": "snapshot", "data": rows, "complete": true,
                }));
            }
            Fault::Mute => server.mute(),
            Fault::Close => server.close_connections(1001, "going away"),
        }
        Ok(())
    }
}

fn price(random: &mut Random) -> Value {
    (random.below(1 << 40) as f64 / 1e9).into()
}
