//! An HTTP proxy, which opens tunnels by the method CONNECT.

use std::net::Ipv6Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::http::StatusCode;

use super::address::{Address, Stream};
use super::basic::Basic;
use super::race::Failure;
use super::refusal::tidy;
use super::{no_proxy, url, RouteSettings};
use crate::session::ConfigError;
use crate::wire::{masked, Secret};

/// The largest reply head, in bytes.
const LIMIT: usize = 64 * 1024;

pub(super) struct Proxy {
    /// The proxy's URL without user name and password, for errors.
    pub(super) shown: String,
    pub(super) address: Address,
    credentials: Option<Basic>,
}

/// The proxy refused to open a tunnel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the proxy {proxy} rejected the connection with status {status}: {message}")]
pub(super) struct ProxyRejection {
    /// The proxy's URL, without user name and password.
    pub(super) proxy: String,
    pub(super) status: u16,
    pub(super) message: String,
}

impl Proxy {
    /// Returns the proxy for a target, if the settings have one.
    pub(super) fn new(
        settings: &RouteSettings,
        target: &Address,
    ) -> Result<Option<Self>, ConfigError> {
        if let Some(Secret(url)) = &settings.proxy {
            let invalid = |reason| ConfigError::InvalidSetting {
                setting: "proxy",
                reason,
            };
            return Self::parse(url, settings, &invalid).map(Some);
        }
        // The variables apply only to secure URLs, because many proxies open tunnels only for these.
        if !settings.proxy_from_env || !target.is_secure() {
            return Ok(None);
        }
        let read = |name: &str| std::env::var(name).ok();
        let Some((variable, url)) = no_proxy::proxy_of(target.host(), target.port(), read) else {
            return Ok(None);
        };
        let invalid = |reason| {
            ConfigError::InvalidSetting {
            setting: "proxy_from_env",
            reason: format!(
                "the environment variable `{variable}`: {reason} (to connect directly, add \"{}\" to `NO_PROXY`)",
                target.host()
            ),
        }
        };
        Self::parse(&url, settings, &invalid).map(Some)
    }

    /// Checks a proxy's URL. A URL without a scheme counts as `http://`.
    fn parse(
        given: &str,
        settings: &RouteSettings,
        invalid: &dyn Fn(String) -> ConfigError,
    ) -> Result<Self, ConfigError> {
        let given = if given.contains("://") {
            given.to_owned()
        } else {
            format!("http://{given}")
        };
        let uri = url::normal(&given, ["http", "https"])
            .map_err(|reason| invalid(format!("invalid proxy URL: {reason}")))?;
        let credentials = Basic::of(&uri, None)
            .map_err(|reason| invalid(format!("invalid proxy URL: {reason}")))?;
        // Drop the path and query, which a proxy does not use.
        let shown = format!(
            "{}://{}",
            uri.scheme_str().unwrap_or("http"),
            url::host(&uri)
        );
        Ok(Proxy {
            address: Address::new(&uri, settings, &shown)?,
            shown,
            credentials,
        })
    }

    /// Whether the proxy is on this machine.
    pub(super) fn is_local(&self) -> bool {
        url::is_local(self.address.host())
    }

    /// Opens a tunnel to a target on a stream to the proxy.
    pub(super) async fn tunnel(
        &self,
        stream: &mut Stream,
        target: &Address,
    ) -> Result<(), Failure<ProxyRejection>> {
        let broken = |error: std::io::Error| Failure::Address(error.to_string());
        let request = self.request(target);
        stream.write_all(&request).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;
        let mut bytes = Vec::with_capacity(1024);
        // The start of the final reply's head. Interim replies come before it.
        let mut start = 0;
        let end = loop {
            if let Some(length) = head_end(&bytes[start..]) {
                let head = String::from_utf8_lossy(&bytes[start..start + length]);
                if !status_line(&head).is_some_and(|(status, _)| status.is_informational()) {
                    break start + length;
                }
                start += length;
                continue;
            }
            let fault = match stream.read_buf(&mut bytes).await.map_err(broken)? {
                0 => "the proxy closed the connection before it replied",
                _ if bytes.len() > LIMIT => "the head of the proxy's reply is longer than 64 KiB",
                _ => continue,
            };
            return Err(Failure::Address(fault.into()));
        };
        let head = String::from_utf8_lossy(&bytes[start..end]);
        let Some((status, reason)) = status_line(&head) else {
            return Err(Failure::Address("the proxy's reply is not HTTP".into()));
        };
        if !status.is_success() {
            return Err(Failure::Final(self.rejection(status, reason)));
        }
        // The client speaks first in the tunnel.
        if bytes.len() > end {
            let fault = "the proxy sent data before the tunnel was used";
            return Err(Failure::Address(fault.into()));
        }
        Ok(())
    }

    fn request(&self, target: &Address) -> Vec<u8> {
        let (host, port) = (target.host(), target.port());
        let host = match host.parse::<Ipv6Addr>() {
            Ok(_) => format!("[{host}]:{port}"),
            Err(_) => format!("{host}:{port}"),
        };
        let request = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n");
        let mut request = request.into_bytes();
        if let Some(Basic { value, .. }) = &self.credentials {
            request.extend_from_slice(b"Proxy-Authorization: ");
            request.extend_from_slice(value.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        request
    }

    fn rejection(&self, status: StatusCode, reason: &str) -> ProxyRejection {
        let secrets = self.credentials.iter().flat_map(|it| &it.secrets);
        // A control character must not hide a secret.
        let reason: String = reason.chars().filter(|c| !c.is_control()).collect();
        let message = match tidy(&masked(reason, secrets.map(String::as_str))) {
            message if message.is_empty() => {
                let reason = status.canonical_reason();
                reason.unwrap_or("no reason given").to_owned()
            }
            message => message,
        };
        ProxyRejection {
            proxy: self.shown.clone(),
            status: status.as_u16(),
            message,
        }
    }
}

/// Returns the length of a reply's head, if it is complete.
fn head_end(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    end.map(|end| end + 4)
}

/// Reads the status line. Proxies may reply in HTTP/1.0.
fn status_line(head: &str) -> Option<(StatusCode, &str)> {
    let line = head.lines().next()?.strip_prefix("HTTP/1.")?;
    let (_, rest) = line.split_once(' ')?;
    let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    Some((status.parse().ok()?, reason.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(url: &str) -> Result<Proxy, ConfigError> {
        let invalid = |reason| ConfigError::InvalidSetting {
            setting: "proxy",
            reason,
        };
        Proxy::parse(url, &RouteSettings::default(), &invalid)
    }

    fn credentials(url: &str) -> Option<String> {
        let proxy = proxy(url).ok().unwrap();
        let value = proxy.credentials?.header().1;
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_url_has_the_address_and_the_credentials_of_a_proxy() {
        let parts = |url: &str| {
            let proxy = proxy(url).ok().unwrap();
            let address = &proxy.address;
            (
                proxy.shown.clone(),
                address.host().to_owned(),
                address.port(),
            )
        };
        let of = |shown: &str, host: &str, port| (shown.to_owned(), host.to_owned(), port);
        assert_eq!(parts("http://p:3128"), of("http://p:3128", "p", 3128));
        assert_eq!(parts("p:3128"), of("http://p:3128", "p", 3128));
        assert_eq!(parts("http://p/x?y"), of("http://p", "p", 80));
        assert_eq!(
            parts("me:pass@[::1]:3128"),
            of("http://[::1]:3128", "::1", 3128)
        );
        assert_eq!(credentials("p:3128"), None);
        let basic = credentials("me:p%61ss@p:3128");
        assert_eq!(basic.as_deref(), Some("Basic bWU6cGFzcw=="));
    }

    #[test]
    fn an_error_about_a_proxy_shows_no_secrets() {
        for url in [
            "socks5://me:secret@p:1080",
            "http://me:secret@p:x",
            "http://me:sec ret@p",
            "me:secret@",
            "me:secret%zz@p",
            "",
        ] {
            let error = proxy(url).err().unwrap().to_string();
            assert!(error.contains("`proxy`: invalid proxy URL: "), "{error}");
            assert!(!error.contains("sec"), "{error}");
        }
        let rejection = proxy("me:secret-password@p").ok().unwrap();
        let rejection = rejection.rejection(
            StatusCode::PROXY_AUTHENTICATION_REQUIRED,
            "secret-password is wrong",
        );
        assert_eq!(rejection.message, "*** is wrong");
    }

    #[test]
    fn a_request_names_the_target() {
        let request = |proxied: &str, target: &str| {
            let target = target.parse().unwrap();
            let target = Address::new(&target, &RouteSettings::default(), "")
                .ok()
                .unwrap();
            let request = proxy(proxied).ok().unwrap().request(&target);
            String::from_utf8(request).unwrap()
        };
        assert_eq!(
            request("p:1", "ws://a.b/c?d"),
            "CONNECT a.b:80 HTTP/1.1\r\nHost: a.b:80\r\n\r\n"
        );
        assert_eq!(
            request("me:pass@p:1", "ws://[::1]:8877"),
            "CONNECT [::1]:8877 HTTP/1.1\r\nHost: [::1]:8877\r\n\
             Proxy-Authorization: Basic bWU6cGFzcw==\r\n\r\n"
        );
    }

    #[test]
    fn a_status_line_may_be_short_or_old() {
        let read = |head| status_line(head).map(|(status, reason)| (status.as_u16(), reason));
        assert_eq!(
            read("HTTP/1.0 200 Connected\r\n\r\n"),
            Some((200, "Connected"))
        );
        assert_eq!(read("HTTP/1.1 502\r\n\r\n"), Some((502, "")));
        assert_eq!(
            read("HTTP/1.1 407  Who are you \r\n\r\n"),
            Some((407, "Who are you"))
        );
        for head in ["", "SSH-2.0", "HTTP/2 200 OK", "HTTP/1.1 ok", "HTTP/1.1"] {
            assert_eq!(read(head), None, "{head}");
        }
    }
}
