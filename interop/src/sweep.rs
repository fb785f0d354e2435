//! The server's clock.
//!
//! The server looks for idle clients every 30 seconds, whatever its settings say. Here that timer
//! lives in a runtime of its own, whose clock can be put forward. (The clock of the runtime that serves
//! cannot: the server asks for one of many threads, and tokio stops the clocks of others only.)

use std::sync::mpsc as blocking;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// A runtime whose clock can be put forward.
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

    /// Waits until the timers that were started before have ticked for the first time, which they do at
    /// once.
    pub(crate) fn await_first_tick(&self) {
        let (done, ticked) = blocking::channel();
        self.handle.spawn(async move {
            tokio::time::interval(Duration::from_secs(30)).tick().await;
            // Those that fired with this one run first.
            tokio::task::yield_now().await;
            let _ = done.send(());
        });
        ticked.recv().expect("the clock's thread runs");
    }

    pub(crate) fn forward(&self, time: Duration) {
        self.forward.send(time).expect("the clock's thread runs");
    }
}
