//! A model of several bridges that copy one tape, with everything that can go wrong.

use std::collections::{BTreeSet, VecDeque};

use hyperstack_sdk::Cursor;

use super::pipeline::{Expected, Message, Pipeline};
use super::position::Position;
use crate::bridge::random::Random;

/// The server's records: those from `earliest` to `next` of an epoch.
struct Source {
    epoch: u64,
    earliest: u64,
    next: u64,
}

#[derive(Default)]
struct Stream {
    messages: Vec<Message>,
    /// The ids that NATS remembers.
    ids: BTreeSet<String>,
}

struct Bridge {
    pipeline: Pipeline,
    /// The epoch and number of the record to read next.
    reader: (u64, u64),
    sent: VecDeque<(Message, Expected)>,
    replies: VecDeque<Reply>,
    is_following: bool,
}

enum Reply {
    Stored(u64),
    Duplicate,
    Rejected,
}

struct World {
    random: Random,
    source: Source,
    stream: Stream,
    bridges: Vec<Bridge>,
    /// Messages that no bridge waits for, and that may still arrive.
    late: Vec<(Message, Expected)>,
}

fn cursor(epoch: u64, next: u64) -> Cursor {
    let text = match next {
        0 => format!("{epoch}:start"),
        next => format!("{epoch}:{}", next - 1),
    };
    text.parse().unwrap()
}

fn parts(cursor: &Cursor) -> (u64, u64) {
    let next = cursor.offset().map_or(0, |offset| offset + 1);
    (cursor.epoch().parse().unwrap(), next)
}

impl Stream {
    fn store(&mut self, (message, expected): (Message, Expected)) -> Reply {
        let id = message.position.to_string();
        if expected.sequence != self.messages.len() as u64 {
            return Reply::Rejected;
        }
        if self.ids.contains(&id) {
            return Reply::Duplicate;
        }
        let last = self.messages.last();
        let last = last.map(|message| message.position.to_string());
        if expected.id.is_some() && expected.id != last {
            return Reply::Rejected;
        }
        self.ids.insert(id);
        self.messages.push(message);
        Reply::Stored(self.messages.len() as u64)
    }

    fn last(&self) -> (u64, Option<Position>) {
        let last = self.messages.last();
        let last = last.map(|message| message.position.clone());
        (self.messages.len() as u64, last)
    }

    /// Checks that each message follows the one before, and that gaps say what is missing.
    fn check(&self, seed: u64) {
        let mut at: Option<(u64, u64)> = None;
        for message in &self.messages {
            let next = parts(&message.position.cursor);
            if message.subject == "gap" {
                let after = String::from_utf8(message.payload.clone()).unwrap();
                let after = parts(&after.parse().unwrap());
                assert_eq!(at, Some(after), "seed {seed}: {:#?}", self.messages);
            } else if let Some((epoch, number)) = at {
                assert_eq!(
                    next,
                    (epoch, number + 1),
                    "seed {seed}: {:#?}",
                    self.messages
                );
            }
            at = Some(next);
        }
    }
}

impl Bridge {
    fn start(stream: &Stream, source: &Source) -> Self {
        let (last, position) = stream.last();
        let reader = match &position {
            Some(position) => parts(&position.cursor),
            None => (source.epoch, source.earliest),
        };
        Bridge {
            pipeline: Pipeline::new(last, position),
            reader,
            sent: VecDeque::new(),
            replies: VecDeque::new(),
            is_following: false,
        }
    }

    /// Reads a record, or a gap. Returns `None` if there is none, and `Some(false)` if the tape must be read again.
    fn read(&mut self, source: &Source) -> Option<bool> {
        if self.pipeline.end().is_none() {
            self.reader = (source.epoch, source.earliest);
        }
        let (epoch, next) = self.reader;
        if epoch == source.epoch && (source.earliest..=source.next).contains(&next) {
            if next == source.next {
                return None;
            }
            self.reader.1 += 1;
            let record = self
                .pipeline
                .push(cursor(epoch, next + 1), String::new(), vec![]);
            return Some(record.is_ok());
        }
        let after = cursor(epoch, next);
        self.reader = (source.epoch, source.earliest);
        let resumed = cursor(source.epoch, source.earliest);
        let text = after.to_string().into_bytes();
        Some(self.pipeline.push(resumed, "gap".to_owned(), text).is_ok())
    }

    fn send(&mut self) -> bool {
        let next = (!self.is_following).then(|| self.pipeline.poll_send());
        next.flatten()
            .map(|next| self.sent.push_back(next))
            .is_some()
    }

    /// Handles a reply. Returns whether the tape must be read again.
    fn handle(&mut self, reply: Reply, stream: &Stream) -> bool {
        if let Reply::Stored(sequence) = reply {
            if self.pipeline.acknowledge(sequence).is_some() {
                return false;
            }
        }
        self.replies.clear();
        let (last, position) = stream.last();
        match self.pipeline.rewind(last, position) {
            Err(_) => return true,
            Ok(true) => self.is_following = true,
            Ok(false) if matches!(reply, Reply::Duplicate) => self.pipeline.rename_first(),
            Ok(false) => {}
        }
        false
    }
}

impl World {
    fn restart(&mut self, index: usize) {
        let new = Bridge::start(&self.stream, &self.source);
        let old = std::mem::replace(&mut self.bridges[index], new);
        self.late.extend(old.sent);
    }

    fn read(&mut self, index: usize) -> bool {
        let read = self.bridges[index].read(&self.source);
        if read == Some(false) {
            self.restart(index);
        }
        read.is_some()
    }

    fn arrive(&mut self, index: usize, is_lossy: bool) -> bool {
        let Some(next) = self.bridges[index].sent.pop_front() else {
            return false;
        };
        let reply = match if is_lossy { self.random.below(10) } else { 9 } {
            0 => Reply::Rejected,
            1 => {
                self.late.push(next);
                Reply::Rejected
            }
            2 => {
                self.stream.store(next);
                Reply::Rejected
            }
            _ => self.stream.store(next),
        };
        self.bridges[index].replies.push_back(reply);
        true
    }

    fn reply(&mut self, index: usize) -> bool {
        let Some(reply) = self.bridges[index].replies.pop_front() else {
            return false;
        };
        let is_next = matches!(reply, Reply::Stored(_));
        if !is_next {
            // The bridge first waits for all replies.
            while self.arrive(index, false) {}
        }
        if self.bridges[index].handle(reply, &self.stream) {
            self.restart(index);
        }
        true
    }

    fn look(&mut self, index: usize, is_patient: bool) {
        let bridge = &mut self.bridges[index];
        if !bridge.is_following {
            return;
        }
        let (last, position) = self.stream.last();
        match bridge.pipeline.rewind(last, position) {
            Err(_) => self.restart(index),
            Ok(true) => {}
            Ok(false) => bridge.is_following = is_patient,
        }
    }

    fn step(&mut self) {
        let index = self.random.below(self.bridges.len() as u64) as usize;
        match self.random.below(60) {
            0 => {
                self.source = Source {
                    epoch: self.source.epoch + 1,
                    earliest: 0,
                    next: 0,
                };
            }
            1 => self.restart(index),
            2 => {
                let retained = self.source.next - self.source.earliest;
                self.source.earliest += self.random.below(retained + 1);
            }
            3 => self.stream.ids.clear(),
            4..7 => {
                if !self.late.is_empty() {
                    let late = self.random.below(self.late.len() as u64) as usize;
                    let message = self.late.swap_remove(late);
                    self.stream.store(message);
                }
            }
            7..17 => self.source.next += 1,
            17..30 => drop(self.read(index)),
            30..40 => drop(self.bridges[index].send()),
            40..48 => drop(self.arrive(index, true)),
            48..55 => drop(self.reply(index)),
            _ => {
                let is_patient = self.random.one_in(2);
                self.look(index, is_patient);
            }
        }
    }

    fn drain(&mut self) {
        for _ in 0..8 {
            let mut is_busy = true;
            while is_busy {
                is_busy = false;
                for index in 0..self.bridges.len() {
                    is_busy |= self.read(index)
                        | self.bridges[index].send()
                        | self.arrive(index, false)
                        | self.reply(index);
                }
            }
            (0..self.bridges.len()).for_each(|index| self.look(index, false));
        }
    }
}

#[test]
fn bridges_append_each_record_once() {
    for seed in 0..3_000_u64 {
        let mut world = World {
            random: Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            source: Source {
                epoch: 1,
                earliest: 3,
                next: 5,
            },
            stream: Stream::default(),
            bridges: Vec::new(),
            late: Vec::new(),
        };
        for _ in 0..=seed % 3 {
            let bridge = Bridge::start(&world.stream, &world.source);
            world.bridges.push(bridge);
        }
        let steps = world.random.below(600);
        for _ in 0..steps {
            world.step();
            world.stream.check(seed);
        }
        world.bridges.truncate(1 + world.random.below(2) as usize);
        world.drain();
        world.stream.check(seed);
        let (_, last) = world.stream.last();
        let expected = cursor(world.source.epoch, world.source.next);
        let has_any = world.source.earliest < world.source.next;
        if has_any {
            assert_eq!(last.map(|last| last.cursor), Some(expected), "seed {seed}");
        }
        for bridge in &mut world.bridges {
            bridge.pipeline.beat();
            assert!(
                bridge.pipeline.beat() && bridge.pipeline.len() == 0,
                "seed {seed}"
            );
        }
    }
}
