//! Faults of protocol v2.

use std::ops::Range;

use super::super::builder::resolved;
use super::super::model::{Feed, Model};
use super::super::peer::Peer;
use super::super::refusal::Refusal;
use super::super::server::TestServer;
use super::super::state::State;
use super::feed::{self, Batch};
use super::frame::error;
use super::journal::Journal;
use crate::wire::{Cursor, Protocol};
use tokio_tungstenite::tungstenite::Message;

/// Ends a subscription with an error. Its id stays taken.
pub(crate) fn end(peer: &mut Peer, id: &str, refusal: &Refusal) {
    peer.kill(id);
    // The server calls the end of a subscription fatal, but not that of a tape which fell behind.
    let is_fatal = refusal.code != "replay-lagged";
    peer.push(Message::binary(error(refusal, Some(id), is_fatal)));
}

/// The error of a delivery that fell behind.
pub(crate) fn lagged() -> Refusal {
    Refusal::new("subscription-lagged")
        .message("delivery fell behind and this subscription has stopped")
        .suggested_action(
            "unsubscribe, then resubscribe with snapshots enabled so delivery can recover",
        )
}

/// Faults of protocol v2. Unless stated otherwise, they affect the live v2 subscriptions of a view, whatever
/// their query, but not v1 subscriptions and replayed recordings.
impl TestServer {
    /// Sets the generation of connections accepted from now on, as an upgrade does. Live connections keep
    /// theirs. Rows stay; [`restart`](Self::restart) clears them.
    pub fn set_protocol(&self, protocol: Protocol) {
        self.shared
            .change(|state| state.protocol = resolved(protocol));
    }

    /// Restarts as a server with stored state does. The connections end, the rows keep their `_version`, and
    /// tapes keep their records and epoch. Later changes have versions of a new epoch. The port stays open.
    pub fn restart_with_rows(&self) {
        self.shared.change(|state| {
            state.model.restart_with_rows();
            state.peers.clear();
        });
    }

    /// Sends a recovery snapshot, as the server does when a delivery falls behind. It is an authoritative
    /// snapshot without a new `subscribed`. It ignores `snapshotLimit` and `after`.
    ///
    /// A subscription that disabled snapshots ends with `subscription-lagged` instead. One whose result
    /// exceeds the [row limit](crate::testing::TestServerBuilder::max_snapshot_rows) ends without a message.
    ///
    /// The snapshot has the changes that a [coalesced](Self::coalesce) view has not sent yet; they are not
    /// sent again. To simulate missed changes, coalesce the view, change rows, then recover.
    pub fn recover(&self, view: &str) {
        self.shared.change(|state| state.recover(view));
    }

    /// Ends every subscription of a view with an error, such as `subscription-lagged` or
    /// `subscription-rescoped`. The connection stays open, and the subscription ids stay taken until the
    /// client unsubscribes. Replayed recordings end too.
    pub fn end_subscriptions(&self, view: &str, refusal: &Refusal) {
        self.shared.change(|state| {
            for peer in state.peers.values_mut() {
                if peer.protocol == Protocol::V2 {
                    let live = peer.live(view);
                    live.iter().for_each(|id| end(peer, id, refusal));
                }
            }
        });
    }

    /// Sends an upsert of a row for each subscription of the view that a live connection has unsubscribed.
    /// This simulates frames that were in flight when the client unsubscribed.
    ///
    /// # Panics
    ///
    /// Panics if the view's entity has no such row.
    #[track_caller]
    pub fn send_late_frames(&self, view: &str, key: &str) {
        let sent = self.shared.change(|state| {
            let State { model, peers, .. } = state;
            let (key, row) = model.rows(model.entity_of(view)?)?.entry(key)?;
            for peer in peers.values_mut() {
                let ended = peer.unsubscribed.iter().filter(|held| held.view == view);
                let frames = ended.filter_map(|held| match &held.feed {
                    Some(Feed::V2(feed)) => Some(feed.upsert(&held.identity, key, row)),
                    _ => None,
                });
                let frames: Vec<_> = frames.collect();
                frames.into_iter().for_each(|m| peer.push(m));
            }
            Some(())
        });
        assert!(
            sent.is_some(),
            "the test server has no row `{key}` in `{view}`"
        );
    }

    /// Collects the changes of a view until [`flush`](Self::flush), instead of sending them one by one.
    /// Snapshots are current. This lasts until [`stop_coalescing`](Self::stop_coalescing).
    pub fn coalesce(&self, view: &str) {
        self.shared.change(|state| {
            state.faults.coalesced.entry(view.to_owned()).or_default();
        });
    }

    /// Ends an interval of a coalesced view. Sends the rows that left, then one upsert for each row that
    /// changed. No patches are sent.
    pub fn flush(&self, view: &str) {
        self.shared.change(|state| state.flush(view));
    }

    /// Ends an interval of a coalesced `state` view as for a client that missed all its changes. Each changed
    /// row is sent as one patch, with every field that changed since the client got the whole row. The patch
    /// has no position and appends nothing. A row that was deleted and created again is sent as an upsert.
    pub fn catch_up(&self, view: &str) {
        self.shared.change(|state| state.catch_up(view));
    }

    /// Sends the changes that a coalesced view has collected, and ends coalescing.
    pub fn stop_coalescing(&self, view: &str) {
        self.shared.change(|state| state.stop_coalescing(view));
    }

    /// Limits the subscriptions of each connection from now on. See
    /// [`max_subscriptions`](crate::testing::TestServerBuilder::max_subscriptions).
    pub fn set_max_subscriptions(&self, subscriptions: Option<usize>) {
        self.shared
            .change(|state| state.max_subscriptions = subscriptions);
    }

    /// Limits the rows of each snapshot from now on. See
    /// [`max_snapshot_rows`](crate::testing::TestServerBuilder::max_snapshot_rows).
    pub fn set_max_snapshot_rows(&self, rows: Option<usize>) {
        self.shared.change(|state| state.max_snapshot_rows = rows);
    }
}

/// Tapes. See [`TestServerBuilder::tape`](crate::testing::TestServerBuilder::tape).
impl TestServer {
    /// Returns the cursor of the last record of a tape. It is `"<epoch>:start"` if there is none.
    ///
    /// # Panics
    ///
    /// Panics if the view is not a tape.
    #[track_caller]
    pub fn cursor(&self, view: &str) -> Cursor {
        self.journal(view, Journal::cursor)
    }

    /// Returns the numbers of the records that a tape retains.
    ///
    /// # Panics
    ///
    /// Panics if the view is not a tape.
    #[track_caller]
    pub fn retained(&self, view: &str) -> Range<u64> {
        let window = self.journal(view, Journal::window);
        window.earliest..window.next
    }

    /// Simulates a server that was disconnected from its source: marks missed events after the last record of each
    /// tape. The server rejects cursors up to that record with `replay-gap` and does not inform open subscriptions.
    pub fn mark_gap(&self) {
        self.shared.change(|state| state.model.tapes.mark_gap());
    }

    /// Stops numbering the records of tapes, as a server does that is about to stop. Live subscriptions get later
    /// records without a number, and the server does not retain them. Ends with the next restart.
    pub fn seal_tapes(&self) {
        self.shared.change(|state| state.model.tapes.seal());
    }

    /// Ends every subscription of a tape with `replay-lagged`, as if it had missed the next `records` records. The
    /// subscription ids stay taken until the client unsubscribes.
    ///
    /// # Panics
    ///
    /// Panics if the view is not a tape.
    #[track_caller]
    pub fn lag(&self, view: &str, records: u64) {
        let lagged = self.shared.change(|state| state.lag(view, records));
        assert!(lagged.is_some(), "{}", no_tape(view));
    }

    #[track_caller]
    fn journal<R>(&self, view: &str, look: impl FnOnce(&Journal) -> R) -> R {
        let found = self.shared.look(|state| state.model.tape(view).map(look));
        match found {
            Some(found) => found,
            None => panic!("{}", no_tape(view)),
        }
    }
}

fn no_tape(view: &str) -> String {
    format!("the test server has no tape `{view}` (add it with `TestServerBuilder::tape`)")
}

impl State {
    /// Ends every subscription of a tape with `replay-lagged`. `None` if the view is not a tape.
    pub(crate) fn lag(&mut self, view: &str, records: u64) -> Option<()> {
        let journal = self.model.tape(view)?;
        for peer in self.peers.values_mut() {
            let subscriptions = peer.subscriptions.iter();
            let of_view = subscriptions.filter(|held| held.view == view);
            let lagged = of_view.filter_map(|held| match &held.feed {
                Some(Feed::Tape(feed)) => {
                    Some((held.identity.clone(), feed.lagged(journal, records)))
                }
                _ => None,
            });
            for (id, refusal) in lagged.collect::<Vec<_>>() {
                end(peer, &id, &refusal);
            }
        }
        Some(())
    }

    pub(crate) fn recover(&mut self, view: &str) {
        if let Some(batch) = self.faults.coalesced.get_mut(view) {
            *batch = Default::default();
        }
        for peer in self.peers.values_mut() {
            let mut messages = Vec::new();
            let subscriptions = peer.subscriptions.iter_mut();
            for held in subscriptions.filter(|held| held.view == view) {
                let Some(Feed::V2(feed)) = &mut held.feed else {
                    continue;
                };
                let id = &held.identity;
                if feed.with_snapshot() {
                    self.snapshots += 1;
                    match feed.recover(&self.model, id, self.snapshots, self.max_snapshot_rows) {
                        Some(snapshot) => messages.extend(snapshot),
                        None => held.feed = None,
                    }
                } else {
                    messages.push(Message::binary(error(&lagged(), Some(id), true)));
                    held.feed = None;
                }
            }
            messages.into_iter().for_each(|m| peer.push(m));
        }
    }

    pub(crate) fn flush(&mut self, view: &str) {
        self.end_interval(view, feed::Feed::flush);
    }

    pub(crate) fn catch_up(&mut self, view: &str) {
        self.end_interval(view, feed::Feed::catch_up);
    }

    pub(crate) fn stop_coalescing(&mut self, view: &str) {
        self.flush(view);
        self.faults.coalesced.remove(view);
    }

    /// Sends the changes that a coalesced view has collected.
    fn end_interval(
        &mut self,
        view: &str,
        frames: impl Fn(&mut feed::Feed, &Model, &str, &Batch) -> Vec<Message>,
    ) {
        let Some(batch) = self.faults.coalesced.get_mut(view) else {
            return;
        };
        let batch = std::mem::take(batch);
        for peer in self.peers.values_mut() {
            let mut messages = Vec::new();
            let subscriptions = peer.subscriptions.iter_mut();
            for held in subscriptions.filter(|held| held.view == view) {
                if let Some(Feed::V2(feed)) = &mut held.feed {
                    messages.extend(frames(feed, &self.model, &held.identity, &batch));
                }
            }
            messages.into_iter().for_each(|m| peer.push(m));
        }
    }
}
