//! TLS by rustls or, if that feature is off, by the platform's library. Without both features there is none.

use std::io;

use super::address::{Bytes, Stream};
use super::RouteSettings;
use crate::session::ConfigError;

#[cfg(feature = "rustls")]
pub(super) use tokio_rustls::TlsConnector as Connector;

#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
pub(super) use tokio_native_tls::TlsConnector as Connector;

/// Cannot be created: this build has no TLS.
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
pub(super) enum Connector {}

/// Encrypts a stream. The host's certificate must have its name.
#[cfg(feature = "rustls")]
pub(super) async fn wrap(
    connector: &Connector,
    host: &str,
    stream: impl Bytes + 'static,
) -> io::Result<Stream> {
    use tokio_rustls::rustls::pki_types::ServerName;

    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    Ok(Box::new(connector.connect(name, stream).await?))
}

/// Encrypts a stream. The host's certificate must have its name.
#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
pub(super) async fn wrap(
    connector: &Connector,
    host: &str,
    stream: impl Bytes + 'static,
) -> io::Result<Stream> {
    let stream = connector.connect(host, stream).await;
    Ok(Box::new(stream.map_err(io::Error::other)?))
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
pub(super) async fn wrap(connector: &Connector, _: &str, _: impl Bytes) -> io::Result<Stream> {
    match *connector {}
}

/// Returns a connector that trusts the Mozilla roots, and those of the settings.
#[cfg(feature = "rustls")]
pub(super) fn connector(settings: &RouteSettings, _: &str) -> Result<Connector, ConfigError> {
    use std::sync::Arc;

    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    let mut store = RootCertStore::empty();
    store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    #[cfg(feature = "rustls-native-roots")]
    if settings.native_roots {
        add_native_roots(&mut store)?;
    }
    for pem in &settings.roots {
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
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid(&error))?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(Connector::from(Arc::new(config)))
}

/// Adds the roots of the system or, if they are set, of the variables `SSL_CERT_FILE` and `SSL_CERT_DIR`.
#[cfg(feature = "rustls-native-roots")]
fn add_native_roots(store: &mut tokio_rustls::rustls::RootCertStore) -> Result<(), ConfigError> {
    let found = rustls_native_certs::load_native_certs();
    let (added, unreadable) = store.add_parsable_certificates(found.certs);
    let is_set = |name| std::env::var_os(name).is_some();
    if added == 0 && (is_set("SSL_CERT_FILE") || is_set("SSL_CERT_DIR")) {
        let error = found.errors.first().map(|error| format!(": {error}"));
        return Err(ConfigError::InvalidSetting {
            setting: "native_roots",
            reason: format!(
                "no PEM certificate was found at `SSL_CERT_FILE` and `SSL_CERT_DIR`{}",
                error.unwrap_or_default()
            ),
        });
    }
    for error in &found.errors {
        tracing::warn!(%error, "could not read some of the system's root certificates");
    }
    if unreadable > 0 {
        tracing::debug!(
            unreadable,
            "ignored root certificates that rustls cannot parse"
        );
    }
    Ok(())
}

/// Returns a connector that trusts the platform's roots and the PEM certificates of the settings.
#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
pub(super) fn connector(settings: &RouteSettings, _: &str) -> Result<Connector, ConfigError> {
    use tokio_native_tls::native_tls::{Certificate, TlsConnector};

    let mut builder = TlsConnector::builder();
    for pem in &settings.roots {
        let certificates = Certificate::stack_from_pem(pem).map_err(|error| invalid(&error))?;
        if certificates.is_empty() {
            return Err(invalid(&"no certificate in the PEM text"));
        }
        for certificate in certificates {
            builder.add_root_certificate(certificate);
        }
    }
    let connector = builder.build().map_err(|error| invalid(&error))?;
    Ok(Connector::from(connector))
}

/// Returns an error: this build has no TLS. `url` is the URL for display.
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
pub(super) fn connector(_: &RouteSettings, url: &str) -> Result<Connector, ConfigError> {
    Err(ConfigError::MissingFeature {
        setting: format!("the URL \"{url}\""),
        features: &["rustls", "native-tls"],
    })
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn invalid(reason: &dyn std::fmt::Display) -> ConfigError {
    ConfigError::InvalidSetting {
        setting: "root_certificates",
        reason: reason.to_string(),
    }
}
