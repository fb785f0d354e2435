//! A clock that only a test moves.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

/// While it lives, time stands still, but for what the test advances.
///
/// A paused clock of tokio's jumps to the next timer whenever there is nothing to do, even while a message
/// is on its way through the kernel. So there is always something to do; but not for ever, so that a
/// broken promise fails its test by the deadline that it would hang without.
pub(crate) struct Still(JoinHandle<()>);

impl Still {
    pub(crate) fn new() -> Self {
        tokio::time::pause();
        let began = Instant::now();
        Still(tokio::spawn(async move {
            while began.elapsed() < Duration::from_secs(20) {
                tokio::task::yield_now().await;
            }
        }))
    }

    /// A millisecond more than that: timers are due at whole ones, even those that are due at once.
    pub(crate) async fn advance(&self, by: Duration) {
        settle().await;
        tokio::time::advance(by + Duration::from_millis(1)).await;
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        self.0.abort();
        tokio::time::resume();
    }
}

/// Lets all that can happen now happen: for what must not happen, there is nothing to await.
pub(crate) async fn settle() {
    for _ in 0..2000 {
        tokio::task::yield_now().await;
    }
}
