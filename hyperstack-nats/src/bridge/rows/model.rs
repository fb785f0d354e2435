//! A model of several bridges that copy one source, with everything that can go wrong.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::{json, Value};

use super::copier::{Copier, Outcome, Verdict, Write};
use super::stamp::Stamp;
use crate::bridge::random::Random;

/// How many keys there are. Few keys make conflicts frequent.
const KEYS: u64 = 4;

type Rows = BTreeMap<u64, Arc<Value>>;

/// What the server's rows have to tell which one is newer.
#[derive(Clone, Copy, PartialEq)]
enum Numbering {
    Versions,
    /// Positions, which repeat.
    Positions,
    Nothing,
}

struct World {
    random: Random,
    numbering: Numbering,
    source: Rows,
    backup: Rows,
    epoch: u64,
    counter: u64,
    history: BTreeSet<(u64, u64)>,
    bucket: Bucket,
    /// Writes that the bridge no longer waits for, and that may still arrive.
    late: Vec<Write>,
    bridges: Vec<Bridge>,
}

#[derive(Default)]
struct Bucket {
    /// All messages: key, row and stamp. The revision is the index plus one.
    log: Vec<(u64, Option<Arc<Value>>, Stamp)>,
    last: BTreeMap<u64, u64>,
}

struct Bridge {
    copier: Copier,
    /// The rows as the source's client has them after `events`. `None` while it waits for a snapshot.
    client: Option<Rows>,
    is_connected: bool,
    events: VecDeque<Event>,
    sent: Vec<Write>,
    outcomes: Vec<(Write, Outcome)>,
    /// How many messages of the bucket the watch has delivered.
    watched: usize,
}

enum Event {
    Row(u64, Option<Arc<Value>>),
    Complete,
}

fn name(key: u64) -> Arc<str> {
    key.to_string().into()
}

fn key(name: &str) -> u64 {
    name.parse().unwrap()
}

/// The content of rows: all but their versions.
fn content(rows: &Rows) -> BTreeMap<u64, (Value, Value)> {
    let of = |row: &Value| (row["x"].clone(), row["_seq"].clone());
    rows.iter().map(|(key, row)| (*key, of(row))).collect()
}

impl Bucket {
    fn store(&mut self, write: &Write) -> Outcome {
        let key = key(&write.key);
        if self.last.get(&key).copied().unwrap_or(0) != write.expected {
            return Outcome::Conflict;
        }
        self.log.push((key, write.row.clone(), write.stamp));
        self.last.insert(key, self.log.len() as u64);
        Outcome::Written(self.log.len() as u64)
    }

    fn rows(&self) -> Rows {
        let last = self.last.iter().filter_map(|(key, revision)| {
            Some((*key, self.log[*revision as usize - 1].1.clone()?))
        });
        last.collect()
    }
}

impl Bridge {
    /// Starts a bridge, which first reads the whole bucket.
    fn start(bucket: &Bucket) -> Self {
        let mut bridge = Bridge {
            copier: Copier::default(),
            client: None,
            is_connected: true,
            events: VecDeque::new(),
            sent: Vec::new(),
            outcomes: Vec::new(),
            watched: 0,
        };
        while bridge.watch(bucket) {}
        bridge.refresh();
        bridge
    }

    fn refresh(&mut self) {
        self.copier.begin_snapshot();
        self.client = None;
        self.events.clear();
    }

    fn watch(&mut self, bucket: &Bucket) -> bool {
        let Some((key, row, stamp)) = bucket.log.get(self.watched) else {
            return false;
        };
        self.watched += 1;
        // The bucket has one message per key, so the watch skips older ones.
        if bucket.last[key] == self.watched as u64 {
            let read = || match row {
                Some(row) => (false, Stamp::of(row)),
                None => (true, *stamp),
            };
            self.copier
                .put_entry(&name(*key), self.watched as u64, read);
        }
        true
    }

    fn push(&mut self, key: u64, row: Option<Arc<Value>>, conflates: bool) {
        if conflates {
            let is_other = |event: &Event| !matches!(event, Event::Row(of, _) if *of == key);
            // A row of the snapshot comes before its end.
            if self
                .events
                .iter()
                .all(|event| !matches!(event, Event::Complete))
            {
                self.events.retain(is_other);
            }
        }
        self.events.push_back(Event::Row(key, row));
    }

    /// Brings the client to the source's rows, in any order.
    fn sync(&mut self, source: &Rows) {
        let before = self.client.replace(source.clone());
        let is_first = before.is_none();
        let before = before.unwrap_or_default();
        for (key, row) in source {
            if before.get(key) != Some(row) {
                self.push(*key, Some(row.clone()), false);
            }
        }
        for key in before.keys().filter(|key| !source.contains_key(key)) {
            self.push(*key, None, false);
        }
        if is_first {
            self.events.push_back(Event::Complete);
        }
    }

    fn handle_event(&mut self) -> bool {
        match self.events.pop_front() {
            None => return false,
            Some(Event::Complete) => self.copier.complete_snapshot(),
            Some(Event::Row(key, Some(row))) => self.copier.put_row(&name(key), row),
            Some(Event::Row(key, None)) => self.copier.delete_row(&name(key)),
        }
        true
    }
}

impl World {
    fn new(seed: u64, numbering: Numbering) -> Self {
        let mut world = World {
            random: Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            numbering,
            source: Rows::new(),
            backup: Rows::new(),
            epoch: 1,
            counter: 0,
            history: BTreeSet::new(),
            bucket: Bucket::default(),
            late: Vec::new(),
            bridges: Vec::new(),
        };
        (0..seed % 3).for_each(|_| world.change());
        let bridges = 1 + world.random.below(3);
        for _ in 0..bridges {
            world.bridges.push(Bridge::start(&world.bucket));
        }
        world
    }

    fn change(&mut self) {
        let key = self.random.below(KEYS);
        self.counter += 1;
        let row = (!self.random.one_in(3)).then(|| {
            // Some changes bring an earlier value again.
            let x = match self.random.one_in(3) {
                true => self.random.below(3),
                false => 1_000 * self.epoch + self.counter,
            };
            self.history.insert((key, x));
            Arc::new(match self.numbering {
                Numbering::Versions => {
                    json!({"_version": format!("{:x}:{}", self.epoch, self.counter), "x": x})
                }
                Numbering::Positions => json!({"_seq": format!("{}:0", self.counter / 2), "x": x}),
                Numbering::Nothing => json!({"x": x}),
            })
        });
        match &row {
            Some(row) => self.source.insert(key, row.clone()),
            None => self.source.remove(&key),
        };
        for bridge in &mut self.bridges {
            if let Some(client) = bridge.client.as_mut().filter(|_| bridge.is_connected) {
                let had = match &row {
                    Some(row) => client.insert(key, row.clone()),
                    None => client.remove(&key),
                };
                if had.is_some() || row.is_some() {
                    let conflates = self.random.one_in(2);
                    bridge.push(key, row.clone(), conflates);
                }
            }
        }
    }

    /// The source restarts with its rows, with older ones, or with none.
    fn restart_source(&mut self) {
        self.epoch += 1;
        self.counter = 0;
        match self.random.below(3) {
            0 => {}
            1 => self.source = self.backup.clone(),
            _ => self.source.clear(),
        }
        self.bridges
            .iter_mut()
            .for_each(|bridge| bridge.is_connected = false);
    }

    /// A bridge's client reaches the source, or is served a snapshot.
    fn serve(&mut self, index: usize) -> bool {
        let bridge = &mut self.bridges[index];
        let does = !bridge.is_connected || bridge.client.is_none();
        if does {
            bridge.is_connected = true;
            bridge.sync(&self.source);
        }
        does
    }

    fn send(&mut self, index: usize) -> bool {
        let bridge = &mut self.bridges[index];
        let write = bridge.copier.poll_write();
        write.map(|write| bridge.sent.push(write)).is_some()
    }

    /// NATS receives a write, and its reply arrives later, or either is lost.
    fn receive(&mut self, index: usize, is_lossy: bool) -> bool {
        let sent = &mut self.bridges[index].sent;
        if sent.is_empty() {
            return false;
        }
        let write = sent.swap_remove(self.random.below(sent.len() as u64) as usize);
        let fate = if is_lossy { self.random.below(8) } else { 7 };
        let outcome = match fate {
            0 => Outcome::Unknown,
            1 => {
                self.late.push(write.clone());
                Outcome::Unknown
            }
            2 => {
                self.store(&write);
                Outcome::Unknown
            }
            _ => self.store(&write),
        };
        self.bridges[index].outcomes.push((write, outcome));
        true
    }

    fn store(&mut self, write: &Write) -> Outcome {
        if let Some(row) = &write.row {
            let x = row["x"].as_u64().unwrap();
            assert!(self.history.contains(&(key(&write.key), x)), "{write:?}");
        }
        self.bucket.store(write)
    }

    fn finish(&mut self, index: usize) -> bool {
        let bridge = &mut self.bridges[index];
        let outcome = bridge.outcomes.pop();
        if let Some((write, outcome)) = &outcome {
            bridge.copier.handle_outcome(write, *outcome);
        }
        outcome.is_some()
    }

    fn check(&mut self, index: usize) {
        match self.bridges[index].copier.check() {
            Verdict::Fine => {}
            Verdict::Refresh => self.bridges[index].refresh(),
            Verdict::StartOver => self.kill(index),
        }
    }

    /// A bridge dies, and another one starts.
    fn kill(&mut self, index: usize) {
        let new = Bridge::start(&self.bucket);
        let old = std::mem::replace(&mut self.bridges[index], new);
        self.late.extend(old.sent);
    }

    fn step(&mut self) {
        let index = self.random.below(self.bridges.len() as u64) as usize;
        match self.random.below(64) {
            0 => self.restart_source(),
            1 => self.kill(index),
            2 => self.backup = self.source.clone(),
            3..6 => self.check(index),
            6 => drop(self.bridges[index].copier.beat()),
            7..10 => {
                if !self.late.is_empty() {
                    let late = self.random.below(self.late.len() as u64) as usize;
                    let write = self.late.swap_remove(late);
                    self.store(&write);
                }
            }
            10..20 => self.change(),
            20..25 => drop(self.serve(index)),
            25..35 => drop(self.bridges[index].handle_event()),
            35..43 => drop(self.send(index)),
            43..50 => drop(self.receive(index, true)),
            50..57 => drop(self.finish(index)),
            _ => {
                self.bridges[index].watch(&self.bucket);
            }
        }
    }

    /// Everything that is under way arrives.
    fn drain(&mut self) {
        let mut is_busy = true;
        while is_busy {
            is_busy = false;
            for index in 0..self.bridges.len() {
                is_busy |= self.serve(index)
                    | self.bridges[index].handle_event()
                    | self.send(index)
                    | self.receive(index, false)
                    | self.finish(index)
                    | self.bridges[index].watch(&self.bucket);
            }
        }
    }

    fn settle(&mut self) {
        for write in std::mem::take(&mut self.late) {
            if self.random.one_in(2) {
                self.store(&write);
            }
        }
        for _ in 0..200 {
            self.drain();
            (0..self.bridges.len()).for_each(|index| self.check(index));
        }
        self.drain();
    }
}

fn run(seed: u64, numbering: Numbering) {
    let mut world = World::new(seed, numbering);
    let steps = world.random.below(400);
    (0..steps).for_each(|_| world.step());
    // Some bridges die for good.
    while world.bridges.len() > 1 && world.random.one_in(2) {
        let dead = world.bridges.pop().unwrap();
        world.late.extend(dead.sent);
    }
    world.settle();
    let (found, expected) = (content(&world.bucket.rows()), content(&world.source));
    assert_eq!(found, expected, "seed {seed}");
    for bridge in &mut world.bridges {
        assert!(bridge.copier.is_settled(), "seed {seed}");
        bridge.copier.beat();
        assert!(bridge.copier.beat(), "seed {seed}");
        assert_eq!(bridge.copier.rows(), expected.len(), "seed {seed}");
    }
    let writes = world.bucket.log.len();
    world.settle();
    assert_eq!(world.bucket.log.len(), writes, "seed {seed}: rewrites rows");
}

#[test]
fn bridges_agree_on_rows_with_versions() {
    (0..1_000).for_each(|seed| run(seed, Numbering::Versions));
}

#[test]
fn bridges_agree_on_rows_with_positions() {
    (0..1_000).for_each(|seed| run(seed, Numbering::Positions));
}

#[test]
fn bridges_agree_on_rows_without_numbers() {
    (0..1_000).for_each(|seed| run(seed, Numbering::Nothing));
}
