//! A server behind a WebSocket, which is the usual upstream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{ready, Context, Poll};

use futures_util::{Sink, Stream};
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::WebSocketStream;

use super::dial::Dialer;
use super::pipe::Pipe;
use crate::engine::Engine;
use crate::session::{ConnectError, ConnectionLost, Transmit};
use crate::upstream::{Received, Upstream};
use crate::wire::Request;

/// A server, and the engine that has the token for the next handshake.
pub(crate) struct WebSocket {
    dialer: Dialer,
    engine: Arc<Engine>,
}

impl WebSocket {
    pub(crate) fn new(dialer: Dialer, engine: Arc<Engine>) -> Self {
        WebSocket { dialer, engine }
    }
}

impl Upstream for WebSocket {
    type Message = Bytes;
    type Connection = Socket;

    fn name(&self) -> String {
        self.engine.url().to_owned()
    }

    async fn connect(&self) -> Result<Socket, ConnectError> {
        let stream = self.dialer.dial(self.engine.token()).await?;
        Ok(Socket {
            stream,
            token: None,
        })
    }

    fn is_pinged(&self) -> bool {
        true
    }
}

/// An open WebSocket.
pub(crate) struct Socket {
    stream: WebSocketStream<Pipe>,
    /// The text of a request with a token. It bypasses tungstenite, and is written after all earlier frames are flushed.
    token: Option<String>,
}

impl Socket {
    /// Puts the request with a token behind all frames before it.
    fn poll_token(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.token.is_some() {
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        }
        if let Some(text) = self.token.take() {
            self.stream.get_mut().put_text(text)?;
        }
        Poll::Ready(Ok(()))
    }
}

impl Stream for Socket {
    type Item = Result<Received<Bytes>, ConnectionLost>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Received<Bytes>, ConnectionLost>>> {
        let message = ready!(Pin::new(&mut self.stream).poll_next(context));
        Poll::Ready(Some(match message {
            Some(Ok(Message::Text(text))) => Ok(Received::Text(text.into())),
            Some(Ok(Message::Binary(bytes))) => Ok(Received::Binary(bytes)),
            Some(Ok(Message::Pong(_))) => Ok(Received::Pong),
            Some(Ok(Message::Ping(_) | Message::Frame(_))) => Ok(Received::Ping),
            Some(Ok(Message::Close(frame))) => Err(closed_by_server(frame)),
            Some(Err(error)) => Err(lost(&error)),
            None => Err(closed_by_server(None)),
        }))
    }
}

impl Sink<Transmit> for Socket {
    type Error = ConnectionLost;

    fn poll_ready(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ConnectionLost>> {
        ready!(self.poll_token(context)).map_err(|error| lost(&error))?;
        let ready = Pin::new(&mut self.stream).poll_ready(context);
        ready.map_err(|error| lost(&error))
    }

    fn start_send(mut self: Pin<&mut Self>, transmit: Transmit) -> Result<(), ConnectionLost> {
        let message = match transmit {
            Transmit::Text(request @ Request::RefreshAuth { .. }) => {
                self.token = Some(request.to_json());
                return Ok(());
            }
            Transmit::Text(request) => Message::text(request.to_json()),
            Transmit::Ping => Message::Ping(Bytes::new()),
            Transmit::Pong => Message::Pong(Bytes::new()),
        };
        let sent = Pin::new(&mut self.stream).start_send(message);
        sent.map_err(|error| lost(&error))
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ConnectionLost>> {
        ready!(self.poll_token(context)).map_err(|error| lost(&error))?;
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        flushed.map_err(|error| lost(&error))
    }

    /// Sends a close frame if the socket accepts it right now. Does not wait for the reply.
    fn poll_close(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ConnectionLost>> {
        let mut stream = Pin::new(&mut self.stream);
        if let Poll::Ready(Ok(())) = stream.as_mut().poll_ready(context) {
            let sent = stream.as_mut().start_send(Message::Close(None));
            sent.map_err(|error| lost(&error))?;
            let flushed = stream.poll_flush(context);
            return flushed.map_err(|error| lost(&error));
        }
        Poll::Ready(Ok(()))
    }
}

fn closed_by_server(frame: Option<CloseFrame>) -> ConnectionLost {
    ConnectionLost::by_server(frame.as_ref().map_or("", |frame| frame.reason.as_str()))
}

fn lost(error: &Error) -> ConnectionLost {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
            let (size, limit) = (*size, *max_size);
            ConnectionLost::TooLarge { size, limit }
        }
        error => ConnectionLost::Closed(error.to_string()),
    }
}
