//! One connection as the server sees it: its subscriptions, and what waits to be written.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::model::Feed;
use super::replay::Playback;
use crate::wire::Protocol;

/// A connection's half of the state; the other half is its task, which `wake` wakes.
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
    /// Recorded messages that are due later, and whose subscription they belong to.
    later: BTreeMap<(Instant, u64), (String, Message)>,
    scheduled: u64,
    /// Whether a message has been taken from the queue and not yet reached the socket.
    writing: bool,
    /// Removed in silence: no data, and the next text message ends the connection.
    pub(super) muted: bool,
    /// A Close frame is queued or sent, and nothing may follow it.
    closing: bool,
    wake: watch::Sender<()>,
}

/// What a connection has subscribed to.
#[derive(Debug)]
pub(super) struct Subscription {
    /// What a request names it by: view and key in protocol v1, its id in v2.
    pub(super) identity: String,
    pub(super) view: String,
    pub(super) key: Option<String>,
    /// `None` once delivery has ended: the subscription stays in the way until it is unsubscribed.
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

    /// Tells the connection's task to look at the state again.
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

    /// Pops where messages are held back, but for so many.
    pub(super) fn pop_let_through(&mut self) -> Option<Message> {
        self.let_through = self.let_through.checked_sub(1)?;
        let message = self.pop();
        if message.is_none() {
            self.let_through += 1;
        }
        message
    }

    /// Lets so many more messages pass while replies are held.
    pub(super) fn let_through(&mut self, messages: usize) {
        self.let_through += messages;
        self.wake();
    }

    /// Everything that was popped has reached the socket.
    pub(super) fn flushed(&mut self) {
        self.writing = false;
    }

    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty() && !self.writing
    }

    /// Queues what a recording has for a subscription: a part now, the rest later.
    pub(super) fn play(&mut self, playback: Playback, identity: &str, now: Instant) {
        playback.now.into_iter().for_each(|m| self.push(m));
        for (delay, message) in playback.later {
            self.schedule(now + delay, identity, message);
        }
    }

    /// Keeps a message of a subscription for later. Messages due at one time keep their order.
    fn schedule(&mut self, due: Instant, identity: &str, message: Message) {
        self.scheduled += 1;
        self.later
            .insert((due, self.scheduled), (identity.to_owned(), message));
        self.wake();
    }

    pub(super) fn has_scheduled(&self) -> bool {
        !self.later.is_empty()
    }

    /// Queues what is due, and says when to ask again.
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

    /// The subscription that a request with this identity would collide with.
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

    /// The silent removal: what was queued still arrives, nothing is added.
    pub(super) fn mute(&mut self) {
        self.muted = true;
        self.subscriptions.clear();
        self.later.clear();
    }
}
