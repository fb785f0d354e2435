//! How a handshake carries the token, and its other headers.

use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};

use crate::session::ConfigError;
use crate::wire::Secret;

/// Where a handshake carries the token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Transport {
    /// In the header `Authorization: Bearer …`.
    #[default]
    Bearer,
    /// In the query, as this parameter.
    Query(String),
}

/// Why a token or a key cannot be a header's value.
pub(super) const NOT_IN_HEADERS: &str = "contains characters that an HTTP header cannot have";

impl Transport {
    /// Checks that a token can be sent this way. Errors do not show the token.
    pub(crate) fn check(&self, token: &str) -> Result<(), &'static str> {
        if token.is_empty() {
            return Err("must not be empty");
        }
        match self {
            Transport::Bearer if HeaderValue::from_str(token).is_err() => Err(NOT_IN_HEADERS),
            Transport::Bearer if token.trim() != token => {
                Err("starts or ends with white space, which an HTTP header loses")
            }
            Transport::Query(_) if !token.bytes().all(needs_no_escape) => Err(
                "contains characters that need escaping in a query, which the server does not \
                 decode: send it in the header instead",
            ),
            _ => Ok(()),
        }
    }

    /// Checks that the name of the query parameter needs no escaping.
    pub(super) fn check_parameter(&self) -> Result<(), ConfigError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        match self {
            Transport::Query(name) if name.is_empty() || !name.bytes().all(plain) => {
                Err(ConfigError::InvalidSetting {
                    setting: "token_in_query",
                    reason: "the parameter name may contain only letters, digits and -._~".into(),
                })
            }
            _ => Ok(()),
        }
    }
}

/// Whether a byte may be in a query as it is (RFC 3986), and neither separates parameters nor starts an escape.
fn needs_no_escape(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$'()*+,;=:@/?".contains(&byte)
}

/// Checks a request's extra headers: the origin, and those of a setting. Keeps the case of the names, and the last
/// value of each name. `reserved` says why a header cannot be set. Errors do not show values.
pub(super) fn headers(
    setting: &'static str,
    origin: Option<&str>,
    given: &[(String, Secret)],
    reserved: impl Fn(&str) -> Option<&'static str>,
) -> Result<Vec<(String, HeaderValue)>, ConfigError> {
    let invalid = |reason| ConfigError::InvalidSetting { setting, reason };
    let mut headers: Vec<(String, HeaderValue)> = Vec::new();
    let origin = origin.map(|origin| ("Origin".to_owned(), Secret(origin.to_owned())));
    for (name, Secret(value)) in origin.iter().chain(given) {
        // The error does not show the name, which may be a value in the wrong place.
        let known = HeaderName::try_from(name.as_str())
            .map_err(|_| invalid("the name is not a valid HTTP header name".into()))?;
        if let Some(reason) = reserved(known.as_str()) {
            return Err(invalid(format!("the header `{name}` {reason}")));
        }
        let mut value = HeaderValue::try_from(value.as_str())
            .map_err(|_| invalid(format!("the value of `{name}` {NOT_IN_HEADERS}")))?;
        value.set_sensitive(true);
        headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        headers.push((name.clone(), value));
    }
    Ok(headers)
}

/// Whether a header's value is treated as a secret. `Origin` is not, because a rejection may name it, and `User-Agent`
/// names a program.
pub(super) fn is_secret(name: &str) -> bool {
    let public = ["origin", "user-agent"];
    !public.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Checks that a text is an origin as browsers send it: `null`, or a scheme, a host and perhaps a port.
pub(crate) fn check_origin(origin: &str) -> Result<(), ConfigError> {
    let (scheme, host) = origin.split_once("://").unwrap_or_default();
    let is_word = |text: &str, more: &[u8]| {
        let mut bytes = text.bytes();
        !text.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    if origin == "null" || is_word(scheme, b"+-.") && is_word(host, b"-._:[]") {
        return Ok(());
    }
    Err(ConfigError::InvalidSetting {
        setting: "origin",
        reason: "it must be a scheme and a host without a path, such as https://app.example".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_accepts_a_token_that_needs_no_escaping() {
        let query = Transport::Query("hs_token".into());
        for token in ["eyJhbGciOiJFZERTQSJ9.e30.c2ln-_", "a+b/c=="] {
            assert_eq!(query.check(token), Ok(()));
        }
        for token in ["a&b", "a#b", "a%41", "a b", "ä", "\"", "a\n", ""] {
            assert!(query.check(token).is_err(), "{token}");
        }
    }

    #[test]
    fn an_origin_has_a_scheme_and_a_host_but_no_path() {
        for origin in [
            "https://app.example",
            "http://localhost:3000",
            "http://[::1]:3000",
            "chrome-extension://abc",
            "null",
        ] {
            assert_eq!(check_origin(origin), Ok(()), "{origin}");
        }
        for origin in [
            "",
            "app.example",
            "https://",
            "://app.example",
            "https://app.example/",
            "https://me@app.example",
            "https://app.example\r\nX: y",
            "https://app.example?x",
        ] {
            assert!(check_origin(origin).is_err(), "{origin}");
        }
    }

    #[test]
    fn a_header_accepts_a_token_that_arrives_unchanged() {
        let header = Transport::Bearer;
        for token in ["a&b", "a%41", "a b", "a+b/c=="] {
            assert_eq!(header.check(token), Ok(()));
        }
        for token in ["a\nb", "a\n", " a", "a ", "\u{7f}", ""] {
            assert!(header.check(token).is_err(), "{token:?}");
        }
    }
}
