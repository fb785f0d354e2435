//! Authenticate with tokens.
//!
//! | builder method | the client uses | typical use |
//! |---|---|---|
//! | [`token`]`(token)` | one fixed token. If the server rejects it, the client closes and all streams end | a script |
//! | [`token_provider`]`(provider)` | tokens from your code. The client requests a new one before the current one expires and after a rejection | users who log in at your backend |
//! | [`api_key`]`(key)` | tokens from an HTTP endpoint: Hyperstack's (`https://api.usehyperstack.com/ws/sessions`), or the one that you set with [`token_endpoint`]`(url)`. Needs the feature `token-endpoint` | a service of your own |
//! | [`publishable_key`]`(key)` | the same, with a key that you may publish | an app |
//!
//! Use only one of them: `connect` returns a [`ConnectError::Config`](crate::ConnectError::Config) if you combine two.
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
//! The client takes the expiry from [`AuthToken::expires_in`] or [`AuthToken::expires_at`], or from the `exp` claim if
//! the token is a JWT. It requests the next token one minute before the expiry or, if a token is valid for less than
//! two minutes, at half of that time. It sends the new token on the open connection, and streams continue.
//!
//! # How the client sends a token
//!
//! By default, the client sends the token in the header `Authorization: Bearer …`. With
//! [`token_in_query`]`("hs_token")`, it sends it in the URL's query. Prefer the header: servers and proxies log
//! queries. [`header`]`(name, value)` adds another header to the handshake, such as `Origin`.
//!
//! # Errors
//!
//! `connect` returns a rejection or an error of the token provider. With `wait_for_server`, it retries instead, unless
//! the error is final.
//!
//! Once there has been a connection, the client requests a new token if the server rejects the current one. Some
//! rejections are final, such as the status 403: the client closes, all streams end, and `end_reason()` says why.
//!
//! From your provider, return [`TokenError::denied`] if a retry is useless. If there is no connection, the client then
//! closes. An open connection stays until its token expires, and then the client calls the provider once more. After
//! any other error, the client retries with a backoff.
//!
//! # Secrets
//!
//! The client does not write tokens, keys or header values to logs, errors or `Debug` output. If the server echoes a
//! token, the client replaces it with `***`, unless it has fewer than eight characters. The client sends an API key
//! only to the token endpoint.
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
