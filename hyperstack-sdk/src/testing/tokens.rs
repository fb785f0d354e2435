//! The tokens that a server accepts.

/// The valid and expired tokens of a server that requires one.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    good: Vec<String>,
    expired: Vec<String>,
}

impl Tokens {
    pub(super) fn of(good: Vec<String>) -> Self {
        Tokens {
            good,
            expired: Vec::new(),
        }
    }

    /// Accepts a token from now on, besides the others.
    pub(super) fn accept(&mut self, token: &str) {
        self.expired.retain(|expired| expired != token);
        self.good.push(token.to_owned());
    }

    /// Rejects a token as expired from now on.
    pub(super) fn expire(&mut self, token: &str) {
        self.good.retain(|good| good != token);
        self.expired.push(token.to_owned());
    }

    /// Returns the error code if the token is rejected; `unknown` is the code of an unknown token.
    pub(super) fn refuse(&self, token: &str, unknown: &'static str) -> Option<&'static str> {
        let is = |tokens: &[String]| tokens.iter().any(|known| known == token);
        match (is(&self.good), is(&self.expired)) {
            (true, _) => None,
            (_, true) => Some("token-expired"),
            _ => Some(unknown),
        }
    }
}
