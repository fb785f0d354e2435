//! A clock that only the test advances.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

/// While it lives, time stands still unless the test advances it.
///
/// A paused tokio clock jumps to the next timer when the runtime is idle, even while a message is in the
/// kernel. So this keeps the runtime busy, but not forever: a test that hangs fails at its deadline.
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

    /// Timers fire at whole milliseconds, so this advances one millisecond more.
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

/// Lets everything happen that can happen now. Something that must not happen cannot be awaited.
pub(crate) async fn settle() {
    for _ in 0..2000 {
        tokio::task::yield_now().await;
    }
}
