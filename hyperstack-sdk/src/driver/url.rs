//! Checks URLs, and removes secrets from them for display.

use std::net::IpAddr;

use tokio_tungstenite::tungstenite::http::Uri;

/// Checks and normalizes a URL: its scheme in lower case, and with a path. `schemes` are the plain and the secure
/// scheme that are allowed.
pub(super) fn normal(url: &str, schemes: [&str; 2]) -> Result<Uri, String> {
    let [plain, secure] = schemes;
    let malformed =
        |error: &dyn std::fmt::Display| format!("{error} (expected {secure}://example.com)");
    let uri: Uri = url.parse().map_err(|error| malformed(&error))?;
    let mut parts = uri.into_parts();
    let scheme = parts
        .scheme
        .as_ref()
        .map(|scheme| scheme.as_str().to_lowercase());
    let scheme = match scheme.as_deref() {
        Some(scheme) if schemes.contains(&scheme) => scheme.parse(),
        _ => return Err(format!("it must start with {plain}:// or {secure}://")),
    };
    let authority = parts
        .authority
        .as_ref()
        .map_or("", |authority| authority.as_str());
    // The parser accepts an invalid port, and the default port would silently replace it.
    let host = without_user(authority);
    let port = host.rsplit_once(':').map_or("", |(_, port)| port);
    if !port.is_empty() && !port.ends_with(']') && port.parse::<u16>().is_err() {
        return Err("invalid port".into());
    }
    if host.is_empty() {
        return Err("it has no host".into());
    }
    let query = parts
        .path_and_query
        .as_ref()
        .map_or("", |path| path.as_str());
    if !query.starts_with('/') {
        let rooted = format!("/{query}").parse();
        parts.path_and_query = Some(rooted.map_err(|error| malformed(&error))?);
    }
    parts.scheme = Some(scheme.map_err(|error| malformed(&error))?);
    Uri::from_parts(parts).map_err(|error| malformed(&error))
}

/// Returns the host and port for a `Host` header.
pub(super) fn host(uri: &Uri) -> &str {
    without_user(uri.authority().map_or("", |authority| authority.as_str()))
}

/// Whether others can read what is sent to a checked URL: it is not encrypted, and the host may be another machine.
pub(super) fn is_exposed(uri: &Uri) -> bool {
    matches!(uri.scheme_str(), Some("ws" | "http")) && !is_local(uri.host().unwrap_or_default())
}

/// Whether a host is this machine.
pub(super) fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse();
    address.is_ok_and(|address: IpAddr| address.is_loopback())
        || host.eq_ignore_ascii_case("localhost")
}

/// Whether a URL's host is this domain or a subdomain of it.
pub(super) fn is_host_below(url: &str, domain: &str) -> bool {
    let uri: Option<Uri> = url.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).map(str::to_lowercase);
    let above = host.as_deref().and_then(|host| host.strip_suffix(domain));
    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

fn without_user(authority: &str) -> &str {
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

/// Returns a URL for display, without its query, user name and password, which may be secret. If the URL is
/// malformed, their place is unknown, so only its scheme is shown.
pub(crate) fn shown(url: &str) -> String {
    let Ok(uri) = url.parse::<Uri>() else {
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        let is_scheme = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
        return if is_scheme && !scheme.is_empty() {
            format!("{scheme}://…")
        } else {
            "…".to_owned()
        };
    };
    let scheme = uri.scheme_str().map(|scheme| format!("{scheme}://"));
    let authority = host(&uri);
    let (name, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    // If this is not a port, it may be the start of a password.
    let host = if is_port || port.ends_with(']') {
        authority
    } else {
        name
    };
    let path = match uri.path() {
        "/" if host.is_empty() => "/",
        path => path.trim_end_matches('/'),
    };
    format!("{}{host}{path}", scheme.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_safe_without_encryption() {
        let is_exposed = |url: &str| is_exposed(&url.parse().unwrap());
        for url in [
            "ws://localhost:8877",
            "ws://LocalHost",
            "ws://127.0.0.1",
            "ws://127.255.0.9",
            "ws://[::1]:1",
            "http://[::1]",
            "wss://ore.example",
            "https://ore.example",
        ] {
            assert!(!is_exposed(url), "{url}");
        }
        for url in [
            "ws://ore.example",
            "http://ore.example",
            "ws://localhost.example",
            "ws://127.0.0.1.example",
            "ws://localhost@ore.example",
            "ws://0.0.0.0",
            "ws://10.0.0.1",
            "ws://[::2]",
            "ws://[::ffff:10.0.0.1]",
        ] {
            assert!(is_exposed(url), "{url}");
        }
    }

    #[test]
    fn a_host_matches_its_domain_only() {
        let is_below = |url| is_host_below(url, "usehyperstack.com");
        assert!(is_below("wss://ore.stack.usehyperstack.com/?x"));
        assert!(is_below("WSS://UseHyperstack.com:443"));
        assert!(!is_below("wss://notusehyperstack.com"));
        assert!(!is_below("wss://usehyperstack.com.example"));
        assert!(!is_below("no url"));
    }
}
