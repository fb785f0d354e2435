//! A server with rows that can be changed and disturbed.

use crate::changes::{Change, Changes};
use crate::fault::Fault;
use crate::Result;
use serde_json::Value;
use std::net::SocketAddr;

pub trait World: Sized {
    /// Whether rows can be deleted.
    const HAS_DELETES: bool;

    /// Starts an empty server.
    async fn start() -> Result<Self>;

    fn address(&self) -> SocketAddr;

    async fn has(&self, key: &str) -> bool;

    async fn apply(&mut self, key: &str, change: Change);

    /// Returns what the client should have now, and the records since the last call. See
    /// [`Truth`](crate::truth::Truth).
    async fn truth(&mut self) -> Result<Value>;

    /// Does what this fault does to the server itself.
    async fn suffer(&mut self, fault: Fault, changes: &mut Changes) -> Result<()>;
}

/// Makes the next change.
pub async fn change(world: &mut impl World, changes: &mut Changes) {
    let key = changes.key();
    let change = if world.has(&key).await {
        changes.next(&key)
    } else {
        changes.put(&key)
    };
    world.apply(&key, change).await;
}
