//! Messages for the user: why something does not work, and what to do.

use std::collections::BTreeSet;
use std::sync::Arc;

use hyperstack_cli::nearest::did_you_mean;
use hyperstack_sdk::{
    AuthErrorCode, CloseReason, ConfigError, ConnectError, ConnectionLost, Value,
};

use super::number::Number;
use super::path::{leaves, paths, Path};

pub(super) fn no_match(rows: usize) -> String {
    format!(
        "none of {rows} rows passes `--where`; waiting for one. Use wire names joined by dots, and quote text \
         that looks like a number: `--where 'path=\"7\"'`"
    )
}

/// Returns a message for each field that no row has, with a similar field that they do have.
pub(crate) fn unknown_fields(fields: &[Path], rows: &[Arc<Value>]) -> Vec<String> {
    let is_missing = |field: &&Path| rows.iter().all(|row| field.find(row).is_none());
    let missing = fields.iter().filter(is_missing);
    let missing: Vec<_> = missing.map(Path::to_string).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let known = rows.iter().flat_map(|row| paths(row));
    let known: BTreeSet<_> = known.map(|path| path.to_string()).collect();
    let known = || known.iter().map(String::as_str);
    let note = |field: String| {
        // The edit distance does not find a path if the user gave only its start or its end.
        let tail = format!(".{field}");
        let path = known().find(|path| path.starts_with(&field) || path.ends_with(&tail));
        let hint = match path {
            Some(path) => format!(", did you mean `{path}`?"),
            None => did_you_mean(&field, known()),
        };
        format!("no row has the field `{field}`{hint}")
    };
    missing.into_iter().map(note).collect()
}

/// Returns a message if the rows have the field of `--plot`, but with other values than numbers.
pub(super) fn not_a_number(field: &Path, rows: &[Arc<Value>]) -> Option<String> {
    let found = || rows.iter().filter_map(|row| field.find(row));
    let other = found().find(|value| !value.is_null())?;
    if found().any(|value| Number::of(value).is_some()) {
        return None;
    }
    let kind = match other {
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        Value::Bool(_) => "true or false",
        _ => "a text",
    };
    let numbers = rows.iter().flat_map(|row| leaves(row));
    let numbers = numbers.filter(|(_, value)| Number::of(value).is_some());
    let mut numbers = numbers.map(|(path, _)| path);
    let hint = match numbers.find(|path| path.is_in(field)) {
        Some(path) => format!(", did you mean `{path}`?"),
        None => String::new(),
    };
    Some(format!(
        "cannot plot `{field}`: expected a number, found {kind}{hint}"
    ))
}

/// Returns a message for a key that the view does not have.
pub(super) fn no_row(view: &str, key: &str) -> String {
    let entity = view.split('/').next().unwrap_or(view);
    format!(
        "{view} has no row with the key {}; waiting for it. Keys are case-sensitive: \
         `hs stream URL {entity}` shows those that exist",
        Value::from(key)
    )
}

pub(super) fn empty(view: &str) -> String {
    format!("{view} has no rows yet; waiting for one")
}

pub(super) fn no_answer(view: &str) -> String {
    format!(
        "the server has not answered the subscription to {view}; still waiting. Check the name, which is \
         case-sensitive: some servers never answer for an unknown view"
    )
}

/// Returns a hint for an error of the connection.
pub(crate) fn hint(error: &ConnectError) -> Option<&'static str> {
    match error {
        ConnectError::Config(ConfigError::InvalidUrl { .. }) => {
            Some("use wss://host, or ws://host:port without TLS")
        }
        ConnectError::Config(ConfigError::InvalidSetting {
            setting: "token", ..
        }) => Some("HYPERSTACK_TOKEN and --token take a token of the server, not an API key"),
        ConnectError::Unreachable { .. } | ConnectError::Timeout { .. } => Some(
            "check that the server is running, and its host and port. A local server usually listens on \
             ws://127.0.0.1:8877; `hs serve FILE` replays a recording there",
        ),
        ConnectError::ProxyRejected { status: 407, .. } => {
            Some("set the proxy's user and password: HTTPS_PROXY=http://user:password@host:port")
        }
        ConnectError::ProxyRejected { .. } => Some(
            "the proxy comes from the environment variable HTTPS_PROXY or ALL_PROXY. To connect directly, add the \
             server's host to NO_PROXY",
        ),
        ConnectError::Rejected {
            code:
                Some(
                    AuthErrorCode::OriginRequired
                    | AuthErrorCode::OriginMismatch
                    | AuthErrorCode::OriginNotAllowed,
                ),
            ..
        } => Some("pass the website for which the token is valid with --origin https://…"),
        ConnectError::Rejected {
            status: 401 | 403, ..
        } => Some("pass a valid token with HYPERSTACK_TOKEN=… or --token …"),
        ConnectError::Lost { cause, .. } => hint_after_loss(cause),
        _ => None,
    }
}

/// Returns a hint for a lost connection.
pub(crate) fn hint_after_loss(error: &ConnectionLost) -> Option<&'static str> {
    match error {
        ConnectionLost::TokenExpired | ConnectionLost::RefreshRejected { .. } => {
            Some("get a new token")
        }
        _ => None,
    }
}

/// Returns the error of a stream or tape that ended because the client has closed.
pub(crate) fn closed(what: &str, reason: &CloseReason) -> anyhow::Error {
    let hint = match reason {
        CloseReason::Failed(cause) => hint(cause),
        CloseReason::Lost(cause) => hint_after_loss(cause),
        _ => None,
    };
    match hint {
        Some(hint) => anyhow::anyhow!("the {what} ended: {reason}\n{hint}"),
        None => anyhow::anyhow!("the {what} ended: {reason}"),
    }
}

/// Adds a hint to an error of the connection. Names our options instead of the SDK's settings.
pub(crate) fn connect_error(error: ConnectError) -> anyhow::Error {
    if let ConnectError::Config(ConfigError::Insecure { secret, url }) = &error {
        let secret = match secret.as_str() {
            "`token`" => "the token",
            secret => secret,
        };
        return anyhow::anyhow!(
            "cannot send {secret} unencrypted to {url}\n\
             use wss://, or pass --insecure if you trust the network"
        );
    }
    match hint(&error) {
        Some(hint) => anyhow::anyhow!("{error}\n{hint}"),
        None => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rejected(status: u16) -> ConnectError {
        ConnectError::Rejected {
            url: "wss://ore.example".to_owned(),
            status,
            code: None,
            message: "no".to_owned(),
            retry_after: None,
        }
    }

    #[test]
    fn a_hint_fits_the_error() {
        let hints =
            |error: ConnectError, text: &str| hint(&error).is_some_and(|hint| hint.contains(text));
        assert!(hints(rejected(401), "HYPERSTACK_TOKEN"));
        assert!(hints(rejected(403), "HYPERSTACK_TOKEN"));
        assert!(hint(&rejected(503)).is_none());
        let rejected_by_proxy = |status| ConnectError::ProxyRejected {
            url: "wss://ore.example".to_owned(),
            proxy: "http://proxy.example:3128".to_owned(),
            status,
            message: "no".to_owned(),
        };
        assert!(hints(rejected_by_proxy(407), "HTTPS_PROXY=http://user"));
        assert!(hints(rejected_by_proxy(502), "NO_PROXY"));
        let key = ConfigError::InvalidSetting {
            setting: "token",
            reason: "no".to_owned(),
        };
        assert!(hints(key.into(), "not an API key"));
        let error = ConnectError::Unreachable {
            url: "wss://ore.example".to_owned(),
            reason: "refused".to_owned(),
        };
        assert!(hints(error.clone(), "8877"));
        let (line, hint) = (error.to_string(), hint(&error).unwrap());
        assert_eq!(connect_error(error).to_string(), format!("{line}\n{hint}"));
    }

    #[test]
    fn a_field_that_no_row_has_gets_a_hint() {
        let rows = [json!({"id": {"game_id": 1}}), json!({"open": null})].map(Arc::new);
        let notes = |field: &str| unknown_fields(&[field.parse().unwrap()], &rows);
        for known in ["id", "id.game_id", "open"] {
            assert!(notes(known).is_empty(), "{known}");
        }
        for (typo, meant) in [
            ("id.gam", "id.game_id"),
            ("game_id", "id.game_id"),
            ("opne", "open"),
        ] {
            let note = format!("no row has the field `{typo}`, did you mean `{meant}`?");
            assert_eq!(notes(typo), [note]);
        }
        assert_eq!(notes("xyzzy"), ["no row has the field `xyzzy`"]);
    }

    #[test]
    fn only_numbers_can_be_plotted() {
        let rows = [
            json!({"n": null, "wide": "7", "id": {"name": "a", "n": 1}, "log": [1], "open": true}),
            json!({"n": 1, "wide": null}),
        ];
        let rows = rows.map(Arc::new);
        let note = |field: &str| not_a_number(&field.parse().unwrap(), &rows);
        for number in ["n", "wide", "id.n", "no.such"] {
            assert_eq!(note(number), None, "{number}");
        }
        for (field, found) in [
            ("id", "an object, did you mean `id.n`?"),
            ("id.name", "a text"),
            ("log", "a list"),
            ("open", "true or false"),
        ] {
            let wanted = format!("cannot plot `{field}`: expected a number, found {found}");
            assert_eq!(note(field), Some(wanted));
        }
    }

    #[test]
    fn messages_name_the_view_or_the_number_of_rows() {
        assert!(no_answer("Round/list").contains("Round/list"));
        assert!(empty("Round/list").starts_with("Round/list has no rows"));
        assert!(
            no_row("Round/state", "x").starts_with(r#"Round/state has no row with the key "x""#)
        );
        assert!(no_match(7).starts_with("none of 7 rows"));
    }
}
