//! Who may connect, and what they may do.

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

/// What signs session tokens, as the token service does.
pub struct Mint {
    key: SigningKey,
}

impl Default for Mint {
    fn default() -> Self {
        Mint::new()
    }
}

impl Mint {
    /// One with a key of its own: another one's tokens are not valid here.
    pub fn new() -> Self {
        Mint {
            key: SigningKey::generate(),
        }
    }

    /// A token that is valid for so long.
    pub fn token(&self, ttl: Duration) -> String {
        self.token_with(|claims| claims.exp = claims.iat + ttl.as_secs())
    }

    /// A token whose claims are made different: by default it is valid for five minutes, sets no limits
    /// and is bound to no origin.
    pub fn token_with(&self, change: impl FnOnce(&mut SessionClaims)) -> String {
        let mut claims = SessionClaims::builder(ISSUER, "somebody", AUDIENCE).build();
        change(&mut claims);
        let signer = TokenSigner::new(self.key.clone(), ISSUER);
        signer.sign(claims).expect("claims are JSON")
    }

    /// What checks the tokens of this mint.
    pub fn verifier(&self) -> TokenVerifier {
        TokenVerifier::new(self.key.verifying_key(), ISSUER, AUDIENCE)
    }

    /// The server's plugin that lets in whoever has a token of this mint.
    pub fn plugin(&self) -> SignedSessionAuthPlugin {
        SignedSessionAuthPlugin::new(self.verifier())
    }
}

/// Lets everyone in, with a session that may be limited, or expired already.
#[derive(Debug, Clone, Default)]
pub struct Granted {
    /// What the session may do.
    pub limits: Limits,
    /// Whether the session expired as soon as it was let in. A token with little time left comes to
    /// the same, but later.
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
