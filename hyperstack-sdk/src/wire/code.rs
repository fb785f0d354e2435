//! The reasons for which a server or a token service refuses a request.

use std::fmt;

/// The action that may help after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Get a new token.
    NewToken,
    /// Wait and try again.
    Wait,
    /// Change the request: the server would refuse the same one again. It concerns one request or subscription, not the
    /// connection.
    ChangeRequest,
    /// Nothing: the client cannot fix the cause itself.
    Nothing,
}

macro_rules! codes {
    ($($remedy:ident { $($(#[doc = $doc:literal])+ $code:ident = $text:literal,)+ })+) => {
        /// The code of a server's or token service's error. Despite the name, it is not only about authentication.
        ///
        /// The text is the server's: in lower case with hyphens.
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
            /// Returns the code as the server writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $($(Self::$code => $text,)+)+
                    Self::Unknown(code) => code,
                }
            }

            /// Returns the action that may help, or `None` for an unknown code.
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
        /// The token has expired or was revoked.
        TokenExpired = "token-expired",
        /// The token's signature is invalid.
        TokenInvalidSignature = "token-invalid-signature",
        /// The token cannot be parsed or is not valid yet.
        TokenInvalidFormat = "token-invalid-format",
        /// The token has the wrong issuer.
        TokenInvalidIssuer = "token-invalid-issuer",
        /// The token is for another server.
        TokenInvalidAudience = "token-invalid-audience",
        /// The server does not know the key that the token was signed with.
        TokenKeyNotFound = "token-key-not-found",
        /// The token was refused in a refresh for another reason.
        TokenInvalid = "token-invalid",
    }
    Wait {
        /// Too many requests.
        RateLimitExceeded = "rate-limit-exceeded",
        /// Too many session requests.
        SessionRateLimitExceeded = "websocket-session-rate-limit-exceeded",
        /// Too many connections.
        ConnectionLimitExceeded = "connection-limit-exceeded",
        /// Too many subscriptions on this connection.
        SubscriptionLimitExceeded = "subscription-limit-exceeded",
        /// Too many rows in a snapshot. A smaller snapshot limit may help.
        SnapshotLimitExceeded = "snapshot-limit-exceeded",
        /// Too many bytes sent to the client.
        EgressLimitExceeded = "egress-limit-exceeded",
        /// The quota is used up.
        QuotaExceeded = "quota-exceeded",
        /// An internal error of the server.
        InternalError = "internal-error",
        /// The server has removed this connection.
        ClientNotFound = "client-not-found",
        /// The subscription fell too far behind and has ended. The client resubscribes.
        SubscriptionLagged = "subscription-lagged",
        /// The token's new scopes ended the subscription. The client resubscribes.
        SubscriptionRescoped = "subscription-rescoped",
        /// The subscription of a tape fell too far behind and has ended. The tape resumes.
        ReplayLagged = "replay-lagged",
    }
    ChangeRequest {
        /// The message is not valid, or the server does not know a part of it.
        MalformedMessage = "malformed-message",
        /// A part of the subscription is invalid, such as its id, view, filter or window.
        InvalidSubscription = "invalid-subscription",
        /// The unsubscription is invalid.
        InvalidUnsubscription = "invalid-unsubscription",
        /// The subscription's id is in use. The earlier subscription continues.
        DuplicateSubscriptionId = "duplicate-subscription-id",
        /// No subscription has this id.
        UnknownSubscriptionId = "unknown-subscription-id",
        /// The server refuses the subscription: the view is unknown, lacks a key, or has too many rows.
        SubscriptionRejected = "subscription-rejected",
        /// The server no longer retains the record after the cursor. A [`Tape`](crate::Tape) continues with the oldest
        /// record and reports a [`TapeError::Gap`](crate::TapeError::Gap).
        CursorExpired = "cursor-expired",
        /// The server lost its records since the cursor and started a new epoch. A [`Tape`](crate::Tape) continues with
        /// the oldest record and reports a [`TapeError::Gap`](crate::TapeError::Gap).
        CursorEpochChanged = "cursor-epoch-changed",
        /// The cursor is after the last record of the tape. A [`Tape`](crate::Tape) continues with the oldest record
        /// and reports a [`TapeError::Gap`](crate::TapeError::Gap).
        CursorUnknown = "cursor-unknown",
        /// The cursor is malformed, or the view is not a tape. If the view is a tape, a [`Tape`](crate::Tape) continues
        /// with the oldest record and reports a [`TapeError::Gap`](crate::TapeError::Gap).
        InvalidCursor = "invalid-cursor",
        /// The server missed events after the cursor. A [`Tape`](crate::Tape) continues, and reports a
        /// [`TapeError::Gap`](crate::TapeError::Gap) where the events are missing.
        ReplayGap = "replay-gap",
    }
    Nothing {
        /// The request has no token.
        TokenMissing = "token-missing",
        /// The token lacks a required claim.
        TokenMissingClaim = "token-missing-claim",
        /// The token is for another origin.
        OriginMismatch = "origin-mismatch",
        /// The server requires an `Origin` header.
        OriginRequired = "origin-required",
        /// The origin is not allowed.
        OriginNotAllowed = "origin-not-allowed",
        /// The static token is wrong.
        InvalidStaticToken = "invalid-static-token",
        /// The server requires credentials.
        AuthRequired = "auth-required",
        /// The `Authorization` header is missing.
        MissingAuthorizationHeader = "missing-authorization-header",
        /// The `Authorization` header cannot be parsed.
        InvalidAuthorizationFormat = "invalid-authorization-format",
        /// The API key is wrong.
        InvalidApiKey = "invalid-api-key",
        /// The API key has expired.
        ExpiredApiKey = "expired-api-key",
        /// The service requires a secret API key.
        SecretKeyRequired = "secret-key-required",
        /// The user does not exist.
        UserNotFound = "user-not-found",
        /// The deployment belongs to another user.
        DeploymentAccessDenied = "deployment-access-denied",
        /// The token service does not understand the request.
        InvalidRequest = "invalid-request",
        /// The release of the stack was retired. Use a newer one.
        StackVersionRetired = "stack-version-retired",
        /// The token service does not know the release of the stack.
        StackVersionUnknown = "stack-version-unknown",
    }
}

impl AuthErrorCode {
    /// Returns how to fix the cause with the builder, for errors that concern a setting.
    #[cfg_attr(not(feature = "client"), allow(dead_code))]
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::OriginRequired | Self::OriginMismatch | Self::OriginNotAllowed => {
                " (set an origin that the server accepts with `.origin(\"https://…\")`)"
            }
            _ => "",
        }
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
    fn every_code_of_the_servers_is_known_with_its_remedy() {
        let codes = [
            (
                Remedy::NewToken,
                "token-expired token-invalid token-invalid-signature token-invalid-format \
                 token-invalid-issuer token-invalid-audience token-key-not-found",
            ),
            (
                Remedy::Wait,
                "rate-limit-exceeded connection-limit-exceeded subscription-limit-exceeded \
                 snapshot-limit-exceeded egress-limit-exceeded internal-error \
                 subscription-lagged subscription-rescoped replay-lagged",
            ),
            (
                Remedy::ChangeRequest,
                "malformed-message invalid-subscription invalid-unsubscription \
                 duplicate-subscription-id unknown-subscription-id subscription-rejected \
                 cursor-expired cursor-epoch-changed cursor-unknown invalid-cursor replay-gap",
            ),
            (
                Remedy::Nothing,
                "token-missing token-missing-claim invalid-static-token origin-mismatch \
                 origin-required origin-not-allowed stack-version-retired stack-version-unknown",
            ),
        ];
        for (remedy, codes) in codes {
            for code in codes.split_whitespace() {
                assert_eq!(AuthErrorCode::from(code).remedy(), Some(remedy), "{code}");
            }
        }
    }

    #[test]
    fn every_code_round_trips() {
        for (code, text) in AuthErrorCode::ALL {
            assert_eq!(AuthErrorCode::from(*text), *code);
            assert_eq!(code.as_str(), *text);
        }
        let unknown = AuthErrorCode::from("something-else");
        assert_eq!(unknown, AuthErrorCode::Unknown("something-else".into()));
        assert_eq!(unknown, "something-else");
    }
}
