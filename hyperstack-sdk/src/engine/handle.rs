//! Shares in a connection: of clients, who keep it open, and of readers, who keep what they read
//! subscribed.

use std::sync::Arc;

use super::Shared;
use crate::patch::Record;
use crate::session::{EndReason, Target, Window};
use crate::store::{Cache, Selection};
use crate::stream::{Options, Policy, Queue, Subscription};

/// A client's share in its connection: the last one out closes it.
#[derive(Clone)]
pub(crate) struct Handle {
    last: Arc<CloseOnDrop>,
}

struct CloseOnDrop(Arc<Shared>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close(EndReason::Disconnected);
    }
}

impl Handle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Handle {
            last: Arc::new(CloseOnDrop(shared)),
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.last.0
    }
}

/// Keeps targets wanted for as long as it lives.
pub(crate) struct Interest {
    shared: Arc<Shared>,
    view: Arc<str>,
    targets: Vec<Target>,
    window: Window,
}

impl Drop for Interest {
    fn drop(&mut self) {
        let now = self.shared.now();
        let mut core = self.shared.core();
        for target in &self.targets {
            core.session.release(&self.view, target, self.window, now);
        }
        drop(core);
        self.shared.wake();
    }
}

/// Keeps a queue among its cache's readers for as long as it lives.
struct Reader<T: Record> {
    cache: Arc<Cache<T>>,
    selection: Selection<T>,
    queue: Arc<Queue<T>>,
    _interest: Interest,
}

impl<T: Record> Drop for Reader<T> {
    fn drop(&mut self) {
        self.cache.unsubscribe(&self.selection, &self.queue);
    }
}

impl Shared {
    /// The cache of `view` as `T`, with targets that are wanted for as long as the interest lives;
    /// none where that is more than may be wanted. What `begin` does with the cache is done before it
    /// changes.
    pub(crate) fn want<T: Record>(
        self: &Arc<Self>,
        view: &Arc<str>,
        targets: Vec<Target>,
        window: Window,
        begin: impl FnOnce(&Cache<T>),
    ) -> Result<(Arc<Cache<T>>, Interest), EndReason> {
        let mut core = self.core();
        let admitted = core.session.admit(view, &targets, window);
        core.follow();
        admitted?;
        let (cache, made) = core.hub.cache(view);
        for target in &targets {
            core.session.want(view, target, window);
            core.hub.widen(view, target);
        }
        if made {
            core.session.refresh(view);
        }
        core.follow();
        begin(&cache);
        drop(core);
        self.wake();
        let interest = Interest {
            shared: self.clone(),
            view: view.clone(),
            targets,
            window,
        };
        Ok((cache, interest))
    }

    /// The cache of `view` as `T`, as it is, if it is read.
    pub(crate) fn held<T: Record>(&self, view: &str) -> Option<Arc<Cache<T>>> {
        self.core().hub.held(view)
    }

    /// A new reader of `view`.
    pub(crate) fn subscribe<T: Record>(
        self: &Arc<Self>,
        view: &Arc<str>,
        selection: Selection<T>,
        options: Options,
    ) -> Subscription<T> {
        let (targets, window) = match &selection {
            Selection::All => (vec![Target::All], Window::default()),
            Selection::Part(window, _) => (vec![Target::All], *window),
            Selection::Keys(keys) => {
                let keys = keys.iter().cloned().map(Target::Key);
                (keys.collect(), Window::default())
            }
        };
        if targets.is_empty() {
            return Subscription::ended(options, &EndReason::NothingToWatch);
        }
        let policy = options.policy;
        let queue = Arc::new(Queue::new(
            policy.unwrap_or(Policy::Conflate(self.queue_capacity())),
            options.keeps_before,
            options.wants_errors,
            self.core().hub.meter().clone(),
        ));
        let begin = |cache: &Cache<T>| cache.subscribe(&selection, &queue);
        let (cache, _interest) = match self.want(view, targets, window, begin) {
            Ok(wanted) => wanted,
            Err(reason) => return Subscription::ended(options, &reason),
        };
        let reader = Reader {
            cache,
            selection,
            queue: queue.clone(),
            _interest,
        };
        Subscription {
            queue,
            _guard: Box::new(reader),
        }
    }
}
