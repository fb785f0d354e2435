//! A client without a socket.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::client::{HyperStack, HyperStackBuilder};
use crate::engine::{Engine, Handle};
use crate::session::Transmit;

/// A client without a socket or a task: the test hands it the server's messages, and takes what it
/// would send. Nothing happens by itself, so that every step is the test's own; a runtime is needed
/// only for what waits, as `get` does.
///
/// ```
/// use futures_util::FutureExt;
/// use hyperstack_sdk::prelude::*;
/// use hyperstack_sdk::testing::Offline;
///
/// #[derive(Debug, Clone, PartialEq, Entity)]
/// struct Player {
///     score: i64,
/// }
///
/// let offline = Offline::new(HyperStack::builder());
/// let mut scores = offline.client().listen::<Player>();
/// assert!(scores.next().now_or_never().is_none());
/// assert_eq!(
///     offline.sent()[0],
///     r#"{"type":"subscribe","protocolVersion":2,"subscriptionId":"1","query":{"view":"Player/list"}}"#
/// );
///
/// offline.receive(r#"{"op":"subscribed","subscriptionId":"1","query":{"view":"Player/list"}}"#);
/// offline.receive(r#"{"op":"snapshot","subscriptionId":"1","entity":"Player/list","data":[]}"#);
/// offline.receive(
///     r#"{"op":"upsert","subscriptionId":"1","entity":"Player/list","key":"ada","data":{"score":7}}"#,
/// );
/// assert_eq!(scores.next().now_or_never(), Some(Some(Player { score: 7 })));
/// ```
#[derive(Debug)]
pub struct Offline {
    client: HyperStack,
    /// What was to be sent before a message was handed over.
    sent: Mutex<Vec<String>>,
}

impl Offline {
    /// A client with these settings that takes itself for connected. Those of the connection, the URL
    /// among them, do not matter.
    pub fn new(settings: HyperStackBuilder) -> Self {
        let shared = settings.engine("offline".to_owned());
        shared.handle_open();
        Offline {
            client: HyperStack::new(Handle::new(Arc::new(shared))),
            sent: Mutex::default(),
        }
    }

    /// The client.
    pub fn client(&self) -> &HyperStack {
        &self.client
    }

    /// Hands the client a message of the server's, compressed or not.
    pub fn receive(&self, message: impl AsRef<[u8]>) {
        self.receive_all([message]);
    }

    /// Hands the client messages that arrive at once: who waits for news is woken after the last.
    pub fn receive_all<M: AsRef<[u8]>>(&self, messages: impl IntoIterator<Item = M>) {
        // As over a socket: what the client has to say it has said by now.
        drop(self.send());
        let now = self.engine().now();
        for message in messages {
            self.engine().handle_message(message.as_ref(), now);
        }
        self.engine().finish_turn();
    }

    /// The messages that the client would have sent since the last call.
    pub fn sent(&self) -> Vec<String> {
        std::mem::take(&mut *self.send())
    }

    fn send(&self) -> MutexGuard<'_, Vec<String>> {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let transmits = std::iter::from_fn(|| self.engine().poll_transmit());
        sent.extend(transmits.filter_map(|transmit| match transmit {
            Transmit::Text(request) => Some(request.to_json()),
            Transmit::Ping | Transmit::Pong => None,
        }));
        sent
    }

    fn engine(&self) -> &Engine {
        self.client.handle().engine()
    }
}
