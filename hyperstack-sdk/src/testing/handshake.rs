//! The handshake: which clients may connect, and the response to the others.

use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{header, HeaderValue, StatusCode};

use super::refusal::Refusal;
use super::tokens::Tokens;

/// A client's handshake request, as the server received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The path and query.
    pub target: String,
    /// The headers in the order received, with names in lower case. A value that is not visible ASCII is
    /// empty.
    pub headers: Vec<(String, String)>,
}

impl Handshake {
    pub(super) fn of(request: &Request) -> Self {
        let headers = request.headers().iter().map(|(name, value)| {
            let value = value.to_str().unwrap_or_default();
            (name.as_str().to_owned(), value.to_owned())
        });
        Self {
            target: request.uri().to_string(),
            headers: headers.collect(),
        }
    }

    /// Returns the value of the first header with this name, which must be in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the token that the client presents: the bearer token of the `Authorization` header, else
    /// `token` or `hs_token` of the query. The token of a query is not percent-decoded.
    pub fn token(&self) -> Option<&str> {
        self.bearer().or_else(|| {
            let (_, query) = self.target.split_once('?')?;
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(name, _)| matches!(*name, "token" | "hs_token"))
                .map(|(_, token)| token)
        })
    }

    fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    }

    /// Returns the reason to reject this client, if any. A server without tokens requires none.
    pub(super) fn check(&self, tokens: Option<&Tokens>) -> Option<Refusal> {
        let code = match (tokens?, self.token()) {
            (tokens, Some(token)) => tokens.refuse(token, "invalid-static-token")?,
            (_, None) => "token-missing",
        };
        Some(Refusal::new(code))
    }
}

/// The HTTP response to a rejected handshake.
pub(super) fn rejection(refusal: &Refusal) -> ErrorResponse {
    let mut response = Response::new(()).map(|()| Some(refusal.body().to_string()));
    *response.status_mut() =
        StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(code) = HeaderValue::from_str(&refusal.code) {
        headers.insert("x-error-code", code);
    }
    if let Some(seconds) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
