//! This SDK.

use crate::contender::{spawn, Client};
use crate::entity::Shaped;
use crate::meter::{Reader, Seen};
use crate::Result;
use hyperstack_sdk::{EntityStream, HyperStack, Update};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Streams of owned values.
pub struct Ours<T: Shaped> {
    hyperstack: HyperStack,
    readers: Vec<JoinHandle<EntityStream<T>>>,
}

impl<T: Shaped> Client for Ours<T> {
    async fn connect(url: &str) -> Result<Self> {
        Ok(Ours {
            hyperstack: connect(url).await?,
            readers: Vec::new(),
        })
    }

    async fn read(&mut self, readers: Vec<(Option<String>, Reader)>) -> Result<()> {
        for (key, reader) in readers {
            let stream = match key {
                Some(key) => self.hyperstack.watch_key::<T>(&key),
                None => self.hyperstack.watch::<T>(),
            };
            self.readers
                .push(spawn(stream, reader, |update| match update {
                    Update::Upsert { .. } => Seen::Row,
                    Update::Patch { data, .. } => Seen::Patch(data.stamp()),
                    Update::Delete { .. } => Seen::Other,
                }));
        }
        Ok(())
    }

    async fn close(self) -> u64 {
        self.hyperstack.disconnect().await;
        let mut conflated = 0;
        for reader in self.readers {
            // A reader that panicked has lost what it did not count.
            conflated += reader.await.map_or(0, |stream| stream.conflated());
        }
        conflated
    }
}

async fn connect(url: &str) -> Result<HyperStack> {
    let builder = HyperStack::builder()
        .url(url)
        .unlimited_entries()
        .auto_reconnect(false)
        .ping_interval(Duration::from_secs(3600));
    Ok(builder.connect().await?)
}
