//! TLS: by rustls, or, where that feature is off, by the platform's library.

use tokio_tungstenite::Connector;

use crate::session::ConnectError;

/// A connector that trusts the usual roots and the certificates of `roots`, in PEM.
#[cfg(feature = "rustls")]
pub(super) fn connector(roots: &[Vec<u8>]) -> Result<Connector, ConnectError> {
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
#[cfg(not(feature = "rustls"))]
pub(super) fn connector(roots: &[Vec<u8>]) -> Result<Connector, ConnectError> {
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

fn invalid(reason: &dyn std::fmt::Display) -> ConnectError {
    ConnectError::InvalidSetting {
        setting: "root_certificates",
        reason: reason.to_string(),
    }
}
