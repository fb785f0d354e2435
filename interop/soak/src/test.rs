//! The SDK's test server, with protocol v1.

use crate::changes::{Change, Changes};
use crate::entity::{RANK, RANKED};
use crate::fault::{Fault, MARK, REFUSED};
use crate::soak::LARGEST;
use crate::world::World;
use crate::Result;
use hyperstack_sdk::testing::{Refusal, Sort, TestServer};
use hyperstack_sdk::Protocol;
use serde_json::{json, Value};
use std::net::SocketAddr;

pub struct Test(TestServer);

impl World for Test {
    const HAS_DELETES: bool = false;

    async fn start() -> Result<Self> {
        let server = TestServer::builder()
            // The faults are frames of this generation.
            .protocol(Protocol::V1)
            .entity("Round")
            .view("Round/ranked", Sort::desc(RANK), RANKED);
        Ok(Test(server.start().await?))
    }

    fn address(&self) -> SocketAddr {
        self.0.address()
    }

    async fn has(&self, key: &str) -> bool {
        self.0.row("Round", key).is_some()
    }

    async fn apply(&mut self, key: &str, change: Change) {
        match change {
            Change::Put(row) => self.0.upsert("Round", key, row),
            Change::Patch(patch) => self.0.patch("Round", key, patch),
            Change::Append(patch) => self.0.append("Round", key, patch, &["log"]),
            Change::Delete => return self.0.delete("Round", key),
        };
    }

    async fn truth(&mut self) -> Result<Value> {
        let (rows, ranked) = (self.0.rows("Round"), self.0.window("Round/ranked"));
        Ok(json!({"rows": rows, "ranked": ranked, "records": []}))
    }

    async fn suffer(&mut self, fault: Fault, _: &mut Changes) -> Result<()> {
        let server = &self.0;
        match fault {
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
                server.send_binary(vec![b' '; 2 * LARGEST]);
                server.send_binary(vec![b' '; 5 * LARGEST]);
            }
            Fault::Refuse => {
                for _ in 0..REFUSED {
                    server.refuse_next(Refusal::new("rate-limit-exceeded").retry_after(1));
                }
                server.drop_connections();
            }
            Fault::Snapshot => {
                let rows = server.rows("Round").into_iter().take(100);
                let mut rows: Vec<_> = rows
                    .map(|(key, data)| json!({"key": key, "data": data}))
                    .collect();
                let Some(first) = rows.first_mut() else {
                    return Err("there is no row for a snapshot".into());
                };
                let (key, note) = (first["key"].clone(), first["data"]["note"].clone());
                first["data"]["note"] = MARK.into();
                server.send_gzip(json!({
                    "mode": "list", "entity": "Round/list", "op": "snapshot", "data": rows, "complete": true,
                }));
                // The row gets its note back.
                server.patch(
                    "Round",
                    key.as_str().unwrap_or_default(),
                    json!({"note": note}),
                );
            }
            Fault::Mute => server.mute(),
            Fault::Close => server.close_connections(1001, "going away"),
            fault => return Err(format!("the test server has no fault {fault}").into()),
        }
        Ok(())
    }
}
