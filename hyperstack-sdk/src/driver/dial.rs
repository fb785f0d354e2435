//! Opens WebSocket connections.

use std::time::Duration;

use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::WebSocketStream;

use super::address::Stream;
use super::basic::{self, Basic};
use super::handshake::Opening;
use super::pipe::Pipe;
use super::present::{headers, is_secret, Transport};
use super::race::Failure;
use super::route::{Route, RouteError};
use super::{url, RouteSettings};
use crate::session::{ConfigError, ConnectError};
use crate::wire::Secret;

/// The settings of a connection.
pub(crate) struct DialSettings<'a> {
    pub(crate) url: &'a str,
    pub(crate) route: &'a RouteSettings,
    pub(crate) headers: &'a [(String, Secret)],
    pub(crate) transport: Transport,
    /// The setting that supplies tokens, if one does.
    pub(crate) token: Option<&'static str>,
    pub(crate) origin: Option<&'a str>,
    /// Whether secrets may be sent unencrypted to another machine.
    pub(crate) allows_insecure: bool,
    pub(crate) timeout: Duration,
    pub(crate) max_frame_size: usize,
}

impl DialSettings<'_> {
    /// Returns the name of a secret that the handshake carries, if there is one.
    fn secret(&self, uri: &Uri, has_user: bool) -> Option<String> {
        if let Some(setting) = self.token {
            return Some(format!("`{setting}`"));
        }
        if has_user {
            return Some("the URL's user name and password".to_owned());
        }
        // Other parameters may be anything. Servers read tokens from these two.
        let mut query = uri.query().unwrap_or_default().split('&');
        let names = query.find_map(|pair| {
            let (name, _) = pair.split_once('=')?;
            matches!(name, "token" | "hs_token").then_some(name)
        });
        if let Some(name) = names {
            return Some(format!("the URL's parameter `{name}`"));
        }
        let mut headers = self.headers.iter();
        let (name, _) = headers.find(|(name, _)| is_secret(name))?;
        Some(format!("the header `{name}`"))
    }
}

/// Dials a server with settings that were checked.
pub(crate) struct Dialer {
    /// The URL without secrets, for errors.
    shown: String,
    route: Route,
    opening: Opening,
    timeout: Duration,
    socket: WebSocketConfig,
}

impl Dialer {
    /// Checks the settings of a connection.
    pub(crate) fn new(settings: DialSettings<'_>) -> Result<Self, ConfigError> {
        let shown = url::shown(settings.url);
        let invalid = |reason: String| ConfigError::InvalidUrl {
            url: shown.clone(),
            reason,
        };
        let uri = url::normal(settings.url, ["ws", "wss"]).map_err(invalid)?;
        settings.transport.check_parameter()?;
        if let (Transport::Query(name), true) = (&settings.transport, settings.token.is_some()) {
            let mut query = uri.query().unwrap_or_default().split('&');
            if query.any(|pair| pair.split('=').next() == Some(name)) {
                let reason =
                    format!("its query already has `{name}`, which is the token's parameter");
                return Err(invalid(reason));
            }
        }
        let basic = Basic::of(&uri, settings.token).map_err(invalid)?;
        let carries_token = settings.token.is_some() && settings.transport == Transport::Bearer;
        let reserved = |name: &str| match name {
            "authorization" if carries_token => Some("carries the token"),
            "authorization" if basic.is_some() => Some(basic::RESERVED),
            "host" | "connection" | "upgrade" | "content-length" | "transfer-encoding" => {
                Some("belongs to the handshake")
            }
            name if name.starts_with("sec-websocket-") => Some("belongs to the handshake"),
            _ => None,
        };
        let mut headers = headers("header", settings.origin, settings.headers, reserved)?;
        let given = settings.headers.iter().filter(|(name, _)| is_secret(name));
        let mut secrets: Vec<_> = given.map(|(_, Secret(value))| value.clone()).collect();
        secrets.extend(uri.query().map(str::to_owned));
        let route = Route::new(&uri, settings.route, &shown)?;
        let is_exposed = url::is_exposed(&uri) || route.is_exposed();
        if is_exposed && !settings.allows_insecure {
            if let Some(secret) = settings.secret(&uri, basic.is_some()) {
                return Err(ConfigError::Insecure { secret, url: shown });
            }
        }
        if let Some(basic) = basic {
            headers.push(basic.header());
            secrets.extend(basic.secrets);
        }
        // The server sends a message of any size as one frame, so one limit serves both.
        let hard_limit = Some(settings.max_frame_size);
        Ok(Dialer {
            route,
            opening: Opening {
                shown: shown.clone(),
                uri,
                headers,
                transport: settings.transport,
                secrets,
            },
            shown,
            timeout: settings.timeout,
            socket: WebSocketConfig::default()
                .max_message_size(hard_limit)
                .max_frame_size(hard_limit),
        })
    }

    /// Dials once, within the deadline.
    pub(super) async fn dial(
        &self,
        token: Option<Secret>,
    ) -> Result<WebSocketStream<Pipe>, ConnectError> {
        let handshake = |stream| self.handshake(stream, token.as_ref());
        let opened = self.route.open(self.timeout, handshake).await;
        let (stream, rest) = opened.map_err(|error| self.failed(error))?;
        let pipe = Pipe::new(stream, rest);
        Ok(WebSocketStream::from_raw_socket(pipe, Role::Client, Some(self.socket)).await)
    }

    /// Opens a WebSocket on a stream. Returns it with the bytes that the server has already sent.
    async fn handshake(
        &self,
        mut stream: Stream,
        token: Option<&Secret>,
    ) -> Result<(Stream, Vec<u8>), Failure<ConnectError>> {
        match self.opening.open(&mut stream, token).await {
            Ok(rest) => Ok((stream, rest)),
            Err(ConnectError::Unreachable { reason, .. }) => Err(Failure::Address(reason)),
            Err(error) => Err(Failure::Final(error)),
        }
    }

    fn failed(&self, error: RouteError<ConnectError>) -> ConnectError {
        let url = self.shown.clone();
        match error {
            RouteError::Unreachable(reason) => ConnectError::Unreachable { url, reason },
            RouteError::TimedOut(reason) => ConnectError::Timeout {
                url,
                after: self.timeout,
                reason,
            },
            RouteError::Proxy(rejection) => ConnectError::ProxyRejected {
                url,
                proxy: rejection.proxy,
                status: rejection.status,
                message: rejection.message,
            },
            RouteError::Peer(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn dialer(url: &str) -> Result<Dialer, ConfigError> {
        with(url, &[], Transport::Bearer)
    }

    fn with(
        url: &str,
        headers: &[(&str, &str)],
        transport: Transport,
    ) -> Result<Dialer, ConfigError> {
        // A URL has either a user or a token.
        let has_token = !url.contains('@');
        let owned = |(name, value): &(&str, &str)| (name.to_string(), Secret(value.to_string()));
        Dialer::new(DialSettings {
            url,
            route: &RouteSettings::default(),
            headers: &headers.iter().map(owned).collect::<Vec<_>>(),
            transport,
            token: has_token.then_some("token"),
            origin: None,
            allows_insecure: true,
            timeout: Duration::from_secs(1),
            max_frame_size: 1 << 20,
        })
    }

    /// Does the handshake with a server that sends this reply and closes.
    async fn handshake(reply: &str) -> Failure<ConnectError> {
        let dialer = dialer("ws://a.b").ok().unwrap();
        let (near, mut far) = tokio::io::duplex(1024);
        let (outcome, ()) = tokio::join!(dialer.handshake(Box::new(near), None), async {
            let read = far.read(&mut [0; 1024]).await.unwrap();
            assert!(read > 0);
            far.write_all(reply.as_bytes()).await.unwrap();
            drop(far);
        });
        outcome.err().unwrap()
    }

    #[tokio::test]
    async fn only_an_http_reply_speaks_for_all_addresses() {
        for reply in [
            "",
            "HTTP/1.1 401",
            "SSH-2.0\r\n\r\n",
            "HTTP/1.1 101 Ok\r\n\r\n",
        ] {
            let failure = handshake(reply).await;
            assert!(matches!(failure, Failure::Address(_)), "{reply}");
        }
        for status in [200, 401, 403, 429, 503] {
            let failure = handshake(&format!("HTTP/1.1 {status} No\r\n\r\n")).await;
            assert!(
                matches!(failure, Failure::Final(ConnectError::Rejected { .. })),
                "{status}"
            );
        }
    }

    #[test]
    fn urls_become_addresses() {
        let address = |url| {
            let dialer = dialer(url).ok().unwrap();
            let target = dialer.route.target();
            (
                target.host().to_owned(),
                target.port(),
                dialer.opening.uri.to_string(),
            )
        };
        let of = |host: &str, port, uri: &str| (host.to_owned(), port, uri.to_owned());
        assert_eq!(address("ws://a.b"), of("a.b", 80, "ws://a.b/"));
        assert_eq!(
            address("ws://[::1]:8877/x"),
            of("::1", 8877, "ws://[::1]:8877/x")
        );
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        assert_eq!(address("WSS://a.b"), of("a.b", 443, "wss://a.b/"));
        assert_eq!(address("ws://me:pass@a.b").0, "a.b");
        assert_eq!(url::shown("ws://me:pass@a.b/x?y"), "ws://a.b/x");
        assert_eq!(url::shown("ws://a.b/?token=x@secret"), "ws://a.b");
        assert_eq!(url::shown("ws://me:pass?word@a.b"), "ws://me");
        assert_eq!(url::shown("ws://me:pass word@a.b"), "ws://…");
        assert_eq!(
            address("ws://a.b:1?hs_token=t"),
            of("a.b", 1, "ws://a.b:1/?hs_token=t")
        );
    }

    #[test]
    fn an_error_about_a_url_shows_no_secrets() {
        let urls = [
            "https://a.b?secret",
            "a.b?secret",
            "ws://?secret",
            "http://me:secret@a.b",
            "me:secret@a.b",
            "ws://a.b:99999?secret",
            "ws://a.b:x",
            "ws://me:sec/ret@a.b",
            "ws://me:secret@a.b:x",
            "ws://me:secret@",
            "ws://",
            "",
        ];
        for url in urls {
            let error = dialer(url).err().unwrap();
            assert!(matches!(error, ConfigError::InvalidUrl { .. }), "{url}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn an_error_about_a_header_does_not_show_its_value() {
        let refused = [
            ("Authorization", "secret"),
            ("HOST", "secret"),
            ("upgrade", "secret"),
            ("Sec-WebSocket-Key", "secret"),
            ("X-Mine", "secret\r\nX-Yours: 1"),
            ("a name: secret", "secret"),
            ("", "secret"),
        ];
        for header in refused {
            let error = with("ws://a.b", &[header], Transport::Bearer).err();
            let shown = format!("{error:?} {}", error.as_ref().unwrap());
            assert!(shown.contains("invalid setting `header`"), "{shown}");
            assert!(!shown.contains("secret"), "{shown}");
        }
        let query = Transport::Query("token".into());
        assert!(with("ws://a.b", &[refused[0]], query).is_ok());
    }

    #[test]
    fn a_secret_is_not_sent_unencrypted_to_another_machine() {
        let header = |name: &str| (name.to_owned(), Secret("s3cr3t".to_owned()));
        let dialer = |url: &str, token, header: Option<(String, Secret)>, allows_insecure| {
            let dialer = Dialer::new(DialSettings {
                url,
                route: &RouteSettings::default(),
                headers: &Vec::from_iter(header),
                transport: Transport::Query("t".to_owned()),
                token,
                origin: Some("https://app.example"),
                allows_insecure,
                timeout: Duration::from_secs(1),
                max_frame_size: 1 << 20,
            });
            dialer.err().map(|error| error.to_string())
        };
        let cases = [
            ("ws://a.b/x", Some("token"), None, "`token`"),
            ("ws://a.b/x", Some("api_key"), None, "`api_key`"),
            (
                "ws://me:s3cr3t@a.b/x",
                None,
                None,
                "the URL's user name and password",
            ),
            (
                "ws://a.b/x?y=1&hs_token=s3cr3t",
                None,
                None,
                "the URL's parameter `hs_token`",
            ),
            ("ws://a.b/x", None, Some("X-Key"), "the header `X-Key`"),
        ];
        for (url, token, name, secret) in cases {
            let error = dialer(url, token, name.map(header), false);
            let expected = format!(
                "cannot send {secret} unencrypted to ws://a.b/x: use wss://, or allow it with \
                 `.allow_insecure_auth(true)`"
            );
            assert_eq!(error, Some(expected), "{url}");
            assert_eq!(dialer(url, token, name.map(header), true), None, "{url}");
            let local = url.replace("a.b", "127.0.0.1:1");
            assert_eq!(dialer(&local, token, name.map(header), false), None);
        }
        // Nothing here is secret.
        let public = Some(header("User-Agent"));
        assert_eq!(dialer("ws://a.b/x?y=1", None, public, false), None);
    }

    #[test]
    fn a_proxy_on_another_machine_must_not_read_a_secret() {
        let through = |proxy: &str| {
            let route = RouteSettings {
                proxy: Some(Secret(proxy.to_owned())),
                ..RouteSettings::default()
            };
            Dialer::new(DialSettings {
                url: "ws://localhost:1/x",
                route: &route,
                headers: &[],
                transport: Transport::Bearer,
                token: Some("token"),
                origin: None,
                allows_insecure: false,
                timeout: Duration::from_secs(1),
                max_frame_size: 1 << 20,
            })
            .err()
        };
        assert!(through("http://127.0.0.1:1").is_none());
        let error = through("http://p.example:1");
        assert!(
            matches!(&error, Some(ConfigError::Insecure { secret, .. }) if secret == "`token`"),
            "{error:?}"
        );
    }

    #[test]
    fn the_parameter_of_the_token_must_be_valid_and_new() {
        let query = |name: &str| Transport::Query(name.into());
        for (url, name) in [
            ("ws://a.b?token=t", "token"),
            ("ws://a.b", "a&b"),
            ("ws://a.b", ""),
        ] {
            assert!(with(url, &[], query(name)).is_err(), "{url} {name}");
        }
        assert!(with("ws://a.b?tokens=t", &[], query("token")).is_ok());
    }
}
