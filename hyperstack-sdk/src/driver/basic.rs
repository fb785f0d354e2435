//! The user name and password of a URL, as an `Authorization` header.

use data_encoding::BASE64;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Uri};

/// Why the header `Authorization` cannot be set besides a user name in the URL.
pub(super) const RESERVED: &str = "carries the URL's user name and password";

/// The credentials in a URL. They replace a token, so a client has only one of them.
pub(super) struct Basic {
    pub(super) value: HeaderValue,
    /// The credentials in each of their forms, to be redacted if the server echoes them.
    pub(super) secrets: Vec<String>,
}

impl Basic {
    /// Reads the credentials of a checked URL, if it has any. `token` is the setting that supplies a token or a key.
    /// Errors say what is wrong without the credentials.
    pub(super) fn of(uri: &Uri, token: Option<&str>) -> Result<Option<Self>, String> {
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let Some((credentials, _)) = authority.rsplit_once('@') else {
            return Ok(None);
        };
        if credentials.is_empty() {
            return Ok(None);
        }
        if let Some(setting) = token {
            return Err(format!(
                "the URL has a user name and password, and `{setting}` is set too: set only one of them"
            ));
        }
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        let malformed = "its user name or password has an invalid percent escape";
        let decoded = decode(user).zip(decode(password));
        let (name, word) = decoded.ok_or_else(|| malformed.to_owned())?;
        if name.contains(':') {
            return Err("its user name has a colon, which HTTP cannot send".to_owned());
        }
        if name.chars().chain(word.chars()).any(char::is_control) {
            return Err("its user name or password has a control character".to_owned());
        }
        let encoded = BASE64.encode(format!("{name}:{word}").as_bytes());
        // Base64 is always valid in a header.
        let value = HeaderValue::try_from(format!("Basic {encoded}"));
        let mut value = value.map_err(|error| error.to_string())?;
        value.set_sensitive(true);
        let raw = [user, password, credentials].map(str::to_owned);
        Ok(Some(Basic {
            value,
            secrets: raw.into_iter().chain([name, word, encoded]).collect(),
        }))
    }

    /// Returns the header's name and value.
    pub(super) fn header(&self) -> (String, HeaderValue) {
        (AUTHORIZATION.to_string(), self.value.clone())
    }
}

/// Decodes percent escapes. `None` if one is malformed or the result is not UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        decoded.push(match byte {
            b'%' => u8::try_from(digit()? * 16 + digit()?).ok()?,
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(url: &str) -> Result<Option<String>, String> {
        let basic = Basic::of(&url.parse().unwrap(), None)?;
        Ok(basic.map(|basic| {
            let value = basic.value.to_str().unwrap().strip_prefix("Basic ");
            let bytes = BASE64.decode(value.unwrap().as_bytes()).unwrap();
            String::from_utf8(bytes).unwrap()
        }))
    }

    #[test]
    fn the_user_and_password_are_percent_decoded() {
        for (url, expected) in [
            ("wss://me:pass@a.b", Some("me:pass")),
            ("wss://me:p%40s%3As%25@a.b:1/x?y", Some("me:p@s:s%")),
            ("wss://me:a:b@a.b", Some("me:a:b")),
            ("wss://m%C3%A9@a.b", Some("mé:")),
            ("wss://:pass@a.b", Some(":pass")),
            ("wss://a.b/me:pass@c.d", None),
            ("wss://a.b", None),
        ] {
            assert_eq!(basic(url), Ok(expected.map(str::to_owned)), "{url}");
        }
    }

    #[test]
    fn credentials_that_cannot_be_sent_are_errors_that_do_not_show_them() {
        for (url, words) in [
            ("wss://secret%3A:secret@a.b", "a colon"),
            ("wss://secret:secret%4@a.b", "invalid percent escape"),
            ("wss://secret:secret%zz@a.b", "invalid percent escape"),
            ("wss://secret:secret%ff@a.b", "invalid percent escape"),
            ("wss://secret:secret%0d%0a@a.b", "a control character"),
        ] {
            let error = basic(url).unwrap_err();
            assert!(error.contains(words), "{url}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
