//! This SDK.

use crate::contender::{spawn, Client, Generation};
use crate::entity::Shaped;
use crate::meter::{Reader, Seen};
use crate::view::{Part, View};
use crate::Result;
use hyperstack_sdk::stream::Item;
use hyperstack_sdk::{
    EntityStream, HyperStack, ListView, Protocol, TapeError, TapeRecord, Update, ViewSource, Views,
    Watch, WindowView,
};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{AbortHandle, JoinHandle};

/// Streams of `I`.
pub struct Ours<T: Shaped, I: Form<T>> {
    hyperstack: HyperStack,
    readers: Vec<JoinHandle<Watch<I>>>,
    /// Readers of tapes, which neither conflate nor drop records.
    tapes: Vec<AbortHandle>,
    row: PhantomData<fn() -> T>,
}

/// The views that the client does not have without a `Views` type.
struct FloodViews<T: Shaped> {
    latest: WindowView<T>,
    append: ListView<T>,
}

impl<T: Shaped> Views for FloodViews<T> {
    type Entity = T;

    fn new(source: ViewSource<T>) -> Self {
        FloodViews {
            latest: source.collection(&format!("{}/{}", T::NAME, View::Latest.name())),
            append: source.append(),
        }
    }
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

fn seen_record<T: Shaped>(record: &std::result::Result<TapeRecord<T>, TapeError>) -> Seen {
    let offset = record.as_ref().ok().and_then(|it| it.cursor.offset());
    offset.map_or(Seen::Other, Seen::Record)
}

impl<T: Shaped, I: Form<T>> Client for Ours<T, I> {
    async fn connect(url: &str, generation: Generation) -> Result<Self> {
        let builder = HyperStack::builder()
            .url(url)
            .protocol(match generation {
                Generation::V1 => Protocol::V1,
                Generation::V2 => Protocol::V2,
            })
            .unlimited_entries()
            .auto_reconnect(false)
            .ping_interval(Duration::from_secs(3600));
        Ok(Ours {
            hyperstack: builder.connect().await?,
            readers: Vec::new(),
            tapes: Vec::new(),
            row: PhantomData,
        })
    }

    async fn read(&mut self, readers: Vec<(Part, Reader)>) -> Result<()> {
        let views = self.hyperstack.views::<FloodViews<T>>();
        for (part, reader) in readers {
            let stream = match part {
                Part::List => self.hyperstack.watch::<T>(),
                Part::Key(key) => self.hyperstack.watch_key::<T>(&key),
                Part::Window { skip, take } => views.latest.clone().skip(skip).take(take).watch(),
                Part::Tape => {
                    let reading = spawn(views.append.tape(), reader, seen_record);
                    self.tapes.push(reading.abort_handle());
                    continue;
                }
            };
            self.readers.push(spawn(I::of(stream), reader, I::look));
        }
        Ok(())
    }

    async fn close(self) -> u64 {
        self.hyperstack.disconnect().await;
        self.tapes.iter().for_each(AbortHandle::abort);
        let mut conflated = 0;
        for reader in self.readers {
            // The updates that a panicked reader did not count are lost.
            conflated += reader.await.map_or(0, |stream| stream.conflated());
        }
        conflated
    }
}
