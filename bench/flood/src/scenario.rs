//! The scenarios.

use crate::contender::{Contender, Generation, Kind};
use crate::shape::Shape;
use crate::view::View;

/// What a client reads, and what is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scenario {
    pub name: &'static str,
    pub title: &'static str,
    pub shape: Shape,
    pub rows: u32,
    pub streams: Streams,
    pub task: Task,
}

/// The streams that are read at the same time, all of one view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Streams {
    One,
    /// This many streams of one row each.
    Keys(u32),
    /// This many streams of all rows each.
    Full(u32),
    /// This many windows of a sorted view, which do not overlap and together have all rows.
    Windows(u32),
    /// One stream of a tape's records. The number of rows is the number of keys.
    Tape,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Task {
    /// Updates, as fast as the reader takes them.
    Flood,
    /// Patches at [`RATE`], each with its time of sending.
    Latency,
    /// Snapshots. If paced, at most [`WINDOW`](crate::inbox::WINDOW) rows are in flight, so that none is
    /// lost.
    Snapshot { paced: bool },
}

/// Patches per second in measurements of latency.
pub const RATE: u64 = 5_000;

const ONE_10_000: Scenario = Scenario {
    name: "one-10000",
    title: "10,000 rounds, one stream",
    shape: Shape::Round,
    rows: 10_000,
    streams: Streams::One,
    task: Task::Flood,
};

pub const ALL: [Scenario; 13] = [
    ONE_10_000,
    Scenario {
        name: "one-100",
        title: "100 rounds, one stream",
        rows: 100,
        ..ONE_10_000
    },
    Scenario {
        name: "one-1000000",
        title: "1,000,000 rounds, one stream",
        rows: 1_000_000,
        ..ONE_10_000
    },
    Scenario {
        name: "keys-100",
        title: "100 rounds, 100 streams of one key each",
        rows: 100,
        streams: Streams::Keys(100),
        ..ONE_10_000
    },
    Scenario {
        name: "full-100",
        title: "100 rounds, 100 streams of all rows",
        rows: 100,
        streams: Streams::Full(100),
        ..ONE_10_000
    },
    Scenario {
        name: "windows-100",
        title: "100 rounds, ten windows of ten rows each",
        rows: 100,
        streams: Streams::Windows(10),
        ..ONE_10_000
    },
    Scenario {
        name: "tape",
        title: "tape of 1,000,000 records",
        rows: 100,
        streams: Streams::Tape,
        ..ONE_10_000
    },
    Scenario {
        name: "small-10000",
        title: "10,000 entities of 4 fields, one stream",
        shape: Shape::Small,
        ..ONE_10_000
    },
    Scenario {
        name: "wide-10000",
        title: "10,000 entities of 200 fields, one stream",
        shape: Shape::Wide,
        ..ONE_10_000
    },
    Scenario {
        name: "snapshot-100000",
        title: "snapshot of 100,000 rounds, at once",
        rows: 100_000,
        task: Task::Snapshot { paced: false },
        ..ONE_10_000
    },
    Scenario {
        name: "paced-100000",
        title: "snapshot of 100,000 rounds, as it is read",
        rows: 100_000,
        task: Task::Snapshot { paced: true },
        ..ONE_10_000
    },
    Scenario {
        name: "latency-100",
        title: "100 rounds, 5,000 updates a second",
        rows: 100,
        task: Task::Latency,
        ..ONE_10_000
    },
    Scenario {
        name: "latency-10000",
        title: "10,000 rounds, 5,000 updates a second",
        task: Task::Latency,
        ..ONE_10_000
    },
];

pub fn find(name: &str) -> Option<Scenario> {
    ALL.into_iter().find(|scenario| scenario.name == name)
}

impl Scenario {
    /// Returns the scenario for this client. The floor has no streams, so it reads once instead of a hundred
    /// times.
    pub fn of(self, contender: Contender) -> Self {
        match (contender.kind, self.streams) {
            (Kind::Floor, Streams::Full(_)) => Scenario {
                streams: Streams::One,
                ..self
            },
            _ => self,
        }
    }

    /// Returns the scenario with another number of rows, and no more keys than rows.
    pub fn with_rows(self, rows: u32) -> Self {
        let streams = match self.streams {
            Streams::Keys(keys) => Streams::Keys(keys.min(rows)),
            other => other,
        };
        Scenario {
            rows,
            streams,
            ..self
        }
    }

    /// Returns the clients that take part, in order.
    pub fn contenders(&self) -> Vec<Contender> {
        let takes_part = |contender: &Contender| self.admits(*contender);
        Contender::ALL.into_iter().filter(takes_part).collect()
    }

    fn admits(&self, contender: Contender) -> bool {
        match (self.streams, contender.generation, contender.kind) {
            // A v1 server has no tapes, and sends all rows of a sorted view again after each change.
            (Streams::Windows(_) | Streams::Tape, Generation::V1, _) => false,
            // A record is handed out once, so there is nothing to share.
            (Streams::Tape, _, Kind::OursShared) => false,
            // The published clients would take minutes for more.
            (_, Generation::V1, Kind::Published) => self.rows <= 100_000,
            (_, Generation::V2, Kind::Published) => match self.task {
                Task::Latency => self.rows <= 100,
                Task::Flood | Task::Snapshot { .. } => self.rows <= 10_000,
            },
            _ => true,
        }
    }

    /// Returns the view that the streams read.
    pub fn view(&self, generation: Generation) -> View {
        match (self.streams, generation) {
            (Streams::Keys(_), Generation::V2) => View::State,
            (Streams::One | Streams::Keys(_) | Streams::Full(_), _) => View::List,
            (Streams::Windows(_), _) => View::Latest,
            (Streams::Tape, _) => View::Tape,
        }
    }

    /// Returns how many streams get every update.
    pub fn full_streams(&self) -> u32 {
        match self.streams {
            Streams::Full(streams) => streams,
            Streams::One | Streams::Keys(_) | Streams::Windows(_) | Streams::Tape => 1,
        }
    }

    /// Returns how many rows the first streams should get at the start, together.
    pub fn first_rows(&self) -> u64 {
        match self.streams {
            Streams::Keys(keys) => keys.into(),
            Streams::One | Streams::Full(_) | Streams::Windows(_) => self.rows.into(),
            Streams::Tape => 0,
        }
    }
}
