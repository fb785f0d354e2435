//! The token in use, and when to renew it.

use std::time::Duration;
#[cfg(feature = "client")]
use std::time::SystemTime;

use super::backoff::Backoff;
use super::timer::Time;
#[cfg(feature = "client")]
use crate::auth::AuthToken;
use crate::wire::Secret;

/// How long before its expiry a token is renewed. If it lives less than twice as long, it is renewed halfway.
const LEAD: Duration = Duration::from_secs(60);

/// Where a session's tokens come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Credentials {
    /// There are none.
    #[default]
    None,
    /// One token that cannot be renewed.
    Token(Secret),
    /// The session's driver fetches them; see [`Session::wants_token`](super::Session::wants_token).
    Fetched,
}

/// A token for a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The token.
    pub token: Secret,
    /// How long it is valid from now on, if that is known.
    pub life: Option<Duration>,
}

#[cfg(feature = "client")]
impl Grant {
    /// Creates the grant of a token that was requested `waited` ago.
    pub(crate) fn new(token: &AuthToken, waited: Duration, now: SystemTime) -> Self {
        Grant {
            life: token.life(now, waited),
            token: Secret(token.secret().to_owned()),
        }
    }
}

/// The token of a session.
#[derive(Debug)]
pub(super) struct Auth {
    fetched: bool,
    token: Option<Token>,
    renewal: Renewal,
    backoff: Backoff,
    timeout: Duration,
    /// Whether the token has not been used to connect.
    is_fresh: bool,
}

#[derive(Debug)]
struct Token {
    secret: Secret,
    /// When to request the next token, and when to stop using this one: shortly before it expires, because a
    /// server freezes on an expired token.
    times: Option<(Time, Time)>,
}

/// The next token, while a connection is up.
#[derive(Debug)]
enum Renewal {
    /// Not needed before this time.
    At(Option<Time>),
    Fetching,
    /// Sent to the server, which must answer by this time.
    Sent(Token, Time),
}

/// Why a connection must end because of its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// The token must not be used any more.
    Expired,
    /// The server did not answer a refresh in time.
    Unanswered,
}

/// What to do after the server rejected the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterRejection {
    /// Fetch another one at once: the rejected one was an old one.
    FetchNow,
    /// Try again after the backoff.
    Wait,
    /// End the session: no other token is available.
    GiveUp,
}

impl Auth {
    pub(super) fn new(
        credentials: Credentials,
        intervals: Vec<Duration>,
        timeout: Duration,
        seed: u64,
    ) -> Self {
        let (fetched, secret) = match credentials {
            Credentials::None => (false, None),
            Credentials::Token(secret) => (false, Some(secret)),
            Credentials::Fetched => (true, None),
        };
        Auth {
            fetched,
            token: secret.map(|secret| Token {
                secret,
                times: None,
            }),
            renewal: Renewal::At(None),
            backoff: Backoff::new(intervals, seed),
            timeout,
            is_fresh: false,
        }
    }

    pub(super) fn secret(&self) -> Option<&Secret> {
        self.token.as_ref().map(|token| &token.secret)
    }

    /// The tokens that the server has seen and may repeat.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let sent = match &self.renewal {
            Renewal::Sent(token, _) => Some(&token.secret),
            _ => None,
        };
        self.secret().into_iter().chain(sent)
    }

    /// Whether a token must be fetched before dialling.
    pub(super) fn is_lacking(&self, now: Time) -> bool {
        let is_due = self.times().is_some_and(|(renew, _)| renew <= now);
        self.fetched && (self.token.is_none() || is_due)
    }

    pub(super) fn is_fetching(&self) -> bool {
        matches!(self.renewal, Renewal::Fetching)
    }

    pub(super) fn is_sent(&self) -> bool {
        matches!(self.renewal, Renewal::Sent(..))
    }

    /// Stores a token to dial with.
    pub(super) fn accept(&mut self, grant: Grant, now: Time) {
        self.token = Some(Token::new(grant, now));
        self.is_fresh = true;
    }

    /// The server rejected the token.
    pub(super) fn reject(&mut self) -> AfterRejection {
        if !self.fetched {
            return AfterRejection::GiveUp;
        }
        self.token = None;
        if self.is_fresh {
            AfterRejection::Wait
        } else {
            AfterRejection::FetchNow
        }
    }

    /// A connection is up.
    pub(super) fn open(&mut self) {
        self.is_fresh = false;
        self.backoff.wait(0, Time::ZERO);
        self.renewal = Renewal::At(self.times().map(|(renew, _)| renew));
    }

    /// Stores the next token. Returns it, to be sent to the server.
    pub(super) fn refresh(&mut self, grant: Grant, now: Time) -> Secret {
        let token = Token::new(grant, now);
        let secret = token.secret.clone();
        self.renewal = Renewal::Sent(token, now.saturating_add(self.timeout));
        secret
    }

    /// The next token could not be fetched. Tries again later, unless the failure is final.
    pub(super) fn retry_later(&mut self, is_final: bool, at_least: Duration, now: Time) {
        let attempt = self.backoff.attempts().saturating_add(1);
        self.backoff.wait(attempt, now);
        self.backoff.not_before(now.saturating_add(at_least));
        self.renewal = Renewal::At((!is_final).then_some(self.backoff.until()));
    }

    /// The server accepted the next token and says that it expires in `life`. The earlier of this and the
    /// known expiry applies: the server names a point in time, and our clock may be slow.
    pub(super) fn handle_refreshed(&mut self, life: Option<Duration>, now: Time) {
        if let Renewal::Sent(mut token, _) = std::mem::replace(&mut self.renewal, Renewal::At(None))
        {
            let said = life.map(|life| times(life, now));
            token.times = token.times.into_iter().chain(said).min();
            self.token = Some(token);
        }
        self.open();
    }

    /// The connection is lost, or could not be made. A token that the server has not answered serves the
    /// next connection.
    pub(super) fn lose(&mut self) {
        let renewal = std::mem::replace(&mut self.renewal, Renewal::At(None));
        if let Renewal::Sent(token, _) = renewal {
            self.token = Some(token);
            self.is_fresh = true;
        }
    }

    /// Handles the timer of an open connection's token.
    pub(super) fn handle_timeout(&mut self, now: Time) -> Option<Due> {
        match self.renewal {
            Renewal::At(Some(at)) if at <= now => self.renewal = Renewal::Fetching,
            Renewal::Sent(_, until) if until <= now => return Some(Due::Unanswered),
            _ => {}
        }
        let end = self.end()?;
        (end <= now).then_some(Due::Expired)
    }

    fn end(&self) -> Option<Time> {
        self.times().map(|(_, end)| end)
    }

    /// The times of the token in use. A token that cannot be renewed has none.
    fn times(&self) -> Option<(Time, Time)> {
        self.token.as_ref()?.times
    }

    /// When [`handle_timeout`](Self::handle_timeout) must be called next.
    pub(super) fn next(&self) -> Option<Time> {
        let renewal = match self.renewal {
            Renewal::At(at) => at,
            Renewal::Fetching => None,
            Renewal::Sent(_, until) => Some(until),
        };
        renewal.into_iter().chain(self.end()).min()
    }
}

impl Token {
    fn new(grant: Grant, now: Time) -> Self {
        Token {
            secret: grant.token,
            times: grant.life.map(|life| times(life, now)),
        }
    }
}

fn times(life: Duration, now: Time) -> (Time, Time) {
    let end = now.saturating_add(life);
    let lead = LEAD.min(life / 2);
    (end - lead, end - lead / 10)
}
