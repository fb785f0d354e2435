//! A property: whatever a server does and however late a reader reads, in the end it has what the
//! server has.
//!
//! A random script changes the rows of a server, loses connections, and lets readers of every kind
//! come, read a little and go, while messages are under way in both directions. There is no socket,
//! and time goes by only where the script says so: a run is a function of its seed. More seeds than the
//! default: `SIMULATION_SEEDS=100000`; one alone: `SIMULATION_SEED=7`.

mod journal;
mod reader;
mod row;
mod script;
mod seeds;
mod server;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use serde_json::{json, Value};

use super::Offline;
use crate::session::{ConnectError, Link};
use crate::HyperStack;
use journal::Journal;
use reader::Reader;
use row::{decode, Pool};
use script::{tamed, Filter, Form, Part, Policy, Script, Source, Spec, Step, VIEWS};
use server::Server;

#[test]
fn in_the_end_everyone_has_what_the_server_has() {
    seeds::each(|runtime, script, _| runtime.block_on(run(script)));
}

/// A client, its server and what is between them.
struct World {
    offline: Offline,
    server: Server,
    /// On its way to the client.
    downlink: VecDeque<Vec<u8>>,
    /// Whether the client is being told of a delete in the list, which a new snapshot would not.
    deleting: bool,
    connected: bool,
    was_lost: bool,
    /// Rows of which the client may have refused a frame for one of its fields: the others are lost to
    /// it until they come again, mended or not.
    spoilt: BTreeSet<String>,
    readers: Vec<Reader>,
    journal: Journal,
    capacity: usize,
    quirky: bool,
}

async fn run(script: &Script) -> Result<(), String> {
    let mut world = World::new(script);
    if script.anchored {
        world.join(whole_list());
        world.settle();
    }
    for step in &script.steps {
        world.step(step).await;
    }
    world
        .finish(script.leaves_partial && !script.has_views())
        .await;
    world.move_row(script);
    for at in 0..world.readers.len() {
        world.check(at, script).map_err(|error| {
            let reader = &world.readers[at];
            format!(
                "reader {at}, {:?}: {error}\nread: {:#?}\nthere was: {:#?}",
                reader.spec, reader.read, reader.expected
            )
        })?;
    }
    Ok(())
}

fn whole_list() -> Spec {
    Spec {
        source: Source::Part {
            view: None,
            part: Part::default(),
        },
        form: Form::Watch,
        policy: Policy::Default,
    }
}

impl World {
    fn new(script: &Script) -> Self {
        let capacity = script.capacity;
        let settings = HyperStack::builder()
            .stream_capacity(capacity)
            .ping_interval(Duration::from_secs(1_000_000));
        World {
            offline: Offline::new(settings),
            server: Server::new(script.seq),
            downlink: VecDeque::new(),
            deleting: false,
            connected: true,
            was_lost: false,
            spoilt: BTreeSet::new(),
            readers: Vec::new(),
            journal: Journal::default(),
            capacity,
            quirky: script.quirky,
        }
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Put(key, fields) => self.merge(key, fields.clone(), &[]),
            Step::Patch(key, fields, append) => self.merge(key, fields.clone(), append),
            Step::Touch(key) => {
                if let Some(row) = self.server.row(key).cloned() {
                    self.merge(key, row, &[]);
                }
            }
            Step::Delete(key) => self.delete(key),
            Step::Bad(key, fields) => {
                self.spoilt.insert((*key).to_owned());
                self.merge(key, fields.clone(), &[]);
            }
            Step::Join(spec) => self.join(spec.clone()),
            Step::Leave(reader) => {
                // The first one may be the anchor.
                if self.readers.len() > 1 {
                    let at = 1 + reader.index(self.readers.len() - 1);
                    self.readers.remove(at);
                }
            }
            Step::Read(reader, items) => {
                if !self.readers.is_empty() {
                    let at = reader.index(self.readers.len());
                    self.readers[at].read(*items);
                }
            }
            Step::Sync => self.sync(),
            Step::Deliver(messages) => self.deliver(*messages),
            Step::Wait(millis) => self.wait(*millis).await,
            Step::Lose => self.lose(),
            Step::Reopen => self.reopen().await,
        }
    }

    fn merge(&mut self, key: &str, fields: Value, append: &[&str]) {
        let fields = match self.quirky {
            true => fields,
            false => tamed(fields),
        };
        let before = self.server.row(key).and_then(decode);
        self.server.merge(key, fields, append);
        if self.server.row(key).and_then(decode) != before {
            for reader in &mut self.readers {
                reader.touched.insert(key.to_owned());
            }
        }
        self.collect();
    }

    /// A delete is not repeated, so that it must not fall between two subscriptions.
    fn delete(&mut self, key: &str) {
        if self.connected {
            self.sync();
            self.deleting |= self.server.delete(key);
            self.collect();
        }
    }

    fn join(&mut self, spec: Spec) {
        let mut reader = Reader::join(self.offline.client(), spec, &self.journal);
        reader.lost = self.was_lost;
        self.readers.push(reader);
    }

    fn collect(&mut self) {
        while let Some(message) = self.server.next() {
            if self.connected {
                self.downlink.push_back(message);
            }
        }
    }

    /// The server hears the client.
    fn sync(&mut self) {
        for message in self.offline.sent() {
            self.server.hear(&message);
        }
        self.collect();
    }

    /// The client gets messages at once.
    fn deliver(&mut self, messages: usize) {
        let messages = messages.min(self.downlink.len());
        let messages: Vec<_> = self.downlink.drain(..messages).collect();
        for message in &messages {
            self.journal.take_down(message);
        }
        self.offline.receive_all(messages);
        self.deleting &= !self.downlink.is_empty();
        self.readers.iter_mut().for_each(Reader::keep_up);
    }

    fn settle(&mut self) {
        loop {
            self.sync();
            if self.downlink.is_empty() {
                return;
            }
            self.deliver(usize::MAX);
        }
    }

    async fn wait(&mut self, millis: u64) {
        tokio::time::advance(Duration::from_millis(millis)).await;
        self.deliver(0);
    }

    fn lose(&mut self) {
        if self.connected {
            if self.deleting {
                self.deliver(usize::MAX);
            }
            self.downlink.clear();
            // What was under way to the server is lost too.
            self.offline.sent();
            self.connected = false;
            self.was_lost = true;
            let cause = ConnectError::Lost("the test says so".to_owned());
            self.offline.client().handle().shared().handle_lost(cause);
            self.server.reset();
            for reader in &mut self.readers {
                reader.lost = true;
                reader.keep_up();
            }
        }
    }

    async fn reopen(&mut self) {
        if !self.connected {
            self.wait(20_000).await;
            let shared = self.offline.client().handle().shared();
            assert!(matches!(shared.link(), Link::Dialing { .. }));
            shared.handle_open();
            self.connected = true;
        }
    }

    /// Mends what cannot be reconstructed, and lets everything come to rest.
    async fn finish(&mut self, leaves_partial: bool) {
        self.reopen().await;
        self.settle();
        for (key, row) in self.server.by_key() {
            let is_partial = row.get("name").is_none() && leaves_partial;
            let is_lost = decode(&row).is_none() && !is_partial;
            if is_lost || self.spoilt.contains(&key) {
                let whole = json!({
                    "name": key, "score": 1, "limit": null, "log": [7], "hidden": 1,
                    "meta": {"status": null, "level": 1},
                });
                self.merge(&key, whole, &[]);
            }
        }
        self.settle();
        // What nobody reads any more lingers until now, and wide windows with it.
        self.wait(6_000).await;
        self.settle();
        self.wait(6_000).await;
        self.settle();
    }

    fn move_row(&mut self, script: &Script) {
        let (key, fields) = &script.moved;
        if self.server.row(key).and_then(decode).is_some() {
            self.merge(key, fields.clone(), &[]);
            self.settle();
        }
    }

    /// The rows that a reader should have, in order.
    fn expected(&self, spec: &Spec) -> Vec<(String, Pool)> {
        let rows = match spec.view() {
            None => self.server.rows(),
            Some(view) => {
                let mut rows = self.server.sorted(view);
                if self.declared(view) {
                    rows.truncate(VIEWS[view].3);
                }
                rows
            }
        };
        let rows = rows
            .into_iter()
            .filter_map(|(key, row)| Some((key.to_owned(), decode(row)?)));
        match &spec.source {
            Source::Part { part, .. } => {
                let rows = rows.filter(|(_, row)| part.filter.is_none_or(|by| by.accepts(row)));
                let rows = rows.skip(part.skip);
                rows.take(part.take.unwrap_or(usize::MAX)).collect()
            }
            Source::Key(_, key) => rows.filter(|(of, _)| of == key).collect(),
            Source::Keys(keys) => {
                let mut rows: Vec<_> = rows.filter(|(of, _)| keys.contains(&&**of)).collect();
                rows.sort_by(|(a, _), (b, _)| a.cmp(b));
                rows
            }
        }
    }

    /// Whether a view's window is the one that the view declares: some reader wants no other.
    fn declared(&self, view: usize) -> bool {
        let mut of_view = self.readers.iter().map(|reader| &reader.spec);
        of_view.any(|spec| match &spec.source {
            Source::Part { view: of, part } => {
                *of == Some(view) && (part.take.is_none() || part.filter.is_some())
            }
            Source::Key(of, _) => *of == Some(view),
            Source::Keys(_) => false,
        })
    }

    /// Whether a window of a view that the server has in an order of its own is cut by the client.
    fn is_cut(&self, spec: &Spec) -> bool {
        let Some(view) = spec.view().filter(|_| self.quirky) else {
            return false;
        };
        let window = |spec: &Spec| match &spec.source {
            Source::Part { part, .. } => (part.skip, part.take),
            _ => (0, None),
        };
        let mut of_view = self.readers.iter().map(|reader| &reader.spec);
        let counts = window(spec) != (0, None);
        counts
            && (of_view.any(|other| other.view() == Some(view) && window(other) != window(spec))
                || self.declared(view))
    }

    fn check(&mut self, at: usize, script: &Script) -> Result<(), String> {
        self.readers[at].drain(self.capacity)?;
        let reader = &self.readers[at];
        let rows = self.expected(&reader.spec);
        let held = reader.check()?;
        if script.anchored && !script.has_bad_rows() {
            reader.check_journal(&self.journal)?;
        }
        if self.is_cut(&reader.spec) {
            // By the client's order, which need not be the server's.
            let cached = reader.cached(self.offline.client());
            let cached = cached
                .into_iter()
                .map(|row| (row.name[..1].to_owned(), row));
            let agrees = reader.spec.form == Form::Listen || held == cached.collect();
            return agrees.then_some(()).ok_or("the cache differs".to_owned());
        }
        let expected: BTreeMap<_, _> = rows.iter().cloned().collect();
        let no_snapshot = match &reader.spec.source {
            Source::Part { part, view } => part.no_snapshot && view.is_none(),
            _ => false,
        };
        if no_snapshot {
            let anchored = script.anchored && !reader.lost;
            for (key, row) in &held {
                if anchored && reader.spec.form != Form::Listen && expected.get(key) != Some(row) {
                    return Err(format!("has {row:?}, should have {:?}", expected.get(key)));
                }
            }
            let touched = reader
                .touched
                .iter()
                .filter(|key| expected.contains_key(*key));
            for key in touched {
                if anchored && held.get(key) != expected.get(key) {
                    return Err(format!("lacks {key}"));
                }
            }
            if !script.anchored {
                return Ok(());
            }
        } else if reader.spec.form == Form::Listen {
            // Rows leave in silence.
            for (key, row) in &expected {
                if held.get(key) != Some(row) {
                    return Err(format!("has {:?}, should have {row:?}", held.get(key)));
                }
            }
        } else if held != expected {
            return Err(format!("has {held:#?}, should have {expected:#?}"));
        }
        let mut cached = reader.cached(self.offline.client());
        let mut rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
        if self.quirky && reader.spec.view().is_some() {
            cached.sort_by(|a, b| a.name.cmp(&b.name));
            rows.sort_by(|a, b| a.name.cmp(&b.name));
        }
        match cached == rows {
            true => Ok(()),
            false => Err(format!("the cache has {cached:#?}, should have {rows:#?}")),
        }
    }
}

impl Filter {
    fn accepts(self, row: &Pool) -> bool {
        match self {
            Filter::Open => row.meta.status.as_deref() == Some("open"),
            Filter::Unlimited => row.limit == Some(None),
            Filter::Scored(score) => row.score == Some(f64::from(score)),
        }
    }
}
