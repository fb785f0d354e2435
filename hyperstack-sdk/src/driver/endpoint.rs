//! A token endpoint, which issues tokens for an API key over HTTP.

use std::convert::Infallible;
use std::error::Error as _;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use hyper::header::{HeaderValue, AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Request, Response, Uri};
use serde_json::{json, Value};

use super::basic::{self, Basic};
use super::body::LIMIT;
use super::http::exchange;
use super::present::{headers, is_secret, Transport, NOT_IN_HEADERS};
use super::race::Failure;
use super::refusal::{self, Refusal};
use super::route::{Route, RouteError};
use super::{url, EndpointSettings, RouteSettings};
use crate::auth::{AuthToken, TokenError, TokenProvider};
use crate::json::parse;
use crate::session::ConfigError;
use crate::wire::Secret;

/// The default endpoint if a key is set.
const HOSTED: &str = "https://api.usehyperstack.com/ws/sessions";

impl EndpointSettings {
    /// Returns the key, and the name of its setting.
    fn key(&self) -> Option<(&'static str, &Secret)> {
        let key = self.api_key.as_ref().map(|key| ("api_key", key));
        key.or_else(|| Some(("publishable_key", self.publishable_key.as_ref()?)))
    }
}

/// Requests tokens for one WebSocket server from one endpoint.
pub(crate) struct Endpoint {
    route: Route,
    /// How long a request may take.
    timeout: Duration,
    uri: Uri,
    headers: Vec<(String, HeaderValue)>,
    body: String,
    /// The endpoint's name for errors, with its URL without secrets.
    name: String,
    /// The secrets in requests, to be redacted if the endpoint echoes them.
    secrets: Vec<String>,
}

impl Endpoint {
    /// Checks the settings of an endpoint. Returns `None` if they name no endpoint.
    pub(crate) fn new(
        settings: &EndpointSettings,
        websocket_url: &str,
        route: &RouteSettings,
        timeout: Duration,
    ) -> Result<Option<Self>, ConfigError> {
        let key = settings.key();
        let url = match (&settings.url, key) {
            (Some(url), _) => url,
            (None, Some(_)) => HOSTED,
            (None, None) if settings.headers.is_empty() => return Ok(None),
            (None, None) => {
                return Err(ConfigError::InvalidSetting {
                    setting: "token_endpoint_header",
                    reason: "no token endpoint is set: call `token_endpoint` or `api_key`".into(),
                })
            }
        };
        let invalid = |reason| ConfigError::InvalidSetting {
            setting: "token_endpoint",
            reason,
        };
        let uri = url::normal(url, ["http", "https"]).map_err(invalid)?;
        let basic = Basic::of(&uri, key.map(|(setting, _)| setting)).map_err(invalid)?;
        let reserved = |name: &str| match name {
            "authorization" if key.is_some() => Some("carries the key"),
            "authorization" if basic.is_some() => Some(basic::RESERVED),
            "host" | "content-type" | "content-length" | "transfer-encoding" | "connection"
            | "upgrade" => Some("belongs to the request"),
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
            let mut value = value.map_err(|_| invalid(NOT_IN_HEADERS))?;
            value.set_sensitive(true);
            headers.push((AUTHORIZATION.to_string(), value));
        }
        let secrets = settings.headers.iter().filter(|(name, _)| is_secret(name));
        let mut secrets: Vec<_> = secrets.map(|(_, Secret(value))| value.clone()).collect();
        secrets.extend(key.map(|(_, Secret(key))| key.clone()));
        secrets.extend(uri.query().map(str::to_owned));
        if let Some(basic) = basic {
            headers.push(basic.header());
            secrets.extend(basic.secrets);
        }
        let shown = url::shown(url);
        Ok(Some(Endpoint {
            route: Route::new(&uri, route, &shown)?,
            timeout,
            headers,
            // The URL only names the server, so its query, which may be a secret, is not sent.
            body: json!({"websocket_url": url::shown(websocket_url)}).to_string(),
            name: format!("the token endpoint {shown}"),
            secrets,
            uri,
        }))
    }

    /// Returns the endpoint's name for errors, with its URL without secrets.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    async fn fetch(&self) -> Result<AuthToken, TokenError> {
        let request = self.request()?;
        let opened = self.route.open(self.timeout, |stream| async {
            let reply = exchange(stream, request.clone()).await;
            reply.map_err(|error| {
                // Hyper's message is of little help without its cause.
                let cause = error.source().map(|cause| format!(": {cause}"));
                Failure::Address(format!("{error}{}", cause.unwrap_or_default()))
            })
        });
        match opened.await as Result<_, RouteError<Infallible>> {
            Ok(reply) => self.read(&reply),
            Err(error) => Err(self.failed(match error {
                RouteError::Unreachable(reason) => format!("cannot be reached: {reason}"),
                RouteError::TimedOut(reason) if reason.is_empty() => {
                    format!("did not reply within {:?}", self.timeout)
                }
                RouteError::TimedOut(reason) => {
                    format!("did not reply within {:?}: {reason}", self.timeout)
                }
                RouteError::Proxy(rejection) => format!("cannot be reached: {rejection}"),
                RouteError::Peer(never) => match never {},
            })),
        }
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
        request.map_err(|error| self.failed(format!("cannot be called: {error}")))
    }

    /// Reads the token from a reply, or why there is none.
    fn read(&self, reply: &Response<Vec<u8>>) -> Result<AuthToken, TokenError> {
        let status = reply.status();
        let code = status.as_u16();
        if reply.body().len() > LIMIT {
            return Err(self.failed(format!("replied with more than {LIMIT} bytes")));
        }
        if !status.is_success() {
            let secrets = self.secrets.iter().map(String::as_str);
            let refusal = Refusal::new(status, reply.headers(), reply.body(), secrets);
            if let Some(location) = refusal.location {
                return Err(self.failed(format!(
                    "redirects to {location} with status {code}, which the client does not follow: \
                     set `token_endpoint` to the new URL"
                )));
            }
            let text = format!("replied with status {code}: {}", refusal.message);
            let mut error = match code {
                400 | 401 | 403 => TokenError::denied(self.describe(text)),
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
        let body = parse(reply.body()).ok();
        let field = |name| body.as_ref()?.get(name);
        let Some(token) = field("token").and_then(Value::as_str) else {
            // Other bodies are not shown, because they may have a token under another name.
            let page = match refusal::page(reply.body()) {
                Some(page) => format!(": {page}"),
                None => String::new(),
            };
            return Err(self.failed(if refusal::is_html(reply.body()) {
                format!(
                    "replied with status {code} and an HTML page instead of a token (a captive \
                     portal or a plain web server answers){page}"
                )
            } else {
                format!("replied with status {code} but without a token")
            }));
        };
        let expires_at = field("expires_at").or_else(|| field("expiresAt"));
        let token = AuthToken::new(token);
        Ok(match expires_at.and_then(Value::as_u64) {
            Some(seconds) => token.expires_at(seconds),
            None => token,
        })
    }

    fn failed(&self, text: String) -> TokenError {
        TokenError::new(self.describe(text))
    }

    /// Puts the endpoint's name in front of a message.
    fn describe(&self, text: String) -> String {
        format!("{} {text}", self.name)
    }
}

impl TokenProvider for Endpoint {
    fn token(&self) -> Pin<Box<dyn Future<Output = Result<AuthToken, TokenError>> + Send + '_>> {
        Box::pin(self.fetch())
    }
}
