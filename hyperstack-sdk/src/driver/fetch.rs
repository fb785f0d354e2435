//! Fetching tokens, one at a time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::Transport;
use crate::auth::{AuthToken, TokenError, TokenProvider};
use crate::session::Grant;

type Fetched = Result<AuthToken, TokenError>;

/// Asks a provider for tokens. What was begun goes on until it ends, whoever waits for it: a token that
/// was being fetched for a connection serves the one that follows.
pub(crate) struct Fetcher {
    provider: Option<Arc<dyn TokenProvider>>,
    timeout: Duration,
    transport: Transport,
    flight: Option<Flight>,
}

/// A request to the provider that is under way.
struct Flight {
    /// When the client asked. A token's life counts from here.
    asked: Instant,
    answer: Pin<Box<dyn Future<Output = Fetched> + Send>>,
}

impl Fetcher {
    /// `transport` is how its tokens will be presented.
    pub(crate) fn new(
        provider: Option<Arc<dyn TokenProvider>>,
        timeout: Duration,
        transport: Transport,
    ) -> Self {
        Fetcher {
            provider,
            timeout,
            transport,
            flight: None,
        }
    }

    /// Whether a token is on its way.
    pub(crate) fn is_flying(&self) -> bool {
        self.flight.is_some()
    }

    /// The next token, within the deadline. May be dropped and called again.
    pub(crate) async fn fetch(&mut self) -> Result<Grant, TokenError> {
        let Some(provider) = &self.provider else {
            return Err(TokenError::denied("nobody provides tokens"));
        };
        let (provider, timeout) = (provider.clone(), self.timeout);
        let flight = self.flight.get_or_insert_with(|| Flight {
            asked: Instant::now(),
            answer: Box::pin(async move {
                let fetched = tokio::time::timeout(timeout, provider.token()).await;
                fetched.unwrap_or_else(|_| {
                    Err(TokenError::new(format!("none came within {timeout:?}")))
                })
            }),
        });
        let fetched = flight.answer.as_mut().await;
        let waited = flight.asked.elapsed();
        self.flight = None;
        let token = fetched?;
        match self.transport.check(token.secret()) {
            Ok(()) => Ok(Grant::new(&token, waited, SystemTime::now())),
            Err(reason) => Err(TokenError::denied(format!(
                "what was provided cannot be presented: {reason}"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A process that is stopped, or whose runtime is blocked, reads an answer late.
    #[tokio::test(start_paused = true)]
    async fn a_token_ages_while_its_answer_lies_unread() {
        let provider = || async {
            tokio::time::sleep(9 * SECOND).await;
            Ok(AuthToken::new("token").expires_in(90 * SECOND))
        };
        let mut fetcher = Fetcher::new(Some(Arc::new(provider)), 10 * SECOND, Transport::default());
        assert!(fetcher.fetch().now_or_never().is_none());
        tokio::time::advance(54 * SECOND).await;
        let grant = fetcher.fetch().await.unwrap();
        assert_eq!(grant.life, Some(36 * SECOND));
        // The wait for one token does not shorten the life of the next.
        let grant = fetcher.fetch().await.unwrap();
        assert_eq!(grant.life, Some(81 * SECOND));
    }
}
