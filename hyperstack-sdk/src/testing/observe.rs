//! Watching the server: what clients said, who is connected, and waits that need no sleep.

use serde_json::Value;

use super::handshake::Handshake;
use super::server::TestServer;
use crate::wire::Protocol;

/// What the server has seen. The waits end as soon as what they wait for is so, and not before:
/// wrap them in a timeout where it may never be.
impl TestServer {
    /// How many connections are live.
    pub fn connections(&self) -> usize {
        self.shared.look(|state| state.peers.len())
    }

    /// How many connections were accepted so far.
    pub fn connections_accepted(&self) -> u64 {
        self.shared.look(|state| state.heard.accepted)
    }

    /// Waits until exactly this many connections are live.
    pub async fn wait_for_connections(&self, live: usize) {
        self.shared
            .until(|state| (state.peers.len() == live).then_some(()))
            .await;
    }

    /// Waits until this many connections were accepted in all.
    pub async fn wait_for_accepted(&self, accepted: u64) {
        self.shared
            .until(|state| (state.heard.accepted >= accepted).then_some(()))
            .await;
    }

    /// Every opening request so far, refused ones included.
    pub fn handshakes(&self) -> Vec<Handshake> {
        self.shared.look(|state| state.heard.handshakes.clone())
    }

    /// Waits until there were this many opening requests, refused ones included.
    pub async fn wait_for_handshakes(&self, handshakes: usize) {
        self.shared
            .until(|state| (state.heard.handshakes.len() >= handshakes).then_some(()))
            .await;
    }

    /// Every text message of any client so far, in order; one that is no JSON is a JSON string.
    pub fn messages(&self) -> Vec<Value> {
        self.shared.look(|state| {
            let messages = state.heard.messages.iter();
            messages.map(|(_, message)| message.clone()).collect()
        })
    }

    /// The text messages that came by one connection, the first of which is number 1.
    pub fn messages_of(&self, connection: u64) -> Vec<Value> {
        self.shared.look(|state| {
            let messages = state.heard.messages.iter();
            messages
                .filter(|(id, _)| *id == connection)
                .map(|(_, message)| message.clone())
                .collect()
        })
    }

    /// Takes the next text message that was not taken yet, waiting for it if need be.
    pub async fn next_message(&self) -> Value {
        self.shared
            .until(|state| {
                let (_, message) = state.heard.messages.get(state.heard.taken)?;
                state.heard.taken += 1;
                Some(message.clone())
            })
            .await
    }

    /// Takes text messages until one is as wanted, and returns that one.
    pub async fn wait_for_message(&self, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        loop {
            let message = self.next_message().await;
            if wanted(&message) {
                return message;
            }
        }
    }

    /// The live subscriptions of every connection: view and key, in the order subscribed.
    pub fn subscriptions(&self) -> Vec<(String, Option<String>)> {
        self.shared.look(|state| state.subscriptions())
    }

    /// The ids of the live v2 subscriptions of a view, connection by connection, in the order
    /// subscribed.
    pub fn subscription_ids(&self, view: &str) -> Vec<String> {
        self.shared.look(|state| {
            let peers = state.peers.values();
            let peers = peers.filter(|peer| peer.protocol == Protocol::V2);
            peers.flat_map(|peer| peer.live(view)).collect()
        })
    }

    /// Waits until the live subscriptions are as wanted.
    pub async fn wait_for_subscriptions(
        &self,
        mut wanted: impl FnMut(&[(String, Option<String>)]) -> bool,
    ) -> Vec<(String, Option<String>)> {
        let mut known = None;
        loop {
            // The test's own code runs outside the lock, and once per new list.
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

    /// Waits until a view is subscribed, whatever the key.
    pub async fn wait_for_subscription(&self, view: &str) {
        self.wait_for_subscriptions(|live| live.iter().any(|(known, _)| known == view))
            .await;
    }

    /// Waits until everything sent so far has reached the sockets.
    pub async fn wait_idle(&self) {
        self.shared
            .until(|state| state.is_idle().then_some(()))
            .await;
    }

    /// Waits until a recording was subscribed to, and every playback that was started has been
    /// sent to the end, or was ended by its client.
    pub async fn wait_replayed(&self) {
        self.shared
            .until(|state| state.is_replayed().then_some(()))
            .await;
    }
}
