//! From an address to a stream of bytes, through TLS where its scheme asks for that.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::Uri;

use super::tls;
use crate::session::ConfigError;

/// A connection to a peer, encrypted or not.
pub(super) type Stream = Box<dyn Bytes>;

/// What can be read and written.
pub(super) trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// Where a peer is, and whom to trust that it is the one.
pub(super) struct Address {
    host: String,
    port: u16,
    connector: Option<tls::Connector>,
}

impl Address {
    /// The address of a URL that was checked, trusting `roots` besides the usual ones. `unusable` is the
    /// error of a URL, by the reason.
    pub(super) fn new(
        uri: &Uri,
        roots: &[Vec<u8>],
        unusable: impl Fn(String) -> ConfigError,
    ) -> Result<Self, ConfigError> {
        let is_secure = matches!(uri.scheme_str(), Some("wss" | "https"));
        let host = uri.host().unwrap_or_default();
        let connector = is_secure.then(|| tls::connector(roots, unusable));
        Ok(Address {
            host: host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned(),
            port: uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 }),
            connector: connector.transpose()?,
        })
    }

    /// Connects. Whoever calls sets the deadline.
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
