//! The reason of an HTTP rejection.

use std::time::Duration;

use serde_json::Value;
use tokio_tungstenite::tungstenite::http::header::{
    HeaderMap, CONTENT_ENCODING, LOCATION, RETRY_AFTER,
};
use tokio_tungstenite::tungstenite::http::StatusCode;

use super::url;
use crate::json;
use crate::wire::{masked, AuthErrorCode};

/// The maximum length of a server's text in an error, in characters.
const LONGEST: usize = 300;

pub(super) struct Refusal {
    pub(super) code: Option<AuthErrorCode>,
    pub(super) message: String,
    pub(super) retry_after: Option<Duration>,
    /// The target of a redirect, without secrets.
    pub(super) location: Option<String>,
}

impl Refusal {
    /// Reads the reason. The code is in a header or in the JSON body. The message is the body's `message` or, from a
    /// token service, its `error`, or else the text of the body. Secrets that the server echoes are redacted.
    pub(super) fn new<'a>(
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        secrets: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let secrets: Vec<_> = secrets.into_iter().collect();
        let json = first_value(body);
        let header = |name| Some(headers.get(name)?.to_str().ok()?.trim().to_owned());
        let field = |name| Some(json.as_ref()?.get(name)?.as_str()?.to_owned());
        let clean = |text: String| clean(text, secrets.iter().copied());
        let reason = || {
            status
                .canonical_reason()
                .unwrap_or("no reason given")
                .into()
        };
        let code = header("x-error-code").or_else(|| field("code"));
        let message = field("message").or_else(|| field("error"));
        let message = message.or_else(|| text(headers, body));
        let location = header(LOCATION.as_str()).filter(|_| status.is_redirection());
        Refusal {
            code: code.map(clean).map(AuthErrorCode::from),
            message: message.map(clean).unwrap_or_else(reason),
            retry_after: header(RETRY_AFTER.as_str())
                .and_then(|seconds| seconds.parse().ok())
                .or_else(|| json.as_ref()?.get("retry_after")?.as_u64())
                .map(Duration::from_secs),
            location: location.map(|location| clean(url::shown(&location))),
        }
    }
}

/// Returns the JSON object that a body starts with, if it is complete.
pub(super) fn first_value(body: &[u8]) -> Option<Value> {
    let body = body.trim_ascii_start();
    if !body.starts_with(b"{") {
        return None;
    }
    let mut values = serde_json::Deserializer::from_slice(body);
    json::read(&mut values).ok()
}

/// Returns the text of a body: of an HTML page the title, if it has one.
fn text(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let is_compressed = |encoding: &[u8]| !encoding.eq_ignore_ascii_case(b"identity");
    let encoding = headers.get(CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| is_compressed(encoding.as_bytes())) {
        return None;
    }
    if let Some(page) = page(body) {
        return Some(page);
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Returns a name for an HTML page, such as `the page "Log in"`, or `None` if the body is not HTML or has no title.
pub(super) fn page(body: &[u8]) -> Option<String> {
    if !is_html(body) {
        return None;
    }
    let text = String::from_utf8_lossy(body);
    let lower = text.to_ascii_lowercase();
    let tag = lower.find("<title")?;
    let start = tag + lower[tag..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let title = text[start..end].trim();
    (!title.is_empty()).then(|| format!("the page \"{title}\""))
}

/// Whether a body is an HTML page.
pub(super) fn is_html(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    body.starts_with(b"<")
}

/// Makes a server's text fit for an error: without secrets, and [tidy].
pub(super) fn clean<'a>(text: String, secrets: impl IntoIterator<Item = &'a str>) -> String {
    // If the secret is a query, each value in it is one too.
    let each = |secret: &'a str| secret.split(['&', '=']).chain([secret]);
    tidy(&masked(text, secrets.into_iter().flat_map(each)))
}

/// Makes a text fit for an error: one line, of limited length, with control characters escaped.
pub(super) fn tidy(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    let mut tidy = String::new();
    for (index, c) in line.chars().enumerate() {
        match c {
            _ if index == LONGEST => {
                tidy.push('…');
                break;
            }
            c if c.is_control() => tidy.extend(c.escape_default()),
            c => tidy.push(c),
        }
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> String {
        let headers = HeaderMap::new();
        let secrets = ["sup3rs3cr3t"];
        Refusal::new(StatusCode::NOT_FOUND, &headers, body.as_bytes(), secrets).message
    }

    #[test]
    fn the_message_is_the_text_of_the_body() {
        for (body, expected) in [
            ("", "Not Found"),
            (" \r\n ", "Not Found"),
            ("no such\n stack ", "no such stack"),
            (r#" {"message": "not here"}"#, "not here"),
            (r#"{"error": "not\nhere"}"#, "not here"),
            (r#"{"detail": 7}"#, r#"{"detail": 7}"#),
            ("GET /sup3rs3cr3t", "GET /***"),
            (
                "<!DOCTYPE html><html><head><TITLE class=\"x\">404\n Not Found</TITLE><style>a{}</style>",
                "the page \"404 Not Found\"",
            ),
            ("<p>gone</p>", "<p>gone</p>"),
            ("<title></title>gone", "<title></title>gone"),
            ("<title>", "<title>"),
            ("a\u{1b}[2Jb\u{9b}", "a\\u{1b}[2Jb\\u{9b}"),
        ] {
            assert_eq!(message(body), expected, "{body}");
        }
        assert_eq!(message(&"x".repeat(301)), "x".repeat(300) + "…");
        assert_eq!(message(&"ä".repeat(300)), "ä".repeat(300));
    }

    #[test]
    fn the_header_or_the_body_says_when_to_retry() {
        let wait = |header: Option<&str>, body: &str| {
            let header = header.map(|value| (RETRY_AFTER, value.parse().unwrap()));
            let status = StatusCode::TOO_MANY_REQUESTS;
            let refusal = Refusal::new(status, &header.into_iter().collect(), body.as_bytes(), []);
            refusal.retry_after.map(|wait| wait.as_secs())
        };
        assert_eq!(wait(Some("7"), r#"{"retry_after": 9}"#), Some(7));
        assert_eq!(wait(None, r#"{"retry_after": 9}"#), Some(9));
        assert_eq!(wait(None, r#"{"retry_after": null}"#), None);
        assert_eq!(wait(Some("soon"), ""), None);
    }

    #[test]
    fn a_compressed_body_is_not_shown() {
        let headers = [(CONTENT_ENCODING, "gzip".parse().unwrap())];
        let headers = headers.into_iter().collect();
        let refusal = Refusal::new(StatusCode::NOT_FOUND, &headers, b"\x1f\x8b", []);
        assert_eq!(refusal.message, "Not Found");
    }

    #[test]
    fn only_a_redirect_has_a_location() {
        let location = |status, value: &str| {
            let headers = [(LOCATION, value.parse().unwrap())];
            let headers = headers.into_iter().collect();
            Refusal::new(status, &headers, b"", ["sup3rs3cr3t"]).location
        };
        for (value, shown) in [
            (
                "https://me:secret@a.b/c?token=secret#secret",
                "https://a.b/c",
            ),
            ("/log/in?next=secret", "/log/in"),
            ("/", "/"),
            ("wss://a.b/sup3rs3cr3t", "wss://a.b/***"),
        ] {
            let shown = Some(shown.to_owned());
            assert_eq!(location(StatusCode::FOUND, value), shown, "{value}");
        }
        assert_eq!(location(StatusCode::CREATED, "https://a.b"), None);
    }
}
