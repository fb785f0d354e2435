//! How a token is presented in a handshake, and the headers that go with it.

use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};

use crate::session::ConfigError;
use crate::wire::Secret;

/// Where a handshake has the token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Transport {
    /// In the header `Authorization: Bearer …`.
    #[default]
    Bearer,
    /// In the query, as this parameter.
    Query(String),
}

impl Transport {
    /// Why a token cannot be presented so, without showing it.
    pub(crate) fn check(&self, token: &str) -> Result<(), &'static str> {
        if token.is_empty() {
            return Err("it is empty");
        }
        match self {
            Transport::Bearer if HeaderValue::from_str(token).is_err() => {
                Err("it has characters that no HTTP header may have")
            }
            Transport::Bearer if token.trim() != token => {
                Err("it begins or ends with white space, which gets lost in an HTTP header")
            }
            Transport::Query(_) if !token.bytes().all(stands_for_itself) => Err(
                "it has characters that cannot stand in a query as they are, and the server does \
                 not decode them: present it in the header instead",
            ),
            _ => Ok(()),
        }
    }

    /// The name of a query's parameter is one that needs no escaping either.
    pub(super) fn check_parameter(&self) -> Result<(), ConfigError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        match self {
            Transport::Query(name) if name.is_empty() || !name.bytes().all(plain) => {
                Err(ConfigError::InvalidSetting {
                    setting: "token_in_query",
                    reason: "the parameter's name must be of letters, digits and -._~".into(),
                })
            }
            _ => Ok(()),
        }
    }
}

/// What a query may have (RFC 3986), but for what separates parameters and what is decoded.
fn stands_for_itself(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$'()*+,;=:@/?".contains(&byte)
}

/// A request's further headers, checked: names as they were given, values never shown. One that was given
/// twice has its last value.
pub(super) fn headers(
    setting: &'static str,
    given: &[(String, Secret)],
    reserved: impl Fn(&str) -> Option<&'static str>,
) -> Result<Vec<(String, HeaderValue)>, ConfigError> {
    let invalid = |reason| ConfigError::InvalidSetting { setting, reason };
    let mut headers: Vec<(String, HeaderValue)> = Vec::new();
    for (name, Secret(value)) in given {
        // A name that is none may be a value in the wrong place.
        let known = HeaderName::try_from(name.as_str())
            .map_err(|_| invalid("no HTTP header has such a name".into()))?;
        if let Some(reason) = reserved(known.as_str()) {
            return Err(invalid(format!("the header `{name}` {reason}")));
        }
        let mut value = HeaderValue::try_from(value.as_str()).map_err(|_| {
            invalid(format!(
                "the value of `{name}` has characters that no HTTP header may have"
            ))
        })?;
        value.set_sensitive(true);
        headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        headers.push((name.clone(), value));
    }
    Ok(headers)
}

/// Whether a header may have a secret in it. A refusal has to be able to name the origin that it refuses.
pub(super) fn is_secret(name: &str) -> bool {
    !name.eq_ignore_ascii_case("origin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_takes_what_stands_for_itself() {
        let query = Transport::Query("hs_token".into());
        for token in ["eyJhbGciOiJFZERTQSJ9.e30.c2ln-_", "a+b/c=="] {
            assert_eq!(query.check(token), Ok(()));
        }
        for token in ["a&b", "a#b", "a%41", "a b", "ä", "\"", "a\n", ""] {
            assert!(query.check(token).is_err(), "{token}");
        }
    }

    #[test]
    fn a_header_takes_what_arrives_as_it_is() {
        let header = Transport::Bearer;
        for token in ["a&b", "a%41", "a b", "a+b/c=="] {
            assert_eq!(header.check(token), Ok(()));
        }
        for token in ["a\nb", "a\n", " a", "a ", "\u{7f}", ""] {
            assert!(header.check(token).is_err(), "{token:?}");
        }
    }
}
