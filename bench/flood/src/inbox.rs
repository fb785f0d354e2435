//! What a server session waits for: requests of the client, and room to send more.

use crate::request::Subscription;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The maximum number of updates in flight to the reader. It is below the capacity of the published client's
/// broadcast channel and of our streams, so that no queue overflows.
pub const WINDOW: u64 = 768;
/// After this time without progress, updates in flight count as lost.
const STALLED: Duration = Duration::from_secs(10);

/// A request of the client.
#[derive(Debug, PartialEq)]
pub enum Job {
    Subscribe(Subscription),
    /// End the subscription with this id (v2).
    Unsubscribe(String),
    /// Let the updates flow.
    Go,
    /// Stop the updates, and report their number.
    Stop,
}

/// What a window counts. A snapshot's rows and the updates have separate windows.
#[derive(Debug, Clone, Copy)]
pub enum Count {
    Rows = 0,
    Updates = 1,
}

#[derive(Default)]
pub struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// For each [`Count`], how many reached the reader or are lost.
    done: [u64; 2],
    closed: bool,
}

/// The result of waiting for room.
#[derive(Debug, PartialEq)]
pub enum Room {
    For(u64),
    /// There is a job to do first.
    Job,
    Closed,
}

impl Inbox {
    pub fn push(&self, job: Job) {
        self.lock().jobs.push_back(job);
        self.changed.notify_all();
    }

    /// Notes that this many have reached the reader.
    pub fn received(&self, count: Count, number: u64) {
        let mut state = self.lock();
        let done = &mut state.done[count as usize];
        *done = number.max(*done);
        self.changed.notify_all();
    }

    /// Notes that the client is gone.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits for a job; `None` once the client is gone.
    pub fn wait(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Returns a pending job.
    pub fn job(&self) -> Option<Job> {
        self.lock().jobs.pop_front()
    }

    /// Whether there is a job, or the client is gone.
    pub fn interrupts(&self) -> bool {
        let state = self.lock();
        state.closed || !state.jobs.is_empty()
    }

    /// Waits until `need` more may be sent after `sent`. Jobs interrupt the wait of updates.
    pub fn room(&self, count: Count, sent: u64, need: u64) -> Room {
        let mut state = self.lock();
        let mut seen = Instant::now();
        loop {
            if state.closed {
                return Room::Closed;
            }
            if matches!(count, Count::Updates) && !state.jobs.is_empty() {
                return Room::Job;
            }
            let done = state.done[count as usize];
            let room = (done + WINDOW).saturating_sub(sent);
            if room >= need {
                return Room::For(room);
            }
            state = match self.changed.wait_timeout(state, STALLED) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
            if state.done[count as usize] != done {
                seen = Instant::now();
            } else if seen.elapsed() >= STALLED {
                state.done[count as usize] = sent;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_in_flight_take_up_the_window() {
        let inbox = Inbox::default();
        assert_eq!(inbox.room(Count::Updates, 0, 1), Room::For(WINDOW));
        assert_eq!(inbox.room(Count::Updates, WINDOW - 1, 1), Room::For(1));
        inbox.received(Count::Updates, 100);
        assert_eq!(inbox.room(Count::Updates, WINDOW, 1), Room::For(100));
        assert_eq!(inbox.room(Count::Rows, 0, 1), Room::For(WINDOW));
    }

    #[test]
    fn a_job_interrupts_updates_but_not_a_snapshot() {
        let inbox = Inbox::default();
        inbox.push(Job::Stop);
        assert_eq!(inbox.room(Count::Updates, WINDOW, 1), Room::Job);
        assert_eq!(inbox.room(Count::Rows, 0, 1), Room::For(WINDOW));
        assert_eq!(inbox.wait(), Some(Job::Stop));
        inbox.close();
        assert_eq!(inbox.room(Count::Rows, 0, 1), Room::Closed);
        assert_eq!(inbox.wait(), None);
    }
}
