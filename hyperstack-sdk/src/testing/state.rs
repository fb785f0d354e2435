//! Everything the server knows, changed only under one lock and without awaiting.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{json, Value};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::handshake::Handshake;
use super::model::{Change, Feed, Model};
use super::peer::{Peer, Subscription};
use super::refusal::Refusal;
use super::replay::Recorded;
use super::tokens::Tokens;
use super::{v1, v2};
use crate::wire::Protocol;

/// The server's state: the model, its connections, what it heard and how it misbehaves.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The generation that the next connection speaks.
    pub(super) protocol: Protocol,
    pub(super) model: Model,
    pub(super) recorded: Recorded,
    pub(super) peers: BTreeMap<u64, Peer>,
    pub(super) heard: Heard,
    pub(super) faults: Faults,
    /// With none, nobody has to present one.
    pub(super) tokens: Option<Tokens>,
    pub(super) refresh: Refresh,
    pub(super) max_subscriptions: Option<usize>,
    pub(super) max_snapshot_rows: Option<usize>,
    /// Snapshots of protocol v2 so far.
    pub(super) snapshots: u64,
    /// Playbacks of recordings that were started.
    pub(super) playbacks: u64,
}

/// What clients have said.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Every text message, and the number of the connection it came by.
    pub(super) messages: Vec<(u64, Value)>,
    /// How many of them a test has taken already.
    pub(super) taken: usize,
    pub(super) handshakes: Vec<Handshake>,
    /// Connections accepted; the last one's number.
    pub(super) accepted: u64,
}

/// How the server misbehaves.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) held: bool,
    pub(super) frozen: bool,
    pub(super) refusal: Option<Refusal>,
    /// Refusals for the next handshakes only.
    pub(super) refuse_next: VecDeque<Refusal>,
    /// Coalesced views, with the changes of the current interval.
    pub(super) coalesced: BTreeMap<String, v2::Batch>,
}

/// How the server answers a client that presents a new token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refresh {
    /// The token is good until then, in seconds since 1970.
    Accept {
        /// When it expires.
        expires_at: u64,
    },
    /// It is not, and this is the code.
    Reject(String),
    /// As a server with session tokens does: good until then if it is one that may connect, else
    /// `token-expired` or `token-invalid-signature`.
    Check {
        /// When it expires, in seconds since 1970.
        expires_at: u64,
    },
    /// No answer at all, like a server 0.5.
    Silent,
}

impl Default for Refresh {
    /// What a server without session tokens says to any of them.
    fn default() -> Self {
        Self::Reject("token-invalid".to_owned())
    }
}

/// What to do with a connection after a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep,
    HangUp,
}

impl State {
    /// Lets a client in, or says why not.
    pub(super) fn admit(
        &mut self,
        handshake: Handshake,
    ) -> Result<(u64, watch::Receiver<()>), Refusal> {
        let refusal = self
            .faults
            .refuse_next
            .pop_front()
            .or_else(|| self.faults.refusal.clone())
            .or_else(|| handshake.check(self.tokens.as_ref()));
        self.heard.handshakes.push(handshake);
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        self.heard.accepted += 1;
        let (peer, woken) = Peer::new(self.protocol);
        self.peers.insert(self.heard.accepted, peer);
        Ok((self.heard.accepted, woken))
    }

    /// Takes in a text message of a client.
    pub(super) fn receive(&mut self, id: u64, text: &str, now: Instant) -> Verdict {
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        self.heard.messages.push((id, value));
        let Some(peer) = self.peers.get_mut(&id) else {
            return Verdict::HangUp;
        };
        if peer.muted {
            return Verdict::HangUp;
        }
        if peer.protocol == Protocol::V2 {
            v2::receive(self, id, text, now);
        } else {
            v1::receive(self, id, text, now);
        }
        Verdict::Keep
    }

    /// Answers a client that presents a new token, unless the server is silent about it.
    pub(super) fn refresh(&mut self, id: u64, token: &str) {
        let tokens = self.tokens.as_ref();
        let known = |token| tokens?.refuse(token, "token-invalid-signature");
        let reply = match &self.refresh {
            Refresh::Accept { expires_at } => Ok(*expires_at),
            Refresh::Reject(code) => Err(code.clone()),
            Refresh::Check { expires_at } => {
                known(token).map_or(Ok(*expires_at), |code| Err(code.to_owned()))
            }
            Refresh::Silent => return,
        };
        self.answer_refresh(id, reply);
    }

    /// Refuses a token that is none, whatever the server does with others.
    pub(super) fn refuse_refresh(&mut self, id: u64) {
        if self.refresh != Refresh::Silent {
            self.answer_refresh(id, Err("token-invalid".to_owned()));
        }
    }

    fn answer_refresh(&mut self, id: u64, reply: Result<u64, String>) {
        let reply = match reply {
            Ok(expires_at) => json!({"success": true, "expiresAt": expires_at}),
            Err(code) => json!({"success": false, "error": code}),
        };
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.push(Message::text(reply.to_string()));
        }
    }

    /// Sends what a change means to each subscription.
    pub(super) fn announce(&mut self, change: &Change) {
        let batch = v2::Batch::of(change);
        for peer in self.peers.values_mut() {
            let mut subscriptions = std::mem::take(&mut peer.subscriptions);
            for Subscription {
                identity,
                view,
                feed,
                ..
            } in &mut subscriptions
            {
                let messages = match feed {
                    Some(Feed::V1(feed)) => feed.announce(&self.model, change, view),
                    Some(Feed::V2(feed)) if !self.faults.coalesced.contains_key(view) => {
                        feed.advance(&self.model, identity, change, &batch)
                    }
                    Some(Feed::V2(_) | Feed::Silent) | None => Vec::new(),
                };
                messages.into_iter().for_each(|m| peer.push(m));
            }
            peer.subscriptions = subscriptions;
        }
        for (view, batch) in &mut self.faults.coalesced {
            if self.model.entity_of(view) == Some(&change.entity) {
                batch.add(change);
            }
        }
    }

    /// Sends a message to every live connection.
    pub(super) fn broadcast(&mut self, message: &Message) {
        for peer in self.peers.values_mut() {
            peer.push(message.clone());
        }
    }

    /// The next message for the socket, unless the server holds its tongue.
    pub(super) fn pop(&mut self, id: u64) -> Option<Message> {
        if self.faults.frozen {
            return None;
        }
        let peer = self.peers.get_mut(&id)?;
        if self.faults.held {
            peer.pop_let_through()
        } else {
            peer.pop()
        }
    }

    /// Tells every connection's task that a fault came or went.
    pub(super) fn wake_all(&self) {
        self.peers.values().for_each(Peer::wake);
    }

    /// The live subscriptions, connection by connection.
    pub(super) fn subscriptions(&self) -> Vec<(String, Option<String>)> {
        let all = self.peers.values().flat_map(|peer| &peer.subscriptions);
        all.filter(|subscription| subscription.feed.is_some())
            .map(|subscription| (subscription.view.clone(), subscription.key.clone()))
            .collect()
    }

    /// Whether everything queued has been written.
    pub(super) fn is_idle(&self) -> bool {
        self.peers.values().all(Peer::is_idle)
    }

    /// Whether playbacks were started and all of them have been written.
    pub(super) fn is_replayed(&self) -> bool {
        self.playbacks > 0 && self.is_idle() && !self.peers.values().any(Peer::has_scheduled)
    }
}
