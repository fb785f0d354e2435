//! A token, and how long it lives.

use std::fmt;
use std::time::Duration;
#[cfg(feature = "client")]
use std::time::SystemTime;

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
    /// So long after it was provided.
    In(Duration),
}

impl AuthToken {
    /// A token of which it is not known when it expires.
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

    /// With how long it lives from the moment it is provided. Unlike with a time, the machine's clock
    /// does not matter.
    pub fn expires_in(mut self, life: Duration) -> Self {
        self.expiry = Some(Expiry::In(life));
        self
    }

    /// The token itself.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// How long it still lives, where that is known and is not over: a clock that is wrong must not
    /// keep a token from being tried.
    #[cfg(feature = "client")]
    pub(crate) fn life(&self, now: SystemTime) -> Option<Duration> {
        match self.expiry? {
            Expiry::At(at) => until(at, now),
            Expiry::In(life) => Some(life),
        }
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
