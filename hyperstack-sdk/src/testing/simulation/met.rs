//! What a run met, so that nobody takes for proven what never came to pass.

use std::collections::BTreeMap;

/// How often what happened.
#[derive(Debug, Default)]
pub(super) struct Met(BTreeMap<Event, u64>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// A dial was refused, or broken off.
    NoConnection,
    /// A connection ended, and the client was told.
    Lost,
    /// The client found out that there was nobody.
    Silent,
    /// The server hung up on a client that it had removed before.
    HungUp,
    /// The server ended a subscription without a word.
    Starved,
    /// The client asked only for what it had missed.
    Resumed,
    /// No token came.
    NoToken,
    /// The server took a token in the place of another.
    Renewed,
    /// The server refused a token that had ended.
    Expired,
    Restarted,
    /// The list forgot the row that changed least recently.
    Evicted,
    /// A row was deleted, and readers of the list were told.
    Deleted,
    /// A snapshot was sent in more messages than one.
    Split,
    /// A row was sent as it was before, and then as it is.
    Doubled,
    /// A change was sent after the snapshot that had it.
    Overlapped,
    /// A recovery snapshot was sent.
    Recovered,
    /// A subscription was ended with an error.
    Ended,
    /// A subscription was refused because of a limit.
    Limited,
    /// What a coalesced view had collected was sent.
    Flushed,
    /// A client got all that it missed of a row's state in one patch.
    CaughtUp,
    /// A frame was sent after the end of its subscription.
    Late,
    /// A snapshot was sent in messages with those of another subscription in between.
    Interleaved,
    /// A row was deleted, and a reader was told only that it left.
    SaidToLeave,
    /// The server restarted and kept its rows.
    Restored,
    /// A reader was told that the server does not have the view.
    Unknown,
    /// A reader yielded a row that was checked to have been on the server.
    Seen,
    /// A reader yielded a row whose fields alone were checked to have been.
    SeenInPart,
    /// The items of a reader were just what the frames had said.
    Followed,
}

impl Event {
    /// What happens under both generations.
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
    pub(super) const ONLY_V2: [Event; 10] = [
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

    /// Adds what was met elsewhere.
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
