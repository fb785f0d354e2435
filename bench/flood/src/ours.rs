//! This SDK.

use crate::contender::{spawn, Client};
use crate::entity::Shaped;
use crate::meter::{Reader, Seen};
use crate::Result;
use hyperstack_sdk::stream::Item;
use hyperstack_sdk::{EntityStream, HyperStack, Update, Watch};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Streams of `I`.
pub struct Ours<T: Shaped, I: Form<T>> {
    hyperstack: HyperStack,
    readers: Vec<JoinHandle<Watch<I>>>,
    row: PhantomData<fn() -> T>,
}

/// How a stream hands out its rows.
pub trait Form<T: Shaped>: Item<Row = T> + Send + Sized + 'static {
    fn of(stream: EntityStream<T>) -> Watch<Self>;
    fn look(&self) -> Seen;
}

/// Owned: each reader gets its own copy.
impl<T: Shaped> Form<T> for Update<T> {
    fn of(stream: EntityStream<T>) -> Watch<Self> {
        stream
    }

    fn look(&self) -> Seen {
        seen(self, T::stamp)
    }
}

/// Shared with the cache.
impl<T: Shaped> Form<T> for Update<Arc<T>> {
    fn of(stream: EntityStream<T>) -> Watch<Self> {
        stream.shared()
    }

    fn look(&self) -> Seen {
        seen(self, |row| row.stamp())
    }
}

fn seen<R>(update: &Update<R>, stamp: impl Fn(&R) -> u64) -> Seen {
    match update {
        Update::Upsert { .. } => Seen::Row,
        Update::Patch { data, .. } => Seen::Patch(stamp(data)),
        Update::Delete { .. } => Seen::Other,
    }
}

impl<T: Shaped, I: Form<T>> Client for Ours<T, I> {
    async fn connect(url: &str) -> Result<Self> {
        let builder = HyperStack::builder()
            .url(url)
            .protocol(hyperstack_sdk::Protocol::V1)
            .unlimited_entries()
            .auto_reconnect(false)
            .ping_interval(Duration::from_secs(3600));
        Ok(Ours {
            hyperstack: builder.connect().await?,
            readers: Vec::new(),
            row: PhantomData,
        })
    }

    async fn read(&mut self, readers: Vec<(Option<String>, Reader)>) -> Result<()> {
        for (key, reader) in readers {
            let stream = match key {
                Some(key) => self.hyperstack.watch_key::<T>(&key),
                None => self.hyperstack.watch::<T>(),
            };
            self.readers.push(spawn(I::of(stream), reader, I::look));
        }
        Ok(())
    }

    async fn close(self) -> u64 {
        self.hyperstack.disconnect().await;
        let mut conflated = 0;
        for reader in self.readers {
            // The updates that a panicked reader did not count are lost.
            conflated += reader.await.map_or(0, |stream| stream.conflated());
        }
        conflated
    }
}
