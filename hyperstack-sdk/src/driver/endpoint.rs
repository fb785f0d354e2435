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
use super::service::{KeyKind, Service};
use super::{url, EndpointSettings, RouteSettings};
use crate::auth::{AuthToken, TokenError, TokenProvider};
use crate::json::parse;
use crate::session::ConfigError;
use crate::wire::{AuthErrorCode, Secret};

impl EndpointSettings {
    /// Returns the key, and the name of its setting.
    fn key(&self) -> Option<(&'static str, &Secret)> {
        let key = self.api_key.as_ref().map(|key| ("api_key", key));
        key.or_else(|| Some(("publishable_key", self.publishable_key.as_ref()?)))
    }

    /// Returns the endpoint's URL, or `None` if the settings name no endpoint. Without a URL of its own, a key goes
    /// only to the service that issued it and hosts the server.
    fn endpoint(&self, websocket_url: &str) -> Result<Option<&str>, ConfigError> {
        let invalid = |setting, reason| Err(ConfigError::InvalidSetting { setting, reason });
        if let Some(url) = &self.url {
            return Ok(Some(url));
        }
        let Some((setting, Secret(key))) = self.key() else {
            let release = self.stack_release.as_ref();
            let dependent = [
                ("token_endpoint_header", !self.headers.is_empty()),
                (
                    "stack_release",
                    release.is_some_and(|release| release.needs_endpoint),
                ),
                ("environment", self.environment.is_some()),
            ];
            let Some((setting, _)) = dependent.into_iter().find(|(_, is_set)| *is_set) else {
                return Ok(None);
            };
            let reason = "no token endpoint is set: call `token_endpoint` or `api_key`";
            return invalid(setting, reason.to_owned());
        };
        let issuer = KeyKind::of(key).map(|kind| kind.service);
        match (Service::of_url(websocket_url), issuer) {
            (Some(host), issuer) if issuer.is_none_or(|issuer| issuer == host) => {
                Ok(Some(host.token_endpoint()))
            }
            (Some(host), _) => {
                let (host, issuer) = (host.name(), issuer.map_or("another service", Service::name));
                let reason = format!(
                    "the key was issued by {issuer}, but the server {} is hosted by {host}: use a key of \
                     {host}, or set the endpoint that takes this key with \
                     `.token_endpoint(\"https://…\")`",
                    url::shown(websocket_url)
                );
                invalid(setting, reason)
            }
            (None, issuer) => {
                let endpoint = issuer.map_or("https://…", Service::token_endpoint);
                let reason = format!(
                    "neither Arete nor Hyperstack hosts {}, so the key's endpoint is not known: \
                     set it with `.token_endpoint(\"{endpoint}\")`",
                    url::shown(websocket_url)
                );
                invalid(setting, reason)
            }
        }
    }

    /// Returns the body of a request. The URL only names the server, so its query, which may be a secret, is not sent.
    fn body(&self, websocket_url: &str) -> String {
        let mut body = json!({"websocket_url": url::shown(websocket_url)});
        if let Some(release) = &self.stack_release {
            body["stackManifestHash"] = json!(release.manifest_hash);
            body["liveAlias"] = json!(release.live_alias);
        }
        if let Some(environment) = &self.environment {
            body["environment"] = json!(environment);
        }
        body.to_string()
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
    /// Checks the settings of an endpoint. Returns `None` if they name no endpoint. `allows_insecure` says whether
    /// secrets may be sent unencrypted to another machine.
    pub(crate) fn new(
        settings: &EndpointSettings,
        websocket_url: &str,
        origin: Option<&str>,
        route: &RouteSettings,
        allows_insecure: bool,
        timeout: Duration,
    ) -> Result<Option<Self>, ConfigError> {
        let key = settings.key();
        let Some(url) = settings.endpoint(websocket_url)? else {
            return Ok(None);
        };
        let invalid = |reason| ConfigError::InvalidSetting {
            setting: "token_endpoint",
            reason,
        };
        let uri = url::normal(url, ["http", "https"]).map_err(invalid)?;
        let basic = Basic::of(&uri, key.map(|(setting, _)| setting)).map_err(invalid)?;
        let shown = url::shown(url);
        let route = Route::new(&uri, route, &shown)?;
        if (url::is_exposed(&uri) || route.is_exposed()) && !allows_insecure {
            let secret = match key {
                Some((setting, _)) => format!("`{setting}`"),
                None => "the requests of `token_endpoint`".to_owned(),
            };
            return Err(ConfigError::Insecure { secret, url: shown });
        }
        let reserved = |name: &str| match name {
            "authorization" if key.is_some() => Some("carries the key"),
            "authorization" if basic.is_some() => Some(basic::RESERVED),
            "host" | "content-type" | "content-length" | "transfer-encoding" | "connection"
            | "upgrade" => Some("belongs to the request"),
            _ => None,
        };
        let setting = "token_endpoint_header";
        let mut headers = headers(setting, origin, &settings.headers, reserved)?;
        if let Some((setting, Secret(key))) = key {
            let mut names = headers.iter().map(|(name, _)| name);
            let has_origin = names.any(|name| name.eq_ignore_ascii_case("origin"));
            if setting == "publishable_key" && settings.url.is_none() && !has_origin {
                let reason = "the token endpoint accepts it only from the origins that it was \
                              created for: name one with `.origin(\"https://…\")`";
                return Err(ConfigError::InvalidSetting {
                    setting,
                    reason: reason.to_owned(),
                });
            }
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
        Ok(Some(Endpoint {
            // Each request can create a session, so a slow endpoint gets a second one late.
            route: route.with_handshake_delay((timeout / 2).min(Duration::from_secs(60))),
            timeout,
            headers,
            body: settings.body(websocket_url),
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
            Err(error) => {
                // As for the server, a retry does not help.
                let is_final =
                    matches!(&error, RouteError::Proxy(it) if matches!(it.status, 403 | 407));
                let text = self.describe(match error {
                    RouteError::Unreachable(reason) => format!("cannot be reached: {reason}"),
                    RouteError::TimedOut(reason) if reason.is_empty() => {
                        format!("did not reply within {:?}", self.timeout)
                    }
                    RouteError::TimedOut(reason) => {
                        format!("did not reply within {:?}: {reason}", self.timeout)
                    }
                    RouteError::Proxy(rejection) => format!("cannot be reached: {rejection}"),
                    RouteError::Peer(never) => match never {},
                });
                Err(match is_final {
                    true => TokenError::denied(text),
                    false => TokenError::new(text),
                })
            }
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
            let advice = refusal.code.as_ref().map_or("", AuthErrorCode::advice);
            let text = format!("replied with status {code}: {}{advice}", refusal.message);
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
            let secrets = self.secrets.iter().map(String::as_str);
            let page = match refusal::page(reply.body()) {
                Some(page) => format!(": {}", refusal::clean(page, secrets)),
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

#[cfg(test)]
mod tests {
    use super::*;

    const ARETE: &str = "wss://ore.stack.arete.run";
    const HYPERSTACK: &str = "wss://ore.stack.usehyperstack.com";
    const OTHER: &str = "wss://ore.example";
    const WITHIN: Duration = Duration::from_secs(1);

    fn settings(key: &str) -> EndpointSettings {
        let mut settings = EndpointSettings::default();
        let secret = Some(Secret(key.to_owned()));
        match key.contains("pk_") {
            true => settings.publishable_key = secret,
            false => settings.api_key = secret,
        }
        settings
    }

    #[test]
    fn a_key_goes_to_the_service_that_issued_it_and_hosts_the_server() {
        const TO_ARETE: &str = "https://api.arete.run/ws/sessions";
        const TO_HYPERSTACK: &str = "https://api.usehyperstack.com/ws/sessions";
        for (key, server, endpoint) in [
            ("a4_sk_1", ARETE, TO_ARETE),
            ("a4_ak_1", ARETE, TO_ARETE),
            ("a4_pk_1", ARETE, TO_ARETE),
            ("custom", ARETE, TO_ARETE),
            ("hsk_1", HYPERSTACK, TO_HYPERSTACK),
            ("hspk_1", HYPERSTACK, TO_HYPERSTACK),
            ("custom", HYPERSTACK, TO_HYPERSTACK),
        ] {
            let endpoint = Ok(Some(endpoint));
            assert_eq!(settings(key).endpoint(server), endpoint, "{key} {server}");
        }
    }

    #[test]
    fn a_key_does_not_go_to_another_service() {
        for (key, server, words) in [
            ("a4_sk_s3cr3t", HYPERSTACK, "the key was issued by Arete, but the server wss://ore.stack.usehyperstack.com is hosted by Hyperstack: use a key of Hyperstack"),
            ("a4_pk_s3cr3t", HYPERSTACK, "the key was issued by Arete"),
            ("hsk_s3cr3t", ARETE, "the key was issued by Hyperstack, but the server wss://"),
            ("a4_sk_s3cr3t", OTHER, "`.token_endpoint(\"https://api.arete.run/ws/sessions\")`"),
            ("hspk_s3cr3t", OTHER, "`.token_endpoint(\"https://api.usehyperstack.com/ws/sessions\")`"),
            ("s3cr3t", OTHER, "neither Arete nor Hyperstack hosts wss://ore.example"),
            ("s3cr3t", OTHER, "`.token_endpoint(\"https://…\")`"),
        ] {
            let error = settings(key).endpoint(server).unwrap_err().to_string();
            assert!(error.contains(words), "{key} {server}: {error}");
            assert!(!error.contains("s3cr3t"), "{error}");
        }
        // You can name any endpoint.
        let mut settings = settings("a4_sk_1");
        settings.url = Some("https://login.example".to_owned());
        assert_eq!(settings.endpoint(OTHER), Ok(Some("https://login.example")));
    }

    #[test]
    fn a_hosted_endpoint_requires_an_origin_for_a_publishable_key() {
        let mut settings = settings("a4_pk_1");
        let endpoint = |settings: &EndpointSettings, origin| {
            let endpoint = Endpoint::new(
                settings,
                ARETE,
                origin,
                &RouteSettings::default(),
                false,
                WITHIN,
            );
            endpoint.err().map(|error| error.to_string())
        };
        let error = endpoint(&settings, None).unwrap_or_default();
        assert!(error.contains("name one with `.origin("), "{error}");
        let needs_tls = |error: Option<String>| error.is_none_or(|error| error.contains("rustls"));
        assert!(needs_tls(endpoint(&settings, Some("https://app.example"))));
        let header = (
            "origin".to_owned(),
            Secret("https://app.example".to_owned()),
        );
        settings.headers.push(header);
        assert!(needs_tls(endpoint(&settings, None)));
    }

    #[test]
    fn only_a_key_that_is_encrypted_or_stays_on_this_machine_is_sent() {
        let endpoint = |url: &str, key: Option<&str>, allows_insecure| {
            let mut settings = key.map(settings).unwrap_or_default();
            settings.url = Some(url.to_owned());
            let endpoint = Endpoint::new(
                &settings,
                OTHER,
                None,
                &RouteSettings::default(),
                allows_insecure,
                WITHIN,
            );
            endpoint.err().map(|error| error.to_string())
        };
        assert_eq!(
            endpoint("http://login.example/?x", Some("sk_1"), false).unwrap(),
            "cannot send `api_key` unencrypted to http://login.example: use https://, or allow it \
             with `.allow_insecure_auth(true)`"
        );
        let keyless = endpoint("http://login.example", None, false).unwrap();
        assert!(
            keyless.starts_with("cannot send the requests of `token_endpoint` unencrypted"),
            "{keyless}"
        );
        assert_eq!(endpoint("http://login.example", Some("sk_1"), true), None);
        assert_eq!(endpoint("http://127.0.0.1:1", Some("sk_1"), false), None);
    }
}
