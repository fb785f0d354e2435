//! Who takes part, and what each has to be able to do.

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

    /// As the results call it.
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
    /// Connects, with no limit on rows and no pings meanwhile.
    fn connect(url: &str) -> impl Future<Output = Result<Self>> + Send;

    /// Begins to read, each of these in its own task: the row of the key, or all rows.
    fn read(&mut self, readers: Vec<(Option<String>, Reader)>) -> impl Future<Output = Result<()>>;

    /// Ends it all; how many updates were folded into others.
    fn close(self) -> impl Future<Output = u64>;
}

/// Reads a stream in a task of its own. When this returns the stream has been polled, and so is
/// subscribed.
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
