//! What goes wrong and is survived.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use futures_util::Stream;

use crate::session::ConnectError;
use crate::stream::RowError;
use crate::wire::{FrameError, Issue};

/// How many faults a reader may be behind.
const CAPACITY: usize = 1024;

/// Something that went wrong and was survived.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A row did not fit its Rust type; its last good value stands.
    #[error(transparent)]
    Row(#[from] RowError),
    /// A message could not be understood; it changed nothing.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The server complained.
    #[error("the server says {}: {}", .0.code, .0.message)]
    Issue(Issue),
    /// The connection was lost, or an attempt to restore it failed.
    #[error(transparent)]
    Connection(#[from] ConnectError),
    /// More faults came than are kept for a reader that is behind; the oldest are gone.
    #[error("{count} faults were dropped because the reader was behind")]
    Dropped {
        /// How many are gone.
        count: u64,
    },
}

/// A stream of [`Fault`]s, from the moment it was made. It ends with the client.
#[derive(Debug)]
#[must_use = "a stream does nothing until it is polled"]
pub struct Faults {
    queue: Arc<Mutex<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    faults: VecDeque<Fault>,
    dropped: u64,
    ended: bool,
    waker: Option<Waker>,
}

/// Where faults are reported.
#[derive(Debug, Default)]
pub(super) struct Board {
    readers: Mutex<Readers>,
}

#[derive(Debug, Default)]
struct Readers {
    queues: Vec<Weak<Mutex<Queue>>>,
    ended: bool,
}

impl Board {
    pub(super) fn subscribe(&self) -> Faults {
        let mut readers = lock(&self.readers);
        let queue = Arc::new(Mutex::new(Queue {
            ended: readers.ended,
            ..Queue::default()
        }));
        readers.queues.push(Arc::downgrade(&queue));
        Faults { queue }
    }

    pub(super) fn report(&self, fault: &Fault) {
        tracing::warn!("{fault}");
        self.each(|queue| {
            if queue.faults.len() >= CAPACITY {
                queue.faults.pop_front();
                queue.dropped += 1;
            }
            queue.faults.push_back(fault.clone());
        });
    }

    pub(super) fn end(&self) {
        lock(&self.readers).ended = true;
        self.each(|queue| queue.ended = true);
    }

    fn each(&self, mut f: impl FnMut(&mut Queue)) {
        let mut wakers = Vec::new();
        lock(&self.readers).queues.retain(|reader| {
            let Some(queue) = reader.upgrade() else {
                return false;
            };
            let mut queue = lock(&queue);
            f(&mut queue);
            wakers.extend(queue.waker.take());
            true
        });
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Stream for Faults {
    type Item = Fault;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Fault>> {
        let mut queue = lock(&self.queue);
        if queue.dropped > 0 {
            let count = std::mem::take(&mut queue.dropped);
            return Poll::Ready(Some(Fault::Dropped { count }));
        }
        match queue.faults.pop_front() {
            Some(fault) => Poll::Ready(Some(fault)),
            None if queue.ended => Poll::Ready(None),
            None => {
                queue.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
