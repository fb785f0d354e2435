//! Authentication: who may connect, and with which limits.

use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use arete_auth::{
    AuthContext, KeyClass, Limits, SessionClaims, SigningKey, TokenSigner, TokenVerifier,
};
use arete_server::websocket::AuthDeny;
use arete_server::{
    AuthDecision, ConnectionAuthRequest, SignedSessionAuthPlugin, WebSocketAdmissionProvider,
    WebSocketAuthPlugin, WebSocketConnectionPermit,
};
use async_trait::async_trait;
use uuid::Uuid;

const ISSUER: &str = "issuer";
const AUDIENCE: &str = "stack";

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
    /// Makes a mint with its own key: the tokens of another mint are not valid here.
    pub fn new() -> Self {
        Mint {
            key: SigningKey::generate(),
        }
    }

    /// Returns a token with this time to live.
    pub fn token(&self, ttl: Duration) -> String {
        self.token_with(|claims| claims.exp = claims.iat + ttl.as_secs())
    }

    /// Returns a token for rows of these scopes.
    pub fn scoped_token(&self, scopes: &[&str]) -> String {
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        self.token_with(|claims| claims.row_scopes = Some(scopes))
    }

    /// Returns a token with changed claims: by default it is valid for five minutes, sets no limits,
    /// and is bound to no origin.
    pub fn token_with(&self, change: impl FnOnce(&mut SessionClaims)) -> String {
        let mut claims = SessionClaims::builder(ISSUER, "subject", AUDIENCE).build();
        change(&mut claims);
        let signer = TokenSigner::new(self.key.clone(), ISSUER);
        signer.sign(claims).expect("claims are JSON")
    }

    /// Returns the server's plugin that accepts the tokens of this mint.
    pub fn plugin(&self) -> SignedSessionAuthPlugin {
        let key = self.key.verifying_key();
        SignedSessionAuthPlugin::new(TokenVerifier::new(key, ISSUER, AUDIENCE))
    }
}

/// Accepts every connection, with a session that may have limits or be expired already.
#[derive(Debug, Clone, Default)]
pub struct Granted {
    /// The limits of each session.
    pub limits: Limits,
    /// Whether a session expires as soon as it starts.
    pub expired: bool,
}

#[async_trait]
impl WebSocketAuthPlugin for Granted {
    async fn authorize(&self, _request: &ConnectionAuthRequest) -> AuthDecision {
        AuthDecision::Allow(AuthContext {
            subject: "subject".to_owned(),
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            key_class: KeyClass::Secret,
            metering_key: String::new(),
            deployment_id: None,
            target_kind: None,
            target_id: None,
            program_id: None,
            program_release_hash: None,
            expires_at: if self.expired { 0 } else { u64::MAX },
            scope: "read".to_owned(),
            limits: self.limits.clone(),
            plan: None,
            origin: None,
            client_ip: None,
            jti: String::new(),
            actor_key: None,
            account_key: None,
            consumer_key: None,
            policy_version: None,
            account_limits: Limits::default(),
            row_scopes: None,
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Limits how many subscriptions start, as a host of many stacks does.
#[derive(Debug, Clone, Default)]
pub struct Paced {
    places: Arc<AtomicUsize>,
}

impl Paced {
    /// Lets this many more subscriptions start.
    pub fn allow(&self, more: usize) {
        self.places.fetch_add(more, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct Permit;

impl WebSocketConnectionPermit for Permit {
    fn id(&self) -> Uuid {
        Uuid::nil()
    }
}

impl WebSocketAdmissionProvider for Paced {
    fn reserve_connection(
        &self,
        _context: &AuthContext,
    ) -> Result<Option<Arc<dyn WebSocketConnectionPermit>>, AuthDeny> {
        Ok(Some(Arc::new(Permit)))
    }

    fn refresh_connection(
        &self,
        current: Option<Arc<dyn WebSocketConnectionPermit>>,
        _context: &AuthContext,
        _subscriptions: &[String],
    ) -> Result<Option<Arc<dyn WebSocketConnectionPermit>>, AuthDeny> {
        Ok(current)
    }

    fn add_subscription(&self, _permit: Uuid, _id: &str) -> Result<bool, AuthDeny> {
        let left = |places: usize| places.checked_sub(1);
        let order = Ordering::SeqCst;
        match self.places.fetch_update(order, order, left) {
            Ok(_) => Ok(true),
            Err(_) => Err(AuthDeny::rate_limited(
                Duration::from_secs(60),
                "subscription creates",
            )),
        }
    }

    fn remove_subscription(&self, _permit: Uuid, _id: &str) {}

    fn check_inbound_message(&self, _permit: Uuid) -> Result<(), AuthDeny> {
        Ok(())
    }

    fn check_egress(&self, _permit: Uuid, _bytes: usize) -> Result<(), AuthDeny> {
        Ok(())
    }
}
