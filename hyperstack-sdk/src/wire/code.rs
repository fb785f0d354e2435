//! What the server, or a token service, says of a refusal.

use std::fmt;

/// What may help after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Another token.
    NewToken,
    /// Time.
    Wait,
    /// Nothing that the client could do by itself.
    Nothing,
}

macro_rules! codes {
    ($($remedy:ident { $($(#[doc = $doc:literal])+ $code:ident = $text:literal,)+ })+) => {
        /// The machine-readable reason of a refusal.
        ///
        /// Written and read as the server does: in lower case with hyphens.
        ///
        /// ```
        /// use hyperstack_sdk::{AuthErrorCode, Remedy};
        ///
        /// let code = AuthErrorCode::from("token-expired");
        /// assert_eq!(code, AuthErrorCode::TokenExpired);
        /// assert_eq!(code.to_string(), "token-expired");
        /// assert_eq!(code.remedy(), Some(Remedy::NewToken));
        /// assert_eq!(AuthErrorCode::from("new-one").remedy(), None);
        /// ```
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum AuthErrorCode {
            $($($(#[doc = $doc])+ $code,)+)+
            /// A code that this client does not know.
            Unknown(String),
        }

        impl AuthErrorCode {
            /// The code as the server writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $($(Self::$code => $text,)+)+
                    Self::Unknown(code) => code,
                }
            }

            /// What may help; `None` where the code does not tell.
            pub fn remedy(&self) -> Option<Remedy> {
                match self {
                    $($(Self::$code)|+ => Some(Remedy::$remedy),)+
                    Self::Unknown(_) => None,
                }
            }

            #[cfg(test)]
            const ALL: &'static [(Self, &'static str)] = &[$($((Self::$code, $text),)+)+];
        }

        impl From<String> for AuthErrorCode {
            fn from(code: String) -> Self {
                match code.as_str() {
                    $($($text => Self::$code,)+)+
                    _ => Self::Unknown(code),
                }
            }
        }
    };
}

codes! {
    NewToken {
        /// The token has expired, or was revoked.
        TokenExpired = "token-expired",
        /// The token's signature is wrong.
        TokenInvalidSignature = "token-invalid-signature",
        /// The token cannot be read, or is not valid yet.
        TokenInvalidFormat = "token-invalid-format",
        /// The token was issued by somebody else.
        TokenInvalidIssuer = "token-invalid-issuer",
        /// The token is for another server.
        TokenInvalidAudience = "token-invalid-audience",
        /// The server does not know the key that the token was signed with.
        TokenKeyNotFound = "token-key-not-found",
        /// The token was refused in a refresh, for any other reason.
        TokenInvalid = "token-invalid",
    }
    Wait {
        /// Too many requests.
        RateLimitExceeded = "rate-limit-exceeded",
        /// Too many sessions were asked for.
        SessionRateLimitExceeded = "websocket-session-rate-limit-exceeded",
        /// Too many connections.
        ConnectionLimitExceeded = "connection-limit-exceeded",
        /// Too many subscriptions of this connection.
        SubscriptionLimitExceeded = "subscription-limit-exceeded",
        /// Too many rows in a snapshot; a smaller limit on it may help.
        SnapshotLimitExceeded = "snapshot-limit-exceeded",
        /// Too many bytes.
        EgressLimitExceeded = "egress-limit-exceeded",
        /// The quota is used up.
        QuotaExceeded = "quota-exceeded",
        /// The server failed.
        InternalError = "internal-error",
        /// The server has removed this connection.
        ClientNotFound = "client-not-found",
    }
    Nothing {
        /// There was no token.
        TokenMissing = "token-missing",
        /// The token lacks a claim.
        TokenMissingClaim = "token-missing-claim",
        /// The token is for another origin.
        OriginMismatch = "origin-mismatch",
        /// The server wants an `Origin` header.
        OriginRequired = "origin-required",
        /// The origin is not one that may ask.
        OriginNotAllowed = "origin-not-allowed",
        /// The static token is wrong.
        InvalidStaticToken = "invalid-static-token",
        /// Credentials are asked for.
        AuthRequired = "auth-required",
        /// The `Authorization` header is missing.
        MissingAuthorizationHeader = "missing-authorization-header",
        /// The `Authorization` header cannot be read.
        InvalidAuthorizationFormat = "invalid-authorization-format",
        /// The API key is wrong.
        InvalidApiKey = "invalid-api-key",
        /// The API key has expired.
        ExpiredApiKey = "expired-api-key",
        /// A secret API key is asked for.
        SecretKeyRequired = "secret-key-required",
        /// The user does not exist.
        UserNotFound = "user-not-found",
        /// The deployment is somebody else's.
        DeploymentAccessDenied = "deployment-access-denied",
        /// The request makes no sense to the token service.
        InvalidRequest = "invalid-request",
    }
}

impl From<&str> for AuthErrorCode {
    fn from(code: &str) -> Self {
        code.to_owned().into()
    }
}

impl fmt::Display for AuthErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq<str> for AuthErrorCode {
    fn eq(&self, code: &str) -> bool {
        self.as_str() == code
    }
}

impl PartialEq<&str> for AuthErrorCode {
    fn eq(&self, code: &&str) -> bool {
        self.as_str() == *code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_as_it_is_written() {
        for (code, text) in AuthErrorCode::ALL {
            assert_eq!(AuthErrorCode::from(*text), *code);
            assert_eq!(code.as_str(), *text);
        }
        let unknown = AuthErrorCode::from("something-else");
        assert_eq!(unknown, AuthErrorCode::Unknown("something-else".into()));
        assert_eq!(unknown, "something-else");
    }
}
