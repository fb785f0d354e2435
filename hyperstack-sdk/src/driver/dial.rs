//! From a URL to an open WebSocket.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response};
use tokio_tungstenite::tungstenite::http::header::{HeaderValue, AUTHORIZATION};
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::Error;

use super::{tls, Socket};
use crate::session::ConnectError;
use crate::wire::{AuthErrorCode, Secret};

/// Everything that it takes to dial, checked beforehand.
pub(crate) struct Dialer {
    request: Request,
    host: String,
    port: u16,
    connector: tls::Connector,
    timeout: Duration,
    socket: WebSocketConfig,
}

impl Dialer {
    /// Checks the settings of a connection.
    pub(crate) fn new(
        url: &str,
        roots: &[Vec<u8>],
        timeout: Duration,
        max_message_size: usize,
    ) -> Result<Self, ConnectError> {
        let invalid = |reason: String| ConnectError::InvalidUrl {
            url: shown(url),
            reason,
        };
        let uri = normal(url).map_err(&invalid)?;
        let secure = uri.scheme_str() == Some("wss");
        let host = uri.host().unwrap_or_default();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let request = uri
            .into_client_request()
            .map_err(|error| invalid(error.to_string()))?;
        // The server writes a message of any size as one frame. What is over the limit is an error
        // of that message alone; only what is far over it is not even received.
        let hard_limit = Some(max_message_size.saturating_mul(4));
        Ok(Dialer {
            request,
            host,
            port,
            connector: match secure {
                true => tls::connector(&shown(url), roots)?,
                false => tls::Connector::Plain,
            },
            timeout,
            socket: WebSocketConfig::default()
                .max_message_size(hard_limit)
                .max_frame_size(hard_limit),
        })
    }

    /// Dials once, within the deadline.
    pub(crate) async fn dial(&self, token: Option<Secret>) -> Result<Socket, ConnectError> {
        let request = self.request(token.as_ref())?;
        match tokio::time::timeout(self.timeout, self.handshake(request)).await {
            Ok(dialed) => dialed,
            Err(_) => Err(ConnectError::Timeout {
                after: self.timeout,
            }),
        }
    }

    /// The handshake's request, with the token in it.
    pub(crate) fn request(&self, token: Option<&Secret>) -> Result<Request, ConnectError> {
        let mut request = self.request.clone();
        if let Some(Secret(token)) = token {
            let invalid = |_| ConnectError::InvalidSetting {
                setting: "token",
                reason: "it has characters that no HTTP header may have".into(),
            };
            let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(invalid)?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        Ok(request)
    }

    async fn handshake(&self, request: Request) -> Result<Socket, ConnectError> {
        let unreachable = |error: std::io::Error| ConnectError::Unreachable(error.to_string());
        let address = (self.host.as_str(), self.port);
        let stream = TcpStream::connect(address).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        tls::handshake(request, stream, self.socket, &self.connector)
            .await
            .map_err(refused)
    }
}

/// The URL as a request takes it: with its scheme in lower case, and with a path.
fn normal(url: &str) -> Result<Uri, String> {
    let wanted = "it must be like wss://example.com";
    let uri: Uri = url.parse().map_err(|error| format!("{wanted}: {error}"))?;
    let mut parts = uri.into_parts();
    let scheme = parts
        .scheme
        .as_ref()
        .map(|scheme| scheme.as_str().to_lowercase());
    let scheme = match scheme.as_deref() {
        Some(scheme @ ("ws" | "wss")) => scheme.parse(),
        _ => return Err("it must begin with ws:// or wss://".into()),
    };
    let authority = parts
        .authority
        .as_ref()
        .map_or("", |authority| authority.as_str());
    // A port that is none would silently be the scheme's own.
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let port = host.rsplit_once(':').map_or("", |(_, port)| port);
    if !port.is_empty() && !port.ends_with(']') && port.parse::<u16>().is_err() {
        return Err("its port is no port".into());
    }
    let query = parts
        .path_and_query
        .as_ref()
        .map_or("", |path| path.as_str());
    if !query.starts_with('/') {
        let rooted = format!("/{query}").parse();
        parts.path_and_query = Some(rooted.map_err(|error| format!("{wanted}: {error}"))?);
    }
    parts.scheme = Some(scheme.map_err(|error| format!("{wanted}: {error}"))?);
    Uri::from_parts(parts).map_err(|error| format!("{wanted}: {error}"))
}

/// The URL as it may be shown: its query, or a user's name and password, may be a secret.
pub(crate) fn shown(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    // Whatever precedes an `@` may be a password, also one that was not escaped.
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    scheme + rest
}

fn refused(error: Error) -> ConnectError {
    match error {
        Error::Http(response) => rejected(&response),
        error => ConnectError::Unreachable(error.to_string()),
    }
}

/// The server's refusal: the code is in a header and in the JSON body, the text for people is the
/// body's `message`, or, from a token service, its `error`.
fn rejected(response: &Response) -> ConnectError {
    let body: Option<serde_json::Value> = response
        .body()
        .as_deref()
        .and_then(|body| serde_json::from_slice(body).ok());
    let field = |name: &str| Some(body.as_ref()?.get(name)?.as_str()?.to_owned());
    let header = response.headers().get("x-error-code");
    let header = header.and_then(|code| Some(code.to_str().ok()?.to_owned()));
    let status = response.status();
    ConnectError::Rejected {
        status: status.as_u16(),
        code: header.or_else(|| field("code")).map(AuthErrorCode::from),
        message: field("message")
            .or_else(|| field("error"))
            .unwrap_or_else(|| {
                let reason = status.canonical_reason();
                reason.unwrap_or("no reason given").to_owned()
            }),
        retry_after: response
            .headers()
            .get("retry-after")
            .and_then(|seconds| seconds.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialer(url: &str) -> Result<Dialer, ConnectError> {
        Dialer::new(url, &[], Duration::from_secs(1), 1 << 20)
    }

    #[test]
    fn urls_become_addresses() {
        let address = |url| {
            let dialer = dialer(url).ok().unwrap();
            (dialer.host, dialer.port, dialer.request.uri().to_string())
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
        assert_eq!(shown("ws://me:pass@a.b/x?y"), "ws://a.b/x");
        assert_eq!(
            address("ws://a.b:1?hs_token=t"),
            of("a.b", 1, "ws://a.b:1/?hs_token=t")
        );
    }

    #[test]
    fn urls_that_cannot_be_dialled_are_refused_without_their_query() {
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
            "ws://",
            "",
        ];
        for url in urls {
            let error = dialer(url).err().unwrap();
            assert!(matches!(error, ConnectError::InvalidUrl { .. }), "{url}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_token_that_no_header_may_have_is_refused_and_not_shown() {
        let token = Secret("secret\n".into());
        let dialer = dialer("ws://a.b").ok().unwrap();
        let error = dialer.request(Some(&token)).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
