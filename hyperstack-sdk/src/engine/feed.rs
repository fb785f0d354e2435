//! Streams of a client's events: connection states, faults and server errors.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use futures_util::Stream;

/// How many items a feed queues.
const CAPACITY: usize = 1024;

/// A stream of a client's events, from the moment you request it until the client closes.
///
/// It queues 1,024 items. If you read too slowly, it drops the oldest; [`missed`](Feed::missed) counts them. It
/// never slows the client.
#[must_use = "a stream does nothing until it is polled"]
pub struct Feed<T> {
    backlog: Arc<Mutex<Backlog<T>>>,
}

struct Backlog<T> {
    items: VecDeque<T>,
    missed: u64,
    ended: bool,
    waker: Option<Waker>,
}

/// Sends items to all feeds.
pub(super) struct Broadcast<T> {
    subscribers: Mutex<Subscribers<T>>,
}

struct Subscribers<T> {
    backlogs: Vec<Weak<Mutex<Backlog<T>>>>,
    ended: bool,
}

impl<T> Default for Broadcast<T> {
    fn default() -> Self {
        Broadcast {
            subscribers: Mutex::new(Subscribers {
                backlogs: Vec::new(),
                ended: false,
            }),
        }
    }
}

impl<T: Clone> Broadcast<T> {
    /// Adds a feed, which yields `first` first.
    pub(super) fn subscribe(&self, first: Option<T>) -> Feed<T> {
        let mut subscribers = lock(&self.subscribers);
        let backlog = Arc::new(Mutex::new(Backlog {
            items: first.into_iter().collect(),
            missed: 0,
            ended: subscribers.ended,
            waker: None,
        }));
        subscribers
            .backlogs
            .retain(|backlog| backlog.strong_count() > 0);
        subscribers.backlogs.push(Arc::downgrade(&backlog));
        Feed { backlog }
    }

    /// Sends an item to every feed. Returns the wakers, because the caller may hold locks.
    #[must_use]
    pub(super) fn send(&self, item: &T) -> Vec<Waker> {
        self.each(|backlog| {
            if backlog.items.len() >= CAPACITY {
                backlog.items.pop_front();
                backlog.missed += 1;
            }
            backlog.items.push_back(item.clone());
        })
    }

    /// Ends every feed.
    #[must_use]
    pub(super) fn end(&self) -> Vec<Waker> {
        lock(&self.subscribers).ended = true;
        self.each(|backlog| backlog.ended = true)
    }

    fn each(&self, mut f: impl FnMut(&mut Backlog<T>)) -> Vec<Waker> {
        let mut wakers = Vec::new();
        lock(&self.subscribers).backlogs.retain(|reader| {
            let Some(backlog) = reader.upgrade() else {
                return false;
            };
            let mut backlog = lock(&backlog);
            f(&mut backlog);
            wakers.extend(backlog.waker.take());
            true
        });
        wakers
    }
}

impl<T> Feed<T> {
    /// Returns how many items were dropped because this reader was too slow.
    pub fn missed(&self) -> u64 {
        lock(&self.backlog).missed
    }
}

impl<T> Stream for Feed<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut backlog = lock(&self.backlog);
        match backlog.items.pop_front() {
            Some(item) => Poll::Ready(Some(item)),
            None if backlog.ended => Poll::Ready(None),
            None => {
                backlog.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> fmt::Debug for Feed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let backlog = lock(&self.backlog);
        f.debug_struct("Feed")
            .field("pending", &backlog.items.len())
            .field("missed", &backlog.missed)
            .field("ended", &backlog.ended)
            .finish()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
