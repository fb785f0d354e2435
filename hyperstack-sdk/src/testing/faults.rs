//! Scripted frames, and faults of the server and its connections.

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

/// Scripted frames. Each goes to every live connection, subscribed or not, after the queued messages.
impl TestServer {
    /// Sends an uncompressed data frame.
    pub fn send(&self, frame: Value) {
        self.send_message(binary(frame.to_string()));
    }

    /// Sends a gzip-compressed data frame.
    pub fn send_gzip(&self, frame: Value) {
        self.send_message(gzipped(&frame.to_string()));
    }

    /// Sends a text message. The real server sends only errors and replies to `refresh_auth` as text.
    pub fn send_text(&self, text: impl Into<String>) {
        self.send_message(Message::text(text.into()));
    }

    /// Sends these bytes as a binary message. They need not be a valid frame.
    pub fn send_binary(&self, bytes: impl Into<Vec<u8>>) {
        self.send_message(Message::Binary(bytes.into().into()));
    }

    /// Sends an `error` message that is about the whole connection.
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

/// Faults. A fault lasts until you end it or restart the server.
impl TestServer {
    /// Holds back outgoing messages, as a slow server does. The server still reads messages and answers
    /// pings.
    pub fn hold_replies(&self) {
        self.shared.change(|state| state.faults.held = true);
    }

    /// Sends the next `messages` held messages to each live connection, and holds the rest. For example, it
    /// sends the first batch of a snapshot without the second. If fewer messages are queued, later ones
    /// count.
    pub fn release_next(&self, messages: usize) {
        self.shared.change(|state| {
            for peer in state.peers.values_mut() {
                peer.let_through(messages);
            }
        });
    }

    /// Ends [`hold_replies`](Self::hold_replies), and sends the held messages.
    pub fn release_replies(&self) {
        self.shared.change(|state| {
            state.faults.held = false;
            state.wake_all();
        });
    }

    /// Stops reading and writing. Sockets stay open, pings stay unanswered, and new connections get no answer
    /// to their handshake.
    pub fn freeze(&self) {
        self.shared.change(|state| {
            state.faults.frozen = true;
            state.wake_all();
        });
    }

    /// Ends a [`freeze`](Self::freeze). The server then reads what clients have sent meanwhile.
    pub fn thaw(&self) {
        self.shared.change(|state| {
            state.faults.frozen = false;
            state.wake_all();
        });
    }

    /// Removes all clients without a message, as a v1 server removes idle and slow clients. Their connections
    /// get no more data and pings are still answered. The client's next text message ends its connection.
    pub fn mute(&self) {
        self.shared
            .change(|state| state.peers.values_mut().for_each(Peer::mute));
    }

    /// Ends every live subscription without a message, as the server does with one that lags too far behind.
    /// The connection stays open. The client gets data again only if it unsubscribes and resubscribes.
    pub fn kill_subscriptions(&self) {
        self.shared.change(|state| {
            for peer in state.peers.values_mut() {
                peer.kill_all();
            }
        });
    }

    /// Ends all live connections without a Close frame.
    pub fn drop_connections(&self) {
        // A connection ends when its peer is gone.
        self.shared.change(|state| state.peers.clear());
    }

    /// Sends a Close frame to all live connections, after the queued messages, as hosted servers may. A
    /// connection ends when its client closes it.
    pub fn close_connections(&self, code: u16, reason: &str) {
        let frame = CloseFrame {
            code: code.into(),
            reason: reason.into(),
        };
        self.send_message(Message::Close(Some(frame)));
    }

    /// Sends a Close frame without a code. A v2 server does this when it stops, or when a client is idle, too
    /// slow or over its budget.
    pub fn close_without_code(&self) {
        self.send_message(Message::Close(None));
    }

    /// Rejects every handshake with this error. `None` ends that.
    pub fn refuse(&self, refusal: impl Into<Option<Refusal>>) {
        let refusal = refusal.into();
        self.shared.change(|state| state.faults.refusal = refusal);
    }

    /// Rejects one handshake with this error. Several calls reject that many handshakes, in order.
    pub fn refuse_next(&self, refusal: Refusal) {
        self.shared
            .change(|state| state.faults.refuse_next.push_back(refusal));
    }

    /// Accepts only this token from now on. With `None`, no token is required.
    pub fn set_token(&self, token: Option<&str>) {
        let tokens = token.map(|token| Tokens::of(vec![token.to_owned()]));
        self.shared.change(|state| state.tokens = tokens);
    }

    /// Accepts this token too from now on.
    pub fn accept_token(&self, token: &str) {
        self.shared
            .change(|state| state.tokens.get_or_insert_default().accept(token));
    }

    /// Rejects this token with `token-expired` from now on. Connections made with it continue; the real v1
    /// server freezes them.
    pub fn expire_token(&self, token: &str) {
        self.shared
            .change(|state| state.tokens.get_or_insert_default().expire(token));
    }

    /// Sets the answer to `refresh_auth` from now on.
    pub fn set_refresh(&self, refresh: Refresh) {
        self.shared.change(|state| state.refresh = refresh);
    }
}
