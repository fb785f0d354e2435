//! The host, port and TLS settings of a peer.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::http::Uri;

use super::tls;
use super::RouteSettings;
use crate::session::ConfigError;

/// A connection to a peer, encrypted or not.
pub(super) type Stream = Box<dyn Bytes>;

/// A stream that can be read and written.
pub(super) trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// The host and port of a peer, and the TLS settings if the URL is secure.
pub(super) struct Address {
    host: String,
    port: u16,
    connector: Option<tls::Connector>,
}

impl Address {
    /// Creates the address of a checked URL. `shown` is the URL for errors.
    pub(super) fn new(
        uri: &Uri,
        settings: &RouteSettings,
        shown: &str,
    ) -> Result<Self, ConfigError> {
        let is_secure = matches!(uri.scheme_str(), Some("wss" | "https"));
        let host = uri.host().unwrap_or_default();
        let connector = is_secure.then(|| tls::connector(settings, shown));
        Ok(Address {
            host: host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned(),
            port: uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 }),
            connector: connector.transpose()?,
        })
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Whether connections to it are encrypted.
    pub(super) fn is_secure(&self) -> bool {
        self.connector.is_some()
    }

    /// Returns the host's IP address if the URL has one instead of a name.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Returns the addresses of the host, in the system's order of preference.
    pub(super) async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await?;
        Ok(found.collect())
    }

    /// Encrypts a stream to this peer if its URL is secure.
    pub(super) async fn secure(&self, stream: impl Bytes + 'static) -> io::Result<Stream> {
        match &self.connector {
            Some(connector) => tls::wrap(connector, &self.host, stream).await,
            None => Ok(Box::new(stream)),
        }
    }
}
