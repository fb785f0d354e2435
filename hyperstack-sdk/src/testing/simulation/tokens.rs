//! The service that issues tokens, and the lifetimes that the server enforces.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::script::Fetch;
use crate::auth::{AuthToken, TokenError};
use crate::session::Grant;

/// How long the client waits for a token.
const PATIENCE: Duration = Duration::from_secs(10);

/// The duration of a fetch without a scripted outcome.
const USUAL: Duration = Duration::from_millis(50);

type Fetched = Result<AuthToken, TokenError>;

/// Tokens of one lifetime, with at most one fetch in progress.
pub(super) struct Tokens {
    life: Duration,
    /// When each issued token expires.
    ends: HashMap<String, Instant>,
    /// The outcomes of the next fetches, one each. Later fetches succeed.
    fetches: VecDeque<Fetch>,
    flight: Option<Flight>,
}

/// A token, or a failure, on its way to the client.
struct Flight {
    /// When the client requested the token. Its lifetime counts from here, as in the client's own driver.
    asked: Instant,
    due: Instant,
    fetched: Fetched,
}

impl Tokens {
    pub(super) fn new(life: Duration) -> Self {
        Tokens {
            life,
            ends: HashMap::new(),
            fetches: VecDeque::new(),
            flight: None,
        }
    }

    /// Scripts the outcome of one fetch, after those already scripted.
    pub(super) fn schedule(&mut self, fetch: Fetch) {
        self.fetches.push_back(fetch);
    }

    pub(super) fn heal(&mut self) {
        self.fetches.clear();
    }

    /// Whether a fetch is in progress.
    pub(super) fn is_flying(&self) -> bool {
        self.flight.is_some()
    }

    /// Fetches a token, and returns the outcome once it is due.
    pub(super) fn fetch(&mut self, now: Instant) -> Option<Result<Grant, TokenError>> {
        if self.flight.is_none() {
            let failed = || Err(TokenError::new("the test says so"));
            let (due, fetched) = match self.fetches.pop_front() {
                None => (now + USUAL, Ok(self.give(now + USUAL))),
                Some(Fetch::Fails) => (now + USUAL, failed()),
                Some(Fetch::Slow(millis)) => {
                    let due = now + Duration::from_millis(millis);
                    (due, Ok(self.give(due)))
                }
                Some(Fetch::Hangs) => (now + PATIENCE, failed()),
            };
            self.flight = Some(Flight {
                asked: now,
                due,
                fetched,
            });
        }
        let flight = self.flight.take_if(|flight| flight.due <= now)?;
        let waited = now - flight.asked;
        let grant = |token| Grant::new(&token, waited, SystemTime::now());
        Some(flight.fetched.map(grant))
    }

    fn give(&mut self, at: Instant) -> AuthToken {
        let token = format!("token {}", self.ends.len());
        self.ends.insert(token.clone(), at + self.life);
        AuthToken::new(token).expires_in(self.life)
    }

    /// Returns when a token expires, or `None` if it is unknown or expired.
    pub(super) fn end(&self, token: &str, now: Instant) -> Option<Instant> {
        self.ends.get(token).copied().filter(|end| *end > now)
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.flight.as_ref().map(|flight| flight.due)
    }
}
