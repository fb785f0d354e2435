//! The state behind its lock, and waits for changes of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::state::State;

/// The state, shared by the handles and the tasks.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

impl Shared {
    pub(super) fn new(state: State) -> Self {
        Self {
            state: Mutex::new(state),
            changed: watch::Sender::new(()),
        }
    }

    /// Reads the state, or changes it without waking waiters.
    pub(super) fn look<R>(&self, look: impl FnOnce(&mut State) -> R) -> R {
        look(&mut self.lock())
    }

    /// Changes the state and wakes all waiters.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let changed = change(&mut self.lock());
        self.changed.send_replace(());
        changed
    }

    /// Waits until `find` finds something in the state.
    pub(super) async fn until<R>(&self, mut find: impl FnMut(&mut State) -> Option<R>) -> R {
        let mut changed = self.changed.subscribe();
        loop {
            changed.mark_unchanged();
            if let Some(found) = self.look(&mut find) {
                return found;
            }
            // The sender lives as long as `self`: this waits for a change and cannot fail.
            let _ = changed.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state usable, because no change stops halfway.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
