//! Token providers.

use std::future::Future;
use std::pin::Pin;

use super::{AuthToken, TokenError};

/// Supplies tokens to a client. Set with
/// [`HyperStackBuilder::token_provider`](crate::HyperStackBuilder::token_provider).
///
/// Any `Fn() -> impl Future<Output = Result<AuthToken, TokenError>>` is a provider. The client calls it before it
/// first connects, before it reconnects with a new token, and before the token in use expires.
///
/// The client makes one request at a time, in the task that also reads the socket, so the provider must not block.
/// A panic in it closes the client with [`CloseReason::Stopped`](crate::CloseReason::Stopped).
///
/// ```
/// use std::time::Duration;
/// use hyperstack_sdk::{AuthToken, TokenProvider};
///
/// let provider = || async { Ok(AuthToken::new("…").expires_in(Duration::from_secs(300))) };
/// fn takes(_: impl TokenProvider) {}
/// takes(provider);
/// ```
pub trait TokenProvider: Send + Sync + 'static {
    /// Returns a token that is valid now.
    ///
    /// It can be the token of an earlier call, unless the server rejected that token or it is about to expire.
    ///
    /// # Errors
    ///
    /// Return [`TokenError::new`] for a temporary failure and [`TokenError::denied`] for a final one.
    ///
    /// # Cancellation
    ///
    /// The client drops the future when it closes, and when
    /// [`token_timeout`](crate::HyperStackBuilder::token_timeout) has passed.
    fn token(&self) -> Pin<Box<dyn Future<Output = Result<AuthToken, TokenError>> + Send + '_>>;
}

impl<F, T> TokenProvider for F
where
    F: Fn() -> T + Send + Sync + 'static,
    T: Future<Output = Result<AuthToken, TokenError>> + Send + 'static,
{
    fn token(&self) -> Pin<Box<dyn Future<Output = Result<AuthToken, TokenError>> + Send + '_>> {
        Box::pin(self())
    }
}
