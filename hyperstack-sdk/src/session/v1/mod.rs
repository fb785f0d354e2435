//! Protocol v1, as Hyperstack 0.5 and 0.6 servers speak it.
//!
//! All queries of a view share one source: the server knows one window per view and connection, kills
//! the first of two equal subscriptions, and sends frames that name a view and no subscription. See
//! [`requests`] for how replies are matched, [`window`] for the part of a view that is subscribed, [`resume`] for
//! resubscribing by a cursor, [`overlap`] for changes that arrive twice, and [`sort`] for the server's order.

mod overlap;
mod requests;
mod resume;
mod sort;
mod window;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};

pub(crate) use overlap::{Guard, Mark};
pub(crate) use sort::rank;

use super::generation::{Generation, Instructions};
use super::instruction::{Instruction, RemovalCause, Route, SourceId, SourceIds, Step, Subscribed};
use super::query::{Filters, Query, Target};
use super::timer::Time;
use super::wants::Wants;
use super::window::Window;
use crate::wire::{Frame, FrameError, Issue, Request, Seq, Subscribe};
use requests::{Requests, Subscription};
use resume::Resume;
use window::{is_derived, needed};

/// The views that are read, and the requests of the current connection.
#[derive(Debug, Default)]
pub(super) struct V1 {
    views: HashMap<Arc<str>, View>,
    requests: Requests,
}

/// One view, which is one source.
#[derive(Debug)]
struct View {
    id: SourceId,
    derived: bool,
    scope: Scope,
    resume: Resume,
    /// The subscriptions of the current connection.
    subscriptions: BTreeMap<Target, Subscription>,
}

/// The rows of a view whose frames are accepted: those of the view's first subscription and of answered ones. Frames
/// of other rows may be left over from an ended subscription. A patch among them would create a row with few fields.
#[derive(Debug)]
enum Scope {
    Whole,
    Keys(HashSet<Arc<str>>),
}

impl Generation for V1 {
    /// If the server rejected the query, the view's lingering queries are dropped and it is requested
    /// again, because the new reader may ask for less.
    fn want(
        &mut self,
        query: &Query,
        wants: &mut Wants,
        ids: &mut SourceIds,
        instructions: &mut Instructions,
    ) -> Route {
        let view = self.views.entry(query.view.clone());
        let view = view.or_insert_with(|| View::new(ids.allocate(), &query.view));
        for target in [&Target::All, &query.target] {
            if view.clear_refusal(target) {
                wants.drop_lingering(&query.view);
                let step = Step::ClearRefusal(target.clone());
                instructions.push_back(view.instruct(step));
            }
        }
        view.route(query)
    }

    fn sources(&self) -> Vec<SourceId> {
        let mut sources: Vec<_> = self.views.values().map(|view| view.id).collect();
        // In a fixed order, so that runs repeat.
        sources.sort_unstable();
        sources
    }

    fn sources_of(&self, view: &str) -> Vec<SourceId> {
        self.views
            .get(view)
            .map(|view| view.id)
            .into_iter()
            .collect()
    }

    fn subscribed(&self, wants: &Wants) -> Vec<Subscribed> {
        let subscribed = self.views.iter().map(|(name, view)| {
            let wanted = view.wanted(name, wants);
            let keys = wanted.iter().filter_map(|(target, _)| target.key());
            Subscribed {
                source: view.id,
                view: name.clone(),
                keys: keys.cloned().collect(),
                window: match wanted[..] {
                    [(Target::All, window), ..] => window,
                    _ => Window::default(),
                },
                filters: Filters::new(),
                readers: wants.demand(name).map(|(_, readers)| readers).sum(),
                limit: None,
            }
        });
        subscribed.collect()
    }

    /// A barrier has no source.
    fn source_of(&self, request: &Request) -> Option<(SourceId, Arc<str>)> {
        let Request::Subscribe(Subscribe { view, key, .. }) = request else {
            return None;
        };
        let (name, view) = self.views.get_key_value(view.as_str())?;
        let target = match key {
            Some(key) => Target::Key(key.as_str().into()),
            None => Target::All,
        };
        view.subscriptions
            .contains_key(&target)
            .then(|| (view.id, name.clone()))
    }

    fn route(&self, query: &Query) -> Option<Route> {
        Some(self.views.get(&query.view)?.route(query))
    }

    /// Narrows or frees the sources of views whose queries expired.
    fn handle_expired(
        &mut self,
        expired: BTreeSet<Arc<str>>,
        wants: &Wants,
        ids: &mut SourceIds,
        instructions: &mut Instructions,
    ) {
        for name in expired {
            let Some(view) = self.views.get_mut(&name) else {
                continue;
            };
            let wanted = view.wanted(&name, wants);
            // All rows are still wanted.
            if matches!(wanted[..], [(Target::All, _), ..]) {
                continue;
            }
            // The store drops the other rows, so the view can no longer resume.
            view.resume = Resume::default();
            if wanted.is_empty() {
                instructions.push_back(view.instruct(Step::Free));
                // Without a connection there is nothing to end, and `handle_open` clears the requests.
                self.requests.end_unwanted(&name, view, &[]);
                ids.release(view.id);
                self.views.remove(&name);
            } else {
                let keys = wanted.iter().filter_map(|(target, _)| target.key());
                let keys: Vec<_> = keys.cloned().collect();
                view.scope.narrow(&keys);
                instructions.push_back(view.instruct(Step::Narrow(keys)));
            }
        }
    }

    /// Sets the position up to which each source holds all changes. Derived views are always sent
    /// whole.
    fn set_cursors(&mut self, cursor_of: &dyn Fn(SourceId) -> Option<Seq>) {
        for view in self.views.values_mut().filter(|view| !view.derived) {
            view.resume.set_cursor(cursor_of(view.id));
        }
    }

    /// A connection is open, and nothing is subscribed on it.
    fn handle_open(&mut self, wants: &mut Wants) {
        self.requests = Requests::default();
        for view in self.views.values_mut() {
            view.subscriptions.clear();
        }
        wants.mark_all_changed();
    }

    /// Turns a frame into an instruction about its rows. Further instructions are queued after it.
    fn handle_frame<'m>(
        &mut self,
        id: Option<Cow<'m, str>>,
        frame: Frame<'m>,
        heard_at: Option<Time>,
        _: &mut Wants,
        instructions: &mut Instructions,
    ) -> Option<Instruction<'m>> {
        if id.is_some() {
            return None;
        }
        match frame {
            Frame::Subscribed { view, sort, .. } => {
                self.handle_subscribed(&view, sort, instructions);
                None
            }
            Frame::Snapshot {
                view,
                mut rows,
                malformed,
                complete,
                ..
            } => {
                self.note_frame(&view, None, heard_at);
                if complete {
                    self.handle_complete(&view, instructions);
                }
                let view = self.views.get(&*view)?;
                if let Scope::Keys(keys) = &view.scope {
                    rows.retain(|row| keys.contains(&*row.key));
                }
                let restarts = false;
                Some(view.instruct(Step::Snapshot {
                    rows,
                    malformed,
                    restarts,
                }))
            }
            Frame::Upsert { view, row } => {
                let view = self.view_of_row(&view, &row.key, heard_at)?;
                Some(view.instruct(Step::Upsert(row)))
            }
            Frame::Patch {
                view,
                row,
                append,
                seq,
                ..
            } => {
                let view = self.view_of_row(&view, &row.key, heard_at)?;
                Some(view.instruct(Step::Patch { row, append, seq }))
            }
            Frame::Delete { view, key } | Frame::Remove { view, key } => {
                let view = self.view_of_row(&view, &key, heard_at)?;
                // The server sends a window's rows, newcomers among them, after the deletes.
                let hold = view.derived;
                let cause = if view.derived {
                    RemovalCause::NotInResult
                } else {
                    RemovalCause::Deleted
                };
                Some(view.instruct(Step::Remove { key, cause, hold }))
            }
            Frame::Unsubscribed => None,
        }
    }

    /// A message that could not be read concerns the view that it names. If it names none, it may
    /// concern any.
    fn handle_undecodable(&self, error: &FrameError, instructions: &mut Instructions) {
        let source = match error.view() {
            Some(view) => match self.views.get(view) {
                Some(view) => Some(view.id),
                None => return,
            },
            None => None,
        };
        let step = Step::Undecodable(error.clone());
        instructions.push_back(Instruction { source, step });
    }

    fn handle_issue(&mut self, issue: &Issue, _: &mut Wants, instructions: &mut Instructions) {
        self.refuse_by(issue, instructions);
    }

    fn resync(&mut self, source: SourceId, wants: &mut Wants) {
        let mut views = self.views.iter();
        if let Some((name, view)) = views.find(|(_, view)| view.id == source) {
            if self.requests.awaits_all(name, view) {
                return;
            }
            let name = name.clone();
            self.restart(&name);
            wants.mark_changed(&name);
        }
    }

    fn retry_refused(&mut self) {
        self.requests.freed();
    }

    fn restart_stale(&mut self, limit: Duration, now: Time, wants: &mut Wants) {
        self.end_stale(limit, now, wants);
    }

    fn reconcile(&mut self, wants: &mut Wants) {
        self.match_wanted(wants);
    }

    fn poll_request(&mut self) -> Option<Request> {
        self.requests.poll()
    }
}

impl V1 {
    /// The view that a live row belongs to, if a reader wants the row.
    fn view_of_row(&mut self, view: &str, key: &str, heard_at: Option<Time>) -> Option<&View> {
        self.note_frame(view, Some(key), heard_at);
        let view = self.views.get(view)?;
        match &view.scope {
            Scope::Keys(keys) if !keys.contains(key) => None,
            _ => Some(view),
        }
    }
}

impl View {
    fn new(id: SourceId, name: &str) -> Self {
        View {
            id,
            derived: is_derived(name),
            scope: Scope::Keys(HashSet::new()),
            resume: Resume::default(),
            subscriptions: BTreeMap::new(),
        }
    }

    fn route(&self, query: &Query) -> Route {
        Route {
            source: self.id,
            needed: needed(query.window, self.derived),
            local: query.window,
            filters_locally: true,
        }
    }

    fn instruct<'m>(&self, step: Step<'m>) -> Instruction<'m> {
        self.id.instruct(step)
    }

    /// The subscriptions that serve all readers: the whole view if a reader wants it, else each wanted
    /// row. The whole view and one of its rows are never both subscribed, because every change of that
    /// row would arrive twice. A derived view is always whole: the server ignores the key.
    fn wanted(&self, name: &str, wants: &Wants) -> Vec<(Target, Window)> {
        let is_whole = wants.queries(name).any(|query| match &query.target {
            Target::All => true,
            // A subscription to the key "*" would be one to the whole view.
            Target::Key(key) => self.derived || &**key == "*",
        });
        let queries = wants.queries(name);
        if !is_whole {
            let rows = queries.map(|query| (query.target.clone(), query.window));
            return rows.collect();
        }
        let windows = queries.map(|query| match query.target {
            Target::All => needed(query.window, self.derived),
            // A reader of one row may want any row.
            Target::Key(_) => Window::default(),
        });
        let joined = windows.reduce(Window::join).unwrap_or_default();
        vec![(Target::All, joined)]
    }
}

impl Scope {
    fn widen(&mut self, target: &Target) {
        match (self, target) {
            // A subscription to the key "*" is one to the whole view.
            (Scope::Keys(keys), Target::Key(key)) if &**key != "*" => {
                keys.insert(key.clone());
            }
            (scope, _) => *scope = Scope::Whole,
        }
    }

    fn narrow(&mut self, keys: &[Arc<str>]) {
        let kept = keys.iter().filter(|key| match self {
            Scope::Whole => true,
            Scope::Keys(begun) => begun.contains(*key),
        });
        *self = Scope::Keys(kept.cloned().collect());
    }
}
