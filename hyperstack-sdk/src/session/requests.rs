//! What this connection was asked and what it confirmed; forgotten when it ends.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::interest::Interest;
use super::Target;
use crate::wire::{Request, Subscribe};

/// The subscriptions of one connection.
///
/// The server handles a client's messages strictly in order and answers `subscribed` with a view
/// and no key, so answers are matched to requests by their order. It says nothing at the end of an
/// empty snapshot and nothing about an unknown view; so behind each batch of requests goes a
/// *barrier*, a subscription to a key that nobody has, without a snapshot, on the entity's list. Its
/// answer follows everything that the requests before it caused.
#[derive(Debug, Default)]
pub(super) struct Requests {
    live: HashMap<Arc<str>, Vec<Live>>,
    unfinished: VecDeque<Unfinished>,
    outbox: VecDeque<Request>,
    last_id: u64,
    /// Lists that are known to exist: their barriers were answered.
    lists: BTreeSet<String>,
    /// The views that were requested before on this connection.
    requested: HashSet<Arc<str>>,
    /// Views of which a subscription was refused.
    refused: Vec<Arc<str>>,
}

/// A subscription that stands.
#[derive(Debug)]
struct Live {
    id: u64,
    target: Target,
    subscribe: Subscribe,
}

/// A request whose snapshot has not ended.
#[derive(Debug)]
struct Unfinished {
    id: u64,
    view: Arc<str>,
    /// `None` for a barrier.
    target: Option<Target>,
    answered: bool,
    /// Whether the view sent anything since: it exists, whatever was said of it.
    heard: bool,
    /// Whether nothing else on this connection could have caused the view's frames.
    first: bool,
}

/// What a `subscribed` frame settles.
pub(super) enum Answer {
    Begun(Arc<str>, Target),
    Finished(Arc<str>, Target),
    Unknown(Arc<str>, Target),
}

impl Requests {
    /// Queues what turns the confirmed subscriptions into the wanted ones.
    pub(super) fn reconcile(&mut self, interest: &mut Interest) {
        let mut barriers = BTreeSet::new();
        let touched = interest.take_touched();
        if touched.iter().any(|view| self.frees_room(view, interest)) {
            self.refused
                .drain(..)
                .for_each(|view| interest.touch(&view));
        }
        for view in touched.into_iter().chain(interest.take_touched()) {
            let wanted = interest.subscriptions(&view);
            let live = self.live.entry(view.clone()).or_default();
            live.retain(|live| {
                let keep = wanted
                    .iter()
                    .any(|(_, subscribe)| *subscribe == live.subscribe);
                if !keep {
                    self.outbox.push_back(Request::Unsubscribe {
                        view: view.to_string(),
                        key: live.subscribe.key.clone(),
                    });
                }
                keep
            });
            for (target, subscribe) in wanted {
                if live.iter().any(|live| live.target == target) {
                    continue;
                }
                self.last_id += 1;
                self.outbox.push_back(Request::Subscribe(subscribe.clone()));
                self.unfinished.push_back(Unfinished {
                    id: self.last_id,
                    view: view.clone(),
                    target: Some(target.clone()),
                    answered: false,
                    heard: false,
                    first: self.requested.insert(view.clone()),
                });
                live.push(Live {
                    id: self.last_id,
                    target,
                    subscribe,
                });
                barriers.insert(list_of(&view));
            }
            if live.is_empty() {
                self.live.remove(&view);
            }
        }
        // A barrier on the list of an unknown entity is not answered either. One on a known list is,
        // and tells as much.
        if !barriers.is_subset(&self.lists) {
            barriers.extend(self.lists.first().cloned());
        }
        for view in barriers {
            self.last_id += 1;
            self.outbox.push_back(Request::Subscribe(Subscribe {
                view: view.clone(),
                key: Some(barrier_key(self.last_id)),
                with_snapshot: Some(false),
                ..Subscribe::default()
            }));
            self.unfinished.push_back(Unfinished {
                id: self.last_id,
                view: view.into(),
                target: None,
                answered: false,
                heard: false,
                first: false,
            });
        }
    }

    /// Whether a subscription to the view is about to end.
    fn frees_room(&self, view: &str, interest: &Interest) -> bool {
        let live = self.live.get(view).map_or(0, Vec::len);
        interest.subscriptions(view).len() < live
    }

    /// Forgets that a view is subscribed, so that reconciling subscribes it anew.
    pub(super) fn restart(&mut self, view: &str) {
        if let Some((view, live)) = self.live.remove_entry(view) {
            for live in live {
                self.outbox.push_back(Request::Unsubscribe {
                    view: view.to_string(),
                    key: live.subscribe.key,
                });
            }
        }
    }

    pub(super) fn next(&mut self) -> Option<Request> {
        self.outbox.pop_front()
    }

    /// Matches a `subscribed` frame to the earliest unanswered request for that view.
    pub(super) fn subscribed(&mut self, view: &str) -> Vec<Answer> {
        let earliest = |request: &Unfinished| !request.answered && *request.view == *view;
        let Some(index) = self.unfinished.iter().position(earliest) else {
            return Vec::new();
        };
        let request = &mut self.unfinished[index];
        request.answered = true;
        let (id, view) = (request.id, request.view.clone());
        match request.target.clone() {
            Some(target) => {
                let live = self.is_live(id, &view);
                let begun = live.then_some(Answer::Begun(view, target));
                begun.into_iter().collect()
            }
            None => {
                self.outbox.push_back(Request::Unsubscribe {
                    view: view.to_string(),
                    key: Some(barrier_key(id)),
                });
                self.lists.insert(view.to_string());
                self.settle(index)
            }
        }
    }

    /// The barrier at `index` was answered: all before it is over.
    fn settle(&mut self, index: usize) -> Vec<Answer> {
        let settled: Vec<_> = self.unfinished.drain(..=index).collect();
        let answer = |request: Unfinished| {
            let target = request.target?;
            let live = self.is_live(request.id, &request.view);
            live.then_some(match request.answered || request.heard {
                true => Answer::Finished(request.view, target),
                false => Answer::Unknown(request.view, target),
            })
        };
        settled.into_iter().filter_map(answer).collect()
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
    pub(super) fn completed(&mut self, view: &str) -> Option<(Arc<str>, Target)> {
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
        let target = request.target?;
        self.is_live(request.id, &request.view)
            .then_some((request.view, target))
    }

    /// The server refused the earliest request that it has not answered.
    pub(super) fn refuse_unanswered(&mut self) -> Option<(Arc<str>, Target)> {
        let index = self
            .unfinished
            .iter()
            .position(|request| !request.answered)?;
        self.refuse(index)
    }

    /// The server refused the last request that it has answered.
    pub(super) fn refuse_answered(&mut self) -> Option<(Arc<str>, Target)> {
        let answered = |request: &Unfinished| request.answered && request.target.is_some();
        let index = self.unfinished.iter().rposition(answered)?;
        self.refuse(index)
    }

    fn refuse(&mut self, index: usize) -> Option<(Arc<str>, Target)> {
        let request = self.unfinished.remove(index)?;
        let live = self.live.get_mut(&request.view)?;
        let position = live.iter().position(|live| live.id == request.id)?;
        let target = live.remove(position).target;
        self.refused.push(request.view.clone());
        Some((request.view, target))
    }

    fn is_live(&self, id: u64, view: &str) -> bool {
        let live = self.live.get(view);
        live.is_some_and(|live| live.iter().any(|live| live.id == id))
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
