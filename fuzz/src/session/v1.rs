//! A model of the subscriptions of a v1 server, and of the requests that it has not answered.

use super::readers::Readers;
use super::server::Server;
use super::{batch, issue, live, window, Bytes, Play};
use hyperstack_sdk::session::{Link, Query, Session, Step, Target, Time};
use hyperstack_sdk::wire::{Direction, Frame, Incoming, Protocol, Request, Sort, Subscribe};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A view, and the key if only one row is subscribed.
pub(super) type Name = (String, Option<String>);

/// One connection's subscriptions.
#[derive(Default)]
pub(super) struct Peer {
    /// The subscriptions, each with the request that made it.
    standing: BTreeMap<Name, u64>,
    /// The subscriptions refused because of the subscription limit.
    refused: BTreeSet<Name>,
    /// The subscriptions refused because of the row limit. They stay refused until another reader comes.
    declined: BTreeSet<Name>,
    /// The refused subscriptions to request again, because a barrier was answered since and made room.
    due: BTreeSet<Name>,
    asked: VecDeque<Asked>,
    last: u64,
    /// The request whose snapshot is being sent. It ends before the next request is answered.
    snapshot: Option<Asked>,
    /// Whether the server ignored a request, and no barrier was answered since.
    was_silent: bool,
}

/// A request, by its number.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    number: u64,
    pub(super) name: Name,
}

impl Server for Peer {
    const PROTOCOL: Protocol = Protocol::V1;
    const VIEWS: [&'static str; 5] = ["R/list", "R/top", "R/state", "S/list", "X/list"];

    fn cut(query: &mut Query, number: usize) {
        query.window = window(number);
    }

    fn step(play: &mut Play<Self>, letter: u8, bytes: &mut Bytes<'_>) {
        let now = play.now;
        match letter {
            b'a' => play.answer(),
            b'i' => {
                let issue = issue("snapshot-limit-exceeded", None, false);
                if let Some(asked) = play.server.snapshot() {
                    play.session.handle_message(Incoming::Issue(issue), now);
                    play.server.decline(asked);
                }
            }
            b'n' => {
                let key = bytes.pick(&[None, Some("a"), Some("b"), Some("z")]);
                frame(&mut play.session, live(bytes.pick(&Self::VIEWS), key), now);
            }
            b'r' => play.refuse(bytes.pick(&[None, Some(0), Some(3), Some(u64::MAX)])),
            b's' => {
                let ended = play.server.snapshot();
                let view = ended.map_or(String::new(), |asked| asked.name.0);
                frame(&mut play.session, batch(&view, true), now);
            }
            _ => {}
        }
    }

    fn hear(&mut self, request: Request) {
        match request {
            Request::Subscribe(subscribe) => self.subscribe(subscribe),
            Request::Unsubscribe { view, key } => self.unsubscribe(view, key),
            Request::Query { .. } | Request::EndQuery { .. } => {
                panic!("{request:?} to a v1 server")
            }
            _ => {}
        }
    }

    /// Drops the queries that only linger.
    fn clear_refusal(&mut self, query: &Query, target: &Target, readers: &mut Readers) {
        self.forgive(&name(&query.view, target));
        readers.drop_idle(&query.view);
    }

    /// Checks that exactly the wanted subscriptions exist.
    fn check(&mut self, readers: &Readers) {
        let wanted = readers.subscriptions();
        for names in [&mut self.refused, &mut self.declined, &mut self.due] {
            names.retain(|name| wanted.contains(name));
        }
        for name in &wanted {
            let is_refused = self.refused.contains(name) || self.declined.contains(name);
            let is_had = is_refused || self.standing.contains_key(name);
            assert!(is_had, "{name:?} is wanted and not subscribed");
            assert!(!self.due.contains(name), "{name:?} is not asked again");
        }
        let rest = self
            .standing
            .keys()
            .find(|name| !is_barrier(name) && !wanted.contains(*name));
        assert_eq!(rest, None, "no query wants it");
    }
}

impl Play<Peer> {
    /// Answers the next request, if the server has the view. That starts the subscription, unless it has
    /// ended since or is about to end.
    fn answer(&mut self) {
        if *self.session.link() != Link::Open {
            return;
        }
        let Some(asked) = self.server.next() else {
            return;
        };
        let (view, key) = &asked.name;
        if is_unknown(view) {
            return;
        }
        self.instructions();
        let sort = Sort {
            path: vec!["_seq".to_owned()],
            direction: Direction::Descending,
        };
        let subscribed = Frame::Subscribed {
            view: view.into(),
            sort: Some(sort),
            unreadable_sort: None,
            ack: None,
        };
        frame(&mut self.session, subscribed, self.now);
        self.server.answered(&asked);
        let begun: Vec<_> = self.instructions();
        let begun = begun.into_iter().filter_map(|it| match it.step {
            Step::Begin { target, .. } => Some(name(&self.sources[&it.source?].view, &target)),
            _ => None,
        });
        let begun: Vec<_> = begun.collect();
        if !begun.is_empty() {
            assert_eq!(begun, [(view.clone(), key.clone())]);
            assert!(self.server.stands(&asked), "{asked:?} has ended");
        }
    }

    /// Refuses the next request because of the subscription limit.
    fn refuse(&mut self, retry_after: Option<u64>) {
        if *self.session.link() != Link::Open || self.server.was_silent() {
            return;
        }
        if let Some(asked) = self.server.next() {
            self.server.refuse(asked);
            let issue = issue("subscription-limit-exceeded", retry_after, false);
            let issue = Incoming::Issue(issue);
            self.session.handle_message(issue, self.now);
        }
    }
}

impl Peer {
    /// A second subscribe ends the first subscription, or would send every change twice.
    pub(super) fn subscribe(&mut self, subscribe: Subscribe) {
        let name = (subscribe.view, subscribe.key);
        assert_ne!(name.1.as_deref(), Some("*"), "all rows by a key");
        assert!(!self.standing.contains_key(&name), "{name:?} twice");
        if is_barrier(&name) {
            assert_eq!(subscribe.with_snapshot, Some(false));
        } else {
            let mut others = self.standing.keys().filter(|other| !is_barrier(other));
            let overlaps =
                |other: &Name| other.0 == name.0 && other.1.is_none() != name.1.is_none();
            assert!(
                !others.any(overlaps),
                "{name:?} beside the whole view or a row"
            );
        }
        self.forgive(&name);
        self.last += 1;
        self.standing.insert(name.clone(), self.last);
        let number = self.last;
        self.asked.push_back(Asked { number, name });
    }

    /// A refused subscription does not exist; the server accepts its unsubscribe.
    pub(super) fn unsubscribe(&mut self, view: String, key: Option<String>) {
        self.standing.remove(&(view, key));
    }

    /// Returns the request that is answered next. The server ignores requests for unknown views.
    pub(super) fn next(&mut self) -> Option<Asked> {
        let asked = self.asked.pop_front()?;
        let (view, _) = &asked.name;
        let is_sent = !is_unknown(view) && !is_barrier(&asked.name);
        self.snapshot = is_sent.then(|| asked.clone());
        self.was_silent = is_unknown(view) || self.was_silent && !is_barrier(&asked.name);
        Some(asked)
    }

    /// Whether a session cannot know which request was refused, because the server ignored an earlier one.
    pub(super) fn was_silent(&self) -> bool {
        self.was_silent
            || self
                .asked
                .front()
                .is_some_and(|asked| is_unknown(&asked.name.0))
    }

    /// Completes or refuses the snapshot that is being sent.
    pub(super) fn snapshot(&mut self) -> Option<Asked> {
        self.snapshot.take()
    }

    /// Notes that a request was answered.
    pub(super) fn answered(&mut self, asked: &Asked) {
        if is_barrier(&asked.name) {
            self.due = self.refused.clone();
        }
    }

    pub(super) fn stands(&self, asked: &Asked) -> bool {
        self.standing.get(&asked.name) == Some(&asked.number)
    }

    /// Refuses a subscription because of the subscription limit.
    pub(super) fn refuse(&mut self, asked: Asked) {
        self.snapshot = None;
        if self.stands(&asked) {
            self.standing.remove(&asked.name);
            self.refused.insert(asked.name);
        }
    }

    /// Refuses a subscription because of the row limit.
    pub(super) fn decline(&mut self, asked: Asked) {
        if self.stands(&asked) {
            self.standing.remove(&asked.name);
            self.declined.insert(asked.name);
        }
    }

    /// Notes that refused subscriptions must be requested again.
    pub(super) fn forgive(&mut self, name: &Name) {
        for names in [&mut self.refused, &mut self.declined, &mut self.due] {
            names.remove(name);
        }
    }
}

/// Whether the server lacks the view's entity.
pub(super) fn is_unknown(view: &str) -> bool {
    view.starts_with('X')
}

fn is_barrier((_, key): &Name) -> bool {
    key.as_ref()
        .is_some_and(|key| key.starts_with("hyperstack-sdk:barrier:"))
}

fn name(view: &str, target: &Target) -> Name {
    (view.to_owned(), target.key().map(|key| key.to_string()))
}

fn frame(session: &mut Session, frame: Frame<'_>, now: Time) {
    session.handle_message(Incoming::Frame(frame), now);
}
