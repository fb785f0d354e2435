//! The one task that awaits the socket, and feeds session and store.

mod address;
mod dial;
#[cfg(feature = "token-endpoint")]
mod endpoint;
mod fetch;
mod handshake;
#[cfg(feature = "token-endpoint")]
mod http;
mod pipe;
mod present;
mod refusal;
mod tls;
mod url;

use std::future::poll_fn;
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{ready, Context, Poll};

use futures_util::{FutureExt, Sink, Stream};
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::WebSocketStream;

use crate::engine::Engine;
use crate::session::{CloseReason, ConnectionLost, Link, Transmit};
#[cfg(feature = "testing")]
use crate::{session::Time, wire::Kind};

use crate::wire::Request;

pub(crate) use dial::{DialSettings, Dialer};
#[cfg(feature = "token-endpoint")]
pub(crate) use endpoint::{Endpoint, EndpointSettings};
pub(crate) use fetch::Fetcher;
use pipe::Pipe;
pub(crate) use present::Transport;
pub(crate) use url::{is_host_below, shown};

type Socket = WebSocketStream<Pipe>;

/// A task's duty to a client: however the task ends, by a panic, with its runtime, or before it was
/// ever polled, nobody waits for it in vain.
pub(crate) struct CloseOnExit(pub(crate) Arc<Engine>);

impl Drop for CloseOnExit {
    fn drop(&mut self) {
        self.0.close(CloseReason::Stopped);
    }
}

/// Drives a client's session until it is closed.
pub(crate) async fn run(duty: CloseOnExit, dialer: Dialer, mut fetcher: Fetcher) {
    let shared = &*duty.0;
    loop {
        match shared.link() {
            Link::Authorizing { .. } => tokio::select! {
                fetched = fetcher.fetch() => shared.handle_token(fetched),
                () = closed(shared) => {}
            },
            Link::Dialing { .. } => tokio::select! {
                dialed = dialer.dial(shared.token()) => match dialed {
                    Ok(socket) => {
                        tracing::info!(url = shared.url(), "connected");
                        shared.handle_open();
                        serve(shared, socket, &mut fetcher).await;
                    }
                    Err(cause) => shared.handle_failed(cause),
                },
                () = closed(shared) => {}
            },
            Link::Waiting { .. } => tokio::select! {
                // What was asked for before the loss comes when it comes.
                fetched = fetcher.fetch(), if fetcher.is_flying() => shared.handle_token(fetched),
                () = pause(shared) => shared.handle_timeout(),
            },
            // A session is open only as long as `serve` runs.
            Link::Open => shared.handle_lost(ConnectionLost::Closed("no socket".into())),
            Link::Closed(reason) => {
                tracing::info!(url = shared.url(), %reason, "closed");
                return;
            }
        }
    }
}

/// How many messages are handled before the readers get their turn. Readers keep more than that.
const TURN: usize = 128;

/// Reads and writes one connection until it ends.
async fn serve(shared: &Engine, socket: Socket, fetcher: &mut Fetcher) {
    let mut connection = Connection {
        socket,
        pending: None,
        unflushed: false,
    };
    while shared.link() == Link::Open {
        tokio::select! {
            biased;
            // What arrived while this task was held up counts before any deadline does.
            turn = poll_fn(|context| connection.poll_turn(shared, context)) => {
                let handled = turn.unwrap_or_else(|cause| {
                    shared.handle_lost(cause);
                    0
                });
                shared.finish_turn();
                if shared.wants_token() {
                    // A flood must not keep it from coming.
                    if let Some(fetched) = fetcher.fetch().now_or_never() {
                        shared.handle_token(fetched);
                    }
                }
                if handled == TURN {
                    tokio::task::yield_now().await;
                }
            }
            fetched = fetcher.fetch(), if shared.wants_token() => shared.handle_token(fetched),
            () = pause(shared) => shared.handle_timeout(),
        }
    }
    connection.say_goodbye();
}

/// Waits until the session's next timeout, or until there may be something else to do.
async fn pause(shared: &Engine) {
    match shared.poll_timeout() {
        Some(at) => tokio::select! {
            () = shared.woken() => {}
            () = tokio::time::sleep_until(at) => {}
        },
        None => shared.woken().await,
    }
}

async fn closed(shared: &Engine) {
    while !matches!(shared.link(), Link::Closed(_)) {
        pause(shared).await;
        shared.handle_timeout();
    }
}

/// A socket, with what waits to be written to it.
struct Connection {
    socket: Socket,
    pending: Option<Transmit>,
    unflushed: bool,
}

impl Connection {
    /// Writes what the session wants to send, as far as the socket takes it, then handles the
    /// messages that are there, at most a [`TURN`] of them. Returns how many; pending if none.
    fn poll_turn(
        &mut self,
        shared: &Engine,
        context: &mut Context<'_>,
    ) -> Poll<Result<usize, ConnectionLost>> {
        if let Poll::Ready(Err(error)) = self.poll_write(shared, context) {
            return Poll::Ready(Err(lost(&error)));
        }
        // A turn is short, and reading the clock is not free.
        let now = shared.now();
        for handled in 0..TURN {
            let message = match Pin::new(&mut self.socket).poll_next(context) {
                Poll::Pending if handled == 0 => return Poll::Pending,
                Poll::Pending => return Poll::Ready(Ok(handled)),
                Poll::Ready(Some(message)) => message.map_err(|error| lost(&error))?,
                Poll::Ready(None) => return Poll::Ready(Err(closed_by_server(None))),
            };
            #[cfg(feature = "testing")]
            record(shared, &message, now);
            match message {
                Message::Text(text) => shared.handle_message(text.as_bytes(), now),
                Message::Binary(bytes) => shared.handle_message(&bytes, now),
                Message::Close(frame) => return Poll::Ready(Err(closed_by_server(frame))),
                Message::Pong(_) => shared.handle_pong(),
                Message::Ping(_) | Message::Frame(_) => shared.handle_alive(),
            }
        }
        Poll::Ready(Ok(TURN))
    }

    fn poll_write(
        &mut self,
        shared: &Engine,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        let mut socket = Pin::new(&mut self.socket);
        loop {
            if self.pending.is_none() {
                self.pending = shared.poll_transmit();
            }
            match &self.pending {
                None => break,
                // Past what logs it, so between two frames.
                Some(Transmit::Text(Request::RefreshAuth { .. })) => {
                    ready!(socket.as_mut().poll_flush(context))?;
                }
                Some(_) => ready!(socket.as_mut().poll_ready(context))?,
            }
            #[cfg(feature = "testing")]
            if let Some(transmit) = &self.pending {
                shared.record_sent(transmit);
            }
            match self.pending.take() {
                Some(Transmit::Text(request @ Request::RefreshAuth { .. })) => {
                    socket
                        .as_mut()
                        .get_mut()
                        .get_mut()
                        .put_text(request.to_json())?;
                }
                Some(transmit) => socket.as_mut().start_send(message(transmit))?,
                None => {}
            }
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(socket.poll_flush(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Sends a close frame if the socket takes it right now; nobody waits for the answer.
    fn say_goodbye(&mut self) {
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut socket = Pin::new(&mut self.socket);
        if let Poll::Ready(Ok(())) = socket.as_mut().poll_ready(&mut context) {
            // The connection ends either way.
            let _ = socket.as_mut().start_send(Message::Close(None));
            let _ = socket.poll_flush(&mut context);
        }
    }
}

#[cfg(feature = "testing")]
fn record(shared: &Engine, message: &Message, now: Time) {
    match message {
        Message::Text(text) => shared.record_received(Kind::Text, text.as_bytes(), now),
        Message::Binary(bytes) => shared.record_received(Kind::Binary, bytes, now),
        _ => {}
    }
}

fn message(transmit: Transmit) -> Message {
    match transmit {
        Transmit::Text(request) => Message::text(request.to_json()),
        Transmit::Ping => Message::Ping(Vec::new().into()),
        Transmit::Pong => Message::Pong(Vec::new().into()),
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

/// Bits from the randomness of the standard library's hash maps.
pub(crate) fn random() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}
