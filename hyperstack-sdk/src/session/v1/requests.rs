//! The requests of one v1 connection, and their answers. Forgotten when the connection ends.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::window::subscribe;
use super::{View, V1};
use crate::session::generation::Instructions;
use crate::session::instruction::{Absent, Step};
use crate::session::query::Target;
use crate::session::timer::Time;
use crate::session::wants::Wants;
use crate::session::window::Window;
use crate::wire::{AuthErrorCode, Issue, Protocol, Request, Seq, Sort, Subscribe};

/// The requests of one connection.
///
/// A v1 server handles a client's messages strictly in order, and answers `subscribed` with a view and no key, so
/// answers are matched to requests by their order. The server does not announce the end of an empty snapshot and does
/// not answer for an unknown view. So the client sends a *barrier* after each batch of requests: a subscription without
/// a snapshot to a key that does not exist, on the entity's list. Its answer comes after everything that the requests
/// before it caused.
#[derive(Debug, Default)]
pub(super) struct Requests {
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
pub(super) struct Subscription {
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

impl V1 {
    /// Queues the requests that turn the present subscriptions into the wanted ones.
    pub(super) fn match_wanted(&mut self, wants: &mut Wants) {
        let mut changed = wants.take_changed();
        for name in &changed {
            if let Some(view) = self.views.get_mut(name) {
                let wanted = view.wanted(name, wants);
                self.requests.end_unwanted(name, view, &wanted);
            }
        }
        if std::mem::take(&mut self.requests.freed) {
            let over_limit = |_: &Target, it: &mut Subscription| it.status == Status::OverLimit;
            changed.extend(self.forget(over_limit));
        }
        let mut lists = BTreeSet::new();
        for name in changed {
            let Some(view) = self.views.get_mut(&name) else {
                continue;
            };
            let is_first = !self.requests.requested.contains(&name);
            for (target, window) in view.wanted(&name, wants) {
                if view.subscriptions.contains_key(&target) {
                    continue;
                }
                if is_first {
                    // No earlier subscription can have left frames of the view on their way.
                    view.scope.widen(&target);
                }
                self.requests.subscribe(&name, view, target, window);
                lists.insert(list_of(&name));
            }
        }
        self.requests.send_barriers(lists);
    }

    /// Ends a view's subscriptions, to request its snapshot again.
    pub(super) fn restart(&mut self, name: &str) {
        if let Some(view) = self.views.get_mut(name) {
            view.resume.set_cursor(None);
            for (target, subscription) in std::mem::take(&mut view.subscriptions) {
                if subscription.status == Status::Standing {
                    self.requests.unsubscribe(name, &target);
                }
            }
        }
    }

    /// Ends the subscriptions that were silent for `limit`, to request them again.
    pub(super) fn end_stale(&mut self, limit: Duration, now: Time, wants: &mut Wants) {
        let is_stale = |_: &Target, subscription: &mut Subscription| {
            let heard = *subscription.heard.get_or_insert(now);
            subscription.status == Status::Standing && now.saturating_sub(heard) >= limit
        };
        for view in self.forget(is_stale) {
            wants.mark_changed(&view);
        }
    }

    /// An error of the server names no view. A subscription limit rejects the earliest unanswered
    /// request; a row limit rejects the latest answered one. A rejected barrier counts as answered.
    pub(super) fn refuse_by(&mut self, issue: &Issue, instructions: &mut Instructions) {
        let mut pending = self.requests.pending.iter();
        match issue.code {
            AuthErrorCode::SubscriptionLimitExceeded => {
                match pending.position(|request| !request.answered) {
                    Some(index) if self.requests.pending[index].purpose == Purpose::Barrier => {
                        self.end_up_to(index, instructions);
                    }
                    Some(index) => self.refuse(index, issue, Status::OverLimit, instructions),
                    None => {}
                }
            }
            AuthErrorCode::SnapshotLimitExceeded => {
                let answered = |it: &Pending| it.answered && it.purpose != Purpose::Barrier;
                if let Some(index) = pending.rposition(answered) {
                    self.refuse(index, issue, Status::Rejected, instructions);
                }
            }
            _ => {}
        }
    }

    /// Matches a `subscribed` frame to the earliest unanswered request for that view.
    pub(super) fn handle_subscribed(
        &mut self,
        name: &str,
        sort: Option<Sort>,
        instructions: &mut Instructions,
    ) {
        let requests = &mut self.requests;
        let earliest = |request: &Pending| !request.answered && *request.view == *name;
        let Some(index) = requests.pending.iter().position(earliest) else {
            return;
        };
        let request = &mut requests.pending[index];
        request.answered = true;
        let (id, window) = (request.id, request.window);
        if let Purpose::Subscribe(target) = &request.purpose {
            let target = target.clone();
            let view = self.views.get_mut(name).filter(|view| view.has(id));
            if let Some(view) = view {
                view.scope.widen(&target);
                let begin = Step::Begin {
                    resync: target == Target::All && view.resume.begin(),
                    positions: !view.derived,
                    rolls_back: false,
                    target,
                    window,
                    sort,
                    protocol: Protocol::V1,
                    whole_entities: false,
                    limits_rows: true,
                };
                instructions.push_back(view.instruct(begin));
            }
            return;
        }
        requests.outbox.push_back(Request::Unsubscribe {
            view: name.to_owned(),
            key: Some(barrier_key(id)),
        });
        (requests.freed, requests.freed_after) = (true, requests.last_id);
        requests.lists.insert(name.to_owned());
        self.end_up_to(index, instructions);
        self.requests.cover_unknown_lists(name);
    }

    /// The view's last snapshot batch ends the earliest answered request or, if none was answered, the
    /// first request of the view.
    pub(super) fn handle_complete(&mut self, name: &str, instructions: &mut Instructions) {
        let of_view = |it: &Pending| it.purpose != Purpose::Barrier && *it.view == *name;
        let pending = &mut self.requests.pending;
        let answered = pending.iter().position(|it| of_view(it) && it.answered);
        let index = answered.or_else(|| pending.iter().position(|it| of_view(it) && it.first));
        if let Some(request) = index.and_then(|index| pending.remove(index)) {
            self.complete(request, instructions);
        }
    }

    /// Notes a frame of a view other than `subscribed`, about one row or, with no key, about many.
    pub(super) fn note_frame(&mut self, name: &str, key: Option<&str>, heard_at: Option<Time>) {
        let of_view = |it: &&mut Pending| it.purpose != Purpose::Barrier && *it.view == *name;
        if let Some(request) = self.requests.pending.iter_mut().find(of_view) {
            request.heard = true;
        }
        let view = heard_at.and_then(|_| self.views.get_mut(name));
        for (target, subscription) in view.into_iter().flat_map(|view| &mut view.subscriptions) {
            if key.is_none() || target.key().is_none_or(|of| Some(&**of) == key) {
                subscription.heard = heard_at;
            }
        }
    }

    /// The barrier at `index` was answered: all requests before it are over.
    fn end_up_to(&mut self, index: usize, instructions: &mut Instructions) {
        let over: Vec<_> = self.requests.pending.drain(..=index).collect();
        for request in over {
            if request.answered || request.heard {
                self.complete(request, instructions);
            } else if let (Some(view), Purpose::Subscribe(_)) =
                (self.view_of(&request), &request.purpose)
            {
                instructions.push_back(view.instruct(Step::UnknownView));
            }
        }
    }

    /// The snapshot of a request is over. Rows that a derived view's snapshot did not bring have left
    /// its window. A list has no deletes: the server has forgotten the rows that it does not send.
    fn complete(&mut self, request: Pending, instructions: &mut Instructions) {
        let view = self.views.get_mut(&request.view);
        let view = view.filter(|view| view.has(request.id));
        if let (Some(view), Purpose::Subscribe(target)) = (view, request.purpose) {
            // Its answer may have been unreadable.
            view.scope.widen(&target);
            let absent = if view.derived {
                Absent::Remove
            } else {
                Absent::Keep
            };
            instructions.push_back(view.instruct(Step::Complete { target, absent }));
        }
    }

    /// A rejected subscription stays in the table, so that it is not requested again at once.
    fn refuse(
        &mut self,
        index: usize,
        issue: &Issue,
        status: Status,
        instructions: &mut Instructions,
    ) {
        let Some(request) = self.requests.pending.remove(index) else {
            return;
        };
        let Some(view) = self.views.get_mut(&request.view) else {
            return;
        };
        let mut subscriptions = view.subscriptions.iter_mut();
        let Some((target, subscription)) = subscriptions.find(|(_, it)| it.id == request.id) else {
            return;
        };
        subscription.status = status;
        let (target, issue) = (target.clone(), issue.clone());
        match status {
            Status::OverLimit if request.id <= self.requests.freed_after => {
                (self.requests.freed, self.requests.freed_after) = (true, 0);
            }
            Status::Rejected => view.resume.refuse(),
            _ => {}
        }
        instructions.push_back(view.instruct(Step::Refused { target, issue }));
    }

    /// Ends the subscriptions that match, so that reconciling requests them again. Returns their views.
    fn forget(
        &mut self,
        mut matches: impl FnMut(&Target, &mut Subscription) -> bool,
    ) -> Vec<Arc<str>> {
        let mut over = Vec::new();
        for (name, view) in &mut self.views {
            view.subscriptions.retain(|target, subscription| {
                let is_over = matches(target, subscription);
                if is_over {
                    let is_standing = subscription.status == Status::Standing;
                    over.push((name.clone(), target.clone(), is_standing));
                }
                !is_over
            });
        }
        // In a fixed order, so that runs repeat.
        over.sort_unstable();
        for (name, target, is_standing) in &over {
            if *is_standing {
                self.requests.unsubscribe(name, target);
            }
        }
        over.into_iter().map(|(name, ..)| name).collect()
    }

    /// The view of a request, unless its subscription was ended or requested again since.
    fn view_of(&self, request: &Pending) -> Option<&View> {
        let view = self.views.get(&request.view);
        view.filter(|view| view.has(request.id))
    }
}

impl View {
    /// Forgets that a target was rejected, so that it is requested again. Returns whether it was.
    pub(super) fn clear_refusal(&mut self, target: &Target) -> bool {
        let subscription = self.subscriptions.get(target);
        let is_refused = subscription.is_some_and(|it| it.status != Status::Standing);
        if is_refused {
            self.subscriptions.remove(target);
        }
        is_refused
    }

    fn has(&self, request: u64) -> bool {
        self.subscriptions.values().any(|it| it.id == request)
    }
}

impl Requests {
    /// The server may accept subscriptions that were over its limit.
    pub(super) fn freed(&mut self) {
        self.freed = true;
    }

    pub(super) fn poll(&mut self) -> Option<Request> {
        self.outbox.pop_front()
    }

    pub(super) fn end_unwanted(
        &mut self,
        name: &str,
        view: &mut View,
        wanted: &[(Target, Window)],
    ) {
        let wanted: BTreeMap<_, _> = wanted.iter().map(|(target, it)| (target, *it)).collect();
        view.subscriptions.retain(|target, subscription| {
            // The window must match exactly: the server sends a derived view's whole window at every change, so a
            // window that is too wide is expensive.
            let keep = wanted.get(target) == Some(&subscription.window);
            if !keep && subscription.status == Status::Standing {
                (self.freed, self.freed_after) = (true, self.last_id);
                self.unsubscribe(name, target);
            }
            keep
        });
    }

    fn unsubscribe(&mut self, name: &str, target: &Target) {
        self.outbox.push_back(Request::Unsubscribe {
            view: name.to_owned(),
            key: target.key().map(|key| key.to_string()),
        });
    }

    /// Whether the server has not answered any of a view's subscriptions yet, so that their snapshots are to come.
    pub(super) fn awaits_all(&self, name: &str, view: &View) -> bool {
        let awaits = |subscription: &Subscription| {
            let mut pending = self.pending.iter();
            let request = pending.find(|request| request.id == subscription.id);
            subscription.status == Status::Standing
                && request.is_some_and(|request| !request.answered && !request.heard)
        };
        let is_first = self.pending.iter().any(|it| it.first && *it.view == *name);
        is_first && !view.subscriptions.is_empty() && view.subscriptions.values().all(awaits)
    }

    /// Requests a subscription. If the view resumes by a cursor, the snapshot brings only rows that
    /// changed after it.
    fn subscribe(&mut self, name: &Arc<str>, view: &mut View, target: Target, window: Window) {
        let cursor: Option<Seq> = match &target {
            Target::All => view.resume.take_cursor(),
            Target::Key(_) => None,
        };
        let mut message = subscribe(window, name, &target);
        message.after = cursor.map(|cursor| cursor.to_string());
        let subscription = Subscription {
            id: self.send(Purpose::Subscribe(target.clone()), window, message),
            window,
            status: Status::Standing,
            heard: None,
        };
        view.subscriptions.insert(target, subscription);
    }

    /// Sends a barrier on each list. An unknown entity's list does not answer a barrier. A list that is
    /// known to exist does, and its answer covers all requests before it.
    fn send_barriers(&mut self, mut lists: BTreeSet<String>) {
        if !lists.is_subset(&self.lists) {
            lists.extend(self.lists.first().cloned());
        }
        let (known, unknown): (Vec<_>, Vec<_>) =
            lists.into_iter().partition(|it| self.lists.contains(it));
        for list in unknown.into_iter().chain(known) {
            self.send_barrier(list);
        }
    }

    /// The barriers that remain may all be on lists of unknown entities, which never answer. If so,
    /// sends one on `known`.
    fn cover_unknown_lists(&mut self, known: &str) {
        let barriers = self.pending.iter();
        let barriers = barriers.filter(|it| it.purpose == Purpose::Barrier);
        let mut lists = barriers.map(|barrier| &*barrier.view).peekable();
        if lists.peek().is_some() && lists.all(|list| !self.lists.contains(list)) {
            self.send_barrier(known.to_owned());
        }
    }

    fn send_barrier(&mut self, list: String) {
        let message = Subscribe {
            key: Some(barrier_key(self.last_id + 1)),
            with_snapshot: Some(false),
            view: list,
            ..Subscribe::default()
        };
        self.send(Purpose::Barrier, Window::default(), message);
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
