//! A model of the subscriptions of a v2 server: the ids in use and their queries.

use super::readers::Readers;
use super::server::Server;
use super::{batch, live, window, Bytes, Play};
use hyperstack_sdk::session::{Instruction, Link, Query, Step, Target, Window};
use hyperstack_sdk::wire::{Ack, Frame, Incoming, Protocol, ReplayWindow, Request};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One connection's subscriptions.
#[derive(Default)]
pub(super) struct Peer {
    /// Every id so far.
    used: Vec<String>,
    /// The ids that the client has ended.
    ended: BTreeSet<String>,
    /// The subscriptions that the client has not ended, by id.
    active: BTreeMap<String, Active>,
    /// Requests without an answer so far.
    asked: VecDeque<Asked>,
    /// The queries that were over the limit.
    over_limit: BTreeSet<String>,
    /// The queries over the limit that must be requested again, because a subscription has ended since.
    due: BTreeSet<String>,
    /// The queries that were rejected. They stay so until another reader comes.
    rejected: BTreeSet<String>,
}

/// A subscription.
#[derive(Debug, Clone)]
struct Active {
    /// The query, as JSON.
    query: String,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum State {
    Asked,
    Accepted,
    /// Its snapshot is complete.
    Complete,
    /// A snapshot that the client did not request is being sent.
    Again,
    /// The server ended it. Its id stays taken until the client ends it too.
    Dead,
}

#[derive(Debug, Clone)]
enum Asked {
    Subscribe(String),
    Unsubscribe(String),
}

impl Server for Peer {
    const PROTOCOL: Protocol = Protocol::V2;
    // A row of a list is subscribed as a row of the state view.
    const VIEWS: [&'static str; 5] = ["R/list", "R/top", "R/low", "S/list", "X/list"];

    fn cut(query: &mut Query, number: usize) {
        query.window = window(number);
        match number / 8 % 3 {
            1 => {
                query.window.filtered = true;
                query.filters = vec![("a".to_owned(), "1".to_owned())];
            }
            2 => query.window.take = Some(0),
            _ => {}
        }
    }

    fn step(play: &mut Play<Self>, letter: u8, bytes: &mut Bytes<'_>) {
        if *play.session.link() != Link::Open {
            return;
        }
        match letter {
            b'a' => play.answer(Answer::Accepted),
            b'g' => play.answer(Answer::Tape),
            b'i' => play.answer(Answer::Rejected),
            b'r' => {
                let retry_after = bytes.pick(&[None, Some(0), Some(3), Some(u64::MAX)]);
                play.answer(Answer::OverLimit(retry_after));
            }
            b'b' => {
                let code = bytes.pick(&["subscription-lagged", "subscription-rescoped"]);
                play.end(bytes.next(), code);
            }
            b'n' => {
                let key = bytes.pick(&[None, Some("a"), Some("b"), Some("z")]);
                play.send(bytes.next(), live("R/list", key));
            }
            b's' => play.send(bytes.next(), batch("R/list", true)),
            _ => {}
        }
    }

    fn hear(&mut self, request: Request) {
        match request {
            Request::Query {
                id,
                query,
                snapshot,
            } => {
                assert!(snapshot, "a query without a snapshot");
                assert!(!self.used.contains(&id), "{id} twice on one connection");
                self.used.push(id.clone());
                let query = serde_json::to_string(&query).expect("json");
                for queries in [&mut self.over_limit, &mut self.due, &mut self.rejected] {
                    queries.remove(&query);
                }
                let state = State::Asked;
                self.active.insert(id.clone(), Active { query, state });
                self.asked.push_back(Asked::Subscribe(id));
            }
            Request::EndQuery { id } => {
                assert!(self.used.contains(&id), "{id} was never subscribed");
                assert!(self.ended.insert(id.clone()), "{id} is ended twice");
                // The client may end a subscription before it gets the refusal.
                self.active.remove(&id);
                self.asked.push_back(Asked::Unsubscribe(id));
            }
            Request::Subscribe(_) | Request::Unsubscribe { .. } => {
                panic!("{request:?} to a v2 server")
            }
            _ => {}
        }
    }

    fn clear_refusal(&mut self, query: &Query, target: &Target, _: &mut Readers) {
        let target = target.clone();
        let query = served(&Query {
            target,
            ..query.clone()
        });
        for queries in [&mut self.over_limit, &mut self.due, &mut self.rejected] {
            queries.remove(&query);
        }
    }

    fn check(&mut self, readers: &Readers) {
        let wanted: BTreeSet<_> = readers.queries().map(served).collect();
        for queries in [&mut self.over_limit, &mut self.due, &mut self.rejected] {
            queries.retain(|query| wanted.contains(query));
        }
        for query in &wanted {
            let subscribed = self.active.values().filter(|it| it.query == *query).count();
            let is_refused = self.over_limit.contains(query) || self.rejected.contains(query);
            let expected = usize::from(!is_refused);
            assert_eq!(subscribed, expected, "subscriptions of {query}");
            assert!(!self.due.contains(query), "{query} is not requested again");
        }
        for (id, active) in &self.active {
            assert!(wanted.contains(&active.query), "{id} is not wanted");
            assert_ne!(active.state, State::Dead, "{id} is dead and not ended");
        }
    }
}

/// How the server answers a subscribe.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    Accepted,
    /// The view has no rows.
    Tape,
    /// The snapshot would have too many rows.
    Rejected,
    /// There are too many subscriptions.
    OverLimit(Option<u64>),
}

impl Play<Peer> {
    /// Answers the next request.
    fn answer(&mut self, answer: Answer) {
        let id = match self.server.asked.pop_front() {
            None => return,
            Some(Asked::Unsubscribe(id)) => {
                self.server.due = self.server.over_limit.clone();
                return self.ignored(id, Frame::Unsubscribed);
            }
            Some(Asked::Subscribe(id)) => id,
        };
        let Some(active) = self.server.active.get_mut(&id) else {
            // The client has unsubscribed since.
            let ack = Frame::Subscribed {
                view: "R/list".into(),
                sort: None,
                unreadable_sort: None,
                ack: None,
            };
            return self.ignored(id, ack);
        };
        let is_unknown = active.query.contains(r#""view":"X/"#);
        let ack = |is_tape: bool| Frame::Subscribed {
            view: "R/list".into(),
            sort: None,
            unreadable_sort: None,
            ack: Some(Ack {
                whole_entities: true,
                replay_window: is_tape.then(|| ReplayWindow {
                    epoch: "e".to_owned(),
                    earliest: 0,
                    next: 0,
                    gap_after: None,
                }),
                limit: None,
            }),
        };
        let query = active.query.clone();
        let (message, expected) = match answer {
            Answer::OverLimit(retry_after) => {
                self.server.active.remove(&id);
                self.server.over_limit.insert(query.clone());
                let code = "subscription-limit-exceeded";
                (error(&id, code, "", retry_after, false), "Refused")
            }
            _ if is_unknown => {
                self.server.active.remove(&id);
                self.server.rejected.insert(query.clone());
                let code = "subscription-rejected";
                (
                    error(&id, code, "unknown view: X", None, false),
                    "UnknownView",
                )
            }
            Answer::Rejected => {
                self.server.active.remove(&id);
                self.server.rejected.insert(query.clone());
                let code = "subscription-rejected";
                (
                    error(&id, code, "Snapshot limit exceeded", None, false),
                    "Refused",
                )
            }
            Answer::Tape => {
                // The client must unsubscribe.
                active.state = State::Accepted;
                self.server.rejected.insert(query.clone());
                (routed(&id, ack(true)), "NoRows")
            }
            Answer::Accepted => {
                active.state = State::Accepted;
                (routed(&id, ack(false)), "Begin")
            }
        };
        self.instructions();
        let returned = self.session.handle_message(message, self.now);
        assert_eq!(returned, None);
        let steps = self.instructions();
        let name = format!("{steps:?}");
        // A session that is about to end the subscription may ignore its answer.
        if steps.is_empty() {
            let ended = self.polled_without(&id);
            return assert!(ended, "{id} got {answer:?} in vain");
        }
        assert!(steps.len() == 1 && name.contains(expected), "{name}");
        self.concerns(&steps[0], &query);
    }

    /// Sends a frame for some id, in use or not.
    fn send(&mut self, which: usize, frame: Frame<'_>) {
        let unknown = "999".to_owned();
        let ids = self.server.used.len() + 1;
        let id = self
            .server
            .used
            .get(which % ids)
            .unwrap_or(&unknown)
            .clone();
        let active = self.server.active.get_mut(&id);
        let is_snapshot = matches!(frame, Frame::Snapshot { .. });
        let is_last = matches!(frame, Frame::Snapshot { complete: true, .. });
        let Some(active) = active.filter(|it| it.state != State::Dead) else {
            return self.ignored(id, frame);
        };
        match active.state {
            // Nothing comes before the answer.
            State::Asked => return,
            State::Accepted if !is_snapshot => return self.ignored(id, frame),
            _ => {}
        }
        let is_first = is_snapshot && active.state == State::Complete;
        active.state = match (is_snapshot, is_last) {
            (true, true) => State::Complete,
            (true, false) if active.state != State::Accepted => State::Again,
            _ => active.state,
        };
        let query = active.query.clone();
        self.instructions();
        let message = routed(&id, frame);
        let returned = self.session.handle_message(message, self.now).map(owned);
        let steps = self.instructions();
        match returned {
            None => {
                assert!(steps.is_empty(), "{steps:?}");
                let ended = self.polled_without(&id);
                assert!(ended, "a frame of {id} is ignored");
            }
            Some(instruction) => {
                if let Step::Snapshot { restarts, .. } = instruction.step {
                    assert_eq!(restarts, is_first, "of {id}");
                }
                self.concerns(&instruction, &query);
                steps.iter().for_each(|step| self.concerns(step, &query));
                let is_complete = |it: &Instruction<'_>| matches!(it.step, Step::Complete { .. });
                assert_eq!(steps.len(), usize::from(is_last), "{steps:?}");
                assert!(steps.iter().all(is_complete), "{steps:?}");
            }
        }
    }

    /// Ends a subscription.
    fn end(&mut self, which: usize, code: &str) {
        let live = self.server.active.iter_mut();
        let live = live.filter(|(_, it)| it.state > State::Asked && it.state < State::Dead);
        let mut live: Vec<_> = live.collect();
        if live.is_empty() {
            return;
        }
        let (id, active) = live.swap_remove(which % live.len());
        active.state = State::Dead;
        let message = error(&id.clone(), code, "", None, true);
        self.session.handle_message(message, self.now);
        assert_eq!(*self.session.link(), Link::Open);
    }

    /// Sends a message for an ended subscription, which must have no effect.
    fn ignored(&mut self, id: String, frame: Frame<'_>) {
        self.instructions();
        let returned = self.session.handle_message(routed(&id, frame), self.now);
        assert_eq!(returned, None, "of {id}, which has ended");
        assert_eq!(self.instructions(), [], "of {id}, which has ended");
    }

    /// Whether the session ends a subscription with what it sends now.
    fn polled_without(&mut self, id: &str) -> bool {
        self.poll();
        !self.server.active.contains_key(id)
    }

    /// Checks that an instruction is for the source of this query.
    fn concerns(&self, instruction: &Instruction<'_>, query: &str) {
        let source = instruction.source.expect("a source");
        let of = served(&self.sources[&source]);
        assert_eq!(of, query, "{instruction:?}");
    }
}

/// Returns the JSON of the query that the server gets for a wanted query. It lacks cursors, which would
/// filter forever, filters that the server compares otherwise, and empty windows.
fn served(query: &Query) -> String {
    let window = query.window;
    let has_options =
        window.no_snapshot || window.after.is_some() || window.snapshot_limit.is_some();
    let is_filtered_here = window.filtered && query.filters.is_empty();
    let is_local = has_options || is_filtered_here || window.take == Some(0);
    let Window { skip, take, .. } = if is_local { Window::default() } else { window };
    let mut served = hyperstack_sdk::wire::Query::default();
    served.view = match (query.view.strip_suffix("/list"), &query.target) {
        (Some(entity), Target::Key(_)) => format!("{entity}/state"),
        _ => query.view.to_string(),
    };
    served.key = query.target.key().map(|key| key.to_string());
    served.filters = query.filters.clone();
    served.skip = (skip > 0).then_some(skip);
    served.take = take;
    serde_json::to_string(&served).expect("json")
}

fn routed<'a>(id: &str, frame: Frame<'a>) -> Incoming<'a> {
    let id = id.to_owned().into();
    Incoming::Routed { id, frame }
}

fn owned(instruction: Instruction<'_>) -> Instruction<'static> {
    let step = match instruction.step {
        Step::Snapshot { restarts, .. } => Step::Snapshot {
            rows: Vec::new(),
            malformed: Vec::new(),
            restarts,
        },
        // Which step it is does not matter.
        _ => Step::ReleaseHeld,
    };
    let source = instruction.source;
    Instruction { source, step }
}

/// Returns an error for one subscription.
fn error(
    id: &str,
    code: &str,
    message: &str,
    retry_after: Option<u64>,
    fatal: bool,
) -> Incoming<'static> {
    let retry_after = retry_after.map_or("null".to_owned(), |seconds| seconds.to_string());
    let text = format!(
        r#"{{"type":"error","protocolVersion":2,"subscriptionId":"{id}","error":"{code}","message":"{message}","code":"{code}","retryable":true,"retryAfter":{retry_after},"fatal":{fatal}}}"#
    );
    match Incoming::decode(text.as_bytes()) {
        Ok(Incoming::Issue(issue)) => Incoming::Issue(issue),
        other => panic!("{text} is {other:?}"),
    }
}
