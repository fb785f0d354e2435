//! Fetching tokens, one at a time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::Transport;
use crate::auth::{AuthToken, TokenError, TokenProvider};

type Fetched = Result<AuthToken, TokenError>;

/// Asks a provider for tokens. What was begun goes on until it ends, whoever waits for it: a token that
/// was being fetched for a connection serves the one that follows.
pub(crate) struct Fetcher {
    provider: Option<Arc<dyn TokenProvider>>,
    timeout: Duration,
    transport: Transport,
    flight: Option<Pin<Box<dyn Future<Output = Fetched> + Send>>>,
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
    pub(crate) async fn fetch(&mut self) -> Fetched {
        let Some(provider) = &self.provider else {
            return Err(TokenError::denied("nobody provides tokens"));
        };
        let (provider, timeout) = (provider.clone(), self.timeout);
        let flight = self.flight.get_or_insert_with(|| {
            Box::pin(async move {
                let fetched = tokio::time::timeout(timeout, provider.token()).await;
                fetched.unwrap_or_else(|_| {
                    Err(TokenError::new(format!("none came within {timeout:?}")))
                })
            })
        });
        let fetched = flight.await;
        self.flight = None;
        let token = fetched?;
        match self.transport.check(token.secret()) {
            Ok(()) => Ok(token),
            Err(reason) => Err(TokenError::denied(format!(
                "what was provided cannot be presented: {reason}"
            ))),
        }
    }
}
