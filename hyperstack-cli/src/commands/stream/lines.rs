//! Formats changes as lines of text or JSON.

use std::sync::Arc;

use hyperstack_sdk::{Patchable, Value};
use serde::Serialize;

use super::change::{Change, Op};
use super::path::{is_position, pick, Path};
use super::times::with_times;

/// The format of a line.
#[derive(Debug, Clone, Default)]
pub(super) struct Style {
    pub(super) json: bool,
    /// The fields to show. Empty means all.
    pub(super) fields: Vec<Path>,
    /// Whether to show Unix times as numbers. JSON always does.
    pub(super) raw: bool,
}

#[derive(Serialize)]
struct Line<'c> {
    op: &'static str,
    key: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<Value>,
}

impl Style {
    /// Formats a change from the reader's view: a row that was not shown before is an `upsert`, even if a patch
    /// created it. Returns `None` if no shown field changes.
    pub(super) fn line(&self, change: &Change) -> Option<String> {
        let shown = |row: &Option<Arc<Value>>| self.shown(row.as_deref()?);
        let (before, data) = (shown(&change.before), shown(&change.row));
        let op = match (&before, &data) {
            (None, None) => return None,
            (None, Some(_)) => Op::Upsert,
            (Some(_), None) => Op::Delete,
            (Some(before), Some(data)) if before == data && !self.fields.is_empty() => return None,
            (Some(_), Some(_)) => change.op,
        };
        let changed = match (&before, &data) {
            (Some(before), Some(data)) => Some(before.diff(data).value),
            _ => None,
        };
        let key = change.key.as_str();
        if self.json {
            let line = Line {
                op: op.name(),
                key,
                data,
                changed,
            };
            // Serializing never fails, because all keys are text.
            return serde_json::to_string(&line).ok();
        }
        let key = plain(key);
        let value = match op {
            Op::Patch => changed,
            Op::Upsert | Op::Delete => data,
        };
        let op = op.name();
        Some(match value {
            Some(row) if !self.raw => format!("{op} {key} {}", with_times(row)),
            Some(json) => format!("{op} {key} {json}"),
            None => format!("{op} {key}"),
        })
    }

    /// Returns the shown part of a row, or `None` if the row has none of the fields.
    fn shown(&self, row: &Value) -> Option<Value> {
        if !self.fields.is_empty() {
            return pick(row, &self.fields);
        }
        let row = row.clone();
        Some(if self.json {
            row
        } else {
            without_positions(row)
        })
    }
}

/// Removes the fields that the server adds to a row.
pub(crate) fn without_positions(mut row: Value) -> Value {
    if let Value::Object(fields) = &mut row {
        fields.retain(|name, _| !is_position(name));
    }
    row
}

/// Returns the key as one word, quoted if necessary.
pub(crate) fn plain(key: &str) -> String {
    let is_word = |c: char| !c.is_whitespace() && !c.is_control() && c != '"';
    if !key.is_empty() && key.chars().all(is_word) {
        key.to_owned()
    } else {
        Value::from(key).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(op: Op, before: Option<Value>, row: Option<Value>) -> Change {
        Change {
            op,
            key: "42".to_owned(),
            before: before.map(Arc::new),
            row: row.map(Arc::new),
        }
    }

    fn patch() -> Change {
        let (before, row) = (json!({"a": 1, "b": 1}), json!({"a": 1, "b": 2}));
        change(Op::Patch, Some(before), Some(row))
    }

    fn style(json: bool, fields: &[&str]) -> Style {
        let fields = fields.iter().filter_map(|path| path.parse().ok()).collect();
        Style {
            json,
            fields,
            raw: false,
        }
    }

    #[test]
    fn a_text_line_has_the_row_or_its_changes() {
        let line = |change| style(false, &[]).line(&change).unwrap_or_default();
        let row = json!({"a": 1});
        let first = change(Op::Upsert, None, Some(row.clone()));
        assert_eq!(line(first), r#"upsert 42 {"a":1}"#);
        assert_eq!(line(patch()), r#"patch 42 {"b":2}"#);
        let new = change(Op::Patch, None, Some(row.clone()));
        assert_eq!(line(new), r#"upsert 42 {"a":1}"#);
        assert_eq!(line(change(Op::Delete, Some(row), None)), "delete 42");
    }

    #[test]
    fn a_json_line_has_the_row_and_its_changes() {
        let line = |change| style(true, &[]).line(&change).unwrap_or_default();
        assert_eq!(
            line(patch()),
            r#"{"op":"patch","key":"42","data":{"a":1,"b":2},"changed":{"b":2}}"#
        );
        let first = change(Op::Upsert, None, Some(json!({"a": 1})));
        assert_eq!(line(first), r#"{"op":"upsert","key":"42","data":{"a":1}}"#);
        let new = change(Op::Patch, None, Some(json!({"a": 1})));
        assert_eq!(line(new), r#"{"op":"upsert","key":"42","data":{"a":1}}"#);
        let delete = change(Op::Delete, Some(json!({})), None);
        assert_eq!(line(delete), r#"{"op":"delete","key":"42"}"#);
    }

    #[test]
    fn a_text_line_has_dates_unless_it_is_raw() {
        let row = change(Op::Upsert, None, Some(json!({"paid_at": 1_776_515_696})));
        let line = |json, raw| {
            Style {
                raw,
                ..style(json, &[])
            }
            .line(&row)
            .unwrap_or_default()
        };
        assert_eq!(
            line(false, false),
            r#"upsert 42 {"paid_at":"2026-04-18 12:34:56Z"}"#
        );
        assert_eq!(line(false, true), r#"upsert 42 {"paid_at":1776515696}"#);
        assert!(line(true, false).contains(r#""paid_at":1776515696"#));
    }

    #[test]
    fn a_change_of_hidden_fields_is_not_a_line() {
        let line = |fields: &[&str], change| style(false, fields).line(&change);
        assert_eq!(line(&["a"], patch()), None);
        assert_eq!(
            line(&["a", "b"], patch()).as_deref(),
            Some(r#"patch 42 {"b":2}"#)
        );
        let again = Change {
            op: Op::Upsert,
            ..patch()
        };
        assert_eq!(line(&["a"], again.clone()), None);
        assert_eq!(line(&["b"], again).as_deref(), Some(r#"upsert 42 {"b":2}"#));
    }

    #[test]
    fn a_row_without_any_shown_field_is_hidden() {
        let (none, some) = (|| Some(json!({"b": 1})), || Some(json!({"a": 1, "b": 1})));
        let line = |op, before, row| style(false, &["a"]).line(&change(op, before, row));
        assert_eq!(line(Op::Upsert, None, none()), None);
        let comes = line(Op::Patch, none(), some());
        assert_eq!(comes.as_deref(), Some(r#"upsert 42 {"a":1}"#));
        let goes = line(Op::Upsert, some(), none());
        assert_eq!(goes.as_deref(), Some("delete 42"));
        assert_eq!(line(Op::Delete, none(), None), None);
    }

    #[test]
    fn a_key_is_quoted_if_it_is_not_one_word() {
        assert_eq!(plain("9xQe…"), "9xQe…");
        assert_eq!(plain("two words"), r#""two words""#);
        assert_eq!(plain("a\nb"), r#""a\nb""#);
        assert_eq!(plain(""), r#""""#);
    }
}
