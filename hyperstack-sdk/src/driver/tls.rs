//! TLS: by rustls, or, where that feature is off, by the platform's library, or not at all.

use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::Error;

use super::Socket;
use crate::session::ConnectError;

#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub(super) use tokio_tungstenite::Connector;

/// Nothing but plain TCP.
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
pub(super) enum Connector {
    Plain,
}

/// Opens a WebSocket on a stream, after TLS where the URL asks for it.
pub(super) async fn handshake(
    request: Request,
    stream: TcpStream,
    config: WebSocketConfig,
    connector: &Connector,
) -> Result<Socket, Error> {
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    let opening = tokio_tungstenite::client_async_tls_with_config(
        request,
        stream,
        Some(config),
        Some(connector.clone()),
    );
    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    let opening = {
        let Connector::Plain = connector;
        let stream = tokio_tungstenite::MaybeTlsStream::Plain(stream);
        tokio_tungstenite::client_async_with_config(request, stream, Some(config))
    };
    Ok(opening.await?.0)
}

/// A connector that trusts the usual roots and the certificates of `roots`, in PEM.
#[cfg(feature = "rustls")]
pub(super) fn connector(_: &str, roots: &[Vec<u8>]) -> Result<Connector, ConnectError> {
    use std::sync::Arc;

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::CertificateDer;
    use rustls::{ClientConfig, RootCertStore};

    let mut store = RootCertStore::empty();
    store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for pem in roots {
        let mut found = 0;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| invalid(&error))?;
            store.add(certificate).map_err(|error| invalid(&error))?;
            found += 1;
        }
        if found == 0 {
            return Err(invalid(&"no certificate in the PEM text"));
        }
    }
    // Named here, because rustls panics at the first handshake if a program links two providers
    // and installs none.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid(&error))?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(Connector::Rustls(Arc::new(config)))
}

/// A connector that trusts the platform's roots and the certificates of `roots`, in PEM.
#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
pub(super) fn connector(_: &str, roots: &[Vec<u8>]) -> Result<Connector, ConnectError> {
    use native_tls::{Certificate, TlsConnector};

    let mut builder = TlsConnector::builder();
    for pem in roots {
        let certificates = Certificate::stack_from_pem(pem).map_err(|error| invalid(&error))?;
        if certificates.is_empty() {
            return Err(invalid(&"no certificate in the PEM text"));
        }
        for certificate in certificates {
            builder.add_root_certificate(certificate);
        }
    }
    let connector = builder.build().map_err(|error| invalid(&error))?;
    Ok(Connector::NativeTls(connector))
}

/// There is no TLS in this build.
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
pub(super) fn connector(url: &str, _: &[Vec<u8>]) -> Result<Connector, ConnectError> {
    Err(ConnectError::InvalidUrl {
        url: url.to_owned(),
        reason: "wss:// needs the feature `rustls` or `native-tls` of hyperstack-sdk".into(),
    })
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn invalid(reason: &dyn std::fmt::Display) -> ConnectError {
    ConnectError::InvalidSetting {
        setting: "root_certificates",
        reason: reason.to_string(),
    }
}
