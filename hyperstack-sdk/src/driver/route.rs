//! The way to a peer: its addresses or its proxy's, then TCP and TLS.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::Uri;

use super::address::{Address, Stream};
use super::proxy::{Proxy, ProxyRejection};
use super::race::{race, Failure, Tried, HANDSHAKE_DELAY};
use super::RouteSettings;
use crate::session::ConfigError;

/// Connects to one peer, directly or through a proxy.
pub(super) struct Route {
    target: Address,
    proxy: Option<Proxy>,
    /// How long a handshake may take before the next address is tried too.
    handshake_delay: Duration,
}

/// Why no handshake succeeded.
#[derive(Debug)]
pub(super) enum RouteError<E> {
    /// Each address failed. Says what happened at each.
    Unreachable(String),
    /// The deadline passed. Says what happened at each address so far; empty if there is nothing to add.
    TimedOut(String),
    /// The proxy refused to open a tunnel.
    Proxy(ProxyRejection),
    /// The peer answered the handshake with an error.
    Peer(E),
}

impl Route {
    /// Creates the route to a checked URL. `shown` is the URL for errors.
    pub(super) fn new(
        uri: &Uri,
        settings: &RouteSettings,
        shown: &str,
    ) -> Result<Self, ConfigError> {
        let target = Address::new(uri, settings, shown)?;
        let proxy = Proxy::new(settings, &target)?;
        Ok(Route {
            target,
            proxy,
            handshake_delay: HANDSHAKE_DELAY,
        })
    }

    /// Sets how long a handshake may take before the next address is tried too.
    #[cfg(feature = "token-endpoint")]
    pub(super) fn with_handshake_delay(mut self, delay: Duration) -> Self {
        self.handshake_delay = delay;
        self
    }

    /// Whether a proxy on another machine can read what is sent, because the URL is not secure.
    pub(super) fn is_exposed(&self) -> bool {
        let proxy = self.proxy.as_ref();
        !self.target.is_secure() && proxy.is_some_and(|proxy| !proxy.is_local())
    }

    /// Connects and calls `handshake`, all within the deadline. If an address fails, tries the next one.
    pub(super) async fn open<T, E, Handshaking>(
        &self,
        timeout: Duration,
        handshake: impl Fn(Stream) -> Handshaking,
    ) -> Result<T, RouteError<E>>
    where
        Handshaking: Future<Output = Result<T, Failure<E>>>,
    {
        self.open_at(self.first().resolve(), timeout, handshake)
            .await
    }

    /// Like [`open`](Self::open), with a future that finds the addresses.
    async fn open_at<T, E, Handshaking>(
        &self,
        addresses: impl Future<Output = io::Result<Vec<SocketAddr>>>,
        timeout: Duration,
        handshake: impl Fn(Stream) -> Handshaking,
    ) -> Result<T, RouteError<E>>
    where
        Handshaking: Future<Output = Result<T, Failure<E>>>,
    {
        let mut tried = Tried::default();
        let handshake = &handshake;
        let opening = async {
            let addresses = addresses.await.map_err(|error| {
                let reason = self.through_proxy(error.to_string());
                Some(RouteError::Unreachable(reason))
            })?;
            race(
                addresses,
                self.handshake_delay,
                &mut tried,
                connect,
                |stream| async move {
                    let prepared = self.prepare(stream).await;
                    let stream = prepared.map_err(|failure| failure.map(RouteError::Proxy))?;
                    let outcome = handshake(stream).await;
                    outcome.map_err(|failure| failure.map(RouteError::Peer))
                },
            )
            .await
        };
        match tokio::time::timeout(timeout, opening).await {
            Ok(Ok(opened)) => Ok(opened),
            Ok(Err(Some(error))) => Err(error),
            Ok(Err(None)) => Err(RouteError::Unreachable(self.describe(&tried))),
            // The URL already names the only address.
            Err(_) if self.first().ip().is_some() && self.proxy.is_none() => {
                Err(RouteError::TimedOut(String::new()))
            }
            Err(_) => Err(RouteError::TimedOut(self.describe(&tried))),
        }
    }

    /// Turns a TCP connection into a stream to the target.
    async fn prepare(&self, stream: TcpStream) -> Result<Stream, Failure<ProxyRejection>> {
        let broken = |error: io::Error| Failure::Address(error.to_string());
        let Some(proxy) = &self.proxy else {
            return self.target.secure(stream).await.map_err(broken);
        };
        let mut stream = proxy.address.secure(stream).await.map_err(broken)?;
        proxy.tunnel(&mut stream, &self.target).await?;
        self.target.secure(stream).await.map_err(broken)
    }

    /// Returns the peer of the TCP connection.
    fn first(&self) -> &Address {
        self.proxy
            .as_ref()
            .map_or(&self.target, |proxy| &proxy.address)
    }

    /// Says what happened at each address.
    fn describe(&self, tried: &Tried) -> String {
        let first = self.first();
        self.through_proxy(match first.ip() {
            Some(_) => tried.without_addresses(),
            None if tried.is_empty() => format!("could not resolve \"{}\"", first.host()),
            None => tried.to_string(),
        })
    }

    fn through_proxy(&self, reason: String) -> String {
        match &self.proxy {
            Some(proxy) => format!("through the proxy {}: {reason}", proxy.shown),
            None => reason,
        }
    }

    #[cfg(test)]
    pub(super) fn target(&self) -> &Address {
        &self.target
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(30);

    /// What a host does with each connection.
    #[derive(Clone, Copy)]
    enum Does {
        Close,
        Hang,
        Reply(&'static str),
    }

    async fn host(bind: &str, does: Does) -> SocketAddr {
        let listener = TcpListener::bind((bind, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    match does {
                        Does::Close => {}
                        Does::Hang => pending().await,
                        Does::Reply(reply) => {
                            // The client may be gone.
                            let _ = stream.read(&mut [0; 1024]).await;
                            let _ = stream.write_all(reply.as_bytes()).await;
                        }
                    }
                });
            }
        });
        address
    }

    /// An address that refuses connections: it was bound and closed again.
    async fn refusing(bind: &str) -> SocketAddr {
        let listener = TcpListener::bind((bind, 0)).await.unwrap();
        listener.local_addr().unwrap()
    }

    fn route(url: &str, proxy: Option<&str>) -> Route {
        let settings = RouteSettings {
            proxy: proxy.map(|url| crate::wire::Secret(url.to_owned())),
            ..RouteSettings::default()
        };
        Route::new(&url.parse().unwrap(), &settings, url)
            .ok()
            .unwrap()
    }

    /// Connects to these addresses. The handshake sends a line, and succeeds with the reply `hello`.
    async fn open(
        route: &Route,
        addresses: &[SocketAddr],
        timeout: Duration,
    ) -> Result<(), RouteError<String>> {
        let handshake = |mut stream: Stream| async move {
            let broken = |error: io::Error| Failure::Address(error.to_string());
            let mut reply = String::new();
            stream.write_all(b"hello\n").await.map_err(broken)?;
            stream.read_to_string(&mut reply).await.map_err(broken)?;
            match reply.as_str() {
                "hello" => Ok(()),
                "" => Err(Failure::Address("closed".into())),
                _ => Err(Failure::Final(reply)),
            }
        };
        let addresses = ready(Ok(addresses.to_vec()));
        route.open_at(addresses, timeout, handshake).await
    }

    #[tokio::test]
    async fn an_address_that_fails_leads_to_the_next() {
        let good = host("127.0.0.1", Does::Reply("hello")).await;
        let bad = [
            refusing("127.0.0.1").await,
            host("127.0.0.2", Does::Close).await,
            host("127.0.0.1", Does::Hang).await,
        ];
        let route = route("ws://ore.example", None);
        for bad in bad {
            open(&route, &[bad, good], TIMEOUT).await.unwrap();
        }
        let [a, b, c] = bad;
        open(&route, &[a, b, c, good], TIMEOUT).await.unwrap();
    }

    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    #[tokio::test]
    async fn an_address_whose_tls_handshake_fails_leads_to_the_next() {
        let bad = [
            host("127.0.0.1", Does::Reply("SSH-2.0\r\n\r\n")).await,
            host("127.0.0.2", Does::Close).await,
        ];
        let route = route("wss://ore.example", None);
        match open(&route, &bad, TIMEOUT).await {
            Err(RouteError::Unreachable(reason)) => {
                for address in bad {
                    assert!(reason.contains(&address.to_string()), "{reason}");
                }
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn ipv4_is_tried_if_ipv6_fails() {
        if TcpListener::bind("[::1]:0").await.is_err() {
            println!("skipped: this machine has no IPv6");
            return;
        }
        let good = host("127.0.0.1", Does::Reply("hello")).await;
        let bad = [refusing("::1").await, refusing("::1").await];
        let route = route("ws://ore.example", None);
        open(&route, &[bad[0], bad[1], good], TIMEOUT)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn an_answer_is_final() {
        let rejecting = host("127.0.0.1", Does::Reply("no")).await;
        let good = host("127.0.0.1", Does::Reply("hello")).await;
        let route = route("ws://ore.example", None);
        let error = open(&route, &[rejecting, good], TIMEOUT).await.unwrap_err();
        assert!(
            matches!(&error, RouteError::Peer(text) if text == "no"),
            "{error:?}"
        );
    }

    #[tokio::test]
    async fn an_error_names_each_address_unless_the_url_has_an_ip_address() {
        let refusing = refusing("127.0.0.1").await;
        let closing = host("127.0.0.2", Does::Close).await;
        let refused = "Connection refused (os error 111)";
        let reason = |error| match error {
            RouteError::Unreachable(reason) => reason,
            error => panic!("{error:?}"),
        };
        let named = route("ws://ore.example", None);
        let error = open(&named, &[refusing, closing], TIMEOUT)
            .await
            .unwrap_err();
        let reason_of_two = reason(error);
        assert!(
            reason_of_two.contains(&format!(" at {refusing}; ")),
            "{reason_of_two}"
        );
        assert!(
            reason_of_two.ends_with(&format!(" at {closing}")),
            "{reason_of_two}"
        );
        let proxied = route("ws://ore.example", Some("me:secret@p.example:1"));
        let error = open(&proxied, &[refusing], TIMEOUT).await.unwrap_err();
        let reason_of_proxy = reason(error);
        let start = "through the proxy http://p.example:1: ";
        assert!(reason_of_proxy.starts_with(start), "{reason_of_proxy}");
        assert!(
            reason_of_proxy.ends_with(&format!(" at {refusing}")),
            "{reason_of_proxy}"
        );
        let numeric = route("ws://127.0.0.1", None);
        let error = open(&numeric, &[refusing], TIMEOUT).await.unwrap_err();
        if cfg!(target_os = "linux") {
            assert_eq!(reason(error), refused);
        }
    }

    #[tokio::test]
    async fn a_deadline_names_each_address_unless_the_url_has_an_ip_address() {
        let hanging = host("127.0.0.1", Does::Hang).await;
        let after = Duration::from_millis(50);
        let text = |error| match error {
            RouteError::TimedOut(text) => text,
            error => panic!("{error:?}"),
        };
        let named = route("ws://ore.example", None);
        let error = open(&named, &[hanging], after).await.unwrap_err();
        assert_eq!(text(error), format!("no reply at {hanging}"));
        let handshake = |_| ready(Ok::<_, Failure<()>>(()));
        let error = named
            .open_at(pending(), after, handshake)
            .await
            .unwrap_err();
        let expected = "could not resolve \"ore.example\"";
        assert!(
            matches!(&error, RouteError::TimedOut(text) if text == expected),
            "{error:?}"
        );
        let numeric = route("ws://127.0.0.1", None);
        let error = open(&numeric, &[hanging], after).await.unwrap_err();
        assert_eq!(text(error), "");
    }

    #[tokio::test]
    async fn a_proxy_that_opens_no_tunnel_is_an_error_of_its_own() {
        let route = route("ws://ore.example", Some("http://me:password@p.example:1"));
        let busy = host(
            "127.0.0.1",
            Does::Reply("HTTP/1.0 502 No Route\r\n\r\n<html>"),
        )
        .await;
        let error = open(&route, &[busy], TIMEOUT).await.unwrap_err();
        let RouteError::Proxy(rejection) = error else {
            panic!("{error:?}");
        };
        assert_eq!(
            rejection.to_string(),
            "the proxy http://p.example:1 rejected the connection with status 502: No Route"
        );
        let patient = host(
            "127.0.0.1",
            Does::Reply("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 502 No Route\r\n\r\n"),
        )
        .await;
        let error = open(&route, &[patient], TIMEOUT).await.unwrap_err();
        assert!(
            matches!(&error, RouteError::Proxy(rejection) if rejection.status == 502),
            "{error:?}"
        );
        let cases = [
            ("", "the proxy closed the connection before it replied"),
            (
                "HTTP/1.1 200 OK\r\n",
                "the proxy closed the connection before it replied",
            ),
            ("SSH-2.0\r\n\r\n", "the proxy's reply is not HTTP"),
            (
                "HTTP/1.1 200 OK\r\n\r\nhello",
                "the proxy sent data before the tunnel was used",
            ),
        ];
        for (reply, fault) in cases {
            let address = host("127.0.0.1", Does::Reply(reply)).await;
            let error = open(&route, &[address], TIMEOUT).await.unwrap_err();
            let expected = format!("through the proxy http://p.example:1: {fault} at {address}");
            assert!(
                matches!(&error, RouteError::Unreachable(text) if *text == expected),
                "{error:?}"
            );
        }
    }
}
