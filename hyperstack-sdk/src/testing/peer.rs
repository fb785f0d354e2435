//! One connection as the server sees it: its subscriptions and its queued messages.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::model::Feed;
use super::replay::Playback;
use crate::wire::Protocol;

/// The state of a connection. `wake` wakes the task that serves it.
#[derive(Debug)]
pub(super) struct Peer {
    /// The generation that the server speaks on this connection.
    pub(super) protocol: Protocol,
    pub(super) subscriptions: Vec<Subscription>,
    /// The subscriptions of protocol v2 that the client has ended.
    pub(super) unsubscribed: Vec<Subscription>,
    queue: VecDeque<Message>,
    /// How many messages may pass while replies are held.
    let_through: usize,
    /// Recorded messages that are due later, with the identity of their subscription.
    later: BTreeMap<(Instant, u64), (String, Message)>,
    scheduled: u64,
    /// Whether a message was taken from the queue but not yet flushed to the socket.
    writing: bool,
    /// Whether the client was removed without a message: it gets no data, and its next text message ends the
    /// connection.
    pub(super) muted: bool,
    /// Whether a Close frame is queued or sent. Nothing may follow it.
    closing: bool,
    wake: watch::Sender<()>,
}

/// A subscription of a connection.
#[derive(Debug)]
pub(super) struct Subscription {
    /// The name that requests use for it: view and key in protocol v1, its id in v2.
    pub(super) identity: String,
    pub(super) view: String,
    pub(super) key: Option<String>,
    /// `None` once delivery has ended. The subscription keeps its name taken until it is unsubscribed.
    pub(super) feed: Option<Feed>,
}

impl Peer {
    pub(super) fn new(protocol: Protocol) -> (Self, watch::Receiver<()>) {
        let (wake, woken) = watch::channel(());
        let peer = Self {
            protocol,
            subscriptions: Vec::new(),
            unsubscribed: Vec::new(),
            queue: VecDeque::new(),
            let_through: 0,
            later: BTreeMap::new(),
            scheduled: 0,
            writing: false,
            muted: false,
            closing: false,
            wake,
        };
        (peer, woken)
    }

    /// Wakes the connection's task to check the state again.
    pub(super) fn wake(&self) {
        self.wake.send_replace(());
    }

    pub(super) fn push(&mut self, message: Message) {
        if !self.muted && !self.closing {
            self.closing = message.is_close();
            self.queue.push_back(message);
            self.wake();
        }
    }

    pub(super) fn pop(&mut self) -> Option<Message> {
        let message = self.queue.pop_front()?;
        self.writing = true;
        Some(message)
    }

    /// Pops a message while messages are held back, if one may still pass.
    pub(super) fn pop_let_through(&mut self) -> Option<Message> {
        self.let_through = self.let_through.checked_sub(1)?;
        let message = self.pop();
        if message.is_none() {
            self.let_through += 1;
        }
        message
    }

    /// Lets this many more messages pass while messages are held back.
    pub(super) fn let_through(&mut self, messages: usize) {
        self.let_through += messages;
        self.wake();
    }

    /// Notes that every popped message was flushed to the socket.
    pub(super) fn flushed(&mut self) {
        self.writing = false;
    }

    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty() && !self.writing
    }

    /// Queues the recorded messages of a subscription: some now, the others when they are due.
    pub(super) fn play(&mut self, playback: Playback, identity: &str, now: Instant) {
        playback.now.into_iter().for_each(|m| self.push(m));
        for (delay, message) in playback.later {
            self.schedule(now + delay, identity, message);
        }
    }

    /// Keeps a message of a subscription until it is due. Messages due at the same time keep their order.
    fn schedule(&mut self, due: Instant, identity: &str, message: Message) {
        self.scheduled += 1;
        self.later
            .insert((due, self.scheduled), (identity.to_owned(), message));
        self.wake();
    }

    /// Whether nothing is queued or scheduled.
    pub(super) fn has_sent_all(&self) -> bool {
        self.queue.is_empty() && self.later.is_empty()
    }

    pub(super) fn has_scheduled(&self) -> bool {
        !self.later.is_empty()
    }

    /// Queues the messages that are due. Returns when the next one is.
    pub(super) fn release_due(&mut self, now: Instant) -> Option<Instant> {
        while let Some(entry) = self.later.first_entry() {
            let due = entry.key().0;
            if due > now {
                return Some(due);
            }
            let (_, message) = entry.remove();
            self.push(message);
        }
        None
    }

    /// Finds the subscription with this identity.
    pub(super) fn find(&mut self, identity: &str) -> Option<&mut Subscription> {
        self.subscriptions
            .iter_mut()
            .find(|known| known.identity == identity)
    }

    /// Ends the feed of a subscription, which stays in the list.
    pub(super) fn kill(&mut self, identity: &str) {
        self.later.retain(|_, (of, _)| of != identity);
        if let Some(known) = self.find(identity) {
            known.feed = None;
        }
    }

    /// Ends every feed.
    pub(super) fn kill_all(&mut self) {
        self.later.clear();
        for known in &mut self.subscriptions {
            known.feed = None;
        }
    }

    /// Ends a subscription, and returns it if there was one.
    pub(super) fn unsubscribe(&mut self, identity: &str) -> Option<Subscription> {
        self.later.retain(|_, (of, _)| of != identity);
        let mut subscriptions = self.subscriptions.iter();
        let index = subscriptions.position(|known| known.identity == identity)?;
        Some(self.subscriptions.remove(index))
    }

    /// The identities of the live subscriptions of a view.
    pub(super) fn live(&self, view: &str) -> Vec<String> {
        let live = self.subscriptions.iter();
        live.filter(|held| held.view == view && held.feed.is_some())
            .map(|held| held.identity.clone())
            .collect()
    }

    /// Removes the client without a message. Queued messages still arrive, but no new ones.
    pub(super) fn mute(&mut self) {
        self.muted = true;
        self.subscriptions.clear();
        self.later.clear();
    }
}
