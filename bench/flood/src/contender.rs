//! The clients to compare, and their common interface.

use crate::meter::{Reader, Seen};
use crate::view::Part;
use crate::Result;
use futures_util::{FutureExt, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::hint::black_box;
use tokio::task::JoinHandle;

/// A client that speaks one generation of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Contender {
    pub kind: Kind,
    pub generation: Generation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// This SDK, with streams of owned values.
    Ours,
    /// This SDK, with streams of rows that are shared with its cache.
    OursShared,
    /// The published client: `hyperstack-sdk` 0.6.9 (v1) or `arete-a4-sdk` 0.51.2 (v2).
    Published,
    /// The socket and the decoder alone.
    Floor,
}

/// The protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Generation {
    V1,
    V2,
}

use Generation::{V1, V2};
use Kind::{Floor, Ours, OursShared, Published};

impl Generation {
    pub const ALL: [Generation; 2] = [V1, V2];

    pub fn name(self) -> &'static str {
        match self {
            V1 => "v1",
            V2 => "v2",
        }
    }
}

impl Contender {
    pub const ALL: [Contender; 8] = [
        Contender::new(Ours, V1),
        Contender::new(OursShared, V1),
        Contender::new(Published, V1),
        Contender::new(Floor, V1),
        Contender::new(Ours, V2),
        Contender::new(OursShared, V2),
        Contender::new(Published, V2),
        Contender::new(Floor, V2),
    ];

    pub const fn new(kind: Kind, generation: Generation) -> Self {
        Contender { kind, generation }
    }

    /// Returns the client of another kind that speaks the same protocol.
    pub fn same_protocol(self, kind: Kind) -> Self {
        Contender { kind, ..self }
    }

    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match (self.kind, self.generation) {
            (Ours, V1) => "ours-v1",
            (OursShared, V1) => "ours-shared-v1",
            (Published, V1) => "published",
            (Floor, V1) => "floor-v1",
            (Ours, V2) => "ours-v2",
            (OursShared, V2) => "ours-shared-v2",
            (Published, V2) => "arete",
            (Floor, V2) => "floor-v2",
        }
    }

    /// Returns the client with this name on the command line.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Returns the name in the results.
    pub fn title(self) -> &'static str {
        match (self.kind, self.generation) {
            (Ours, V1) => "ours, owned, v1",
            (OursShared, V1) => "ours, shared, v1",
            (Published, V1) => "0.6.9",
            (Floor, V1) => "the floor, v1",
            (Ours, V2) => "ours, owned, v2",
            (OursShared, V2) => "ours, shared, v2",
            (Published, V2) => "arete 0.51.2",
            (Floor, V2) => "the floor, v2",
        }
    }

    pub fn is_ours(self) -> bool {
        matches!(self.kind, Ours | OursShared)
    }

    /// Whether readers get the rows of a snapshot while it arrives. `arete-a4-sdk` hands them out when all rows have
    /// arrived, so a server that waits for the reader would wait for ever.
    pub fn reads_batches(self) -> bool {
        self != Contender::new(Published, V2)
    }
}

/// A client of one entity.
pub trait Client: Sized {
    /// Connects, without a row limit and without pings during the measurement.
    fn connect(url: &str, generation: Generation) -> impl Future<Output = Result<Self>> + Send;

    /// Starts to read each of these streams in its own task.
    fn read(&mut self, readers: Vec<(Part, Reader)>) -> impl Future<Output = Result<()>>;

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
