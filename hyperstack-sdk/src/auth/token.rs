//! A token, and how long it lives.

use std::fmt;
use std::time::Duration;
#[cfg(feature = "client")]
use std::time::SystemTime;

#[cfg(feature = "client")]
use super::jwt;

/// A token to present to the server. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthToken {
    secret: String,
    expiry: Option<Expiry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expiry {
    /// At this time since 1970.
    At(Duration),
    /// This long after the client requested it.
    In(Duration),
}

impl AuthToken {
    /// A token of which it is not known when it expires, unless it is a JWT, which says so itself (its
    /// claim `exp`; nothing is verified).
    pub fn new(secret: impl Into<String>) -> Self {
        AuthToken {
            secret: secret.into(),
            expiry: None,
        }
    }

    /// With the time at which it expires, in seconds since 1970 (a JWT's `exp`).
    pub fn expires_at(mut self, seconds: u64) -> Self {
        self.expiry = Some(Expiry::At(Duration::from_secs(seconds)));
        self
    }

    /// Sets how long the token lives. Unlike with a time, the machine's clock does not matter.
    ///
    /// The client counts from the moment at which it asked the provider. A late reply therefore cannot make
    /// the token look younger than it is.
    pub fn expires_in(mut self, life: Duration) -> Self {
        self.expiry = Some(Expiry::In(life));
        self
    }

    /// The token itself.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Returns how long the token lives from now on, at most, if that is known: by this machine's clock,
    /// but for a JWT no longer than its whole life, because that clock may be slow. If the clock says that
    /// the token has expired, the client ignores the clock and tries the token.
    ///
    /// A life without a time counts from when the client asked, `waited` ago. The token may be as old as
    /// that: the answer can lie unread while the client is held up. If the client counted from now, it
    /// would send messages after the token's end, and then the server freezes.
    #[cfg(feature = "client")]
    pub(crate) fn life(&self, now: SystemTime, waited: Duration) -> Option<Duration> {
        let times = jwt::Times::of(&self.secret);
        let end = match self.expiry {
            Some(Expiry::In(life)) => return Some(life.saturating_sub(waited)),
            Some(Expiry::At(at)) => Some(at),
            None => times.map(|times| times.expires),
        };
        let left = end.and_then(|at| until(at, now));
        let whole = times.and_then(|times| times.whole());
        let rest = whole.map(|whole| whole.saturating_sub(waited));
        left.into_iter().chain(rest).min()
    }
}

/// How long it is until a time since 1970, if it has not come.
#[cfg(feature = "client")]
pub(crate) fn until(at: Duration, now: SystemTime) -> Option<Duration> {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    at.checked_sub(now).filter(|life| !life.is_zero())
}

impl fmt::Debug for AuthToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthToken")
            .field("secret", &"***")
            .field("expiry", &self.expiry)
            .finish()
    }
}

#[cfg(all(test, feature = "client"))]
mod tests {
    use data_encoding::BASE64URL_NOPAD;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn jwt(claims: &str) -> AuthToken {
        let claims = BASE64URL_NOPAD.encode(claims.as_bytes());
        AuthToken::new(format!("eyJhbGciOiJub25lIn0.{claims}.c2ln"))
    }

    /// The life of a token in seconds, by a clock that says so many since 1970.
    fn life(token: &AuthToken, now: u64) -> Option<u64> {
        life_after(Duration::ZERO, token, now)
    }

    /// The same, for a token that the client asked for `waited` ago.
    fn life_after(waited: Duration, token: &AuthToken, now: u64) -> Option<u64> {
        let life = token.life(SystemTime::UNIX_EPOCH + now as u32 * SECOND, waited);
        life.map(|life| life.as_secs())
    }

    #[test]
    fn a_jwt_says_how_long_it_lives() {
        let token = jwt(r#"{"iat": 1000, "exp": 1300}"#);
        assert_eq!(life(&token, 1000), Some(300));
        assert_eq!(life(&token, 1100), Some(200));
        // A slow clock, and a fast one.
        assert_eq!(life(&token, 400), Some(300));
        assert_eq!(life(&token, 2000), Some(300));
        let token = jwt(r#"{"exp": 1300.5}"#);
        assert_eq!(life(&token, 1100), Some(200));
        assert_eq!(life(&token, 2000), None);
    }

    #[test]
    fn what_was_said_of_a_token_goes_before_what_it_says() {
        let token = jwt(r#"{"iat": 1000, "exp": 1300}"#);
        assert_eq!(life(&token.clone().expires_at(1200), 1100), Some(100));
        assert_eq!(life(&token.clone().expires_at(1200), 0), Some(300));
        assert_eq!(life(&token.expires_in(7 * SECOND), 0), Some(7));
    }

    #[test]
    fn a_life_counts_from_when_the_client_asked_for_the_token() {
        let token = AuthToken::new("t").expires_in(90 * SECOND);
        assert_eq!(life_after(54 * SECOND, &token, 0), Some(36));
        // The token has ended by the time the client reads it.
        assert_eq!(life_after(100 * SECOND, &token, 0), Some(0));
    }

    #[test]
    fn a_wait_shortens_the_whole_life_of_a_jwt_but_moves_no_expiry_time() {
        let token = jwt(r#"{"iat": 1000, "exp": 1300}"#);
        // By a slow clock only the whole life counts.
        assert_eq!(life_after(54 * SECOND, &token, 400), Some(246));
        // By a correct clock the expiry time says more.
        assert_eq!(life_after(54 * SECOND, &token, 1054), Some(246));
        assert_eq!(life_after(54 * SECOND, &token, 1200), Some(100));
        let token = AuthToken::new("t").expires_at(1300);
        assert_eq!(life_after(54 * SECOND, &token, 1054), Some(246));
    }

    #[test]
    fn a_token_that_is_no_jwt_or_a_strange_one_says_nothing() {
        let strange = [
            r#"{"iat": 1000}"#,
            r#"{"iat": 1000, "exp": "1300"}"#,
            r#"{"iat": 1000, "exp": -1}"#,
            r#"{"iat": 1000, "exp": 1e300}"#,
            "[]",
            "7",
            "{",
        ];
        for claims in strange {
            assert_eq!(life(&jwt(claims), 0), None, "{claims}");
        }
        for token in ["", "a", "..", "a.b.c", "a.!.c", "a.e30.c.d"] {
            assert_eq!(life(&AuthToken::new(token), 0), None, "{token}");
        }
        // Of what makes no sense, what does is taken.
        assert_eq!(life(&jwt(r#"{"iat": 2000, "exp": 1300}"#), 1000), Some(300));
    }

    #[test]
    fn a_clock_that_says_it_is_over_is_not_believed() {
        assert_eq!(life(&AuthToken::new("t").expires_at(1000), 1000), None);
        assert_eq!(life(&AuthToken::new("t").expires_at(1000), 400), Some(600));
    }
}
