//! What this connection was asked and what it confirmed; forgotten when it ends.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::interest::Interest;
use super::window::{is_derived, Window};
use super::{Event, Target, Time};
use crate::wire::{Issue, Request, Seq, Sort, Subscribe};

/// The subscriptions of one connection.
///
/// The server handles a client's messages strictly in order and answers `subscribed` with a view
/// and no key, so answers are matched to requests by their order. It says nothing at the end of an
/// empty snapshot and nothing about an unknown view; so behind each batch of requests goes a
/// *barrier*, a subscription to a key that nobody has, without a snapshot, on the entity's list. Its
/// answer follows everything that the requests before it caused.
#[derive(Debug, Default)]
pub(super) struct Requests {
    standing: BTreeMap<Arc<str>, BTreeMap<Target, Standing>>,
    unfinished: VecDeque<Unfinished>,
    outbox: VecDeque<Request>,
    last_id: u64,
    /// Lists that are known to exist: their barriers were answered.
    lists: BTreeSet<String>,
    /// The views that were requested before on this connection.
    requested: HashSet<Arc<str>>,
    /// Whether a subscription ended, so that there may be room for one that was refused.
    freed: bool,
    /// The last request that was made before one ended: its refusal, and any before it, may be from
    /// before there was room.
    freed_after: u64,
}

/// A subscription that was asked for.
#[derive(Debug)]
struct Standing {
    id: u64,
    window: Window,
    /// Why the server refused it, if it did: then there is none.
    refused: Option<Refused>,
    /// When the server last sent something of it; kept only where that matters.
    heard: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    /// For want of room, which there may be later.
    Room,
    /// For what is in it.
    Content,
}

/// A request whose snapshot has not ended.
#[derive(Debug)]
struct Unfinished {
    id: u64,
    view: Arc<str>,
    /// `None` for a barrier.
    target: Option<Target>,
    window: Window,
    answered: bool,
    /// Whether the view sent anything since: it exists, whatever was said of it.
    heard: bool,
    /// Whether nothing else on this connection could have caused the view's frames.
    first: bool,
}

impl Requests {
    /// Queues what turns the subscriptions that stand into the wanted ones.
    pub(super) fn reconcile(&mut self, interest: &mut Interest) {
        let mut touched = interest.take_touched();
        for view in &touched {
            self.end_unwanted(view, &interest.subscriptions(view));
        }
        if std::mem::take(&mut self.freed) {
            touched.extend(self.forget_refused());
        }
        let mut barriers = BTreeSet::new();
        for view in touched {
            let wanted = interest.subscriptions(&view).into_iter();
            let standing = self.standing.get(&view);
            let missing = |target: &Target| standing.is_none_or(|held| !held.contains_key(target));
            let wanted: Vec<_> = wanted.filter(|(target, _)| missing(target)).collect();
            if !wanted.is_empty() {
                for (target, window) in wanted {
                    let (window, cursor) = match target {
                        Target::All => interest.resumed(&view, window),
                        Target::Key(_) => (window, None),
                    };
                    self.begin(&view, target, window, cursor);
                }
                barriers.insert(list_of(&view));
            }
        }
        // A barrier on the list of an unknown entity is not answered either. One on a known list is,
        // and tells as much of all before it.
        if !barriers.is_subset(&self.lists) {
            barriers.extend(self.lists.first().cloned());
        }
        let (known, unknown): (Vec<_>, Vec<_>) = barriers
            .into_iter()
            .partition(|list| self.lists.contains(list));
        unknown
            .into_iter()
            .chain(known)
            .for_each(|list| self.bar(list));
    }

    fn bar(&mut self, list: String) {
        let subscribe = Subscribe {
            key: Some(barrier_key(self.last_id + 1)),
            with_snapshot: Some(false),
            view: list,
            ..Subscribe::default()
        };
        self.subscribe(None, Window::default(), subscribe);
    }

    fn end_unwanted(&mut self, view: &str, wanted: &[(Target, Window)]) {
        let Some(standing) = self.standing.get_mut(view) else {
            return;
        };
        let derived = is_derived(view);
        let wanted: BTreeMap<_, _> = wanted
            .iter()
            .map(|(target, window)| (target, window))
            .collect();
        standing.retain(|target, standing| {
            let window = wanted.get(target);
            let keep = window.is_some_and(|window| standing.serves(**window, derived));
            if !keep && standing.refused.is_none() {
                (self.freed, self.freed_after) = (true, self.last_id);
                self.outbox.push_back(unsubscribe(view, target));
            }
            keep
        });
        if standing.is_empty() {
            self.standing.remove(view);
        }
    }

    /// Asks for what does not stand yet, of the rows that are there only those that changed after
    /// `cursor`.
    fn begin(&mut self, view: &Arc<str>, target: Target, window: Window, cursor: Option<Seq>) {
        let mut subscribe = window.subscribe(view, &target);
        if let Some(cursor) = cursor {
            subscribe.after = Some(cursor.to_string());
        }
        let id = self.subscribe(Some(target.clone()), window, subscribe);
        let standing = Standing {
            id,
            window,
            refused: None,
            heard: None,
        };
        let held = self.standing.entry(view.clone()).or_default();
        held.insert(target, standing);
    }

    fn subscribe(&mut self, target: Option<Target>, window: Window, subscribe: Subscribe) -> u64 {
        self.last_id += 1;
        let view: Arc<str> = subscribe.view.as_str().into();
        self.unfinished.push_back(Unfinished {
            id: self.last_id,
            first: target.is_some() && self.requested.insert(view.clone()),
            view,
            target,
            window,
            answered: false,
            heard: false,
        });
        self.outbox.push_back(Request::Subscribe(subscribe));
        self.last_id
    }

    /// Forgets the subscriptions that the server had no room for; returns their views.
    fn forget_refused(&mut self) -> Vec<Arc<str>> {
        let mut views = Vec::new();
        self.standing.retain(|view, standing| {
            let before = standing.len();
            standing.retain(|_, standing| standing.refused != Some(Refused::Room));
            if standing.len() < before {
                views.push(view.clone());
            }
            !standing.is_empty()
        });
        views
    }

    /// Forgets that a target was refused, so that it is asked for again; whether it was.
    pub(super) fn forgive(&mut self, view: &str, target: &Target) -> bool {
        let standing = self.standing.get_mut(view);
        standing.is_some_and(|held| match held.get(target) {
            Some(standing) if standing.refused.is_some() => held.remove(target).is_some(),
            _ => false,
        })
    }

    /// There may be room for what was refused.
    pub(super) fn ask_again(&mut self) {
        self.freed = true;
    }

    /// Ends a view's subscriptions, so that reconciling begins them anew.
    pub(super) fn restart(&mut self, view: &str) {
        for (target, standing) in self.standing.remove(view).unwrap_or_default() {
            if standing.refused.is_none() {
                self.outbox.push_back(unsubscribe(view, &target));
            }
        }
    }

    /// Something came of a subscription: of that to the key, or to the whole view.
    pub(super) fn heard(&mut self, view: &str, key: Option<&str>, now: Time) {
        let Some(standing) = self.standing.get_mut(view) else {
            return;
        };
        for (target, standing) in standing {
            if key.is_none() || target.key().is_none_or(|of| Some(&**of) == key) {
                standing.heard = Some(now);
            }
        }
    }

    /// Ends the subscriptions of which nothing came for so long, so that reconciling begins them
    /// anew; returns their views.
    pub(super) fn restart_stale(&mut self, limit: Duration, now: Time) -> Vec<Arc<str>> {
        let mut views = Vec::new();
        let outbox = &mut self.outbox;
        self.standing.retain(|view, standing| {
            let before = standing.len();
            standing.retain(|target, standing| {
                let heard = *standing.heard.get_or_insert(now);
                let is_stale = standing.refused.is_none() && now.saturating_sub(heard) >= limit;
                if is_stale {
                    outbox.push_back(unsubscribe(view, target));
                }
                !is_stale
            });
            if standing.len() < before {
                views.push(view.clone());
            }
            !standing.is_empty()
        });
        views
    }

    pub(super) fn next(&mut self) -> Option<Request> {
        self.outbox.pop_front()
    }

    /// Matches a `subscribed` frame to the earliest unanswered request for that view.
    pub(super) fn subscribed(&mut self, view: &str, sort: Option<Sort>) -> Vec<Event> {
        let earliest = |request: &Unfinished| !request.answered && *request.view == *view;
        let Some(index) = self.unfinished.iter().position(earliest) else {
            return Vec::new();
        };
        let request = &mut self.unfinished[index];
        request.answered = true;
        let (id, view, window) = (request.id, request.view.clone(), request.window);
        if let Some(target) = request.target.clone() {
            let live = self.is_live(id, &view);
            return Vec::from_iter(live.then_some(Event::Begin {
                view,
                target,
                window,
                sort,
            }));
        }
        self.outbox.push_back(Request::Unsubscribe {
            view: view.to_string(),
            key: Some(barrier_key(id)),
        });
        (self.freed, self.freed_after) = (true, self.last_id);
        self.lists.insert(view.to_string());
        let events = self.settle(index);
        // What is left may be of entities that do not exist, which nothing would tell.
        let is_open = |request: &Unfinished| match request.target {
            Some(_) => None,
            None => Some(self.lists.contains(&*request.view)),
        };
        let barriers: Vec<_> = self.unfinished.iter().filter_map(is_open).collect();
        if barriers.contains(&false) && !barriers.contains(&true) {
            self.bar(view.to_string());
        }
        events
    }

    /// The barrier at `index` was answered: all before it is over.
    fn settle(&mut self, index: usize) -> Vec<Event> {
        let settled: Vec<_> = self.unfinished.drain(..=index).collect();
        let event = |request: Unfinished| {
            let live = self.is_live(request.id, &request.view);
            let target = request.target.filter(|_| live)?;
            let view = request.view;
            Some(match request.answered || request.heard {
                true => Event::Finish { view, target },
                false => Event::Unknown { view, target },
            })
        };
        settled.into_iter().filter_map(event).collect()
    }

    /// A frame of a view that is not `subscribed`.
    pub(super) fn news(&mut self, view: &str) {
        let of_view =
            |request: &&mut Unfinished| request.target.is_some() && *request.view == *view;
        if let Some(request) = self.unfinished.iter_mut().find(of_view) {
            request.heard = true;
        }
    }

    /// The view's last snapshot batch is in: it ends the earliest request that was answered. One
    /// that was not may have to do with it too, if there was no other.
    pub(super) fn completed(&mut self, view: &str) -> Option<Event> {
        let of_view = |request: &Unfinished| request.target.is_some() && *request.view == *view;
        let index = self
            .unfinished
            .iter()
            .position(|request| of_view(request) && request.answered)
            .or_else(|| {
                let sole = |request: &Unfinished| of_view(request) && request.first;
                self.unfinished.iter().position(sole)
            })?;
        let request = self.unfinished.remove(index)?;
        let live = self.is_live(request.id, &request.view);
        let (view, target) = (request.view, request.target?);
        live.then_some(Event::Finish { view, target })
    }

    /// The server has no room for the earliest request that it has not answered. A barrier that is
    /// refused is answered thereby.
    pub(super) fn refuse_unanswered(&mut self, issue: &Issue) -> Vec<Event> {
        let unanswered = |request: &Unfinished| !request.answered;
        match self.unfinished.iter().position(unanswered) {
            Some(index) if self.unfinished[index].target.is_none() => self.settle(index),
            Some(index) => self.refuse(index, issue, Refused::Room),
            None => Vec::new(),
        }
    }

    /// The server refused the last request that it has answered, for what is in it.
    pub(super) fn refuse_answered(&mut self, issue: &Issue) -> Vec<Event> {
        let answered = |request: &Unfinished| request.answered && request.target.is_some();
        match self.unfinished.iter().rposition(answered) {
            Some(index) => self.refuse(index, issue, Refused::Content),
            None => Vec::new(),
        }
    }

    /// What is refused stands, so that it is not asked for again: for want of room, until there may
    /// be some, else until it is wanted no longer.
    fn refuse(&mut self, index: usize, issue: &Issue, why: Refused) -> Vec<Event> {
        let Some(request) = self.unfinished.remove(index) else {
            return Vec::new();
        };
        let standing = self.standing.get_mut(&request.view).into_iter().flatten();
        let refused = standing.filter(|(_, standing)| standing.id == request.id);
        let events = refused.map(|(target, standing)| {
            standing.refused = Some(why);
            if why == Refused::Room && request.id <= self.freed_after {
                (self.freed, self.freed_after) = (true, 0);
            }
            Event::Refused {
                view: request.view.clone(),
                target: target.clone(),
                issue: issue.clone(),
            }
        });
        events.collect()
    }

    fn is_live(&self, id: u64, view: &str) -> bool {
        let standing = self.standing.get(view).into_iter().flatten();
        standing.into_iter().any(|(_, standing)| standing.id == id)
    }
}

impl Standing {
    /// Whether it may go on as it is. A derived view's window is no wider than it need be: the server
    /// sends all of it at every change. Of the others only the snapshot differs, which is had already.
    fn serves(&self, window: Window, derived: bool) -> bool {
        match derived {
            true => self.window == window,
            false => self.window.covers(window),
        }
    }
}

fn unsubscribe(view: &str, target: &Target) -> Request {
    Request::Unsubscribe {
        view: view.to_owned(),
        key: target.key().map(|key| key.to_string()),
    }
}

/// The list view of a view's entity: the one that every entity has.
fn list_of(view: &str) -> String {
    match view.split_once('/') {
        Some((entity, _)) => format!("{entity}/list"),
        None => view.to_owned(),
    }
}

fn barrier_key(id: u64) -> String {
    format!("hyperstack-sdk:barrier:{id}")
}
