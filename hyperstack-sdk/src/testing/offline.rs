//! A client without a socket.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::client::{HyperStack, HyperStackBuilder};
use crate::engine::{Engine, Handle};
use crate::session::Transmit;

/// A client without a socket or a task. The test hands it the server's messages, and takes the messages that
/// it would send.
///
/// The client does nothing by itself, so the test controls every step. Only methods that wait, such as `get`,
/// need a runtime.
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
    /// Messages that the client would have sent, not yet taken by the test.
    sent: Mutex<Vec<String>>,
}

impl Offline {
    /// Creates a client with these settings, in the connected state. Settings of the connection, such as the
    /// URL, have no effect.
    pub fn new(settings: HyperStackBuilder) -> Self {
        let shared = settings.engine("offline".to_owned());
        shared.handle_open();
        Offline {
            client: HyperStack::new(Handle::new(Arc::new(shared))),
            sent: Mutex::default(),
        }
    }

    /// Returns the client.
    pub fn client(&self) -> &HyperStack {
        &self.client
    }

    /// Hands the client a message from the server, gzip-compressed or not.
    pub fn receive(&self, message: impl AsRef<[u8]>) {
        self.receive_all([message]);
    }

    /// Hands the client several messages that arrive together. Readers are woken after the last one.
    pub fn receive_all<M: AsRef<[u8]>>(&self, messages: impl IntoIterator<Item = M>) {
        // Over a socket, the client would have sent its messages by now.
        drop(self.send());
        let now = self.engine().now();
        for message in messages {
            self.engine().handle_message(message.as_ref(), now);
        }
        self.engine().finish_turn();
    }

    /// Returns the text messages that the client would have sent since the last call.
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
