//! The published `arete-server`, with protocol v2.

use crate::changes::{self, Changes};
use crate::entity::{RANK, RANKED};
use crate::fault::Fault;
use crate::tape::{contents, RETAINED};
use crate::world::{change, World};
use crate::Result;
use hyperstack_interop_v2::{derived, entity, wide, Change, Order, Server, Setup};
use hyperstack_sdk::Cursor;
use serde_json::{json, Value};
use std::net::SocketAddr;

/// The number of changes of a view that the server keeps for a slow subscription.
const BUS: usize = 256;

/// The number of changes while the server is down.
const MISSED: usize = 100;

pub struct Arete {
    server: Server,
    /// The contents of the newest records, which have no cursor here yet.
    contents: Vec<Value>,
    /// The number of records of the tape before them.
    numbered: usize,
    /// The records since the last truth, each with its cursor.
    records: Vec<Value>,
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
            server: Setup::new(views).bus(BUS).tapes(RETAINED).start(),
            contents: Vec::new(),
            numbered: 0,
            records: Vec::new(),
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
            changes::Change::Put(row) => self.recorded(key, row, false).created(),
            changes::Change::Patch(patch) => self.recorded(key, patch, false),
            changes::Change::Append(patch) => self.recorded(key, patch, true).append("log"),
            // The tape has no record of a deletion.
            changes::Change::Delete => Change::delete("Round", key),
        };
        self.server.apply([change]).await;
    }

    async fn truth(&mut self) -> Result<Value> {
        self.number().await?;
        Ok(json!({
            "rows": self.server.rows("Round/list").await,
            "ranked": self.server.window("Round/ranked", 0, RANKED).await,
            "records": std::mem::take(&mut self.records),
        }))
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
                self.number().await?;
                self.numbered = 0;
                self.server.restart().await;
                // A tape without records has no cursor.
                change(self, changes).await;
            }
            Fault::Lag => {
                let keys = self
                    .server
                    .rows("Round/list")
                    .await
                    .into_iter()
                    .map(|(key, _)| key);
                let keys: Vec<_> = keys.collect();
                let patches = keys.iter().cycle().take(4 * BUS).map(|key| {
                    changes.count += 1;
                    self.recorded(key, changes.state(), false)
                });
                let patches: Vec<_> = patches.collect();
                // The server sends nothing meanwhile, so that its subscriptions fall behind.
                let stall = self.server.stall();
                self.server.apply(patches).await;
                drop(stall);
            }
            fault => return Err(format!("the published server has no fault {fault}").into()),
        }
        Ok(())
    }
}

impl Arete {
    /// Returns a change that the tape records.
    fn recorded(&mut self, key: &str, patch: Value, appends: bool) -> Change {
        self.contents.push(contents(key, &patch, appends));
        Change::new("Round", key, patch)
    }

    /// Moves the new records to `records`, each with its cursor.
    async fn number(&mut self) -> Result<()> {
        let last: Cursor = self.server.cursor("Round/append").await.parse()?;
        let made = self.numbered + self.contents.len();
        if last.offset() != Some(made as u64 - 1) {
            return Err(format!("the tape ends at {last} after {made} records").into());
        }
        for contents in self.contents.drain(..) {
            let cursor = format!("{}:{}", last.epoch(), self.numbered);
            self.records.push(json!([cursor, contents]));
            self.numbered += 1;
        }
        Ok(())
    }
}
