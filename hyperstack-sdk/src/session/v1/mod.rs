//! Protocol v1, as Hyperstack 0.5 and 0.6 servers speak it.
//!
//! All queries of a view share one source: the server knows one window per view and connection, kills
//! the first of two equal subscriptions, and sends frames that name a view and no subscription. See
//! [`requests`] for how answers are matched, [`window`] for what is subscribed, [`resume`] for what is
//! asked for after a loss, [`overlap`] for changes that arrive twice, and [`sort`] for the server's order.

mod overlap;
mod requests;
mod resume;
mod sort;
mod window;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};

pub(crate) use overlap::{Guard, Mark};
pub(crate) use sort::rank;

use super::instruction::{Instruction, Route, SourceId, SourceIds, Step};
use super::query::{Query, Target};
use super::timer::Time;
use super::wants::Wants;
use super::window::Window;
use crate::wire::{AuthErrorCode, Frame, FrameError, Issue, Request, Seq};
use requests::{Answer, Requests};
use resume::Resume;
use window::{is_derived, needed};

/// The sources by view.
type Sources = HashMap<Arc<str>, V1Source>;

/// The sources of all views that are read, and the requests of the present connection.
#[derive(Debug, Default)]
pub(super) struct V1 {
    sources: Sources,
    requests: Requests,
}

/// What one view brings.
#[derive(Debug)]
struct V1Source {
    id: SourceId,
    derived: bool,
    scope: Scope,
    resume: Resume,
}

/// The rows that answered subscriptions bring and that readers want. Frames of other rows are left over
/// from an earlier subscription: a patch among them would make a row of a few fields.
#[derive(Debug)]
enum Scope {
    Whole,
    Keys(HashSet<Arc<str>>),
}

/// Where instructions that hold nothing of a message go.
pub(super) type Instructions = VecDeque<Instruction<'static>>;

impl V1 {
    /// A reader came. A query that the server rejected is requested again, without what only lingers,
    /// because this reader may ask for less.
    pub(super) fn want(
        &mut self,
        query: &Query,
        wants: &mut Wants,
        ids: &mut SourceIds,
        instructions: &mut Instructions,
    ) -> Route {
        let source = self.sources.entry(query.view.clone());
        let source = source.or_insert_with(|| V1Source::new(ids.allocate(), &query.view));
        for target in BTreeSet::from([&Target::All, &query.target]) {
            if self.requests.clear_refusal(&query.view, target) {
                wants.drop_lingering(&query.view);
                let step = Step::ClearRefusal(target.clone());
                instructions.push_back(source.instruct(step));
            }
        }
        wants.add(query);
        Route {
            source: source.id,
            needed: needed(query.window, source.derived),
            local: query.window,
        }
    }

    pub(super) fn source(&self, query: &Query) -> Option<SourceId> {
        Some(self.sources.get(&query.view)?.id)
    }

    /// Narrows or frees the sources of views whose queries expired.
    pub(super) fn handle_expired(
        &mut self,
        views: BTreeSet<Arc<str>>,
        wants: &Wants,
        ids: &mut SourceIds,
        instructions: &mut Instructions,
    ) {
        for view in views {
            if wants.parts(&view).next().is_some() && is_whole(&view, wants) {
                continue;
            }
            let Some(source) = self.sources.get_mut(&view) else {
                continue;
            };
            // Rows of the whole go, and what was known of the whole with them.
            source.resume = Resume::default();
            let targets = wants.parts(&view).map(|(target, _)| target);
            let keys: Vec<_> = targets.filter_map(Target::key).cloned().collect();
            if keys.is_empty() {
                instructions.push_back(source.instruct(Step::Free));
                ids.release(source.id);
                self.sources.remove(&view);
            } else {
                source.scope.narrow(&keys);
                instructions.push_back(source.instruct(Step::Narrow(keys)));
            }
        }
    }

    /// Requests a view's snapshot again.
    pub(super) fn resync(&mut self, query: &Query, wants: &mut Wants) {
        self.requests.restart(&query.view);
        if let Some(source) = self.sources.get_mut(&query.view) {
            source.resume.set_cursor(None);
        }
        wants.mark_changed(&query.view);
    }

    /// Sets the position up to which each source holds all changes. Derived views are always sent
    /// whole.
    pub(super) fn set_cursors(&mut self, cursor_of: impl Fn(SourceId) -> Option<Seq>) {
        for source in self.sources.values_mut().filter(|source| !source.derived) {
            source.resume.set_cursor(cursor_of(source.id));
        }
    }

    /// A connection is open, and nothing is subscribed on it.
    pub(super) fn handle_open(&mut self, wants: &mut Wants) {
        self.requests = Requests::default();
        wants.mark_all_changed();
    }

    /// Turns a frame into what the store must do. What follows from the frame beyond its rows is queued
    /// behind them.
    pub(super) fn handle_frame<'m>(
        &mut self,
        frame: Frame<'m>,
        heard_at: Option<Time>,
        instructions: &mut Instructions,
    ) -> Option<Instruction<'m>> {
        match frame {
            Frame::Subscribed { view, sort } => {
                let answers = self.requests.handle_subscribed(&view, sort);
                self.answer(answers, instructions);
                None
            }
            Frame::Snapshot {
                view,
                mut rows,
                malformed,
                complete,
            } => {
                self.note_frame(&view, None, heard_at);
                if complete {
                    let answer = self.requests.handle_complete(&view);
                    self.answer(answer, instructions);
                }
                let source = self.sources.get(&*view)?;
                if let Scope::Keys(keys) = &source.scope {
                    rows.retain(|row| keys.contains(&*row.key));
                }
                Some(source.instruct(Step::Snapshot { rows, malformed }))
            }
            Frame::Upsert { view, row } => {
                let source = self.source_of_row(&view, &row.key, heard_at)?;
                Some(source.instruct(Step::Upsert(row)))
            }
            Frame::Patch {
                view,
                row,
                append,
                seq,
            } => {
                let source = self.source_of_row(&view, &row.key, heard_at)?;
                Some(source.instruct(Step::Patch { row, append, seq }))
            }
            Frame::Delete { view, key } => {
                let source = self.source_of_row(&view, &key, heard_at)?;
                // The server sends a window's rows, newcomers among them, after the deletes.
                let hold = source.derived;
                Some(source.instruct(Step::Remove { key, hold }))
            }
        }
    }

    /// A message that could not be read concerns the view that it names. If it names none, it may
    /// concern any.
    pub(super) fn handle_undecodable(&self, error: FrameError) -> Option<Instruction<'static>> {
        let source = match error.view() {
            Some(view) => Some(self.sources.get(view)?.id),
            None => None,
        };
        let step = Step::Undecodable(error);
        Some(Instruction { source, step })
    }

    /// An error of the server names no view. A limit on subscriptions rejects the earliest request that
    /// is not answered, a limit on rows the latest that is.
    pub(super) fn handle_issue(&mut self, issue: &Issue, instructions: &mut Instructions) {
        match issue.code {
            AuthErrorCode::SubscriptionLimitExceeded => {
                let answers = self.requests.refuse_unanswered(issue);
                self.answer(answers, instructions);
            }
            AuthErrorCode::SnapshotLimitExceeded => {
                let answers = self.requests.refuse_answered(issue);
                for (view, _) in &answers {
                    if let Some(source) = self.sources.get_mut(view) {
                        source.resume.refuse();
                    }
                }
                self.answer(answers, instructions);
            }
            _ => {}
        }
    }

    /// The server may accept subscriptions that were over its limit.
    pub(super) fn retry_refused(&mut self) {
        self.requests.retry_over_limit();
    }

    /// Ends subscriptions that brought nothing for `limit`, to request them again.
    pub(super) fn restart_stale(&mut self, limit: Duration, now: Time, wants: &mut Wants) {
        for view in self.requests.restart_stale(limit, now) {
            wants.mark_changed(&view);
        }
    }

    /// Queues the requests that make subscriptions match what is wanted.
    pub(super) fn reconcile(&mut self, wants: &mut Wants) {
        self.requests.reconcile(&mut self.sources, wants);
    }

    pub(super) fn poll_request(&mut self) -> Option<Request> {
        self.requests.poll()
    }

    /// The source that a live row belongs to, if a reader wants it.
    fn source_of_row(&mut self, view: &str, key: &str, heard: Option<Time>) -> Option<&V1Source> {
        self.note_frame(view, Some(key), heard);
        let source = self.sources.get(view)?;
        match &source.scope {
            Scope::Keys(keys) if !keys.contains(key) => None,
            _ => Some(source),
        }
    }

    fn note_frame(&mut self, view: &str, key: Option<&str>, heard_at: Option<Time>) {
        self.requests.note_frame(view);
        if let Some(now) = heard_at {
            self.requests.note_heard(view, key, now);
        }
    }

    /// Queues what answers mean to their sources.
    fn answer(
        &mut self,
        answers: impl IntoIterator<Item = Answer>,
        instructions: &mut Instructions,
    ) {
        for (view, mut step) in answers {
            let Some(source) = self.sources.get_mut(&view) else {
                continue;
            };
            if let Step::Begin { target, resync, .. } = &mut step {
                source.scope.widen(target);
                *resync = *target == Target::All && source.resume.begin();
            }
            instructions.push_back(source.instruct(step));
        }
    }
}

impl V1Source {
    fn new(id: SourceId, view: &str) -> Self {
        V1Source {
            id,
            derived: is_derived(view),
            scope: Scope::Keys(HashSet::new()),
            resume: Resume::default(),
        }
    }

    fn instruct<'m>(&self, step: Step<'m>) -> Instruction<'m> {
        Instruction {
            source: Some(self.id),
            step,
        }
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

/// The subscriptions that serve all readers of a view: the whole view if a reader wants it, else each
/// wanted row. The whole view and one of its rows are never both subscribed, because every change of
/// that row would arrive twice.
fn subscriptions(view: &str, wants: &Wants) -> Vec<(Target, Window)> {
    if !is_whole(view, wants) {
        let parts = wants.parts(view);
        return parts
            .map(|(target, window)| (target.clone(), window))
            .collect();
    }
    let derived = is_derived(view);
    let windows = wants.parts(view).map(|(target, window)| match target {
        Target::All => needed(window, derived),
        // A reader of one row may want any row.
        Target::Key(_) => Window::default(),
    });
    let joined = windows.reduce(Window::join);
    joined
        .map(|window| (Target::All, window))
        .into_iter()
        .collect()
}

/// Whether the view is subscribed whole. A derived view always is: the server ignores the key.
fn is_whole(view: &str, wants: &Wants) -> bool {
    let mut targets = wants.parts(view).map(|(target, _)| target);
    is_derived(view)
        || targets.any(|target| match target {
            Target::All => true,
            // A subscription to the key "*" would be one to the whole view.
            Target::Key(key) => &**key == "*",
        })
}
