//! A service that gives tokens, and the server's account of how long each lives.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::script::Fetch;
use crate::auth::{AuthToken, TokenError};
use crate::session::Grant;

/// How long the client waits for a token.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a fetch takes where nothing is foretold.
const USUAL: Duration = Duration::from_millis(50);

type Fetched = Result<AuthToken, TokenError>;

/// Tokens of one life, with at most one on its way to the client.
pub(super) struct Tokens {
    life: Duration,
    /// When each that was given ends.
    ends: HashMap<String, Instant>,
    /// What the next fetches meet, one each; after these, a token.
    fetches: VecDeque<Fetch>,
    flight: Option<Flight>,
}

/// A token, or a failure, on its way to the client.
struct Flight {
    /// When the client asked. It counts a token's life from here, as the client's own driver does.
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

    /// The fetch after those that were foretold meets this.
    pub(super) fn foretell(&mut self, fetch: Fetch) {
        self.fetches.push_back(fetch);
    }

    pub(super) fn heal(&mut self) {
        self.fetches.clear();
    }

    /// Whether a token is on its way.
    pub(super) fn is_flying(&self) -> bool {
        self.flight.is_some()
    }

    /// What came of fetching a token, once something has.
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

    /// When a token ends, if it is one that has not.
    pub(super) fn end(&self, token: &str, now: Instant) -> Option<Instant> {
        self.ends.get(token).copied().filter(|end| *end > now)
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.flight.as_ref().map(|flight| flight.due)
    }
}
