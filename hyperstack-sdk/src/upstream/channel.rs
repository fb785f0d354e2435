//! A connection within the process.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Sink, Stream};
use tokio::sync::mpsc;

use super::Received;
use crate::session::{ConnectionLost, Transmit};
use crate::wire::Request;

/// Creates a connection within the process, for an [`Upstream`](super::Upstream) that serves it in a task of its own.
///
/// Return the [`Channel`] from [`connect`](super::Upstream::connect), and give the [`Peer`] to the task. `capacity` is how
/// many messages can wait for the client. 0 means 1.
pub fn channel<M>(capacity: usize) -> (Channel<M>, Peer<M>) {
    let (to_client, messages) = mpsc::channel(capacity.max(1));
    let (to_peer, requests) = mpsc::unbounded_channel();
    let channel = Channel {
        messages,
        requests: to_peer,
    };
    let peer = Peer {
        messages: to_client,
        requests,
    };
    (channel, peer)
}

/// The client's end of a [`channel`].
#[derive(Debug)]
pub struct Channel<M> {
    messages: mpsc::Receiver<Result<Received<M>, ConnectionLost>>,
    requests: mpsc::UnboundedSender<Request>,
}

/// The upstream's end of a [`channel`].
///
/// If you drop it, the connection ends after the client has received all earlier messages.
#[derive(Debug)]
pub struct Peer<M> {
    messages: mpsc::Sender<Result<Received<M>, ConnectionLost>>,
    requests: mpsc::UnboundedReceiver<Request>,
}

impl<M> Peer<M> {
    /// Waits for the client's next request. Returns `None` when the client has ended the connection. Cancel safe.
    pub async fn recv(&mut self) -> Option<Request> {
        self.requests.recv().await
    }

    /// Sends a message to the client. Waits while the channel is full.
    ///
    /// Not cancel safe: if you drop the future, the message may be lost.
    ///
    /// # Errors
    ///
    /// Returns [`ConnectionLost`] if the client has ended the connection.
    pub async fn send(&self, message: M) -> Result<(), ConnectionLost> {
        self.deliver(Received::Text(message)).await
    }

    /// Answers a ping, for an upstream that [is pinged](super::Upstream::is_pinged). Call it for each
    /// [`Request::Ping`]. Waits like [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// Returns [`ConnectionLost`] if the client has ended the connection.
    pub async fn pong(&self) -> Result<(), ConnectionLost> {
        self.deliver(Received::Pong).await
    }

    async fn deliver(&self, received: Received<M>) -> Result<(), ConnectionLost> {
        let sent = self.messages.send(Ok(received)).await;
        let reason = "the client closed the connection";
        sent.map_err(|_| ConnectionLost::Closed(reason.to_owned()))
    }

    /// Ends the connection with this cause, after the messages that were sent before.
    pub async fn fail(self, cause: ConnectionLost) {
        // If the client has ended the connection, it does not need the cause.
        let _ = self.messages.send(Err(cause)).await;
    }
}

impl<M> Stream for Channel<M> {
    type Item = Result<Received<M>, ConnectionLost>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Received<M>, ConnectionLost>>> {
        self.messages.poll_recv(context)
    }
}

impl<M> Sink<Transmit> for Channel<M> {
    type Error = ConnectionLost;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ConnectionLost>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, transmit: Transmit) -> Result<(), ConnectionLost> {
        if let Transmit::Text(request) = transmit {
            // If the peer is gone, the stream says why.
            let _ = self.requests.send(request);
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
