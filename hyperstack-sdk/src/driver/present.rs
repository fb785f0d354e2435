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

/// Checks a request's extra headers. Keeps the case of the names, and the last value of each name. `reserved` says
/// why a header cannot be set. Errors do not show values.
pub(super) fn headers(
    setting: &'static str,
    given: &[(String, Secret)],
    reserved: impl Fn(&str) -> Option<&'static str>,
) -> Result<Vec<(String, HeaderValue)>, ConfigError> {
    let invalid = |reason| ConfigError::InvalidSetting { setting, reason };
    let mut headers: Vec<(String, HeaderValue)> = Vec::new();
    for (name, Secret(value)) in given {
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

/// Whether a header's value is treated as a secret. `Origin` is not, because a rejection may name it.
pub(super) fn is_secret(name: &str) -> bool {
    !name.eq_ignore_ascii_case("origin")
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
