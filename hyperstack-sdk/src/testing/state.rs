//! The server's whole state. It changes only under one lock, and never across an await.

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

/// The server's state: the model, the connections, the received messages and the faults.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The generation that the next connection speaks.
    pub(super) protocol: Protocol,
    pub(super) model: Model,
    pub(super) recorded: Recorded,
    pub(super) peers: BTreeMap<u64, Peer>,
    pub(super) heard: Heard,
    pub(super) faults: Faults,
    /// `None`: no token is required.
    pub(super) tokens: Option<Tokens>,
    pub(super) refresh: Refresh,
    pub(super) max_subscriptions: Option<usize>,
    pub(super) max_snapshot_rows: Option<usize>,
    /// The number of v2 snapshots sent so far.
    pub(super) snapshots: u64,
    /// The number of playbacks started so far.
    pub(super) playbacks: u64,
}

/// What the server has received.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Every text message, with the number of its connection.
    pub(super) messages: Vec<(u64, Value)>,
    /// How many messages the test has taken.
    pub(super) taken: usize,
    pub(super) handshakes: Vec<Handshake>,
    /// How many connections were accepted, which is also the number of the last one.
    pub(super) accepted: u64,
}

/// The active faults.
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

/// The server's answer to a client that presents a new token (`refresh_auth`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refresh {
    /// Accepts any token.
    Accept {
        /// When the token expires, in Unix seconds.
        expires_at: u64,
    },
    /// Rejects any token with this code.
    Reject(String),
    /// Accepts the tokens that may connect, as a server with session tokens does. Other tokens are rejected
    /// with `token-expired` or `token-invalid-signature`.
    Check {
        /// When an accepted token expires, in Unix seconds.
        expires_at: u64,
    },
    /// Sends no answer, like a server 0.5.
    Silent,
}

impl Default for Refresh {
    /// The answer of a server without session tokens.
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
    /// Admits a client, or returns why it is refused.
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

    /// Handles a text message of a client.
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

    /// Answers a client that presents a new token, unless the server is set to be silent.
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

    /// Rejects a probe, whose token is never valid, unless the server is set to be silent.
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

    /// Sends each subscription the frames of a change.
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
                    Some(Feed::Tape(feed)) if feed.is_of(&change.entity) => {
                        let record = change.record.as_deref();
                        let message = record.and_then(|record| feed.advance(identity, record));
                        message.into_iter().collect()
                    }
                    Some(Feed::V2(_) | Feed::Tape(_) | Feed::Last(_) | Feed::Silent) | None => {
                        Vec::new()
                    }
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

    /// Takes the next message for the socket, unless messages are held back.
    pub(super) fn pop(&mut self, id: u64) -> Option<Message> {
        if self.faults.frozen {
            return None;
        }
        let peer = self.peers.get_mut(&id)?;
        if self.faults.held {
            return peer.pop_let_through();
        }
        if let Some(message) = peer.pop() {
            return Some(message);
        }
        self.restart_recorded();
        self.peers.get_mut(&id)?.pop()
    }

    /// Closes all connections when a replayed tape has got all records of an epoch. They get the next epoch when they
    /// connect again.
    fn restart_recorded(&mut self) {
        let ended = self.ended_epochs();
        if ended.is_empty() || !self.peers.values().all(Peer::has_sent_all) {
            return;
        }
        for (view, next) in ended {
            self.recorded.v2.restart(&view, next);
        }
        for peer in self.peers.values_mut() {
            peer.kill_all();
            peer.push(Message::Close(None));
        }
    }

    /// The replayed tapes that have got all records of an epoch, and the number of the next one.
    fn ended_epochs(&self) -> Vec<(String, usize)> {
        let all = self.peers.values().flat_map(|peer| &peer.subscriptions);
        let ended = all.filter_map(|subscription| match subscription.feed {
            Some(Feed::Last(next)) => Some((subscription.view.clone(), next)),
            _ => None,
        });
        ended.collect()
    }

    /// Wakes every connection's task because a fault started or ended.
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
        let is_done = self.is_idle() && !self.peers.values().any(Peer::has_scheduled);
        let ends = !self.recorded.v2.is_awaited() && self.ended_epochs().is_empty();
        self.playbacks > 0 && is_done && ends
    }
}
