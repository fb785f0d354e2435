//! A client without a socket.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::{Sink, Stream};

use crate::client::{HyperStack, HyperStackBuilder};
use crate::driver::Pump;
use crate::engine::{Engine, Handle};
use crate::session::{ConnectionLost, Transmit};
use crate::upstream::Received;
use crate::wire::payload::is_compressed;

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
    /// URL, have no effect. A [recording](HyperStackBuilder::record) has all messages of both sides.
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
        self.pump(messages);
        self.engine().finish_turn();
    }

    /// Returns the text messages that the client would have sent since the last call.
    pub fn sent(&self) -> Vec<String> {
        self.pump([""; 0]);
        std::mem::take(&mut *self.lock())
    }

    /// Sends what the client wants to send, and hands it `messages`, through the driver's code.
    fn pump<M: AsRef<[u8]>>(&self, messages: impl IntoIterator<Item = M>) {
        let mut sent = Vec::new();
        let mut pump = Pump::new(Memory {
            messages: messages.into_iter().fuse(),
            sent: &mut sent,
        });
        let mut context = Context::from_waker(Waker::noop());
        // The connection cannot be lost.
        while let Poll::Ready(Ok(_)) = pump.poll_turn(self.engine(), &mut context) {}
        self.lock().append(&mut sent);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn engine(&self) -> &Engine {
        self.client.handle().engine()
    }
}

/// An in-memory connection.
struct Memory<'a, I> {
    messages: I,
    sent: &'a mut Vec<String>,
}

// No field is pinned.
impl<I> Unpin for Memory<'_, I> {}

impl<M: AsRef<[u8]>, I: Iterator<Item = M>> Stream for Memory<'_, I> {
    type Item = Result<Received<M>, ConnectionLost>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.messages.next() {
            Some(message) if is_compressed(message.as_ref()) => {
                Poll::Ready(Some(Ok(Received::Binary(message))))
            }
            Some(message) => Poll::Ready(Some(Ok(Received::Text(message)))),
            None => Poll::Pending,
        }
    }
}

impl<I> Sink<Transmit> for Memory<'_, I> {
    type Error = ConnectionLost;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ConnectionLost>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, transmit: Transmit) -> Result<(), ConnectionLost> {
        if let Transmit::Text(request) = transmit {
            self.sent.push(request.to_json());
        }
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ConnectionLost>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ConnectionLost>> {
        Poll::Ready(Ok(()))
    }
}
