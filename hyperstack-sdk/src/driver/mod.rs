//! The task that awaits an upstream's connection and feeds the session and the caches.

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
mod pump;
mod race;
mod refusal;
mod route;
mod service;
mod tls;
mod url;
mod websocket;

use std::future::poll_fn;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use crate::engine::Engine;
use crate::session::{CloseReason, ConnectError, ConnectionLost, Link};
use crate::upstream::Upstream;
use crate::wire::Secret;

pub(crate) use dial::{DialSettings, Dialer};
#[cfg(feature = "token-endpoint")]
pub(crate) use endpoint::Endpoint;
pub(crate) use fetch::{Fetcher, Provider};
pub(crate) use present::{check_origin, Transport};
pub(crate) use pump::Pump;
pub(crate) use service::{KeyKind, Service};
pub(crate) use url::shown;
pub(crate) use websocket::WebSocket;

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

/// Drives a client's session over an upstream until the session is closed. `deadline` limits each attempt to connect.
/// `None` if the upstream has a deadline of its own.
pub(crate) async fn run<U: Upstream>(
    guard: CloseOnExit,
    upstream: U,
    deadline: Option<Duration>,
    mut fetcher: Fetcher,
) {
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
                    connected = connect(engine, &upstream, deadline) => match connected {
                        Ok(connection) => {
                            engine.log_connected();
                            engine.handle_open();
                            serve::<U>(engine, connection, &mut fetcher).await;
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
            Link::Open => engine.handle_lost(ConnectionLost::Closed("no connection".into())),
            Link::Closed(_) => return,
        }
    }
}

/// Connects once.
async fn connect<U: Upstream>(
    engine: &Engine,
    upstream: &U,
    deadline: Option<Duration>,
) -> Result<U::Connection, ConnectError> {
    let Some(after) = deadline else {
        return upstream.connect().await;
    };
    let connected = tokio::time::timeout(after, upstream.connect()).await;
    connected.unwrap_or_else(|_| {
        Err(ConnectError::Timeout {
            url: engine.url().to_owned(),
            after,
            reason: String::new(),
        })
    })
}

/// Reads and writes one connection until it ends.
async fn serve<U: Upstream>(engine: &Engine, connection: U::Connection, fetcher: &mut Fetcher) {
    let mut pump = Pump::new(connection);
    let mut handled = 0;
    while engine.link() == Link::Open {
        tokio::select! {
            biased;
            // Messages that arrived while this task was delayed count before any deadline.
            turn = poll_fn(|context| pump.poll_turn(engine, context)) => {
                handled += turn.unwrap_or_else(|cause| {
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
                // A connection may always have another message, so other tasks must get their turn.
                if handled >= pump::TURN {
                    handled = 0;
                    tokio::task::yield_now().await;
                }
            }
            fetched = fetcher.fetch(), if engine.wants_token() => engine.handle_token(fetched),
            () = pause(engine) => engine.handle_timeout(),
        }
    }
    pump.close();
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

/// Returns random bits from the seed of the standard library's hash maps.
pub(crate) fn random() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}
