//! Tokens, their providers, and why a provider can fail.

mod error;
#[cfg(feature = "client")]
mod jwt;
mod provider;
mod token;

pub use error::TokenError;
pub use provider::TokenProvider;
#[cfg(feature = "client")]
pub(crate) use token::until;
pub use token::AuthToken;
