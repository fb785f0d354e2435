//! Where tokens come from.

use std::future::Future;
use std::pin::Pin;

use super::{AuthToken, TokenError};

/// Provides tokens, each when it is needed: before the first connection, before one that follows a
/// refusal of the last token, and before the one in use expires.
///
/// Any `Fn() -> impl Future<Output = Result<AuthToken, TokenError>>` is one. It is asked for one token
/// at a time, in the client's own task, beside the reading of the socket; so it must not block. A panic
/// in it ends the client, with [`CloseReason::Stopped`](crate::CloseReason::Stopped).
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
    /// A token that has not been used before, or is valid for a while.
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
