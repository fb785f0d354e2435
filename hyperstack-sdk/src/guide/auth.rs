//! Authenticate with tokens.
//!
//! | builder method | the client uses |
//! |---|---|
//! | [`token`]`(token)` | this token. When the server rejects it, the client closes for good, and all streams end |
//! | [`token_provider`]`(provider)` | tokens that your code provides. The client asks for a new one before the current one expires, and after a rejection (not during the first `connect`) |
//! | [`api_key`]`(key)`, [`publishable_key`]`(key)` | tokens from a token endpoint: the hosted one, or [`token_endpoint`]`(url)`. Needs the feature `token-endpoint` |
//!
//! ```no_run
//! use std::time::Duration;
//! use hyperstack_sdk::prelude::*;
//! use hyperstack_sdk::{AuthToken, TokenError};
//!
//! /// Gets a token from your backend.
//! async fn session() -> Result<AuthToken, TokenError> {
//!     let token = std::env::var("SESSION").map_err(|_| TokenError::denied("log in first"))?;
//!     Ok(AuthToken::new(token).expires_in(Duration::from_secs(300)))
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), ConnectError> {
//! let hs = HyperStack::builder()
//!     .url("wss://ore.example")
//!     .token_provider(session)
//!     .connect()
//!     .await?;
//! # drop(hs);
//! # Ok(())
//! # }
//! ```
//!
//! # Expiry
//!
//! The client knows when a token expires from [`AuthToken::expires_in`], from [`AuthToken::expires_at`], or, if the
//! token is a JWT, from its `exp` claim. It asks for the next token one minute before that, or halfway through the
//! life of a token that is valid for less than two minutes. It sends the new token on the open connection, and streams continue.
//!
//! # How the client sends a token
//!
//! By default as the header `Authorization: Bearer …`. With [`token_in_query`]`("hs_token")` it goes into the query of
//! the URL. Prefer the header: servers and proxies log queries. [`header`]`(name, value)` adds a header to the
//! handshake, such as `Origin`.
//!
//! # Errors
//!
//! The first `connect` returns any rejection, and any error of the token provider, unless you set `wait_for_server`.
//! Later, the client asks the provider for a new token after a rejection. If a new token cannot fix the rejection, the
//! client closes: all streams end, and `end_reason()` says why.
//!
//! Return [`TokenError::denied`] from your provider if trying again is useless. Without a connection the client then
//! closes. An open connection lasts until its token expires. After any other error the client tries again later.
//!
//! # Secrets
//!
//! Tokens, keys and header values do not appear in logs, errors or `Debug` output. If a server echoes a
//! token of eight or more characters, the client masks it. A key is sent to the token endpoint only.
//!
//! [`token`]: crate::HyperStackBuilder::token
//! [`token_provider`]: crate::HyperStackBuilder::token_provider
#![cfg_attr(
    feature = "token-endpoint",
    doc = "[`api_key`]: crate::HyperStackBuilder::api_key
[`publishable_key`]: crate::HyperStackBuilder::publishable_key
[`token_endpoint`]: crate::HyperStackBuilder::token_endpoint"
)]
//! [`token_in_query`]: crate::HyperStackBuilder::token_in_query
//! [`header`]: crate::HyperStackBuilder::header
//! [`AuthToken::expires_in`]: crate::AuthToken::expires_in
//! [`AuthToken::expires_at`]: crate::AuthToken::expires_at
//! [`TokenError::denied`]: crate::TokenError::denied
