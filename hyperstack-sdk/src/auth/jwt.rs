//! What a JWT says of its own life. Nothing is verified: that is the server's business.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;

use crate::json;

/// The times of a JWT, each since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) expires: Duration,
    issued: Option<Duration>,
}

impl Times {
    /// Reads them, if the token is a JWT that expires.
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

    /// From its issue to its end: by the issuer's clock alone.
    pub(super) fn whole(&self) -> Option<Duration> {
        let whole = self.expires.checked_sub(self.issued?)?;
        (!whole.is_zero()).then_some(whole)
    }
}
