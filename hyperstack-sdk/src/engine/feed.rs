//! Telling people what happens to a client.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use futures_util::Stream;

/// How many items a reader may be behind.
const CAPACITY: usize = 1024;

/// A stream of what happens to a client, from the moment it was made. It ends with the client.
///
/// It never holds the client up: who is 1,024 items behind loses the oldest, and
/// [`missed`](Feed::missed) counts them.
#[must_use = "a stream does nothing until it is polled"]
pub struct Feed<T> {
    queue: Arc<Mutex<Queue<T>>>,
}

struct Queue<T> {
    items: VecDeque<T>,
    missed: u64,
    ended: bool,
    waker: Option<Waker>,
}

/// Where items are told.
pub(super) struct Board<T> {
    readers: Mutex<Readers<T>>,
}

struct Readers<T> {
    queues: Vec<Weak<Mutex<Queue<T>>>>,
    ended: bool,
}

impl<T> Default for Board<T> {
    fn default() -> Self {
        Board {
            readers: Mutex::new(Readers {
                queues: Vec::new(),
                ended: false,
            }),
        }
    }
}

impl<T: Clone> Board<T> {
    /// A new reader, who gets `first` first.
    pub(super) fn subscribe(&self, first: Option<T>) -> Feed<T> {
        let mut readers = lock(&self.readers);
        let queue = Arc::new(Mutex::new(Queue {
            items: first.into_iter().collect(),
            missed: 0,
            ended: readers.ended,
            waker: None,
        }));
        readers.queues.retain(|queue| queue.strong_count() > 0);
        readers.queues.push(Arc::downgrade(&queue));
        Feed { queue }
    }

    /// Tells every reader. Whom to wake is left to the caller, who may hold locks.
    #[must_use]
    pub(super) fn tell(&self, item: &T) -> Vec<Waker> {
        self.each(|queue| {
            if queue.items.len() >= CAPACITY {
                queue.items.pop_front();
                queue.missed += 1;
            }
            queue.items.push_back(item.clone());
        })
    }

    /// Nothing more happens.
    #[must_use]
    pub(super) fn end(&self) -> Vec<Waker> {
        lock(&self.readers).ended = true;
        self.each(|queue| queue.ended = true)
    }

    fn each(&self, mut f: impl FnMut(&mut Queue<T>)) -> Vec<Waker> {
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
        wakers
    }
}

impl<T> Feed<T> {
    /// How many items are gone because this reader was too far behind.
    pub fn missed(&self) -> u64 {
        lock(&self.queue).missed
    }
}

impl<T> Stream for Feed<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut queue = lock(&self.queue);
        match queue.items.pop_front() {
            Some(item) => Poll::Ready(Some(item)),
            None if queue.ended => Poll::Ready(None),
            None => {
                queue.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> fmt::Debug for Feed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = lock(&self.queue);
        f.debug_struct("Feed")
            .field("pending", &queue.items.len())
            .field("missed", &queue.missed)
            .field("ended", &queue.ended)
            .finish()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
