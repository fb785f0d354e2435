//! The reason of an HTTP rejection.

use std::time::Duration;

use serde_json::Value;
use tokio_tungstenite::tungstenite::http::header::{HeaderMap, RETRY_AFTER};
use tokio_tungstenite::tungstenite::http::StatusCode;

use crate::json;
use crate::wire::{masked, AuthErrorCode};

pub(super) struct Refusal {
    pub(super) code: Option<AuthErrorCode>,
    pub(super) message: String,
    pub(super) retry_after: Option<Duration>,
}

impl Refusal {
    /// Reads the reason. The code is in a header or in the JSON body. The message is the body's `message` or, from a
    /// token service, its `error`. Secrets that the server echoes are redacted.
    pub(super) fn new<'a>(
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        secrets: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        // If the secret is a query, each value in it is one too.
        let each = |secret: &'a str| secret.split(['&', '=']).chain([secret]);
        let mut secrets: Vec<_> = secrets.into_iter().flat_map(each).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let body = first_value(body);
        let header = |name| Some(headers.get(name)?.to_str().ok()?.trim().to_owned());
        let field = |name| Some(body.as_ref()?.get(name)?.as_str()?.to_owned());
        let clean = |text: String| masked(text, secrets.iter().copied());
        let reason = || {
            status
                .canonical_reason()
                .unwrap_or("no reason given")
                .into()
        };
        let code = header("x-error-code").or_else(|| field("code"));
        let message = field("message").or_else(|| field("error"));
        Refusal {
            code: code.map(clean).map(AuthErrorCode::from),
            message: message.map(clean).unwrap_or_else(reason),
            retry_after: header(RETRY_AFTER.as_str())
                .and_then(|seconds| seconds.parse().ok())
                .map(Duration::from_secs),
        }
    }
}

/// Returns the JSON object that a body starts with, if it is complete.
pub(super) fn first_value(body: &[u8]) -> Option<Value> {
    // A proxy may send the body in chunks. Then the length of the first chunk precedes the object.
    let start = body.iter().position(|byte| *byte == b'{')?;
    let mut values = serde_json::Deserializer::from_slice(&body[start..]);
    json::read(&mut values).ok()
}
