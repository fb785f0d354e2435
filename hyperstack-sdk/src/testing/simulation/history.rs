//! Every state that the server's rows had, and every patch of them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::row::{decode, Pool, Said};

/// The past of every row.
#[derive(Default)]
pub(super) struct History(BTreeMap<String, Past>);

#[derive(Default)]
struct Past {
    states: Vec<Pool>,
    said: Vec<Said>,
}

impl History {
    /// Notes a patch.
    pub(super) fn hear(&mut self, key: &str, patch: &Value) {
        self.past(key).said.push(Said::by(patch));
    }

    /// Notes the row's present state.
    pub(super) fn see(&mut self, key: &str, row: &Value) {
        if let Some(row) = decode(row) {
            let states = &mut self.past(key).states;
            if !states.contains(&row) {
                states.push(row);
            }
        }
    }

    /// Whether the row ever had this state.
    pub(super) fn was(&self, key: &str, row: &Pool) -> bool {
        let past = self.0.get(key);
        past.is_some_and(|past| past.states.contains(row))
    }

    /// Whether each field ever had this value. A field without a value passes.
    pub(super) fn was_in_part(&self, key: &str, row: &Pool) -> bool {
        let Some(past) = self.0.get(key) else {
            return false;
        };
        let said = |field: &dyn Fn(&Said) -> bool| past.said.iter().any(field);
        let meta = &row.meta;
        said(&|said| said.name.as_ref() == Some(&row.name))
            && (row.score.is_none() || said(&|said| said.score == Some(row.score)))
            && (row.limit.is_none() || said(&|said| said.limit == row.limit))
            && (meta.status.is_none() || said(&|said| said.status.as_ref() == Some(&meta.status)))
            && (meta.level.is_none() || said(&|said| said.level == Some(meta.level)))
            && row
                .log
                .iter()
                .all(|item| said(&|said| said.log.contains(item)))
    }

    fn past(&mut self, key: &str) -> &mut Past {
        self.0.entry(key.to_owned()).or_default()
    }
}
