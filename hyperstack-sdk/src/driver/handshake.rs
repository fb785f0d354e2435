//! The opening handshake of a WebSocket.
//!
//! We do not use tungstenite's handshake, because it logs the request with the token in it and does not read the
//! body of a rejection, which has the reason.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::handshake::client::{generate_key, Response};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::handshake::machine::TryParse;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::http::{header, HeaderMap, HeaderName, HeaderValue, Uri};

use super::address::Stream;
use super::present::{is_secret, Transport};
use super::refusal::{first_value, Refusal};
use super::url;
use crate::session::ConnectError;
use crate::wire::Secret;

/// The largest reply head, and the most that is read of a rejection's body, in bytes.
const LIMIT: usize = 64 * 1024;

/// How long to wait for the body of a rejection after its head. Without it, the status must do.
const BODY_WITHIN: Duration = Duration::from_secs(1);

/// The parts of the request that are the same for each attempt.
pub(super) struct Opening {
    /// The URL without secrets, for errors.
    pub(super) shown: String,
    pub(super) uri: Uri,
    pub(super) headers: Vec<(String, HeaderValue)>,
    pub(super) transport: Transport,
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
        let (response, mut rest) = read_head(stream).await.map_err(unreachable)?;
        let (status, headers) = (response.status(), response.headers());
        if status == StatusCode::SWITCHING_PROTOCOLS {
            check(headers, &key).map_err(unreachable)?;
            return Ok(rest);
        }
        // If the body is cut off, the head still says enough.
        let _ = tokio::time::timeout(BODY_WITHIN, read_body(stream, &mut rest)).await;
        let refusal = Refusal::new(status, headers, &rest, self.secrets(token));
        Err(ConnectError::Rejected {
            url: self.shown.clone(),
            status: status.as_u16(),
            code: refusal.code,
            message: refusal.message,
            retry_after: refusal.retry_after,
        })
    }

    /// Returns the error for a server that cannot be reached.
    pub(super) fn unreachable(&self, reason: String) -> ConnectError {
        let url = self.shown.clone();
        ConnectError::Unreachable { url, reason }
    }

    /// Returns the secrets in the request, to be redacted if the server echoes them.
    fn secrets<'a>(&'a self, token: Option<&'a Secret>) -> impl Iterator<Item = &'a str> {
        let headers = self.headers.iter().filter(|(name, _)| is_secret(name));
        let headers = headers.filter_map(|(_, value)| value.to_str().ok());
        let token = token.map(|Secret(token)| token.as_str());
        headers.chain(token).chain(self.uri.query())
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

/// Reads the head of the reply. Returns it and the bytes that arrived after it, or what is wrong.
async fn read_head(stream: &mut Stream) -> Result<(Response, Vec<u8>), String> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        match stream.read_buf(&mut bytes).await {
            Ok(0) => return Err("the server closed the connection before it replied".into()),
            Ok(_) if bytes.len() > LIMIT => {
                return Err(no_websocket("its head is longer than 64 KiB"))
            }
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
        match Response::try_parse(&bytes) {
            Ok(None) => {}
            Ok(Some((size, response))) => return Ok((response, bytes.split_off(size))),
            Err(_) => return Err(no_websocket("it is not HTTP")),
        }
    }
}

/// Reads a body until it has a complete JSON value. It cannot read to the end: the server sends no length, and a
/// proxy may keep the connection open.
async fn read_body(stream: &mut Stream, body: &mut Vec<u8>) -> io::Result<()> {
    while body.len() < LIMIT && first_value(body).is_none() && stream.read_buf(body).await? > 0 {}
    Ok(())
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
