//! What one v1 connection was asked for, and what it has answered. Forgotten when the connection ends.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::window::{is_derived, subscribe};
use super::Sources;
use crate::session::instruction::{Absent, Step};
use crate::session::query::Target;
use crate::session::timer::Time;
use crate::session::wants::Wants;
use crate::session::window::Window;
use crate::wire::{Issue, Request, Seq, Sort, Subscribe};

/// The subscriptions of one connection.
///
/// A v1 server handles a client's messages strictly in order, and answers `subscribed` with a view and
/// no key, so answers are matched to requests by their order. The server does not announce the end of an
/// empty snapshot and does not answer for an unknown view. So behind each batch of requests goes a
/// *barrier*: a subscription without a snapshot to a key that does not exist, on the entity's list. Its
/// answer comes after everything that the requests before it caused.
#[derive(Debug, Default)]
pub(super) struct Requests {
    subscriptions: BTreeMap<Arc<str>, BTreeMap<Target, Subscription>>,
    pending: VecDeque<Pending>,
    outbox: VecDeque<Request>,
    last_id: u64,
    /// Lists that are known to exist, because their barriers were answered.
    lists: BTreeSet<String>,
    /// The views that were requested before on this connection.
    requested: HashSet<Arc<str>>,
    /// Whether a subscription ended, so that the server may accept one that it rejected.
    freed: bool,
    /// The last request made before a subscription ended. The server may have rejected it, and any
    /// before it, when the limit was still reached.
    freed_after: u64,
}

/// A subscription that was requested.
#[derive(Debug)]
struct Subscription {
    id: u64,
    window: Window,
    status: Status,
    /// When the server last sent something for it. Kept only if stale subscriptions are looked for.
    heard: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// Requested, and not rejected.
    Standing,
    /// Rejected because of a limit on subscriptions. It is requested again when another one ends.
    OverLimit,
    /// Rejected because of its content. It is not requested again while it is wanted.
    Rejected,
}

/// A request whose snapshot has not ended.
#[derive(Debug)]
struct Pending {
    id: u64,
    view: Arc<str>,
    purpose: Purpose,
    window: Window,
    answered: bool,
    /// Whether the view sent a frame since. If so, it exists.
    heard: bool,
    /// Whether no earlier request of this connection can have caused the view's frames.
    first: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Purpose {
    Barrier,
    Subscribe(Target),
}

/// What an answer means to the view's source.
pub(super) type Answer = (Arc<str>, Step<'static>);

impl Requests {
    /// Queues the requests that turn the present subscriptions into the wanted ones.
    pub(super) fn reconcile(&mut self, sources: &mut Sources, wants: &mut Wants) {
        let mut changed = wants.take_changed();
        for view in &changed {
            self.end_unwanted(view, &super::subscriptions(view, wants));
        }
        if std::mem::take(&mut self.freed) {
            changed.extend(self.clear_over_limit());
        }
        let mut barriers = BTreeSet::new();
        for view in changed {
            let present = self.subscriptions.get(&view);
            let mut missing = super::subscriptions(&view, wants);
            missing.retain(|(target, _)| present.is_none_or(|held| !held.contains_key(target)));
            if missing.is_empty() {
                continue;
            }
            for (target, window) in missing {
                let (window, cursor) = match (&target, sources.get_mut(&view)) {
                    (Target::All, Some(source)) => source.resume.take(window, source.derived),
                    _ => (window, None),
                };
                self.request(&view, target, window, cursor);
            }
            barriers.insert(list_of(&view));
        }
        // An unknown entity's list does not answer a barrier either. A list that is known to exist does,
        // and its answer covers all requests before it.
        if !barriers.is_subset(&self.lists) {
            barriers.extend(self.lists.first().cloned());
        }
        let (known, unknown): (Vec<_>, Vec<_>) = barriers
            .into_iter()
            .partition(|list| self.lists.contains(list));
        for list in unknown.into_iter().chain(known) {
            self.send_barrier(list);
        }
    }

    fn send_barrier(&mut self, list: String) {
        let subscribe = Subscribe {
            key: Some(barrier_key(self.last_id + 1)),
            with_snapshot: Some(false),
            view: list,
            ..Subscribe::default()
        };
        self.send(Purpose::Barrier, Window::default(), subscribe);
    }

    fn end_unwanted(&mut self, view: &str, wanted: &[(Target, Window)]) {
        let Some(present) = self.subscriptions.get_mut(view) else {
            return;
        };
        let derived = is_derived(view);
        let wanted: BTreeMap<_, _> = wanted
            .iter()
            .map(|(target, window)| (target, window))
            .collect();
        present.retain(|target, subscription| {
            let window = wanted.get(target);
            let keep = window.is_some_and(|window| subscription.serves(**window, derived));
            if !keep && subscription.status == Status::Standing {
                (self.freed, self.freed_after) = (true, self.last_id);
                self.outbox.push_back(unsubscribe(view, target));
            }
            keep
        });
        if present.is_empty() {
            self.subscriptions.remove(view);
        }
    }

    /// Requests a subscription. With a cursor, the snapshot brings only rows that changed after it.
    fn request(&mut self, view: &Arc<str>, target: Target, window: Window, cursor: Option<Seq>) {
        let mut message = subscribe(window, view, &target);
        if let Some(cursor) = cursor {
            message.after = Some(cursor.to_string());
        }
        let id = self.send(Purpose::Subscribe(target.clone()), window, message);
        let subscription = Subscription {
            id,
            window,
            status: Status::Standing,
            heard: None,
        };
        let present = self.subscriptions.entry(view.clone()).or_default();
        present.insert(target, subscription);
    }

    fn send(&mut self, purpose: Purpose, window: Window, message: Subscribe) -> u64 {
        self.last_id += 1;
        let view: Arc<str> = message.view.as_str().into();
        self.pending.push_back(Pending {
            id: self.last_id,
            first: purpose != Purpose::Barrier && self.requested.insert(view.clone()),
            view,
            purpose,
            window,
            answered: false,
            heard: false,
        });
        self.outbox.push_back(Request::Subscribe(message));
        self.last_id
    }

    /// Forgets the subscriptions that were over the server's limit. Returns their views.
    fn clear_over_limit(&mut self) -> Vec<Arc<str>> {
        let mut views = Vec::new();
        self.subscriptions.retain(|view, present| {
            let before = present.len();
            present.retain(|_, subscription| subscription.status != Status::OverLimit);
            if present.len() < before {
                views.push(view.clone());
            }
            !present.is_empty()
        });
        views
    }

    /// Forgets that a target was rejected, so that it is requested again. Returns whether it was.
    pub(super) fn clear_refusal(&mut self, view: &str, target: &Target) -> bool {
        let Some(present) = self.subscriptions.get_mut(view) else {
            return false;
        };
        let subscription = present.get(target);
        let is_refused = subscription.is_some_and(|held| held.status != Status::Standing);
        if is_refused {
            present.remove(target);
        }
        is_refused
    }

    /// The server may accept what was over its limit.
    pub(super) fn retry_over_limit(&mut self) {
        self.freed = true;
    }

    /// Ends a view's subscriptions, so that reconciling requests them again.
    pub(super) fn restart(&mut self, view: &str) {
        for (target, subscription) in self.subscriptions.remove(view).unwrap_or_default() {
            if subscription.status == Status::Standing {
                self.outbox.push_back(unsubscribe(view, &target));
            }
        }
    }

    /// Notes that something came for a subscription: for the one to `key`, or with `None` for all of
    /// the view's.
    pub(super) fn note_heard(&mut self, view: &str, key: Option<&str>, now: Time) {
        for (target, subscription) in self.subscriptions.get_mut(view).into_iter().flatten() {
            if key.is_none() || target.key().is_none_or(|of| Some(&**of) == key) {
                subscription.heard = Some(now);
            }
        }
    }

    /// Ends the subscriptions that brought nothing for `limit`, so that reconciling requests them
    /// again. Returns their views.
    pub(super) fn restart_stale(&mut self, limit: Duration, now: Time) -> Vec<Arc<str>> {
        let mut views = Vec::new();
        let outbox = &mut self.outbox;
        self.subscriptions.retain(|view, present| {
            let before = present.len();
            present.retain(|target, subscription| {
                let heard = *subscription.heard.get_or_insert(now);
                let is_stale =
                    subscription.status == Status::Standing && now.saturating_sub(heard) >= limit;
                if is_stale {
                    outbox.push_back(unsubscribe(view, target));
                }
                !is_stale
            });
            if present.len() < before {
                views.push(view.clone());
            }
            !present.is_empty()
        });
        views
    }

    pub(super) fn poll(&mut self) -> Option<Request> {
        self.outbox.pop_front()
    }

    /// Matches a `subscribed` frame to the earliest unanswered request for that view.
    pub(super) fn handle_subscribed(&mut self, view: &str, sort: Option<Sort>) -> Vec<Answer> {
        let earliest = |request: &Pending| !request.answered && *request.view == *view;
        let Some(index) = self.pending.iter().position(earliest) else {
            return Vec::new();
        };
        let request = &mut self.pending[index];
        request.answered = true;
        let (id, window) = (request.id, request.window);
        if let Purpose::Subscribe(target) = &request.purpose {
            let (view, target) = (request.view.clone(), target.clone());
            let begin = Step::Begin {
                target,
                window,
                sort,
                resync: false,
            };
            return Vec::from_iter(self.is_present(id, &view).then_some((view, begin)));
        }
        self.outbox.push_back(Request::Unsubscribe {
            view: view.to_owned(),
            key: Some(barrier_key(id)),
        });
        (self.freed, self.freed_after) = (true, self.last_id);
        self.lists.insert(view.to_owned());
        let answers = self.end_up_to(index);
        // The barriers that remain may all be on lists of unknown entities, which never answer.
        let barriers = self
            .pending
            .iter()
            .filter(|it| it.purpose == Purpose::Barrier);
        let mut lists = barriers.map(|barrier| &*barrier.view).peekable();
        if lists.peek().is_some() && lists.all(|list| !self.lists.contains(list)) {
            self.send_barrier(view.to_owned());
        }
        answers
    }

    /// The barrier at `index` was answered: all requests before it are over.
    fn end_up_to(&mut self, index: usize) -> Vec<Answer> {
        let over: Vec<_> = self.pending.drain(..=index).collect();
        let answer = |request: Pending| {
            let is_present = self.is_present(request.id, &request.view);
            let Purpose::Subscribe(target) = request.purpose else {
                return None;
            };
            let step = if request.answered || request.heard {
                complete(target, &request.view)
            } else {
                Step::UnknownView
            };
            is_present.then_some((request.view, step))
        };
        over.into_iter().filter_map(answer).collect()
    }

    /// Notes a frame of a view other than `subscribed`.
    pub(super) fn note_frame(&mut self, view: &str) {
        let of_view =
            |request: &&mut Pending| request.purpose != Purpose::Barrier && *request.view == *view;
        if let Some(request) = self.pending.iter_mut().find(of_view) {
            request.heard = true;
        }
    }

    /// The view's last snapshot batch ends the earliest request that was answered. If none was, it ends
    /// a request that was not, provided that no other can have caused it.
    pub(super) fn handle_complete(&mut self, view: &str) -> Option<Answer> {
        let of_view = |it: &Pending| it.purpose != Purpose::Barrier && *it.view == *view;
        let mut pending = self.pending.iter();
        let index = pending
            .position(|it| of_view(it) && it.answered)
            .or_else(|| self.pending.iter().position(|it| of_view(it) && it.first))?;
        let request = self.pending.remove(index)?;
        let Purpose::Subscribe(target) = request.purpose else {
            return None;
        };
        let is_present = self.is_present(request.id, &request.view);
        let step = complete(target, &request.view);
        is_present.then_some((request.view, step))
    }

    /// The server's limit on subscriptions rejects the earliest request that was not answered. A barrier
    /// that is rejected is answered thereby.
    pub(super) fn refuse_unanswered(&mut self, issue: &Issue) -> Vec<Answer> {
        match self.pending.iter().position(|request| !request.answered) {
            Some(index) if self.pending[index].purpose == Purpose::Barrier => self.end_up_to(index),
            Some(index) => self.refuse(index, issue, Status::OverLimit),
            None => Vec::new(),
        }
    }

    /// The server rejects the content of the last request that it has answered.
    pub(super) fn refuse_answered(&mut self, issue: &Issue) -> Vec<Answer> {
        let answered = |it: &Pending| it.answered && it.purpose != Purpose::Barrier;
        match self.pending.iter().rposition(answered) {
            Some(index) => self.refuse(index, issue, Status::Rejected),
            None => Vec::new(),
        }
    }

    /// A rejected subscription stays in the table, so that it is not requested again at once.
    fn refuse(&mut self, index: usize, issue: &Issue, status: Status) -> Vec<Answer> {
        let Some(request) = self.pending.remove(index) else {
            return Vec::new();
        };
        let present = self.subscriptions.get_mut(&request.view);
        let rejected = present
            .into_iter()
            .flatten()
            .filter(|(_, subscription)| subscription.id == request.id);
        let answers = rejected.map(|(target, subscription)| {
            subscription.status = status;
            if status == Status::OverLimit && request.id <= self.freed_after {
                (self.freed, self.freed_after) = (true, 0);
            }
            let refused = Step::Refused {
                target: target.clone(),
                issue: issue.clone(),
            };
            (request.view.clone(), refused)
        });
        answers.collect()
    }

    /// Whether the request's subscription was not ended or requested again since.
    fn is_present(&self, id: u64, view: &str) -> bool {
        let mut present = self.subscriptions.get(view).into_iter().flatten();
        present.any(|(_, subscription)| subscription.id == id)
    }
}

impl Subscription {
    /// Whether the subscription can go on unchanged. The server sends a derived view's whole window at
    /// every change, so that window is no wider than needed. The windows of other views differ in their
    /// snapshot only, which has been received.
    fn serves(&self, window: Window, derived: bool) -> bool {
        if derived {
            self.window == window
        } else {
            self.window.covers(window)
        }
    }
}

/// Rows that a derived view's snapshot did not bring have left its window. A list has no deletes: the
/// server has forgotten the rows that it does not send.
fn complete(target: Target, view: &str) -> Step<'static> {
    let absent = if is_derived(view) {
        Absent::Remove
    } else {
        Absent::Keep
    };
    Step::Complete { target, absent }
}

fn unsubscribe(view: &str, target: &Target) -> Request {
    Request::Unsubscribe {
        view: view.to_owned(),
        key: target.key().map(|key| key.to_string()),
    }
}

/// The list view of a view's entity. Every entity has one.
fn list_of(view: &str) -> String {
    match view.split_once('/') {
        Some((entity, _)) => format!("{entity}/list"),
        None => view.to_owned(),
    }
}

fn barrier_key(id: u64) -> String {
    format!("hyperstack-sdk:barrier:{id}")
}
