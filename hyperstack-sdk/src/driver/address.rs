//! TCP and TLS connections to a URL's host.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::Uri;

use super::tls;
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
    /// Creates the address of a checked URL. `roots` are trusted besides the default ones. `shown` is the URL for
    /// errors.
    pub(super) fn new(uri: &Uri, roots: &[Vec<u8>], shown: &str) -> Result<Self, ConfigError> {
        let is_secure = matches!(uri.scheme_str(), Some("wss" | "https"));
        let host = uri.host().unwrap_or_default();
        let connector = is_secure.then(|| tls::connector(roots, shown));
        Ok(Address {
            host: host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned(),
            port: uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 }),
            connector: connector.transpose()?,
        })
    }

    /// Connects, without a deadline.
    pub(super) async fn connect(&self) -> io::Result<Stream> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        match &self.connector {
            Some(connector) => tls::wrap(connector, &self.host, stream).await,
            None => Ok(Box::new(stream)),
        }
    }

    #[cfg(test)]
    pub(super) fn parts(&self) -> (&str, u16) {
        (&self.host, self.port)
    }
}
