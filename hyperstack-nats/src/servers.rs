//! The servers in a URL, and who the client is to them.

use std::fmt;
use std::str::FromStr;

use async_nats::{ConnectOptions, ServerAddr};
use hyperstack_sdk::session::ConfigError;

/// The addresses of a NATS cluster's servers, and the credentials, parsed from a comma-separated list of URLs.
///
/// async-nats ignores credentials in URLs, and logs the URLs. So connect the NATS client of a bridge like this:
///
/// ```no_run
/// use async_nats::ConnectOptions;
/// use hyperstack_nats::{async_nats, Servers};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let servers: Servers = "tls://ada:secret@nats.example".parse()?;
/// let options = servers.configure(ConnectOptions::new());
/// let nats = options.connect(servers.addresses()).await?;
/// # Ok(())
/// # }
/// ```
///
/// The schemes are `nats` (the default) and `tls`, and the default port is 4222. The first credentials in the list
/// apply to all servers: `user:password@`, or `token@`. A special character in them must be a percent escape, such as
/// `%2C` for a comma. `Display` and `Debug` show the URLs without credentials.
#[derive(Clone)]
pub struct Servers {
    addresses: Vec<ServerAddr>,
    login: Option<Login>,
}

#[derive(Clone)]
enum Login {
    Password { user: String, password: String },
    Token(String),
}

impl Servers {
    /// Returns the addresses, without credentials.
    pub fn addresses(&self) -> &[ServerAddr] {
        &self.addresses
    }

    /// Sets the credentials of the URLs, if they have any.
    ///
    /// If any URL is `tls://`, this also requires TLS for all servers, including those that the cluster announces
    /// later.
    #[must_use]
    pub fn configure(&self, options: ConnectOptions) -> ConnectOptions {
        let options = match self.addresses.iter().any(ServerAddr::tls_required) {
            true => options.require_tls(true),
            false => options,
        };
        match self.login.clone() {
            Some(Login::Password { user, password }) => options.user_and_password(user, password),
            Some(Login::Token(token)) => options.token(token),
            None => options,
        }
    }
}

impl FromStr for Servers {
    type Err = ConfigError;

    /// Parses URLs. A URL without a host, with another scheme or with an invalid escape is a
    /// [`ConfigError::InvalidUrl`], which does not show the credentials.
    fn from_str(urls: &str) -> Result<Self, ConfigError> {
        let mut servers = Servers {
            addresses: Vec::new(),
            login: None,
        };
        for url in urls.split(',') {
            let (scheme, rest) = match url.trim().split_once("://") {
                Some((scheme, rest)) => (scheme, rest),
                None => ("nats", url.trim()),
            };
            let (login, host) = match rest.rsplit_once('@') {
                Some((login, host)) => (Some(login), host),
                None => (None, rest),
            };
            let url = format!("{scheme}://{host}");
            let invalid = |reason: String| ConfigError::InvalidUrl {
                url: url.clone(),
                reason,
            };
            if let (Some(login), None) = (login, &servers.login) {
                let login = Login::parse(login);
                let reason = "the user name or password has an invalid percent escape";
                servers.login = Some(login.ok_or_else(|| invalid(reason.to_owned()))?);
            }
            let address = url.parse::<ServerAddr>();
            let address = address.map_err(|error| invalid(error.to_string()))?;
            if address.host().is_empty() {
                return Err(invalid("it has no host".to_owned()));
            }
            servers.addresses.push(address);
        }
        Ok(servers)
    }
}

impl Login {
    fn parse(text: &str) -> Option<Self> {
        Some(match text.split_once(':') {
            Some((user, password)) => Login::Password {
                user: decode(user)?,
                password: decode(password)?,
            },
            None => Login::Token(decode(text)?),
        })
    }
}

/// Decodes percent escapes.
fn decode(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Servers({self})")
    }
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, server) in self.addresses.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            let (scheme, host, port) = (server.scheme(), server.host(), server.port());
            write!(f, "{comma}{scheme}://{host}:{port}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_the_user() {
        for (urls, shown) in [
            ("localhost", "nats://localhost:4222"),
            ("nats://ada:p%40ss@example.com:1", "nats://example.com:1"),
            ("tls://token@a,b:2", "tls://a:4222,nats://b:2"),
        ] {
            let servers: Servers = urls.parse().unwrap();
            assert_eq!(servers.to_string(), shown);
            let debug = format!("{:?}", servers.addresses());
            assert!(
                !debug.contains("ada") && !debug.contains("token"),
                "{debug}"
            );
        }
        let error = "nats://ada:secret@".parse::<Servers>().err().unwrap();
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }

    #[test]
    fn the_user_is_decoded() {
        assert_eq!(decode("p%40s%C3%A9"), Some("p@s\u{e9}".to_owned()));
        for invalid in ["%", "%4", "%zz", "%FF"] {
            assert_eq!(decode(invalid), None, "{invalid}");
        }
    }
}
