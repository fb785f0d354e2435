//! What is said where something does not work: why, and what to do.

use std::collections::BTreeSet;
use std::sync::Arc;

use hyperstack_cli::nearest::did_you_mean;
use hyperstack_sdk::{ConfigError, ConnectError, ConnectionLost, Value};

use super::path::{paths, Path};

pub(super) fn none_passes(rows: usize) -> String {
    format!(
        "{rows} rows came, and none passes `--where`: waiting for one. A path is made of names on the \
         wire, joined by dots; text that looks like a number is `--where 'path=\"7\"'`"
    )
}

/// A word for each field that no row has, with one that they have and that may be meant.
pub(super) fn no_fields(fields: &[Path], rows: &[Arc<Value>]) -> Vec<String> {
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
        // A part of a path is many edits away from it.
        let tail = format!(".{field}");
        let whole = known().find(|path| path.starts_with(&field) || path.ends_with(&tail));
        let hint = match whole {
            Some(path) => format!(", did you mean `{path}`?"),
            None => did_you_mean(&field, known()),
        };
        format!("of the rows that came none has `{field}`{hint}")
    };
    missing.into_iter().map(note).collect()
}

pub(super) fn empty(view: &str) -> String {
    format!("{view} has no rows yet: waiting for one")
}

pub(super) fn no_answer(view: &str) -> String {
    format!(
        "the server has not answered for {view}. It does not answer at all for a view or an entity that \
         it does not know: check the name, in which case counts. Waiting"
    )
}

/// What may help where there is no connection.
pub(super) fn hint(error: &ConnectError) -> Option<&'static str> {
    match error {
        ConnectError::Config(ConfigError::InvalidUrl { .. }) => {
            Some("a server is given as wss://host, or ws://host:port without TLS")
        }
        ConnectError::Unreachable(_) | ConnectError::Timeout { .. } => Some(
            "is the server running, and is this its host and port? A local one listens on \
             ws://127.0.0.1:8877, and `hs serve FILE` plays a recording there",
        ),
        ConnectError::Rejected {
            status: 401 | 403, ..
        } => Some("the server wants another token: HYPERSTACK_TOKEN=… or --token …"),
        ConnectError::Lost(lost) => hint_after_loss(lost),
        _ => None,
    }
}

/// What may help after a connection was lost.
pub(super) fn hint_after_loss(error: &ConnectionLost) -> Option<&'static str> {
    match error {
        ConnectionLost::TokenExpired | ConnectionLost::RefreshRejected { .. } => {
            Some("get a new token")
        }
        _ => None,
    }
}

/// A connection that could not be made.
pub(super) fn refused(error: ConnectError) -> anyhow::Error {
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
            status,
            code: None,
            message: "no".to_owned(),
            retry_after: None,
        }
    }

    #[test]
    fn a_hint_fits_the_error() {
        let says = |error: ConnectError, words: &str| {
            hint(&error).is_some_and(|hint| hint.contains(words))
        };
        assert!(says(rejected(401), "HYPERSTACK_TOKEN"));
        assert!(says(rejected(403), "HYPERSTACK_TOKEN"));
        assert!(hint(&rejected(503)).is_none());
        assert!(says(ConnectError::Unreachable(String::new()), "8877"));
        let shown = refused(ConnectError::Unreachable("nobody listens".to_owned())).to_string();
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines[0], "cannot reach the server: nobody listens");
        assert!(lines[1].starts_with("is the server running"));
    }

    #[test]
    fn a_slip_in_a_field_is_said() {
        let rows = [json!({"id": {"game_id": 1}}), json!({"open": null})].map(Arc::new);
        let notes = |field: &str| no_fields(&[field.parse().unwrap()], &rows);
        for known in ["id", "id.game_id", "open"] {
            assert!(notes(known).is_empty(), "{known}");
        }
        for (slip, meant) in [
            ("id.gam", "id.game_id"),
            ("game_id", "id.game_id"),
            ("opne", "open"),
        ] {
            let note = format!("of the rows that came none has `{slip}`, did you mean `{meant}`?");
            assert_eq!(notes(slip), [note]);
        }
        assert_eq!(notes("xyzzy"), ["of the rows that came none has `xyzzy`"]);
    }

    #[test]
    fn silence_is_explained() {
        assert!(no_answer("Round/list").contains("Round/list"));
        assert!(empty("Round/list").starts_with("Round/list has no rows"));
        assert!(none_passes(7).starts_with("7 rows came"));
    }
}
