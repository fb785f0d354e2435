//! The task that awaits the socket and feeds the session and the caches.

mod address;
mod basic;
mod body;
mod dial;
#[cfg(feature = "token-endpoint")]
mod endpoint;
mod fetch;
mod handshake;
#[cfg(feature = "token-endpoint")]
mod http;
mod no_proxy;
mod pipe;
mod present;
mod proxy;
mod race;
mod refusal;
mod route;
mod service;
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

use crate::wire::{Request, Secret};

pub(crate) use dial::{DialSettings, Dialer};
#[cfg(feature = "token-endpoint")]
pub(crate) use endpoint::Endpoint;
pub(crate) use fetch::{Fetcher, Provider};
use pipe::Pipe;
pub(crate) use present::{check_origin, Transport};
pub(crate) use service::{KeyKind, Service};
pub(crate) use url::shown;

type Socket = WebSocketStream<Pipe>;

/// The settings of every connection, to the server and to the token endpoint.
#[derive(Clone, Default)]
pub(crate) struct RouteSettings {
    /// Root certificates in PEM to trust besides the default ones.
    pub(crate) roots: Vec<Vec<u8>>,
    /// Whether to trust the system's root certificates, too.
    pub(crate) native_roots: bool,
    /// The URL of a proxy.
    pub(crate) proxy: Option<Secret>,
    /// Whether environment variables set the proxy if `proxy` does not.
    pub(crate) proxy_from_env: bool,
}

/// The settings of a token endpoint.
#[derive(Clone, Default)]
pub(crate) struct EndpointSettings {
    pub(crate) url: Option<String>,
    pub(crate) api_key: Option<Secret>,
    pub(crate) publishable_key: Option<Secret>,
    pub(crate) headers: Vec<(String, Secret)>,
    pub(crate) stack_release: Option<StackRelease>,
    pub(crate) environment: Option<String>,
}

/// A release of a stack, which token requests name.
#[derive(Clone)]
pub(crate) struct StackRelease {
    /// The hash of the stack's manifest.
    pub(crate) manifest_hash: String,
    /// The alias of one of its live deployments.
    pub(crate) live_alias: String,
    /// Whether it is an error if no token endpoint is set.
    #[cfg_attr(not(feature = "token-endpoint"), allow(dead_code))]
    pub(crate) needs_endpoint: bool,
}

/// Closes the client when its task ends, so that no reader waits forever. It also works if the task panics, its
/// runtime shuts down, or the task is dropped before it is polled.
pub(crate) struct CloseOnExit(pub(crate) Arc<Engine>);

impl Drop for CloseOnExit {
    fn drop(&mut self) {
        self.0.close(CloseReason::Stopped);
    }
}

/// Drives a client's session until it is closed.
pub(crate) async fn run(guard: CloseOnExit, dialer: Dialer, mut fetcher: Fetcher) {
    let engine = &*guard.0;
    loop {
        match engine.link() {
            Link::Authorizing { .. } => tokio::select! {
                fetched = fetcher.fetch() => engine.handle_token(fetched),
                () = closed(engine) => {}
            },
            Link::Dialing { attempt } => {
                engine.log_connecting(attempt);
                tokio::select! {
                    dialed = dialer.dial(engine.token()) => match dialed {
                        Ok(socket) => {
                            engine.log_connected();
                            engine.handle_open();
                            serve(engine, socket, &mut fetcher).await;
                        }
                        Err(cause) => engine.handle_failed(cause),
                    },
                    () = closed(engine) => {}
                }
            }
            Link::Waiting { .. } => tokio::select! {
                // A request that started before the loss continues.
                fetched = fetcher.fetch(), if fetcher.is_pending() => engine.handle_token(fetched),
                () = pause(engine) => engine.handle_timeout(),
            },
            // Unreachable: `serve` returns only when the session is no longer open.
            Link::Open => engine.handle_lost(ConnectionLost::Closed("no socket".into())),
            Link::Closed(_) => return,
        }
    }
}

/// How many messages are handled before readers are woken. A reader's queue holds more.
const TURN: usize = 128;

/// Reads and writes one connection until it ends.
async fn serve(engine: &Engine, socket: Socket, fetcher: &mut Fetcher) {
    let mut connection = Connection {
        socket,
        pending: None,
        unflushed: false,
    };
    while engine.link() == Link::Open {
        tokio::select! {
            biased;
            // Messages that arrived while this task was delayed count before any deadline.
            turn = poll_fn(|context| connection.poll_turn(engine, context)) => {
                let handled = turn.unwrap_or_else(|cause| {
                    engine.handle_lost(cause);
                    0
                });
                engine.finish_turn();
                if engine.wants_token() {
                    // A flood of messages must not delay the token.
                    if let Some(fetched) = fetcher.fetch().now_or_never() {
                        engine.handle_token(fetched);
                    }
                }
                if handled == TURN {
                    tokio::task::yield_now().await;
                }
            }
            fetched = fetcher.fetch(), if engine.wants_token() => engine.handle_token(fetched),
            () = pause(engine) => engine.handle_timeout(),
        }
    }
    connection.send_close();
}

/// Waits until the session's next timeout, or until the driver is woken.
async fn pause(engine: &Engine) {
    match engine.poll_timeout() {
        Some(at) => tokio::select! {
            () = engine.woken() => {}
            () = tokio::time::sleep_until(at) => {}
        },
        None => engine.woken().await,
    }
}

async fn closed(engine: &Engine) {
    while !matches!(engine.link(), Link::Closed(_)) {
        pause(engine).await;
        engine.handle_timeout();
    }
}

/// A socket, and the message that waits to be written to it.
struct Connection {
    socket: Socket,
    pending: Option<Transmit>,
    unflushed: bool,
}

impl Connection {
    /// Writes what the session wants to send, as far as the socket accepts it. Then handles the messages that have
    /// arrived, at most [`TURN`], and returns their number. Pending if there are none.
    fn poll_turn(
        &mut self,
        engine: &Engine,
        context: &mut Context<'_>,
    ) -> Poll<Result<usize, ConnectionLost>> {
        if let Poll::Ready(Err(error)) = self.poll_write(engine, context) {
            return Poll::Ready(Err(lost(&error)));
        }
        // One reading of the clock is exact enough for a short turn.
        let now = engine.now();
        for handled in 0..TURN {
            let message = match Pin::new(&mut self.socket).poll_next(context) {
                Poll::Pending if handled == 0 => return Poll::Pending,
                Poll::Pending => return Poll::Ready(Ok(handled)),
                Poll::Ready(Some(message)) => message.map_err(|error| lost(&error))?,
                Poll::Ready(None) => return Poll::Ready(Err(closed_by_server(None))),
            };
            #[cfg(feature = "testing")]
            record(engine, &message, now);
            match message {
                Message::Text(text) => engine.handle_message(text.as_bytes(), now),
                Message::Binary(bytes) => engine.handle_message(&bytes, now),
                Message::Close(frame) => return Poll::Ready(Err(closed_by_server(frame))),
                Message::Pong(_) => engine.handle_pong(),
                Message::Ping(_) | Message::Frame(_) => engine.handle_alive(),
            }
        }
        Poll::Ready(Ok(TURN))
    }

    fn poll_write(
        &mut self,
        engine: &Engine,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        let mut socket = Pin::new(&mut self.socket);
        loop {
            if self.pending.is_none() {
                self.pending = engine.poll_transmit();
            }
            match &self.pending {
                None => break,
                // This frame bypasses tungstenite, so all frames before it must be flushed.
                Some(Transmit::Text(Request::RefreshAuth { .. })) => {
                    ready!(socket.as_mut().poll_flush(context))?;
                }
                Some(_) => ready!(socket.as_mut().poll_ready(context))?,
            }
            #[cfg(feature = "testing")]
            if let Some(transmit) = &self.pending {
                engine.record_sent(transmit);
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

    /// Sends a close frame if the socket accepts it right now. Does not wait for the reply.
    fn send_close(&mut self) {
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut socket = Pin::new(&mut self.socket);
        if let Poll::Ready(Ok(())) = socket.as_mut().poll_ready(&mut context) {
            // The connection ends even if this fails.
            let _ = socket.as_mut().start_send(Message::Close(None));
            let _ = socket.poll_flush(&mut context);
        }
    }
}

#[cfg(feature = "testing")]
fn record(engine: &Engine, message: &Message, now: Time) {
    match message {
        Message::Text(text) => engine.record_received(Kind::Text, text.as_bytes(), now),
        Message::Binary(bytes) => engine.record_received(Kind::Binary, bytes, now),
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

/// Returns random bits from the seed of the standard library's hash maps.
pub(crate) fn random() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}
