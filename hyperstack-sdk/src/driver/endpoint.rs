//! A token endpoint: tokens for an API key, over HTTP.

use std::future::Future;
use std::pin::Pin;

use hyper::header::{HeaderValue, AUTHORIZATION, CONTENT_TYPE, HOST, LOCATION};
use hyper::{Request, Response, Uri};
use serde_json::{json, Value};

use super::address::Address;
use super::http::exchange;
use super::present::{headers, is_secret, Transport};
use super::refusal::Refusal;
use super::url;
use crate::auth::{AuthToken, TokenError, TokenProvider};
use crate::json::parse;
use crate::session::ConfigError;
use crate::wire::Secret;

/// Where tokens come from for a key, if nothing else is said.
const HOSTED: &str = "https://api.usehyperstack.com/ws/sessions";

/// The most that is read of an answer, in bytes.
const LIMIT: usize = 64 * 1024;

/// The settings of a token endpoint.
#[derive(Clone, Default)]
pub(crate) struct EndpointSettings {
    pub(crate) url: Option<String>,
    pub(crate) api_key: Option<Secret>,
    pub(crate) publishable_key: Option<Secret>,
    pub(crate) headers: Vec<(String, Secret)>,
}

impl EndpointSettings {
    /// The key, and the setting that it came by.
    fn key(&self) -> Option<(&'static str, &Secret)> {
        let key = self.api_key.as_ref().map(|key| ("api_key", key));
        key.or_else(|| Some(("publishable_key", self.publishable_key.as_ref()?)))
    }
}

/// Asks one endpoint for the tokens of one WebSocket server.
pub(crate) struct Endpoint {
    address: Address,
    uri: Uri,
    headers: Vec<(String, HeaderValue)>,
    body: String,
    /// Its URL, to show.
    shown: String,
    /// What was sent, and must not be shown though the endpoint repeats it.
    secrets: Vec<String>,
}

impl Endpoint {
    /// Checks the settings of an endpoint; `None` if there is none. Its certificate is checked against
    /// `roots` as the server's is.
    pub(crate) fn new(
        settings: &EndpointSettings,
        websocket_url: &str,
        roots: &[Vec<u8>],
    ) -> Result<Option<Self>, ConfigError> {
        let key = settings.key();
        let url = match (&settings.url, key) {
            (Some(url), _) => url,
            (None, Some(_)) => HOSTED,
            (None, None) if settings.headers.is_empty() => return Ok(None),
            (None, None) => {
                return Err(ConfigError::InvalidSetting {
                    setting: "token_endpoint_header",
                    reason: "there is no token endpoint: see `token_endpoint` and `api_key`".into(),
                })
            }
        };
        let invalid = |reason| ConfigError::InvalidSetting {
            setting: "token_endpoint",
            reason,
        };
        let uri = url::normal(url, ["http", "https"]).map_err(invalid)?;
        if url::host(&uri) != uri.authority().map_or("", |authority| authority.as_str()) {
            let reason = "a user in it would be ignored: see `token_endpoint_header`";
            return Err(invalid(reason.into()));
        }
        let reserved = |name: &str| match name {
            "authorization" if key.is_some() => Some("is where the key goes"),
            "host" | "content-type" | "content-length" | "transfer-encoding" | "connection"
            | "upgrade" => Some("is the request's own"),
            _ => None,
        };
        let mut headers = headers("token_endpoint_header", &settings.headers, reserved)?;
        if let Some((setting, Secret(key))) = key {
            let invalid = |reason: &str| ConfigError::InvalidSetting {
                setting,
                reason: reason.to_owned(),
            };
            Transport::Bearer.check(key).map_err(invalid)?;
            let value = HeaderValue::try_from(format!("Bearer {key}"));
            let mut value = value.map_err(|_| invalid("no HTTP header may have it"))?;
            value.set_sensitive(true);
            headers.push((AUTHORIZATION.to_string(), value));
        }
        let secrets = settings.headers.iter().filter(|(name, _)| is_secret(name));
        let mut secrets: Vec<_> = secrets.map(|(_, Secret(value))| value.clone()).collect();
        secrets.extend(key.map(|(_, Secret(key))| key.clone()));
        secrets.extend(uri.query().map(str::to_owned));
        Ok(Some(Endpoint {
            address: Address::new(&uri, roots, invalid)?,
            headers,
            // What the server is told of by its name alone needs no query, which may be a secret.
            body: json!({"websocket_url": url::shown(websocket_url)}).to_string(),
            shown: url::shown(url),
            secrets,
            uri,
        }))
    }

    async fn fetch(&self) -> Result<AuthToken, TokenError> {
        let unreachable = |error: &dyn std::error::Error| {
            // What hyper says of an error is of little help without its cause.
            let cause = error.source().map(|cause| format!(": {cause}"));
            let cause = cause.unwrap_or_default();
            self.failed(format!("cannot be reached: {error}{cause}"))
        };
        let stream = self.address.connect().await;
        let stream = stream.map_err(|error| unreachable(&error))?;
        let answer = exchange(stream, self.request()?, LIMIT).await;
        self.read(&answer.map_err(|error| unreachable(&error))?)
    }

    fn request(&self) -> Result<Request<String>, TokenError> {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::post(path)
            .header(HOST, url::host(&self.uri))
            .header(CONTENT_TYPE, "application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(self.body.clone());
        request.map_err(|error| self.failed(format!("cannot be asked: {error}")))
    }

    /// What an answer comes to.
    fn read(&self, answer: &Response<Vec<u8>>) -> Result<AuthToken, TokenError> {
        let status = answer.status();
        let code = status.as_u16();
        if answer.body().len() > LIMIT {
            return Err(self.failed(format!("answered with more than {LIMIT} bytes")));
        }
        if status.is_redirection() {
            let location = answer.headers().get(LOCATION);
            let location = location.and_then(|location| location.to_str().ok());
            let location = location.map_or("elsewhere".to_owned(), url::shown);
            return Err(self.failed(format!(
                "redirects to {location} with status {code}, where the key is not sent: set \
                 `token_endpoint` to where it shall go"
            )));
        }
        if !status.is_success() {
            let secrets = self.secrets.iter().map(String::as_str);
            let refusal = Refusal::new(status, answer.headers(), answer.body(), secrets);
            let text = format!("answered with status {code}: {}", refusal.message);
            let mut error = match code {
                400 | 401 | 403 => TokenError::denied(self.says(text)),
                _ => self.failed(text),
            };
            if let Some(code) = refusal.code {
                error = error.with_code(code);
            }
            if let Some(wait) = refusal.retry_after {
                error = error.with_retry_after(wait);
            }
            return Err(error);
        }
        let body = parse(answer.body()).ok();
        let field = |name| body.as_ref()?.get(name);
        let Some(token) = field("token").and_then(Value::as_str) else {
            return Err(self.failed(format!("answered with status {code}, and without a token")));
        };
        let expires_at = field("expires_at").or_else(|| field("expiresAt"));
        let token = AuthToken::new(token);
        Ok(match expires_at.and_then(Value::as_u64) {
            Some(seconds) => token.expires_at(seconds),
            None => token,
        })
    }

    fn failed(&self, text: String) -> TokenError {
        TokenError::new(self.says(text))
    }

    fn says(&self, text: String) -> String {
        format!("the token endpoint {} {text}", self.shown)
    }
}

impl TokenProvider for Endpoint {
    fn token(&self) -> Pin<Box<dyn Future<Output = Result<AuthToken, TokenError>> + Send + '_>> {
        Box::pin(self.fetch())
    }
}
