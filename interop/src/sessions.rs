//! Authentication: who may connect, and with which limits.

use std::any::Any;
use std::time::Duration;

use async_trait::async_trait;
use hyperstack_auth::{
    AuthContext, KeyClass, Limits, SessionClaims, SigningKey, TokenSigner, TokenVerifier,
};
use hyperstack_server::websocket::{
    AuthDecision, ConnectionAuthRequest, SignedSessionAuthPlugin, WebSocketAuthPlugin,
};

const ISSUER: &str = "the mint";
const AUDIENCE: &str = "the stack";

/// Signs session tokens, as the token service does.
pub struct Mint {
    key: SigningKey,
}

impl Default for Mint {
    fn default() -> Self {
        Mint::new()
    }
}

impl Mint {
    /// Makes a mint with its own key. Tokens of another mint are not valid here.
    pub fn new() -> Self {
        Mint {
            key: SigningKey::generate(),
        }
    }

    /// Returns a token with this time to live.
    pub fn token(&self, ttl: Duration) -> String {
        self.token_with(|claims| claims.exp = claims.iat + ttl.as_secs())
    }

    /// Returns a token with changed claims. By default, it is valid for five minutes, sets no limits and is
    /// bound to no origin.
    pub fn token_with(&self, change: impl FnOnce(&mut SessionClaims)) -> String {
        let mut claims = SessionClaims::builder(ISSUER, "somebody", AUDIENCE).build();
        change(&mut claims);
        let signer = TokenSigner::new(self.key.clone(), ISSUER);
        signer.sign(claims).expect("claims are JSON")
    }

    /// Returns the verifier of this mint's tokens.
    pub fn verifier(&self) -> TokenVerifier {
        TokenVerifier::new(self.key.verifying_key(), ISSUER, AUDIENCE)
    }

    /// Returns the server's plugin that accepts the tokens of this mint.
    pub fn plugin(&self) -> SignedSessionAuthPlugin {
        SignedSessionAuthPlugin::new(self.verifier())
    }
}

/// Accepts every connection, with a session that may have limits or be expired already.
#[derive(Debug, Clone, Default)]
pub struct Granted {
    /// The limits of each session.
    pub limits: Limits,
    /// Whether a session expires as soon as it starts. A token with little time left has the same effect
    /// later.
    pub expired: bool,
}

#[async_trait]
impl WebSocketAuthPlugin for Granted {
    async fn authorize(&self, _request: &ConnectionAuthRequest) -> AuthDecision {
        AuthDecision::Allow(AuthContext {
            subject: "somebody".to_owned(),
            issuer: ISSUER.to_owned(),
            key_class: KeyClass::Secret,
            metering_key: String::new(),
            deployment_id: None,
            expires_at: if self.expired { 0 } else { u64::MAX },
            scope: "read".to_owned(),
            limits: self.limits.clone(),
            plan: None,
            origin: None,
            client_ip: None,
            jti: String::new(),
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
