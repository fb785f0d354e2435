//! Authenticate with tokens.
//!
//! | builder method | the client uses | typical use |
//! |---|---|---|
//! | [`token`]`(token)` | one fixed token. If the server rejects it, the client closes and all streams end | a script |
//! | [`token_provider`]`(provider)` | tokens from your code. The client requests a new one before the current one expires and after a rejection | users who log in at your backend |
//! | [`api_key`]`(key)` | tokens from an HTTP endpoint: that of the service which hosts the server, or the one that you set with [`token_endpoint`]`(url)`. Needs the feature `token-endpoint` | a service of your own |
//! | [`publishable_key`]`(key)` | the same, with a key that you may publish | an app |
//! | `url("wss://me:password@…")` | the user name and password, as `Authorization: Basic …` | a server behind a proxy that asks for a password |
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
//! # API keys
//!
//! The client exchanges a key for tokens at a token endpoint. It knows the endpoint of a server that Arete
//! (`*.stack.arete.run`) or Hyperstack (`*.usehyperstack.com`) hosts. For any other server, set the endpoint with
//! [`token_endpoint`]`(url)`.
//!
//! | key | issued by | setting |
//! |---|---|---|
//! | `a4_sk_…`, `a4_ak_…` | Arete | [`api_key`] |
//! | `a4_pk_…` | Arete | [`publishable_key`] and [`origin`] |
//! | `hsk_…` | Hyperstack | [`api_key`] |
//! | `hspk_…` | Hyperstack | [`publishable_key`] and [`origin`] |
//!
//! A key goes only to the service that issued it, or to the endpoint that you set. `connect` returns an error for a key
//! in the wrong setting and, unless you set [`token_endpoint`], for a key of another service.
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
//! queries. [`origin`]`("https://app.example")` sets the header `Origin`, which servers require for tokens of a
//! publishable key. [`header`]`(name, value)` adds another header to the handshake.
//!
//! # Encryption
//!
//! `connect` returns [`ConfigError::Insecure`] if a secret would travel unencrypted to another machine: over `ws://…`,
//! or over `http://…` to the token endpoint. `localhost`, 127.0.0.0/8 and `[::1]` are this machine. Secrets are tokens,
//! keys, a user name in the URL, the parameters `token` and `hs_token` of its query, and all headers except `Origin`
//! and `User-Agent`. Other parameters are not checked. The user name and password of an `http://` proxy are sent to the
//! proxy unencrypted and are not checked. If you trust the network, call [`allow_insecure_auth`]`(true)`.
//!
//! # Errors
//!
//! `connect` returns a rejection or an error of the token provider. With `wait_for_server`, it retries instead, unless
//! the error is final.
//!
//! [`ConnectError::remedy`] says what may help:
//!
//! | remedy | meaning | codes, for example |
//! |---|---|---|
//! | [`NewToken`](crate::Remedy::NewToken) | get a new token | `token-expired`, `token-invalid-signature` |
//! | [`Wait`](crate::Remedy::Wait) | wait and try again | `rate-limit-exceeded`, `internal-error` |
//! | [`ChangeRequest`](crate::Remedy::ChangeRequest) | change the request: the server would refuse it again. This concerns one subscription, not the connection | `subscription-rejected`, `malformed-message` |
//! | [`Nothing`](crate::Remedy::Nothing) | the error is final | `token-missing`, `origin-mismatch`, `invalid-api-key`, `stack-version-retired` |
//!
//! [`AuthErrorCode`](crate::AuthErrorCode) describes each code.
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
//! only to the token endpoint. The client does not follow redirects. A redirected handshake is
//! [`ConnectError::Redirected`]; a redirected token request is an error that names the target.
//!
//! [`ConfigError::Insecure`]: crate::ConfigError::Insecure
//! [`ConnectError::remedy`]: crate::ConnectError::remedy
//! [`ConnectError::Redirected`]: crate::ConnectError::Redirected
//! [`origin`]: crate::HyperStackBuilder::origin
//! [`allow_insecure_auth`]: crate::HyperStackBuilder::allow_insecure_auth
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
