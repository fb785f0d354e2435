//! Counts of the events that runs met. An event that no run met has not been tested.

use std::collections::BTreeMap;

/// How often each event happened.
#[derive(Debug, Default)]
pub(super) struct Met(BTreeMap<Event, u64>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// A dial was refused or timed out.
    NoConnection,
    /// A connection ended, and the client was notified.
    Lost,
    /// The client noticed that the server was silent.
    Silent,
    /// The server hung up on a client that it had removed before.
    HungUp,
    /// The server ended a subscription without a message.
    Starved,
    /// The client resumed with a cursor.
    Resumed,
    /// A fetch of a token failed.
    NoToken,
    /// The server accepted a new token on a live connection.
    Renewed,
    /// The server rejected an expired token.
    Expired,
    Restarted,
    /// The list evicted its least recently changed row.
    Evicted,
    /// A row was deleted, and readers of the list got the deletion.
    Deleted,
    /// A snapshot was sent in more messages than one.
    Split,
    /// A snapshot had an old version of a row before the current one.
    Doubled,
    /// A change was sent again after a snapshot that included it.
    Overlapped,
    /// A recovery snapshot was sent.
    Recovered,
    /// A subscription was ended with an error.
    Ended,
    /// A subscription was refused because of a limit.
    Limited,
    /// A coalesced view sent its collected changes.
    Flushed,
    /// A client got all missed changes of a row in one patch.
    CaughtUp,
    /// A frame was sent after the end of its subscription.
    Late,
    /// Messages of another subscription were sent between those of a snapshot.
    Interleaved,
    /// A row was deleted, and a client got only a `remove`.
    SaidToLeave,
    /// The server restarted and kept its rows.
    Restored,
    /// A reader ended because its view is unknown.
    Unknown,
    /// A reader of the tape got a record.
    TapeRead,
    /// A reader of the tape got a record without a number.
    TapeUnnumbered,
    /// A reader of the tape reported records that the server no longer retained.
    TapeExpired,
    /// A reader of the tape reported a new epoch.
    TapeRenewed,
    /// A reader of the tape reported events that the server missed.
    TapeHole,
    /// A tape fell behind.
    TapeLagged,
    /// An empty tape accepted a cursor of an earlier epoch.
    TapeHidden,
    /// A reader yielded a row that the server once had.
    Seen,
    /// A reader yielded a row whose single fields the server once had.
    SeenInPart,
    /// The items of a reader were exactly those of the frames.
    Followed,
}

impl Event {
    /// The events of both generations.
    pub(super) const COMMON: [Event; 16] = [
        Event::NoConnection,
        Event::Lost,
        Event::Silent,
        Event::HungUp,
        Event::Starved,
        Event::NoToken,
        Event::Renewed,
        Event::Expired,
        Event::Restarted,
        Event::Evicted,
        Event::Deleted,
        Event::Split,
        Event::Overlapped,
        Event::Seen,
        Event::SeenInPart,
        Event::Followed,
    ];
    pub(super) const ONLY_V1: [Event; 2] = [Event::Resumed, Event::Doubled];
    pub(super) const ONLY_V2: [Event; 17] = [
        Event::TapeRead,
        Event::TapeUnnumbered,
        Event::TapeExpired,
        Event::TapeRenewed,
        Event::TapeHole,
        Event::TapeLagged,
        Event::TapeHidden,
        Event::Recovered,
        Event::Ended,
        Event::Limited,
        Event::Flushed,
        Event::CaughtUp,
        Event::Late,
        Event::Interleaved,
        Event::Restored,
        Event::SaidToLeave,
        Event::Unknown,
    ];
}

impl Met {
    pub(super) fn note(&mut self, event: Event) {
        self.add(event, 1);
    }

    pub(super) fn times(&self, event: Event) -> u64 {
        self.0.get(&event).copied().unwrap_or(0)
    }

    /// Adds the counts of another run.
    pub(super) fn extend(&mut self, other: &Met) {
        other
            .0
            .iter()
            .for_each(|(event, times)| self.add(*event, *times));
    }

    fn add(&mut self, event: Event, times: u64) {
        *self.0.entry(event).or_default() += times;
    }
}
