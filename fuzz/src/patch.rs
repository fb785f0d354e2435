//! Patches: decoded from any JSON, with any paths that append, and merged.

use crate::row::{Row, RowPatch};
use crate::server::merge;
use hyperstack_sdk::{DecodeError, Patch, Patchable};
use serde_json::Value;

/// Tests patches. The first line has the append paths, separated by spaces. Each further line is a patch: the
/// first makes a row, and the others are merged into it.
pub fn patch(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut lines = text.split('\n');
    let append: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let mut held: Option<(Row, Value)> = None;
    for json in lines.take(8) {
        let decoded = decode(json, &append);
        let Ok(patch) = decoded else {
            continue;
        };
        held = match held {
            None => decode(json, &[]).ok().and_then(|patch| built(patch, json)),
            Some((row, served)) => Some(merged(row, served, patch, json, &append)),
        };
    }
}

/// Decodes a patch, and checks that it round-trips and that serde decodes the same.
fn decode(json: &str, append: &[&str]) -> Result<RowPatch, DecodeError> {
    let decoded = RowPatch::decode(json, append);
    if let Err(error) = &decoded {
        assert!(!error.to_string().is_empty());
    }
    let plain = RowPatch::decode(json, &[""; 0]);
    assert_eq!(plain.is_ok(), decoded.is_ok());
    assert_eq!(serde_json::from_str(json).ok(), plain.clone().ok());
    if let Ok(patch) = plain {
        let text = serde_json::to_string(&patch).expect("a patch is JSON");
        assert_eq!(patch.is_empty(), text == "{}");
        assert_eq!(RowPatch::decode(&text, &[""; 0]).as_ref(), Ok(&patch));
        assert_eq!(patch.is_empty(), patch.changed_fields().is_empty());
        let unit = RowPatch::default();
        assert_eq!(patch.clone().then(unit.clone()), patch);
        assert_eq!(unit.then(patch.clone()), patch);
    }
    decoded
}

/// A row, and the server's JSON of it if a JSON tree can hold its numbers.
fn built(patch: RowPatch, json: &str) -> Option<(Row, Value)> {
    let row = Row::try_from(patch).ok()?;
    assert!(row.diff(&row).is_empty());
    Some((row, serde_json::from_str(json).unwrap_or_default()))
}

/// Returns the row after a patch, or the unchanged row if the patch fails.
fn merged(
    row: Row,
    mut served: Value,
    patch: RowPatch,
    json: &str,
    append: &[&str],
) -> (Row, Value) {
    let mut later = row.clone();
    let applied = later.apply(patch.clone());
    if let Err(error) = applied {
        assert!(!error.to_string().is_empty() && !error.path().is_empty());
        assert_eq!(later, row, "changed by what failed");
        return (row, served);
    }
    let mut again = row.clone();
    again.apply(row.diff(&later)).expect("a difference fits");
    assert_eq!(again, later, "a difference leads there");
    as_served(&row, &later, &mut served, json, append);
    if !json.contains("null") && !json.contains("raw") {
        let mut both = row.clone();
        let mut in_turn = later.clone();
        let twice = in_turn.apply(patch.clone());
        assert_eq!(both.apply(patch.clone().then(patch)), twice);
        assert_eq!(both, in_turn, "then is one after the other");
    }
    (later, served)
}

/// Whether the typed merge of an append differs from the server's: it replaces a value that is not a list,
/// trims lists in another way, and appends to default lists.
const OTHERWISE: [&str; 5] = ["pair", "bytes", "log", "maybe_log", "scores"];

/// Checks the typed merge against the server's, if the server's JSON equals the row's. A JSON tree holds no
/// integers over 64 bits.
fn as_served(row: &Row, later: &Row, served: &mut Value, json: &str, append: &[&str]) {
    let typed = |json: &Value| {
        let patch = RowPatch::decode(&json.to_string(), &[""; 0]).ok()?;
        Row::try_from(patch).ok()
    };
    let Ok(patch) = serde_json::from_str::<Value>(json) else {
        return;
    };
    let reread = RowPatch::decode(&patch.to_string(), append);
    let is_exact = reread == RowPatch::decode(json, append) && typed(served).as_ref() == Some(row);
    merge(served, patch, append);
    if is_exact && !OTHERWISE.iter().any(|path| append.contains(path)) {
        let typed = typed(served);
        assert_eq!(typed.as_ref(), Some(later), "the server has {served}");
    }
}
