//! Changes of rows, each with the previous row.

use std::collections::HashMap;
use std::sync::Arc;

use hyperstack_sdk::{Update, Value};

/// The server's operation on a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Upsert,
    Patch,
    Delete,
}

impl Op {
    pub(super) fn name(self) -> &'static str {
        match self {
            Op::Upsert => "upsert",
            Op::Patch => "patch",
            Op::Delete => "delete",
        }
    }
}

/// A change of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub(super) op: Op,
    pub(super) key: String,
    /// The row before the change, if there was one.
    pub(super) before: Option<Arc<Value>>,
    /// The row after the change, unless it was deleted.
    pub(super) row: Option<Arc<Value>>,
}

/// The latest rows.
#[derive(Debug, Default)]
pub(super) struct Rows(HashMap<String, Arc<Value>>);

impl Rows {
    /// Applies an update and returns the change.
    pub(super) fn apply(&mut self, update: Update<Arc<Value>>) -> Change {
        let op = match &update {
            Update::Upsert { .. } => Op::Upsert,
            Update::Patch { .. } => Op::Patch,
            Update::Delete { .. } => Op::Delete,
        };
        let key = update.key().to_owned();
        let row = update.into_data();
        let before = match &row {
            Some(row) => self.0.insert(key.clone(), row.clone()),
            None => self.0.remove(&key),
        };
        Change {
            op,
            key,
            before,
            row,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_has_the_previous_row() {
        let mut rows = Rows::default();
        let key = || "k".to_owned();
        let (first, second) = (Arc::new(json!({"a": 1})), Arc::new(json!({"a": 2})));
        let data = first.clone();
        assert_eq!(rows.apply(Update::Upsert { key: key(), data }).before, None);
        let data = second.clone();
        let patch = rows.apply(Update::Patch { key: key(), data });
        assert_eq!(
            (patch.before, patch.row),
            (Some(first), Some(second.clone()))
        );
        let delete = rows.apply(Update::Delete { key: key() });
        assert_eq!((delete.before, delete.row), (Some(second.clone()), None));
        let data = second;
        assert_eq!(rows.apply(Update::Patch { key: key(), data }).before, None);
    }
}
