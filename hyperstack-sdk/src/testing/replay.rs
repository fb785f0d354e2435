//! The pace of a recording, and the messages that a subscription to it gets.

use std::time::Duration;

use tokio_tungstenite::tungstenite::Message;

use super::error::ServerError;
use super::frame::{binary, gzipped};
use super::recording::Recording;
use super::{v1, v2};
use crate::wire::{Entry, Kind, Protocol};

/// The pace at which the live messages of a recording are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Sends all messages at once.
    Instant,
    /// Keeps the recorded delays.
    Recorded,
    /// Divides the recorded delays by this factor, which must be finite and above zero.
    Speed(f64),
}

impl Pace {
    /// Returns the delay of a message with this offset in the recording; `None` means at once.
    pub(super) fn delay(self, recorded: Duration) -> Option<Duration> {
        match self {
            Self::Instant => None,
            Self::Recorded => Some(recorded),
            Self::Speed(speed) => Duration::try_from_secs_f64(recorded.as_secs_f64() / speed).ok(),
        }
    }

    /// Returns how many milliseconds of the recording have passed after this time.
    pub(super) fn elapsed(self, time: Duration) -> u64 {
        let speed = match self {
            Self::Instant => return u64::MAX,
            Self::Recorded => 1.0,
            Self::Speed(speed) => speed,
        };
        (time.as_secs_f64() * speed * 1_000.0) as u64
    }

    /// Refuses an invalid speed.
    pub(super) fn check(self) -> Result<(), ServerError> {
        match self {
            Self::Speed(speed) if !(speed.is_finite() && speed > 0.0) => {
                Err(ServerError::Speed(speed))
            }
            Self::Speed(_) | Self::Instant | Self::Recorded => Ok(()),
        }
    }
}

/// The recordings that a server plays, by the generation of each.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    pub(super) v1: v1::Tapes,
    pub(super) v2: v2::Sessions,
}

impl Recorded {
    pub(super) fn add(&mut self, recording: &Recording, pace: Pace) {
        if recording.protocol() == Protocol::V2 {
            self.v2.add(recording, pace);
        } else {
            self.v1.add(recording, pace);
        }
    }
}

/// The messages that a subscription to a recorded view gets: at once, and after a delay.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Playback {
    pub(super) now: Vec<Message>,
    pub(super) later: Vec<(Duration, Message)>,
    /// If these are all records of a tape's epoch: the number of the next epoch.
    pub(super) next_epoch: Option<usize>,
}

/// The message as it went over the wire.
pub(super) fn message_of(entry: &Entry) -> Message {
    match (entry.kind, entry.gzip) {
        (Kind::Text, _) => Message::text(entry.text.as_str()),
        (Kind::Binary, true) => gzipped(&entry.text),
        (Kind::Binary, false) => binary(entry.text.clone()),
    }
}
