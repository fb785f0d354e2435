//! The published `arete-server`, with protocol v2.

use crate::changes::{self, Changes};
use crate::entity::{RANK, RANKED};
use crate::fault::Fault;
use crate::world::{change, World};
use crate::Result;
use hyperstack_interop_v2::{derived, entity, wide, Change, Order, Server, Setup};
use serde_json::{json, Value};
use std::net::SocketAddr;

/// The number of changes of a view that the server keeps for a slow subscription.
const BUS: usize = 256;

/// The number of records that the tape retains.
const RECORDS: usize = 1_000;

/// The number of changes while the server is down.
const MISSED: usize = 100;

pub struct Arete {
    server: Server,
    /// The number of times that the server lost its rows and records.
    losses: u64,
    /// The number of records that were in the tape when the server lost it.
    records: u64,
}

impl World for Arete {
    const HAS_DELETES: bool = true;

    async fn start() -> Result<Self> {
        let mut views = entity("Round");
        views.push(derived(
            "Round/ranked",
            RANK,
            Order::Descending,
            Some(RANKED),
        ));
        wide(&mut views, &["id.round_id", "note"]);
        Ok(Arete {
            server: Setup::new(views).bus(BUS).tapes(RECORDS).start(),
            losses: 0,
            records: 0,
        })
    }

    fn address(&self) -> SocketAddr {
        self.server.address()
    }

    async fn has(&self, key: &str) -> bool {
        self.server.row("Round/list", key).await.is_some()
    }

    async fn apply(&mut self, key: &str, change: changes::Change) {
        let change = match change {
            changes::Change::Put(row) => Change::new("Round", key, row).created(),
            changes::Change::Patch(patch) => Change::new("Round", key, patch),
            changes::Change::Append(patch) => Change::new("Round", key, patch).append("log"),
            changes::Change::Delete => Change::delete("Round", key),
        };
        self.server.apply([change]).await;
    }

    async fn truth(&self) -> Value {
        json!({
            "rows": self.server.rows("Round/list").await,
            "ranked": self.server.window("Round/ranked", 0, RANKED).await,
            "cursor": self.server.cursor("Round/append").await,
            "losses": self.losses,
            "records": self.records + self.retained().await,
        })
    }

    async fn suffer(&mut self, fault: Fault, changes: &mut Changes) -> Result<()> {
        match fault {
            Fault::Restart => self.server.restart_with_state().await,
            Fault::Kill => {
                self.server.kill().await;
                for _ in 0..MISSED {
                    change(self, changes).await;
                }
                self.server.start();
            }
            Fault::Loss => {
                self.losses += 1;
                self.records += self.retained().await;
                self.server.restart().await;
                // A tape without records has no cursor.
                change(self, changes).await;
            }
            Fault::Lag => {
                let rows = self.server.rows("Round/list").await;
                let rows = rows.iter().cycle().take(4 * BUS);
                let patches = rows.map(|(key, _)| {
                    changes.count += 1;
                    Change::new("Round", key, changes.state())
                });
                self.server.apply(patches).await;
            }
            fault => return Err(format!("the published server has no fault {fault}").into()),
        }
        Ok(())
    }
}

impl Arete {
    /// Returns the number of records since the server lost its tape.
    async fn retained(&self) -> u64 {
        let cursor = self.server.cursor("Round/append").await;
        let offset = cursor.rsplit_once(':').map(|(_, offset)| offset.parse());
        offset
            .and_then(|offset: std::result::Result<u64, _>| offset.ok())
            .map_or(0, |last| last + 1)
    }
}
