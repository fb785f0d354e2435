//! TLS, credentials and permissions.

mod credentials;
mod permissions;
mod tls;
