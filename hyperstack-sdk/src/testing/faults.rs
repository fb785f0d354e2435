//! Raw frames, and everything that goes wrong between a client and a server.

use serde_json::Value;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::Message;

use super::frame::{binary, gzipped};
use super::peer::Peer;
use super::refusal::Refusal;
use super::server::TestServer;
use super::state::Refresh;
use super::tokens::Tokens;
use super::v2;
use crate::wire::Protocol;

/// Scripted frames. They go to every live connection, subscribed or not, after what is queued.
impl TestServer {
    /// Sends a data frame.
    pub fn send(&self, frame: Value) {
        self.send_message(binary(frame.to_string()));
    }

    /// Sends a compressed data frame.
    pub fn send_gzip(&self, frame: Value) {
        self.send_message(gzipped(&frame.to_string()));
    }

    /// Sends a text message: the real server sends nothing but errors and refresh replies so.
    pub fn send_text(&self, text: impl Into<String>) {
        self.send_message(Message::text(text.into()));
    }

    /// Sends bytes as they are, sound or not.
    pub fn send_binary(&self, bytes: impl Into<Vec<u8>>) {
        self.send_message(Message::Binary(bytes.into().into()));
    }

    /// Sends an `error` message that concerns the whole connection.
    pub fn send_issue(&self, issue: &Refusal, fatal: bool) {
        self.shared.change(|state| {
            for peer in state.peers.values_mut() {
                peer.push(Message::text(if peer.protocol == Protocol::V2 {
                    v2::error(issue, None, fatal)
                } else {
                    issue.issue(fatal).to_string()
                }));
            }
        });
    }

    fn send_message(&self, message: Message) {
        self.shared.change(|state| state.broadcast(&message));
    }
}

/// Faults. Each holds until it is taken back, or until a restart.
impl TestServer {
    /// Queues everything outgoing, as a slow server would. Messages are read, pings answered.
    pub fn hold_replies(&self) {
        self.shared.change(|state| state.faults.held = true);
    }

    /// Lets this many held messages through to each live connection, the next ones if there are
    /// not so many yet, and holds the rest: the first batch of a snapshot without the second, say.
    pub fn release_next(&self, messages: usize) {
        self.shared.change(|state| {
            for peer in state.peers.values_mut() {
                peer.let_through(messages);
            }
        });
    }

    /// Lets go of what [`hold_replies`](Self::hold_replies) queued.
    pub fn release_replies(&self) {
        self.shared.change(|state| {
            state.faults.held = false;
            state.wake_all();
        });
    }

    /// Stops reading and writing: pings stay unanswered, sockets open, and new connections get no
    /// answer to their handshake.
    pub fn freeze(&self) {
        self.shared.change(|state| {
            state.faults.frozen = true;
            state.wake_all();
        });
    }

    /// Ends a [`freeze`](Self::freeze): what clients said meanwhile is read now.
    pub fn thaw(&self) {
        self.shared.change(|state| {
            state.faults.frozen = false;
            state.wake_all();
        });
    }

    /// Removes the live connections in silence, as the server removes idle and slow clients: no
    /// data from now on, pings are answered, and the next text message ends the connection.
    pub fn mute(&self) {
        self.shared
            .change(|state| state.peers.values_mut().for_each(Peer::mute));
    }

    /// Ends the feed of every live subscription, as the server does to one that lags too far
    /// behind: the connection lives on, and only unsubscribing and subscribing again helps.
    pub fn kill_subscriptions(&self) {
        self.shared.change(|state| {
            for peer in state.peers.values_mut() {
                peer.kill_all();
            }
        });
    }

    /// Ends the live connections without a Close frame.
    pub fn drop_connections(&self) {
        // A connection ends when its peer is gone.
        self.shared.change(|state| state.peers.clear());
    }

    /// Sends a Close frame to the live connections, after what is queued, as hosted servers may.
    /// They end when their clients hang up.
    pub fn close_connections(&self, code: u16, reason: &str) {
        let frame = CloseFrame {
            code: code.into(),
            reason: reason.into(),
        };
        self.send_message(Message::Close(Some(frame)));
    }

    /// Sends a Close frame without a code, as a v2 server does when it stops, or when a client is idle,
    /// too slow or above its budget.
    pub fn close_without_code(&self) {
        self.send_message(Message::Close(None));
    }

    /// Rejects every handshake with this, or with `None` no more.
    pub fn refuse(&self, refusal: impl Into<Option<Refusal>>) {
        let refusal = refusal.into();
        self.shared.change(|state| state.faults.refusal = refusal);
    }

    /// Rejects one handshake with this: the next one, or the one after those that were named
    /// before.
    pub fn refuse_next(&self, refusal: Refusal) {
        self.shared
            .change(|state| state.faults.refuse_next.push_back(refusal));
    }

    /// Wants this token and no other from now on, or with `None` no token at all.
    pub fn set_token(&self, token: Option<&str>) {
        let tokens = token.map(|token| Tokens::of(vec![token.to_owned()]));
        self.shared.change(|state| state.tokens = tokens);
    }

    /// Takes this token from now on, besides those that it takes already.
    pub fn accept_token(&self, token: &str) {
        self.shared
            .change(|state| state.tokens.get_or_insert_default().accept(token));
    }

    /// Takes this token no more: who presents it is told `token-expired`. Connections that were made
    /// with it go on; the real server freezes them.
    pub fn expire_token(&self, token: &str) {
        self.shared
            .change(|state| state.tokens.get_or_insert_default().expire(token));
    }

    /// Answers `refresh_auth` like this from now on.
    pub fn set_refresh(&self, refresh: Refresh) {
        self.shared.change(|state| state.refresh = refresh);
    }
}
