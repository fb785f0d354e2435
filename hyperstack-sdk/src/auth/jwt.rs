//! The expiry in a JWT's claims. The signature is not verified: the server does that.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;

use crate::json;

/// The times of a JWT, as durations since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) expires: Duration,
    issued: Option<Duration>,
}

impl Times {
    /// Reads the times of a token, if it is a JWT that expires.
    pub(super) fn of(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?;
        let claims = json::parse(claims).ok()?;
        let time = |name| Duration::try_from_secs_f64(claims.get(name)?.as_f64()?).ok();
        Some(Times {
            expires: time("exp")?,
            issued: time("iat"),
        })
    }

    /// Returns the time from issue to expiry, which depends only on the issuer's clock.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        let lifetime = self.expires.checked_sub(self.issued?)?;
        (!lifetime.is_zero()).then_some(lifetime)
    }
}
