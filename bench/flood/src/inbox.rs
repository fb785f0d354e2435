//! What a session of the server waits for: what the client asks for, and room to send more.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many updates may be on their way to the reader: fewer than the published client's broadcast
/// holds, and than our streams keep one by one, so that none is lost or folded for want of room.
pub const WINDOW: u64 = 768;
/// After such a time without any progress, what is on its way is taken for lost.
const STALLED: Duration = Duration::from_secs(10);

/// What a client asks for.
#[derive(Debug, PartialEq)]
pub enum Job {
    Subscribe {
        key: Option<String>,
        snapshot: bool,
    },
    /// Let the patches flow.
    Go,
    /// No more of them; say how many there were.
    Stop,
}

/// What is counted: a snapshot's rows and the patches each have a window.
#[derive(Debug, Clone, Copy)]
pub enum Count {
    Rows = 0,
    Patches = 1,
}

#[derive(Default)]
pub struct Inbox {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Of each [`Count`], how many reached the reader, or never will.
    done: [u64; 2],
    closed: bool,
}

/// What a sender that waits for room finds.
#[derive(Debug, PartialEq)]
pub enum Room {
    For(u64),
    /// There is something else to do first.
    Job,
    Closed,
}

impl Inbox {
    pub fn push(&self, job: Job) {
        self.lock().jobs.push_back(job);
        self.news.notify_all();
    }

    /// So many have reached the reader.
    pub fn received(&self, count: Count, number: u64) {
        let mut state = self.lock();
        let done = &mut state.done[count as usize];
        *done = number.max(*done);
        self.news.notify_all();
    }

    /// The client is gone.
    pub fn close(&self) {
        self.lock().closed = true;
        self.news.notify_all();
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
                .news
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A job that is there already.
    pub fn job(&self) -> Option<Job> {
        self.lock().jobs.pop_front()
    }

    /// Whether there is a job, or nobody to send to any more.
    pub fn interrupts(&self) -> bool {
        let state = self.lock();
        state.closed || !state.jobs.is_empty()
    }

    /// Waits until `need` more may be sent after `sent`. Jobs interrupt that of patches.
    pub fn room(&self, count: Count, sent: u64, need: u64) -> Room {
        let mut state = self.lock();
        let mut seen = Instant::now();
        loop {
            if state.closed {
                return Room::Closed;
            }
            if matches!(count, Count::Patches) && !state.jobs.is_empty() {
                return Room::Job;
            }
            let done = state.done[count as usize];
            let room = (done + WINDOW).saturating_sub(sent);
            if room >= need {
                return Room::For(room);
            }
            state = match self.news.wait_timeout(state, STALLED) {
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
    fn what_is_on_its_way_takes_room() {
        let inbox = Inbox::default();
        assert_eq!(inbox.room(Count::Patches, 0, 1), Room::For(WINDOW));
        assert_eq!(inbox.room(Count::Patches, WINDOW - 1, 1), Room::For(1));
        inbox.received(Count::Patches, 100);
        assert_eq!(inbox.room(Count::Patches, WINDOW, 1), Room::For(100));
        assert_eq!(inbox.room(Count::Rows, 0, 1), Room::For(WINDOW));
    }

    #[test]
    fn a_job_interrupts_patches_and_no_snapshot() {
        let inbox = Inbox::default();
        inbox.push(Job::Stop);
        assert_eq!(inbox.room(Count::Patches, WINDOW, 1), Room::Job);
        assert_eq!(inbox.room(Count::Rows, 0, 1), Room::For(WINDOW));
        assert_eq!(inbox.wait(), Some(Job::Stop));
        inbox.close();
        assert_eq!(inbox.room(Count::Rows, 0, 1), Room::Closed);
        assert_eq!(inbox.wait(), None);
    }
}
