//! What a client notices of the faults.

use crate::Result;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::{ConnectionLost, Fault as Survived, Feed, Stats};
use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Collects what a client notices.
pub struct Witness {
    hs: HyperStack,
    feed: Feed<Survived>,
    since: Stats,
    signs: Signs,
    /// The first error of each kind, to print it.
    examples: BTreeMap<Sign, String>,
}

/// What a client has noticed, and how often.
pub type Signs = BTreeMap<Sign, u64>;

/// A kind of things that a client notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// The connection was restored.
    Reconnect,
    /// A fresh snapshot replaced a view's rows.
    Resync,
    /// The connection was closed or reset.
    Closed,
    /// The server was silent for longer than the ping deadline.
    Silent,
    /// A message was too large to receive it.
    TooLarge,
    /// The server rejected a handshake.
    Rejected,
    /// The server could not be reached.
    Unreachable,
    /// A handshake timed out.
    TimedOut,
    /// A message was malformed.
    BadMessage,
    /// A field of a row was malformed.
    BadRow,
    /// The tape's subscription lagged, and the server ended it.
    TapeLagged,
    /// The server no longer had the tape's next record.
    TapeExpired,
    /// The server had a new tape.
    TapeRenewed,
    /// A stream yielded the row that only the unrequested snapshot has.
    Marked,
    /// Streams had unread items when the changes paused.
    Queued,
    /// Anything else.
    Other,
}

impl Witness {
    pub fn new(hs: HyperStack) -> Self {
        Witness {
            feed: hs.faults(),
            since: hs.stats(),
            hs,
            signs: Signs::new(),
            examples: BTreeMap::new(),
        }
    }

    pub fn stats(&self) -> Stats {
        self.hs.stats()
    }

    /// Notes and returns whether streams have unread items.
    pub fn note_queue(&mut self) -> bool {
        let is_queued = self.hs.stats().queue_depth > 0;
        self.note(Sign::Queued, is_queued.into());
        is_queued
    }

    /// Returns what the client has noticed since the last call of [`forget`](Self::forget).
    pub fn signs(&mut self) -> Result<&Signs> {
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(survived) = Pin::new(&mut self.feed).poll_next(&mut context) {
            let survived = survived.ok_or("the client has closed")?;
            let sign = sign(&survived);
            self.note(sign, 1);
            self.examples
                .entry(sign)
                .or_insert_with(|| survived.to_string());
        }
        if self.feed.missed() > 0 {
            return Err("the client survived more errors than its feed queues".into());
        }
        let now = self.hs.stats();
        let since = std::mem::replace(&mut self.since, now);
        self.note(Sign::Reconnect, now.reconnects - since.reconnects);
        self.note(Sign::Resync, now.resyncs - since.resyncs);
        Ok(&self.signs)
    }

    /// Returns the error behind a sign.
    pub fn example(&self, sign: Sign) -> &str {
        self.examples.get(&sign).map_or("", String::as_str)
    }

    pub fn forget(&mut self) {
        self.signs.clear();
        self.examples.clear();
    }

    /// Notes something that the client has noticed.
    pub fn note(&mut self, sign: Sign, count: u64) {
        if count > 0 {
            *self.signs.entry(sign).or_default() += count;
        }
    }
}

fn sign(survived: &Survived) -> Sign {
    match survived {
        Survived::Row(_) => Sign::BadRow,
        Survived::Frame(_) => Sign::BadMessage,
        Survived::Issue(issue) => match issue.code.as_str() {
            "replay-lagged" => Sign::TapeLagged,
            "cursor-expired" => Sign::TapeExpired,
            "cursor-epoch-changed" => Sign::TapeRenewed,
            _ => Sign::Other,
        },
        Survived::Connection(error) => match error {
            ConnectError::Lost { cause, .. } => match cause {
                ConnectionLost::Closed(_) => Sign::Closed,
                ConnectionLost::Silent { .. } => Sign::Silent,
                ConnectionLost::TooLarge { .. } => Sign::TooLarge,
                _ => Sign::Other,
            },
            ConnectError::Rejected { .. } => Sign::Rejected,
            ConnectError::Unreachable { .. } => Sign::Unreachable,
            ConnectError::Timeout { .. } => Sign::TimedOut,
            _ => Sign::Other,
        },
        _ => Sign::Other,
    }
}

impl Sign {
    /// Whether this can follow from any fault, or from a slow machine. A reconnect has a cause that is a sign of its own.
    pub fn is_harmless(self) -> bool {
        matches!(
            self,
            Sign::Reconnect
                | Sign::Resync
                | Sign::Silent
                | Sign::Closed
                | Sign::TimedOut
                | Sign::TapeLagged
                | Sign::TapeExpired
                | Sign::Queued
        )
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sign::Reconnect => "reconnects",
            Sign::Resync => "resyncs",
            Sign::Closed => "connections closed",
            Sign::Silent => "connections silent",
            Sign::TooLarge => "connections lost to an oversized message",
            Sign::Rejected => "handshakes rejected",
            Sign::Unreachable => "failed attempts to connect",
            Sign::TimedOut => "handshakes timed out",
            Sign::BadMessage => "malformed messages",
            Sign::BadRow => "decode errors of rows",
            Sign::TapeLagged => "tape subscriptions that lagged",
            Sign::TapeExpired => "cursors that the tape no longer had",
            Sign::TapeRenewed => "cursors of a lost tape",
            Sign::Marked => "rows of an unrequested snapshot",
            Sign::Queued => "pauses with unread items",
            Sign::Other => "other errors",
        })
    }
}
