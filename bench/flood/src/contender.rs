//! The clients to compare, and their common interface.

use crate::meter::{Reader, Seen};
use crate::Result;
use futures_util::{FutureExt, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::hint::black_box;
use tokio::task::JoinHandle;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contender {
    /// This SDK, with streams of owned values.
    Ours,
    /// This SDK, with streams of rows that are shared with its cache.
    OursShared,
    /// The published client.
    Published,
    /// The socket and the decoder alone.
    Floor,
}

impl Contender {
    pub const ALL: [Contender; 4] = [
        Contender::Ours,
        Contender::OursShared,
        Contender::Published,
        Contender::Floor,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Contender::Ours => "ours",
            Contender::OursShared => "ours-shared",
            Contender::Published => "published",
            Contender::Floor => "floor",
        }
    }

    /// Returns the name in the results.
    pub fn title(self) -> &'static str {
        match self {
            Contender::Ours => "ours, owned",
            Contender::OursShared => "ours, shared",
            Contender::Published => "0.6.9",
            Contender::Floor => "the floor",
        }
    }
}

/// A client of one view.
pub trait Client: Sized {
    /// Connects, without a row limit and without pings during the measurement.
    fn connect(url: &str) -> impl Future<Output = Result<Self>> + Send;

    /// Starts to read each of these streams in its own task: the row of a key, or all rows.
    fn read(&mut self, readers: Vec<(Option<String>, Reader)>) -> impl Future<Output = Result<()>>;

    /// Ends everything. Returns the number of conflated updates.
    fn close(self) -> impl Future<Output = u64>;
}

/// Reads a stream in its own task. When this returns, the stream was polled and is therefore subscribed.
pub fn spawn<S>(
    mut stream: S,
    reader: Reader,
    look: impl Fn(&S::Item) -> Seen + Send + 'static,
) -> JoinHandle<S>
where
    S: Stream<Item: Send> + Unpin + Send + 'static,
{
    let first = stream.next().now_or_never().flatten();
    tokio::spawn(async move {
        let mut next = first;
        loop {
            if let Some(item) = next {
                reader.see(look(black_box(&item)));
            }
            next = stream.next().await;
            if next.is_none() {
                return stream;
            }
        }
    })
}
