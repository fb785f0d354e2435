//! Observing the server: its connections, subscriptions and received messages, and waits for them.

use serde_json::Value;

use super::handshake::Handshake;
use super::server::TestServer;
use crate::wire::Protocol;

/// What the server has seen. A wait returns as soon as its condition holds. It has no deadline of its own;
/// wrap it in a timeout if the condition may never hold.
impl TestServer {
    /// Returns the number of live connections.
    pub fn connections(&self) -> usize {
        self.shared.look(|state| state.peers.len())
    }

    /// Returns the number of connections accepted so far.
    pub fn connections_accepted(&self) -> u64 {
        self.shared.look(|state| state.heard.accepted)
    }

    /// Waits until exactly this many connections are live.
    pub async fn wait_for_connections(&self, live: usize) {
        self.shared
            .until(|state| (state.peers.len() == live).then_some(()))
            .await;
    }

    /// Waits until at least this many connections were accepted.
    pub async fn wait_for_accepted(&self, accepted: u64) {
        self.shared
            .until(|state| (state.heard.accepted >= accepted).then_some(()))
            .await;
    }

    /// Returns every handshake request so far, refused ones included.
    pub fn handshakes(&self) -> Vec<Handshake> {
        self.shared.look(|state| state.heard.handshakes.clone())
    }

    /// Waits until there were at least this many handshake requests, refused ones included.
    pub async fn wait_for_handshakes(&self, handshakes: usize) {
        self.shared
            .until(|state| (state.heard.handshakes.len() >= handshakes).then_some(()))
            .await;
    }

    /// Returns every text message of all clients so far, in order. A message that is not JSON is a JSON
    /// string.
    pub fn messages(&self) -> Vec<Value> {
        self.shared.look(|state| {
            let messages = state.heard.messages.iter();
            messages.map(|(_, message)| message.clone()).collect()
        })
    }

    /// Returns the text messages received on one connection. Connections are numbered from 1.
    pub fn messages_of(&self, connection: u64) -> Vec<Value> {
        self.shared.look(|state| {
            let messages = state.heard.messages.iter();
            messages
                .filter(|(id, _)| *id == connection)
                .map(|(_, message)| message.clone())
                .collect()
        })
    }

    /// Returns the next text message that was not taken yet, and waits for it if necessary.
    pub async fn next_message(&self) -> Value {
        self.shared
            .until(|state| {
                let (_, message) = state.heard.messages.get(state.heard.taken)?;
                state.heard.taken += 1;
                Some(message.clone())
            })
            .await
    }

    /// Takes text messages until `wanted` returns true for one, and returns that one.
    pub async fn wait_for_message(&self, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        loop {
            let message = self.next_message().await;
            if wanted(&message) {
                return message;
            }
        }
    }

    /// Returns the view and key of every live subscription, connection by connection, in subscription order.
    pub fn subscriptions(&self) -> Vec<(String, Option<String>)> {
        self.shared.look(|state| state.subscriptions())
    }

    /// Returns the ids of a view's live v2 subscriptions, connection by connection, in subscription order.
    pub fn subscription_ids(&self, view: &str) -> Vec<String> {
        self.shared.look(|state| {
            let peers = state.peers.values();
            let peers = peers.filter(|peer| peer.protocol == Protocol::V2);
            peers.flat_map(|peer| peer.live(view)).collect()
        })
    }

    /// Waits until `wanted` returns true for the live [`subscriptions`](Self::subscriptions), and returns
    /// them.
    pub async fn wait_for_subscriptions(
        &self,
        mut wanted: impl FnMut(&[(String, Option<String>)]) -> bool,
    ) -> Vec<(String, Option<String>)> {
        let mut known = None;
        loop {
            // `wanted` is called without the lock, and only when the list has changed.
            let now = self
                .shared
                .until(|state| {
                    let now = state.subscriptions();
                    (known.as_ref() != Some(&now)).then_some(now)
                })
                .await;
            if wanted(&now) {
                return now;
            }
            known = Some(now);
        }
    }

    /// Waits until a view is subscribed, with any key or none.
    pub async fn wait_for_subscription(&self, view: &str) {
        self.wait_for_subscriptions(|live| live.iter().any(|(known, _)| known == view))
            .await;
    }

    /// Waits until every queued message has been written to its socket.
    pub async fn wait_idle(&self) {
        self.shared
            .until(|state| state.is_idle().then_some(()))
            .await;
    }

    /// Waits until at least one recording plays, and each playback has been sent completely or ended by its
    /// client.
    pub async fn wait_replayed(&self) {
        self.shared
            .until(|state| state.is_replayed().then_some(()))
            .await;
    }
}
