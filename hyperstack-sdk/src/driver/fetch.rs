//! Fetches tokens from the provider, one at a time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::{KeyKind, Transport};
use crate::auth::{AuthToken, TokenError, TokenProvider};
use crate::session::Grant;

type Fetched = Result<AuthToken, TokenError>;

/// Fetches tokens from a provider. A request that has started always runs to its end: a token that was requested
/// for one connection serves the next if the first is lost.
pub(crate) struct Fetcher {
    provider: Option<Provider>,
    transport: Transport,
    pending: Option<PendingToken>,
}

/// A token provider, and its name for errors: "the token provider", or the endpoint with its URL.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) tokens: Arc<dyn TokenProvider>,
    /// How long a request may take. `None` if the provider has a deadline of its own.
    pub(crate) timeout: Option<Duration>,
}

impl Provider {
    async fn request(self) -> Fetched {
        let Some(timeout) = self.timeout else {
            return self.tokens.token().await;
        };
        let fetched = tokio::time::timeout(timeout, self.tokens.token()).await;
        fetched.unwrap_or_else(|_| {
            let message = format!("{} did not reply within {timeout:?}", self.name);
            Err(TokenError::new(message))
        })
    }
}

/// A request to the provider that has not ended.
struct PendingToken {
    /// When the client called the provider. A token's life counts from here.
    requested: Instant,
    reply: Pin<Box<dyn Future<Output = Fetched> + Send>>,
}

impl Fetcher {
    /// Creates a fetcher. `transport` is how the tokens will be sent, for which they are checked.
    pub(crate) fn new(provider: Option<Provider>, transport: Transport) -> Self {
        Fetcher {
            provider,
            transport,
            pending: None,
        }
    }

    /// Whether a request has not ended.
    pub(crate) fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Returns the next token, or an error after the deadline. Cancel safe: the next call continues the request.
    pub(crate) async fn fetch(&mut self) -> Result<Grant, TokenError> {
        let Some(provider) = &self.provider else {
            return Err(TokenError::denied("no token provider is set"));
        };
        let pending = self.pending.get_or_insert_with(|| {
            let provider = provider.clone();
            PendingToken {
                requested: Instant::now(),
                reply: Box::pin(provider.request()),
            }
        });
        let fetched = pending.reply.as_mut().await;
        let waited = pending.requested.elapsed();
        self.pending = None;
        let token = fetched?;
        let checked = match KeyKind::of(token.secret()) {
            Some(_) => Err("it is an API key, which the client sends only to a token endpoint"),
            None => self.transport.check(token.secret()),
        };
        match checked {
            Ok(()) => Ok(Grant::new(&token, waited, SystemTime::now())),
            Err(reason) => Err(TokenError::denied(format!(
                "{} supplied an invalid token: {reason}",
                provider.name
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A process that is stopped, or whose runtime is blocked, reads a reply late.
    #[tokio::test(start_paused = true)]
    async fn a_token_ages_while_its_reply_lies_unread() {
        let provider = || async {
            tokio::time::sleep(9 * SECOND).await;
            Ok(AuthToken::new("token").expires_in(90 * SECOND))
        };
        let provider = Provider {
            name: "the token provider".to_owned(),
            tokens: Arc::new(provider),
            timeout: Some(10 * SECOND),
        };
        let mut fetcher = Fetcher::new(Some(provider), Transport::default());
        assert!(fetcher.fetch().now_or_never().is_none());
        tokio::time::advance(54 * SECOND).await;
        let grant = fetcher.fetch().await.unwrap();
        assert_eq!(grant.life, Some(36 * SECOND));
        // The wait for one token does not shorten the life of the next.
        let grant = fetcher.fetch().await.unwrap();
        assert_eq!(grant.life, Some(81 * SECOND));
    }
}
