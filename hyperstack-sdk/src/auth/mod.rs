//! Tokens: what is presented to the server, where it comes from, and why it may not come.

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
