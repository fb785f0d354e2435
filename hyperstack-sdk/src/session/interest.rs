//! What readers want, whatever the connection does.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::window::{is_derived, Window};
use super::{Event, Time};
use crate::wire::Seq;

/// What a reader wants of a view.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// All rows.
    All,
    /// One row.
    Key(Arc<str>),
}

impl Target {
    /// The key, if one row is wanted.
    pub fn key(&self) -> Option<&Arc<str>> {
        match self {
            Target::All => None,
            Target::Key(key) => Some(key),
        }
    }
}

/// The views that have, or lately had, readers.
#[derive(Debug, Default)]
pub(super) struct Interest {
    views: HashMap<Arc<str>, Wanted>,
    /// Views whose subscriptions may differ from what is wanted.
    touched: HashSet<Arc<str>>,
    /// How much is wanted: parts of views, and rows by key.
    count: usize,
}

/// What is wanted of one view.
#[derive(Debug, Default)]
struct Wanted {
    all: BTreeMap<Window, Readers>,
    keys: BTreeMap<Arc<str>, Readers>,
    /// Whether the whole view was subscribed before.
    begun: bool,
    /// The same before the last time that it was.
    had_begun: bool,
    /// Up to where all that changed is held, while that is worth something.
    cursor: Option<Seq>,
}

/// How many readers there are, and, once there are none, until when their subscription lingers.
#[derive(Debug, Default)]
struct Readers {
    count: usize,
    until: Option<Time>,
}

impl Interest {
    /// How much would be wanted with these targets of the view.
    pub(super) fn count_with(&self, view: &str, targets: &[Target], window: Window) -> usize {
        let wanted = self.views.get(view);
        let is_new = |target: &&Target| wanted.is_none_or(|wanted| !wanted.has(target, window));
        self.count + targets.iter().filter(is_new).collect::<BTreeSet<_>>().len()
    }

    pub(super) fn want(&mut self, view: &Arc<str>, target: &Target, window: Window) {
        let wanted = self.views.entry(view.clone()).or_default();
        self.count += usize::from(!wanted.has(target, window));
        let readers = wanted.readers(target, window);
        readers.count += 1;
        readers.until = None;
        self.touch(view);
    }

    pub(super) fn release(&mut self, view: &str, target: &Target, window: Window, until: Time) {
        if let Some(wanted) = self.views.get_mut(view) {
            let readers = wanted.readers(target, window);
            readers.count = readers.count.saturating_sub(1);
            if readers.count == 0 {
                readers.until = Some(until);
            }
        }
    }

    /// Drops what of a view only lingers.
    pub(super) fn drop_idle(&mut self, view: &str) {
        if let Some(wanted) = self.views.get_mut(view) {
            let before = wanted.all.len();
            wanted.all.retain(|_, readers| readers.count > 0);
            self.count -= before - wanted.all.len();
        }
    }

    /// The server has begun to send the whole view.
    pub(super) fn begin(&mut self, view: &str) {
        if let Some(wanted) = self.views.get_mut(view) {
            wanted.had_begun = std::mem::replace(&mut wanted.begun, true);
        }
    }

    /// Of what the server had begun to send it sends nothing.
    pub(super) fn refuse(&mut self, view: &str) {
        if let Some(wanted) = self.views.get_mut(view) {
            wanted.begun = wanted.had_begun;
        }
    }

    pub(super) fn resume_from(&mut self, view: &str, cursor: Option<Seq>) {
        if let Some(wanted) = self.views.get_mut(view) {
            wanted.cursor = cursor;
        }
    }

    /// What a subscription to the whole view must bring, and from where on that need be sent. A
    /// cursor serves once.
    pub(super) fn resumed(&mut self, view: &str, window: Window) -> (Window, Option<Seq>) {
        match self.views.get_mut(view) {
            Some(wanted) if wanted.begun => {
                (window.resumed(is_derived(view)), wanted.cursor.take())
            }
            _ => (window, None),
        }
    }

    pub(super) fn touch(&mut self, view: &str) {
        if let Some((view, _)) = self.views.get_key_value(view) {
            self.touched.insert(view.clone());
        }
    }

    pub(super) fn touch_all(&mut self) {
        self.touched.extend(self.views.keys().cloned());
    }

    /// The views to look at, each once; in a fixed order, so that runs repeat.
    pub(super) fn take_touched(&mut self) -> Vec<Arc<str>> {
        let mut touched: Vec<_> = self.touched.drain().collect();
        touched.sort_unstable();
        touched
    }

    /// The subscriptions that serve all readers of a view: the whole view if anybody wants it, else
    /// each wanted row. The whole view and one of its rows are never both subscribed: every change
    /// of that row would arrive twice. A derived view is always whole: the server ignores the key.
    pub(super) fn subscriptions(&self, view: &str) -> Vec<(Target, Window)> {
        let Some(wanted) = self.views.get(view) else {
            return Vec::new();
        };
        if wanted.is_whole(view) {
            return vec![(Target::All, wanted.window(is_derived(view)))];
        }
        let keys = wanted.keys.keys().cloned();
        keys.map(|key| (Target::Key(key), Window::default()))
            .collect()
    }

    /// Drops what has lingered long enough.
    pub(super) fn expire(&mut self, now: Time, events: &mut VecDeque<Event>) {
        let over = |readers: &Readers| readers.until.is_some_and(|until| until <= now);
        let (touched, count) = (&mut self.touched, &mut self.count);
        self.views.retain(|view, wanted| {
            let before = wanted.len();
            wanted.all.retain(|_, readers| !over(readers));
            wanted.keys.retain(|_, readers| !over(readers));
            *count -= before - wanted.len();
            if wanted.len() != before {
                touched.insert(view.clone());
                if wanted.len() == 0 || !wanted.is_whole(view) {
                    // All other rows go, and what was known of the whole with them.
                    (wanted.begun, wanted.had_begun, wanted.cursor) = (false, false, None);
                    let (view, keys) = (view.clone(), wanted.keys.keys().cloned().collect());
                    events.push_back(Event::Forget { view, keys });
                }
            }
            wanted.len() > 0
        });
    }

    pub(super) fn next_expiry(&self) -> Option<Time> {
        let readers = |wanted: &Wanted| {
            let readers = wanted.all.values().chain(wanted.keys.values());
            readers.filter_map(|readers| readers.until).min()
        };
        self.views.values().filter_map(readers).min()
    }
}

impl Wanted {
    /// Whether the whole view is subscribed.
    fn is_whole(&self, view: &str) -> bool {
        // A subscription to the key "*" would be one to the whole view.
        !self.all.is_empty() || is_derived(view) || self.keys.contains_key("*")
    }

    fn readers(&mut self, target: &Target, window: Window) -> &mut Readers {
        match target {
            Target::All => self.all.entry(window).or_default(),
            Target::Key(key) => self.keys.entry(key.clone()).or_default(),
        }
    }

    fn has(&self, target: &Target, window: Window) -> bool {
        match target {
            Target::All => self.all.contains_key(&window),
            Target::Key(key) => self.keys.contains_key(key),
        }
    }

    fn len(&self) -> usize {
        self.all.len() + self.keys.len()
    }

    /// What covers all readers.
    fn window(&self, derived: bool) -> Window {
        // Who wants one row by its key may want any row.
        let keyed = (!self.keys.is_empty()).then(Window::default);
        let windows = self.all.keys().map(|window| window.subscribed(derived));
        windows
            .chain(keyed)
            .reduce(Window::join)
            .unwrap_or_default()
    }
}
