//! The server's clock.
//!
//! The server looks for idle clients every 30 seconds, whatever its settings. Here, that timer lives in its
//! own runtime, whose clock a test can advance. (The clock of the serving runtime cannot be advanced: the
//! server needs a multi-threaded runtime, and tokio pauses only the clocks of single-threaded ones.)

use std::sync::mpsc as blocking;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// A runtime whose clock a test can advance.
#[derive(Debug)]
pub(crate) struct Clock {
    pub(crate) handle: Handle,
    forward: mpsc::UnboundedSender<Duration>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let (forward, mut requests) = mpsc::unbounded_channel();
        let handle = runtime.handle().clone();
        std::thread::spawn(move || {
            runtime.block_on(async {
                while let Some(time) = requests.recv().await {
                    tokio::time::pause();
                    tokio::time::advance(time).await;
                    tokio::time::resume();
                }
            })
        });
        Clock { handle, forward }
    }

    /// Waits until the timers started before have ticked for the first time, which they do at once.
    pub(crate) fn await_first_tick(&self) {
        let (done, ticked) = blocking::channel();
        self.handle.spawn(async move {
            tokio::time::interval(Duration::from_secs(30)).tick().await;
            // Timers that fired together with this one run first.
            tokio::task::yield_now().await;
            let _ = done.send(());
        });
        ticked.recv().expect("the clock's thread runs");
    }

    pub(crate) fn forward(&self, time: Duration) {
        self.forward.send(time).expect("the clock's thread runs");
    }
}
