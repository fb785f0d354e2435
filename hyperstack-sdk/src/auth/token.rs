//! A token and its expiry.

use std::fmt;
use std::time::Duration;
#[cfg(feature = "client")]
use std::time::SystemTime;

#[cfg(feature = "client")]
use super::jwt;

/// A token that the client sends to the server, with its expiry. Its `Debug` output redacts the token.
///
/// Set the expiry if you know it: the client then renews the token in time. A JWT with the claim `exp` needs no
/// expiry.
///
/// ```
/// use std::time::Duration;
/// use hyperstack_sdk::AuthToken;
///
/// let token = AuthToken::new("hunter2").expires_in(Duration::from_secs(300));
/// assert!(!format!("{token:?}").contains("hunter2"));
/// ```
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
    /// Creates a token without an expiry, or with that of a JWT's claim `exp`. The JWT is not verified.
    pub fn new(secret: impl Into<String>) -> Self {
        AuthToken {
            secret: secret.into(),
            expiry: None,
        }
    }

    /// Sets when the token expires, in seconds since 1970, like a JWT's `exp`.
    pub fn expires_at(mut self, seconds: u64) -> Self {
        self.expiry = Some(Expiry::At(Duration::from_secs(seconds)));
        self
    }

    /// Sets how long the token lives. Unlike [`expires_at`](Self::expires_at), this does not depend on the
    /// machine's clock.
    ///
    /// The time counts from the client's call to the provider, so a late reply cannot make the token look younger
    /// than it is.
    pub fn expires_in(mut self, life: Duration) -> Self {
        self.expiry = Some(Expiry::In(life));
        self
    }

    /// Returns the token's text, which is secret.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Returns how long the token lives from now on at most, if that is known. This machine's clock may be
    /// slow, so a JWT lives at most from its issue to its expiry. If the clock says that the token has already
    /// expired, the client ignores the clock and tries the token.
    ///
    /// A duration counts from the client's request, `waited` ago, because a reply can lie unread while the client
    /// is busy. If the client counted from now, it could send messages after the token's expiry, and then the
    /// server freezes.
    #[cfg(feature = "client")]
    pub(crate) fn life(&self, now: SystemTime, waited: Duration) -> Option<Duration> {
        let times = jwt::Times::of(&self.secret);
        let end = match self.expiry {
            Some(Expiry::In(life)) => return Some(life.saturating_sub(waited)),
            Some(Expiry::At(at)) => Some(at),
            None => times.map(|times| times.expires),
        };
        let left = end.and_then(|at| until(at, now));
        let lifetime = times.and_then(|times| times.lifetime());
        let rest = lifetime.map(|lifetime| lifetime.saturating_sub(waited));
        left.into_iter().chain(rest).min()
    }
}

/// Returns how long it is until `at`, a time since 1970, unless that has passed.
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

    /// Returns the remaining life of a token in seconds, by a clock that shows `now` seconds since 1970.
    fn life(token: &AuthToken, now: u64) -> Option<u64> {
        life_after(Duration::ZERO, token, now)
    }

    /// Returns the same for a token that the client requested `waited` ago.
    fn life_after(waited: Duration, token: &AuthToken, now: u64) -> Option<u64> {
        let life = token.life(SystemTime::UNIX_EPOCH + now as u32 * SECOND, waited);
        life.map(|life| life.as_secs())
    }

    #[test]
    fn a_jwt_expires_at_its_exp_claim() {
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
    fn an_explicit_expiry_overrides_that_of_a_jwt() {
        let token = jwt(r#"{"iat": 1000, "exp": 1300}"#);
        assert_eq!(life(&token.clone().expires_at(1200), 1100), Some(100));
        assert_eq!(life(&token.clone().expires_at(1200), 0), Some(300));
        assert_eq!(life(&token.expires_in(7 * SECOND), 0), Some(7));
    }

    #[test]
    fn a_duration_counts_from_the_request_for_the_token() {
        let token = AuthToken::new("t").expires_in(90 * SECOND);
        assert_eq!(life_after(54 * SECOND, &token, 0), Some(36));
        // The token has expired by the time the client reads it.
        assert_eq!(life_after(100 * SECOND, &token, 0), Some(0));
    }

    #[test]
    fn a_wait_shortens_the_lifetime_of_a_jwt_but_does_not_move_its_expiry() {
        let token = jwt(r#"{"iat": 1000, "exp": 1300}"#);
        // With a slow clock only the lifetime counts.
        assert_eq!(life_after(54 * SECOND, &token, 400), Some(246));
        // With a correct clock the expiry counts too.
        assert_eq!(life_after(54 * SECOND, &token, 1054), Some(246));
        assert_eq!(life_after(54 * SECOND, &token, 1200), Some(100));
        let token = AuthToken::new("t").expires_at(1300);
        assert_eq!(life_after(54 * SECOND, &token, 1054), Some(246));
    }

    #[test]
    fn a_token_without_a_valid_exp_claim_has_no_expiry() {
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
        // An `iat` after `exp` is ignored.
        assert_eq!(life(&jwt(r#"{"iat": 2000, "exp": 1300}"#), 1000), Some(300));
    }

    #[test]
    fn a_clock_that_says_that_a_token_has_expired_is_ignored() {
        assert_eq!(life(&AuthToken::new("t").expires_at(1000), 1000), None);
        assert_eq!(life(&AuthToken::new("t").expires_at(1000), 400), Some(600));
    }
}
