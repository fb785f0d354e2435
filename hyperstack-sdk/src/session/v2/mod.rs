//! Protocol v2, as Arete servers speak it.
//!
//! Each distinct query has its own source and subscription, and the server applies key, filters and window. If the peer
//! serves whole views only, all queries for rows of a view share one source, and the client applies filters and windows.
//!
//! The id of a subscription is used once, so a frame with an unknown id is left over from an ended subscription. See
//! [`version`] for the order of a row's changes, [`sort`] for the order of rows, and [`silence`] for subscriptions that
//! the server ends without a message.

mod silence;
mod sort;
mod version;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

pub(crate) use sort::rank;
pub(crate) use version::{Guard, Version};

use super::coverage::Coverage;
use super::generation::{Generation, Instructions};
use super::instruction::{
    Absent, Instruction, RemovalCause, Route, SourceId, SourceIds, Step, Subscribed,
};
use super::query::{Filters, Query, Target};
use super::timer::Time;
use super::wants::Wants;
use super::window::Window;
use silence::{Action, Silence, MOST_PROBES};
use version::stamps;

use crate::wire::{self, Ack, Frame, FrameError, Issue, Protocol, Request, Seq};

/// The queries that are read, and the subscriptions of the current connection.
#[derive(Debug)]
pub(super) struct V2 {
    sources: BTreeMap<Query, Source>,
    /// By the id of the subscription.
    subscriptions: HashMap<u64, Subscription>,
    /// The probed subscription of each open probe.
    probes: HashMap<u64, u64>,
    /// Smaller ids belong to subscriptions from before a switch to v1 and back.
    first_id: u64,
    last_id: u64,
    outbox: VecDeque<Request>,
    /// Whether the server ended a subscription, so that it may accept one that was over the limit.
    freed: bool,
    coverage: Coverage,
    /// The `take` of queries that have none.
    row_limit: Option<u64>,
}

/// The source of one query.
#[derive(Debug)]
struct Source {
    id: SourceId,
    status: Status,
    /// Whether its rows were ever complete, so that the next snapshot is a resync.
    was_complete: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// There is no subscription.
    Absent,
    /// Requested under this id, and not rejected.
    Standing(u64),
    /// Rejected because of a limit on subscriptions. It is requested again when another one ends, or after the time that
    /// the server named.
    OverLimit,
    /// Rejected because of its content. It is not requested again while it is wanted.
    Rejected,
}

#[derive(Debug)]
struct Subscription {
    query: Query,
    source: SourceId,
    snapshot: Snapshot,
    /// The greatest number of rows, if it is limited: a row that leaves may then have a successor. The server says so of
    /// limits that views declare.
    limit: Option<u64>,
    /// The number of rows in its latest snapshot.
    rows: u64,
    silence: Silence,
}

/// The progress of a subscription's snapshots.
#[derive(Debug, PartialEq, Eq)]
enum Snapshot {
    /// The subscription is not acknowledged.
    Requested,
    /// The first one is not complete.
    First,
    /// A later one, which the server sends unasked, is not complete.
    Again,
    Complete,
}

impl Generation for V2 {
    fn want(
        &mut self,
        query: &Query,
        _: &mut Wants,
        ids: &mut SourceIds,
        instructions: &mut Instructions,
    ) -> Route {
        let (served, local) = self.split(query);
        let source = self.sources.entry(served.clone());
        let source = source.or_insert_with(|| Source {
            id: ids.allocate(),
            status: Status::Absent,
            was_complete: false,
        });
        if matches!(source.status, Status::OverLimit | Status::Rejected) {
            source.status = Status::Absent;
            let step = Step::ClearRefusal(served.target.clone());
            instructions.push_back(source.id.instruct(step));
        }
        route(source, query, local, self.coverage)
    }

    fn sources(&self) -> Vec<SourceId> {
        self.sources.values().map(|source| source.id).collect()
    }

    fn sources_of(&self, view: &str) -> Vec<SourceId> {
        let whole = Query::part(view.into(), Window::default(), Vec::new());
        let from = self.sources.range(whole..);
        let of_view = from.take_while(|(query, _)| *query.view == *view);
        of_view.map(|(_, source)| source.id).collect()
    }

    fn subscribed(&self, wants: &Wants) -> Vec<Subscribed> {
        let mut subscribed: BTreeMap<&Query, Subscribed> = BTreeMap::new();
        for (query, source) in &self.sources {
            let it = Subscribed {
                source: source.id,
                view: query.view.clone(),
                keys: query.target.key().cloned().into_iter().collect(),
                window: query.window,
                filters: query.filters.clone(),
                readers: 0,
                limit: match source.status {
                    Status::Standing(id) => self.subscriptions.get(&id).and_then(|it| it.limit),
                    _ => None,
                },
            };
            subscribed.insert(query, it);
        }
        let views: BTreeSet<&Arc<str>> = self.sources.keys().map(|query| &query.view).collect();
        for (query, readers) in views.into_iter().flat_map(|view| wants.demand(view)) {
            if let Some(source) = subscribed.get_mut(&self.split(query).0) {
                source.readers += readers;
            }
        }
        subscribed.into_values().collect()
    }

    fn source_of(&self, request: &Request) -> Option<(SourceId, Arc<str>)> {
        let Request::Query { id, .. } = request else {
            return None;
        };
        let id: u64 = id.parse().ok()?;
        let subscription = self.subscriptions.get(&id)?;
        Some((subscription.source, subscription.query.view.clone()))
    }

    fn route(&self, query: &Query) -> Option<Route> {
        let (served, local) = self.split(query);
        let source = self.sources.get(&served)?;
        Some(route(source, query, local, self.coverage))
    }

    fn handle_expired(
        &mut self,
        expired: BTreeSet<Arc<str>>,
        wants: &Wants,
        ids: &mut SourceIds,
        instructions: &mut Instructions,
    ) {
        for view in expired {
            let wanted: BTreeSet<Query> = wants.queries(&view).map(|it| self.split(it).0).collect();
            let is_over = |query: &Query| query.view == view && !wanted.contains(query);
            let over: Vec<_> = self
                .sources
                .keys()
                .filter(|it| is_over(it))
                .cloned()
                .collect();
            for query in over {
                if let Some(source) = self.sources.remove(&query) {
                    self.end(source.status);
                    ids.release(source.id);
                    instructions.push_back(source.id.instruct(Step::Free));
                }
            }
        }
    }

    fn resync(&mut self, source: SourceId, wants: &mut Wants) {
        let mut sources = self.sources.iter_mut();
        if let Some((query, source)) = sources.find(|(_, it)| it.id == source) {
            let subscription = match source.status {
                Status::Standing(id) => self.subscriptions.get(&id),
                _ => None,
            };
            if subscription.is_some_and(|it| it.snapshot == Snapshot::Requested) {
                return;
            }
            let status = std::mem::replace(&mut source.status, Status::Absent);
            wants.mark_changed(&query.view);
            self.end(status);
        }
    }

    /// Lists do not resume: a v2 server applies `after` as a filter as long as the subscription lives.
    fn set_cursors(&mut self, _: &dyn Fn(SourceId) -> Option<Seq>) {}

    fn handle_open(&mut self, wants: &mut Wants) {
        self.subscriptions.clear();
        self.probes.clear();
        self.outbox.clear();
        for source in self.sources.values_mut() {
            source.status = Status::Absent;
        }
        wants.mark_all_changed();
    }

    fn handle_frame<'m>(
        &mut self,
        id: Option<Cow<'m, str>>,
        frame: Frame<'m>,
        heard_at: Option<Time>,
        _: &mut Wants,
        instructions: &mut Instructions,
    ) -> Option<Instruction<'m>> {
        let id: u64 = id?.parse().ok()?;
        if id < self.first_id && matches!(frame, Frame::Subscribed { .. }) {
            self.outbox.push_back(end_query(id));
        }
        if let Frame::Unsubscribed = frame {
            self.probes.remove(&id);
            return None;
        }
        let Some(subscription) = self.subscriptions.get_mut(&id) else {
            self.handle_probed(id, &frame, heard_at);
            return None;
        };
        subscription.silence = Silence::after(heard_at);
        let source = subscription.source;
        let is_complete = subscription.snapshot == Snapshot::Complete;
        let hold = subscription.limit.is_some();
        let step = match frame {
            Frame::Subscribed { sort, ack, .. } => {
                let ack = ack.unwrap_or_default();
                self.accept(id, ack, sort, instructions);
                return None;
            }
            Frame::Snapshot {
                rows,
                malformed,
                complete,
                authoritative,
                ..
            } => {
                let restarts = is_complete;
                if restarts {
                    subscription.snapshot = Snapshot::Again;
                    subscription.rows = 0;
                }
                subscription.rows += (rows.len() + malformed.len()) as u64;
                if complete {
                    subscription.snapshot = Snapshot::Complete;
                    let step = Step::Complete {
                        target: subscription.query.target.clone(),
                        absent: if authoritative.unwrap_or(true) {
                            Absent::Remove
                        } else {
                            Absent::Keep
                        },
                    };
                    instructions.push_back(source.instruct(step));
                    if let Some(source) = self.sources.get_mut(&subscription.query) {
                        source.was_complete = true;
                    }
                }
                Step::Snapshot {
                    rows,
                    malformed,
                    restarts,
                }
            }
            // A change before the snapshot is in the snapshot.
            _ if matches!(subscription.snapshot, Snapshot::Requested | Snapshot::First) => {
                return None
            }
            Frame::Upsert { row, .. } => Step::Upsert(row),
            Frame::Patch {
                row, append, seq, ..
            } => Step::Patch { row, append, seq },
            Frame::Delete { key, .. } => Step::Remove {
                key,
                cause: RemovalCause::Deleted,
                hold,
            },
            Frame::Remove { key, .. } => Step::Remove {
                key,
                cause: RemovalCause::NotInResult,
                hold,
            },
            Frame::Unsubscribed => return None,
        };
        Some(source.instruct(step))
    }

    fn handle_undecodable(&self, error: &FrameError, instructions: &mut Instructions) {
        for (query, source) in &self.sources {
            if error
                .view()
                .is_none_or(|view| *view == *message(query, self.coverage).view)
            {
                let step = Step::Undecodable(error.clone());
                instructions.push_back(source.id.instruct(step));
            }
        }
    }

    /// An error with an id concerns the subscription that has it, and no other.
    fn handle_issue(&mut self, issue: &Issue, wants: &mut Wants, instructions: &mut Instructions) {
        let id = issue.subscription.as_ref().and_then(|id| id.parse().ok());
        if issue.code.as_str() == "unknown-subscription-id" {
            // The server rejected the probe, so its unsubscribe names an unknown id.
            id.and_then(|id| self.probes.remove(&id));
        }
        let Some(subscription) = id.and_then(|id: u64| self.subscriptions.remove(&id)) else {
            return;
        };
        let Some(source) = self.sources.get_mut(&subscription.query) else {
            return;
        };
        let mut instruct = |step| instructions.push_back(subscription.source.instruct(step));
        match issue.code.as_str() {
            // The subscription is dead, but the server keeps its id until it is unsubscribed.
            "subscription-lagged" | "subscription-rescoped" => {
                self.outbox.extend(id.map(end_query));
                source.status = Status::Absent;
                wants.mark_changed(&subscription.query.view);
            }
            _ if issue.is_unknown_view() => {
                source.status = Status::Rejected;
                instruct(Step::UnknownView);
            }
            _ => {
                source.status = if issue.is_temporary() {
                    Status::OverLimit
                } else {
                    Status::Rejected
                };
                instruct(Step::Refused {
                    target: subscription.query.target.clone(),
                    issue: issue.clone(),
                });
            }
        }
    }

    fn retry_refused(&mut self) {
        self.freed = true;
    }

    fn restart_stale(&mut self, limit: Duration, now: Time, wants: &mut Wants) {
        let mut stale = Vec::new();
        for (query, source) in &mut self.sources {
            let Status::Standing(id) = source.status else {
                continue;
            };
            let subscription = self.subscriptions.get_mut(&id);
            if subscription.is_some_and(|it| it.silence.lasts(now) >= limit) {
                stale.push(std::mem::replace(&mut source.status, Status::Absent));
                wants.mark_changed(&query.view);
            }
        }
        stale.into_iter().for_each(|status| self.end(status));
    }

    fn check_silent(
        &mut self,
        limit: Duration,
        now: Time,
        wants: &mut Wants,
        instructions: &mut Instructions,
    ) {
        let (mut dead, mut due) = (Vec::new(), Vec::new());
        for (query, source) in &mut self.sources {
            let Status::Standing(id) = source.status else {
                continue;
            };
            let Some(subscription) = self.subscriptions.get_mut(&id) else {
                continue;
            };
            match subscription.silence.check(limit, now) {
                Action::Restart => {
                    dead.push(std::mem::replace(&mut source.status, Status::Absent));
                    wants.mark_changed(&query.view);
                }
                Action::Probe(since) if subscription.may_end_silently() => {
                    due.push((since, id, source.id));
                }
                Action::Probe(_) | Action::Nothing => {}
            }
        }
        dead.into_iter().for_each(|status| self.end(status));
        due.sort_unstable();
        for (_, id, source) in due.into_iter().take(MOST_PROBES) {
            if let Some(subscription) = self.subscriptions.get_mut(&id) {
                subscription.silence.note_due(now);
            }
            instructions.push_back(source.instruct(Step::Probe));
        }
    }

    /// Sends the unsubscribe together with the request, so that the probe does not use up the server's subscription
    /// limit.
    fn probe(&mut self, source: SourceId, newest: Option<Seq>) {
        let mut sources = self.sources.values();
        let Some(Status::Standing(id)) = sources.find(|it| it.id == source).map(|it| it.status)
        else {
            return;
        };
        let Some(subscription) = self.subscriptions.get_mut(&id) else {
            return;
        };
        self.last_id += 1;
        let probe = self.last_id;
        subscription.silence.note_probe(probe);
        self.probes.insert(probe, id);
        self.outbox.push_back(Request::Query {
            id: probe.to_string(),
            query: wire::Query {
                after: newest.map(|newest| newest.to_string()),
                take: Some(1),
                ..message(&subscription.query, self.coverage)
            },
            snapshot: true,
        });
        self.outbox.push_back(end_query(probe));
    }

    fn is_probe(&self, id: &str) -> bool {
        id.parse()
            .is_ok_and(|id: u64| self.probes.contains_key(&id))
    }

    fn reconcile(&mut self, wants: &mut Wants) {
        let mut changed = wants.take_changed();
        if std::mem::take(&mut self.freed) {
            for (query, source) in &mut self.sources {
                if source.status == Status::OverLimit {
                    source.status = Status::Absent;
                    changed.insert(query.view.clone());
                }
            }
        }
        for view in changed {
            for query in wants.queries(&view) {
                self.request(self.split(query).0);
            }
        }
    }

    fn poll_request(&mut self) -> Option<Request> {
        self.outbox.pop_front()
    }
}

impl V2 {
    /// Creates the generation without queries. `switches` counts the session's earlier changes of generation.
    /// `row_limit` is the `take` of queries that have none, unless the peer serves whole views only.
    pub(super) fn new(switches: u32, coverage: Coverage, row_limit: Option<u64>) -> Self {
        let first_id = u64::from(switches) << 32;
        V2 {
            sources: BTreeMap::new(),
            subscriptions: HashMap::new(),
            probes: HashMap::new(),
            first_id,
            last_id: first_id,
            outbox: VecDeque::new(),
            freed: false,
            coverage,
            row_limit,
        }
    }

    /// Subscribes a query, unless it is subscribed or rejected.
    fn request(&mut self, query: Query) {
        let Some(source) = self.sources.get_mut(&query) else {
            return;
        };
        if source.status != Status::Absent {
            return;
        }
        self.last_id += 1;
        source.status = Status::Standing(self.last_id);
        self.outbox.push_back(Request::Query {
            id: self.last_id.to_string(),
            query: message(&query, self.coverage),
            snapshot: true,
        });
        let subscription = Subscription {
            query,
            source: source.id,
            snapshot: Snapshot::Requested,
            limit: None,
            rows: 0,
            silence: Silence::default(),
        };
        self.subscriptions.insert(self.last_id, subscription);
    }

    /// Handles a frame without a subscription. If it answers a probe and has a row with a position, the probed
    /// subscription has missed that row.
    fn handle_probed(&mut self, id: u64, frame: &Frame<'_>, heard_at: Option<Time>) {
        let Some(probed) = self.probes.get(&id) else {
            return;
        };
        let Frame::Snapshot { rows, .. } = frame else {
            return;
        };
        let has_position = |row: &wire::Row<'_>| stamps(row.data).0.is_some();
        if let Some(subscription) = self.subscriptions.get_mut(probed) {
            if rows.iter().any(has_position) {
                subscription.silence.note_missed(id, heard_at);
            }
        }
    }

    /// The server accepted a subscription.
    fn accept(
        &mut self,
        id: u64,
        ack: Ack,
        sort: Option<wire::Sort>,
        instructions: &mut Instructions,
    ) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else {
            return;
        };
        let Some(source) = self.sources.get_mut(&subscription.query) else {
            return;
        };
        subscription.limit = ack.limit;
        subscription.snapshot = Snapshot::First;
        let is_tape = ack.replay_window.is_some();
        let step = if is_tape {
            source.status = Status::Rejected;
            self.outbox.push_back(end_query(id));
            Step::NoRows
        } else {
            Step::Begin {
                target: subscription.query.target.clone(),
                window: Window::default(),
                sort,
                resync: source.was_complete,
                protocol: Protocol::V2,
                whole_entities: ack.whole_entities,
                positions: true,
                rolls_back: self.coverage == Coverage::WholeViews,
                limits_rows: subscription.query.window.take.is_none(),
            }
        };
        instructions.push_back(source.id.instruct(step));
        if is_tape {
            self.subscriptions.remove(&id);
        }
    }

    /// Splits a query as [`split`] does, and adds the row limit as the `take` of the server's part. If the peer serves
    /// whole views only, all of the window is the client's.
    fn split(&self, query: &Query) -> (Query, Window) {
        if self.coverage == Coverage::WholeViews {
            let whole = Query {
                window: Window::default(),
                filters: Filters::new(),
                ..query.clone()
            };
            return (whole, query.window);
        }
        let (mut served, local) = split(query);
        if local == Window::default() && served.target == Target::All {
            served.window.take = served.window.take.or(self.row_limit);
        }
        (served, local)
    }

    /// Ends a subscription.
    fn end(&mut self, status: Status) {
        if let Status::Standing(id) = status {
            self.subscriptions.remove(&id);
            self.outbox.push_back(end_query(id));
        }
    }
}

impl Subscription {
    /// Whether the server may end the subscription without a message, and a probe can tell: see [`silence`].
    fn may_end_silently(&self) -> bool {
        let window = self.query.window;
        let may_grow = match window.take {
            // Unless it is full, a list's window has all rows. A derived view may have a limit of its own.
            Some(take) => self.query.view.ends_with("/list") && self.rows < take,
            None => self.limit.is_none(),
        };
        let is_complete = self.snapshot == Snapshot::Complete;
        self.query.target == Target::All && window.skip == 0 && may_grow && is_complete
    }
}

fn route(source: &Source, query: &Query, local: Window, coverage: Coverage) -> Route {
    Route {
        source: source.id,
        needed: Window::default(),
        local,
        filters_locally: coverage == Coverage::WholeViews || is_filtered_here(query),
    }
}

fn end_query(id: u64) -> Request {
    Request::EndQuery { id: id.to_string() }
}

/// Splits a query into the server's part and the window that the client applies. The server's `after` stays a filter
/// and hides deletes, so the client applies the options for the initial rows, and then also the window.
fn split(query: &Query) -> (Query, Window) {
    let Window {
        skip,
        take,
        no_snapshot,
        after,
        snapshot_limit,
        ..
    } = query.window;
    let has_options = no_snapshot || after.is_some() || snapshot_limit.is_some();
    // The server rejects a window of no rows.
    let is_local = has_options || is_filtered_here(query) || take == Some(0);
    let (served, local) = if is_local {
        (Window::default(), query.window)
    } else {
        let served = Window {
            skip,
            take,
            ..Window::default()
        };
        (served, Window::default())
    };
    let served = Query {
        window: served,
        ..query.clone()
    };
    (served, local)
}

/// Whether the client filters, because the server would compare a value differently.
fn is_filtered_here(query: &Query) -> bool {
    query.window.filtered && query.filters.is_empty()
}

/// The query for the server. One row of an entity is read from its `state` view, unless the peer serves whole views only.
fn message(query: &Query, coverage: Coverage) -> wire::Query {
    let entity = query.view.strip_suffix("/list");
    let view = match (entity, &query.target, coverage) {
        (Some(entity), Target::Key(_), Coverage::Queries) => format!("{entity}/state"),
        _ => query.view.to_string(),
    };
    wire::Query {
        view,
        key: query.target.key().map(|key| key.to_string()),
        filters: query.filters.clone(),
        skip: Some(query.window.skip).filter(|skip| *skip > 0),
        take: query.window.take,
        ..wire::Query::default()
    }
}
