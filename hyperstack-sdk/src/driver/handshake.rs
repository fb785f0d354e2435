//! The opening handshake of a WebSocket.
//!
//! We do not use tungstenite's handshake, because it logs the request with the token in it and does not read the
//! body of a rejection, which has the reason.

use std::fmt::Write;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::handshake::client::{generate_key, Response};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::handshake::machine::TryParse;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::http::{header, HeaderMap, HeaderName, HeaderValue, Uri};

use super::address::Stream;
use super::present::Transport;
use super::refusal::Refusal;
use super::{body, url};
use crate::session::ConnectError;
use crate::wire::Secret;

/// The largest reply head, interim replies included, in bytes.
const LIMIT: usize = 64 * 1024;

/// The parts of the request that are the same for each attempt.
pub(super) struct Opening {
    /// The URL without secrets, for errors.
    pub(super) shown: String,
    pub(super) uri: Uri,
    pub(super) headers: Vec<(String, HeaderValue)>,
    pub(super) transport: Transport,
    /// The secrets in the request besides the token, to be redacted if the server echoes them.
    pub(super) secrets: Vec<String>,
}

impl Opening {
    /// Opens a WebSocket on a stream. Returns the bytes that the server has already sent after its reply.
    pub(super) async fn open(
        &self,
        stream: &mut Stream,
        token: Option<&Secret>,
    ) -> Result<Vec<u8>, ConnectError> {
        let key = generate_key();
        let request = self.request(&key, token);
        let broken = |error: io::Error| self.unreachable(error.to_string());
        let unreachable = |reason| self.unreachable(reason);
        stream.write_all(&request).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;
        let (response, rest) = read_head(stream).await.map_err(unreachable)?;
        let (status, headers) = (response.status(), response.headers());
        if status == StatusCode::SWITCHING_PROTOCOLS {
            check(headers, &key).map_err(unreachable)?;
            return Ok(rest);
        }
        let body = body::read(stream, &response, rest).await;
        let refusal = Refusal::new(status, headers, &body, self.secrets(token));
        let (url, status) = (self.shown.clone(), status.as_u16());
        Err(match refusal.location {
            Some(location) => ConnectError::Redirected {
                url,
                status,
                location,
            },
            None => ConnectError::Rejected {
                url,
                status,
                code: refusal.code,
                message: refusal.message,
                retry_after: refusal.retry_after,
            },
        })
    }

    /// Returns the error for a server that cannot be reached.
    pub(super) fn unreachable(&self, reason: String) -> ConnectError {
        let url = self.shown.clone();
        ConnectError::Unreachable { url, reason }
    }

    /// Returns the secrets in the request, to be redacted if the server echoes them.
    fn secrets<'a>(&'a self, token: Option<&'a Secret>) -> impl Iterator<Item = &'a str> {
        let token = token.map(|Secret(token)| token.as_str());
        self.secrets.iter().map(String::as_str).chain(token)
    }

    fn request(&self, key: &str, token: Option<&Secret>) -> Vec<u8> {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = format!("GET {path}");
        if let (Transport::Query(name), Some(Secret(token))) = (&self.transport, token) {
            let separator = if path.contains('?') { '&' } else { '?' };
            // Writing to a string does not fail.
            let _ = write!(request, "{separator}{name}={token}");
        }
        let _ = write!(
            request,
            " HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n",
            url::host(&self.uri)
        );
        if let (Transport::Bearer, Some(Secret(token))) = (&self.transport, token) {
            let _ = write!(request, "Authorization: Bearer {token}\r\n");
        }
        let mut request = request.into_bytes();
        for (name, value) in &self.headers {
            request.extend_from_slice(name.as_bytes());
            request.extend_from_slice(b": ");
            request.extend_from_slice(value.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        request
    }
}

/// Reads the head of the final reply. Returns it and the bytes that arrived after it, or what is wrong.
async fn read_head(stream: &mut Stream) -> Result<(Response, Vec<u8>), String> {
    let mut bytes = Vec::with_capacity(1024);
    let mut received = 0;
    loop {
        match stream.read_buf(&mut bytes).await {
            Ok(0) => return Err("the server closed the connection before it replied".into()),
            Ok(read) => received += read,
            Err(error) => return Err(error.to_string()),
        }
        while let Some((size, response)) = parse_head(&mut bytes)? {
            let rest = bytes.split_off(size);
            let status = response.status();
            if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
                return Ok((response, rest));
            }
            // An interim reply, such as 103 (early hints), precedes the final one.
            bytes = rest;
        }
        if received > LIMIT {
            return Err(no_websocket("its head is longer than 64 KiB"));
        }
    }
}

/// Parses the head that the bytes start with, and returns its size. `None` if it is incomplete.
fn parse_head(bytes: &mut [u8]) -> Result<Option<(usize, Response)>, String> {
    // The parser accepts only HTTP/1.1, but an older server can refuse us too.
    let is_old = bytes.starts_with(b"HTTP/1.0 ");
    if is_old {
        bytes[7] = b'1';
    }
    let parsed = Response::try_parse(bytes);
    if is_old {
        // The head may be incomplete, and is then parsed again.
        bytes[7] = b'0';
    }
    match parsed {
        Ok(Some((_, head))) if is_old && head.status() == StatusCode::SWITCHING_PROTOCOLS => {
            Err(no_websocket("it is HTTP/1.0"))
        }
        Ok(parsed) => Ok(parsed),
        Err(_) => Err(no_websocket("it is not HTTP")),
    }
}

/// Checks that a reply accepts this WebSocket request. Returns what is wrong if it does not.
fn check(headers: &HeaderMap, key: &str) -> Result<(), String> {
    let has = |name: HeaderName, wanted: &str| {
        let values = headers.get_all(name).into_iter();
        let mut values = values.filter_map(|value| value.to_str().ok());
        values.any(|value| {
            let mut words = value.split(',');
            words.any(|word| word.trim().eq_ignore_ascii_case(wanted))
        })
    };
    if !has(header::UPGRADE, "websocket") || !has(header::CONNECTION, "upgrade") {
        return Err(no_websocket("it does not upgrade to WebSocket"));
    }
    let accepted = headers.get(header::SEC_WEBSOCKET_ACCEPT);
    if accepted
        .is_none_or(|accepted| accepted.as_bytes() != derive_accept_key(key.as_bytes()).as_bytes())
    {
        return Err(no_websocket(
            "its `Sec-WebSocket-Accept` belongs to another request",
        ));
    }
    // The request asks for neither.
    if headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS)
        || headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL)
    {
        return Err(no_websocket(
            "it uses an extension or subprotocol that was not requested",
        ));
    }
    Ok(())
}

fn no_websocket(reason: &str) -> String {
    format!("the reply is not a valid WebSocket handshake: {reason}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    const SERVER: &str = "ws://ore.example";

    /// Returns the error of a handshake with a server that replies with this, and how long it takes. The connection
    /// stays open unless the reply ends in `EOF`.
    async fn refused(reply: &str) -> (String, Duration) {
        let (client, mut server) = tokio::io::duplex(1 << 20);
        let opening = Opening {
            shown: SERVER.to_owned(),
            uri: SERVER.parse().unwrap(),
            headers: Vec::new(),
            transport: Transport::Bearer,
            secrets: Vec::new(),
        };
        let (text, closes) = match reply.strip_suffix("EOF") {
            Some(text) => (text, true),
            None => (reply, false),
        };
        server.write_all(text.as_bytes()).await.unwrap();
        if closes {
            server.shutdown().await.unwrap();
        }
        let began = Instant::now();
        let token = Secret("sup3rs3cr3t".to_owned());
        let mut stream: Stream = Box::new(client);
        let error = opening.open(&mut stream, Some(&token)).await;
        let error = error.unwrap_err().to_string();
        (error.replace(SERVER, "server"), began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_has_the_text_of_its_body_and_costs_no_wait() {
        let page = "<html><head><title>503 Service Temporarily Unavailable</title></head></html>";
        let length = page.len();
        for (reply, expected) in [
            (
                format!("HTTP/1.1 503 No\r\nContent-Length: {length}\r\n\r\n{page}"),
                "the page \"503 Service Temporarily Unavailable\"",
            ),
            (
                "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbus\r\n1\r\ny\r\n0\r\n\r\n"
                    .to_owned(),
                "busy",
            ),
            ("HTTP/1.1 503 No\r\n\r\nbusyEOF".to_owned(), "busy"),
            (
                "HTTP/1.1 503 No\r\n\r\n{\"message\":\"busy\"}".to_owned(),
                "busy",
            ),
            (
                "HTTP/1.0 503 No\r\nContent-Length: 4\r\n\r\nbusy".to_owned(),
                "busy",
            ),
            (
                "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n".to_owned(),
                "Service Unavailable",
            ),
            (
                "HTTP/1.1 503 No\r\nContent-Length: 18\r\n\r\nno sup3rs3cr3t \x1b[2J".to_owned(),
                "no *** \\u{1b}[2",
            ),
        ] {
            let (error, took) = refused(&reply).await;
            let expected =
                format!("server rejected the connection with status 503: {expected}");
            assert_eq!((error, took), (expected, Duration::ZERO), "{reply}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_costs_a_moment() {
        let (error, took) = refused("HTTP/1.1 503 No\r\n\r\nbusy").await;
        assert!(error.ends_with("status 503: busy"), "{error}");
        assert!(took <= Duration::from_millis(201), "{took:?}");
        let unfinished = "HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\nbusy";
        let (error, took) = refused(unfinished).await;
        assert!(error.ends_with("status 503: busy"), "{error}");
        assert!(took <= Duration::from_millis(1001), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn interim_replies_are_skipped() {
        let reply = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
                     HTTP/1.1 403 No\r\nContent-Length: 6\r\n\r\nno way";
        let (error, _) = refused(reply).await;
        assert_eq!(
            error,
            "server rejected the connection with status 403: no way"
        );
        // Not the end of the reply, but of the connection.
        let (error, _) = refused("HTTP/1.1 100 Continue\r\n\r\nEOF").await;
        assert_eq!(
            error,
            "cannot reach server: the server closed the connection before it replied"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn endless_interim_replies_are_an_error() {
        let reply = "HTTP/1.1 100 Continue\r\n\r\n".repeat(4000);
        let (error, _) = refused(&reply).await;
        assert!(error.ends_with("its head is longer than 64 KiB"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_redirect_shows_its_target_without_secrets() {
        let reply =
            "HTTP/1.1 301 Moved\r\nLocation: https://me:secret@new.example/a?token=secret\r\n\
                     Content-Length: 0\r\n\r\n";
        let (error, took) = refused(reply).await;
        assert_eq!(
            error,
            "server redirects to https://new.example/a with status 301, which the client does not \
             follow: if you trust that address, set the URL to it (with wss:// instead of https://)"
        );
        assert_eq!(took, Duration::ZERO);
        // Without a target it is a rejection.
        let (error, _) = refused("HTTP/1.1 304 Same\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(
            error,
            "server rejected the connection with status 304: Not Modified"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_web_page_instead_of_a_websocket_is_named() {
        let reply = "HTTP/1.1 200 OK\r\n\r\n<!DOCTYPE html><title>Sign in to Wi-Fi</title>EOF";
        let (error, _) = refused(reply).await;
        assert_eq!(
            error,
            "server replied with status 200 instead of 101, so a captive portal or a plain web \
             server answers there: the page \"Sign in to Wi-Fi\""
        );
    }
}
