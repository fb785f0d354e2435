//! Limits warnings. A decode error is logged once per view and field, and then as a count per minute. A missing
//! field is reported once per view and field.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::trace::DATA;
use crate::session::Time;
use crate::store::MissingField;
use crate::stream::RowError;

/// How long errors of a field are counted before the next warning.
const INTERVAL: Duration = Duration::from_secs(60);

/// The most fields that are tracked. A path can contain a map key, so a view can have any number of paths.
const MOST_FIELDS: usize = 1024;

/// The fields that were warned about.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    /// By view and path.
    fields: Mutex<HashMap<(String, String), Field>>,
    /// By view and field.
    missing: Mutex<HashSet<(String, String)>>,
}

#[derive(Debug)]
struct Field {
    warned: Time,
    /// How many errors occurred since.
    errors: u64,
}

impl Warnings {
    /// Logs an error, unless there was a warning about the same field within a minute.
    pub(super) fn note(&self, error: &RowError, now: Time) {
        let (view, key) = (error.view.as_str(), error.key.as_str());
        match self.count(error, now) {
            Some(0) => tracing::warn!(target: DATA, view, key, "{error}"),
            Some(more) => {
                tracing::warn!(target: DATA, view, key, "{error} (and {more} more of this field since the last warning)")
            }
            None => {}
        }
    }

    /// Notes a missing field. Returns whether this is the first report of it.
    pub(super) fn note_missing(&self, missing: &MissingField) -> bool {
        let field = (missing.view.clone(), missing.field.clone());
        let mut known = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        known.len() < MOST_FIELDS && known.insert(field)
    }

    /// Returns how many errors of the field were not logged, or `None` if this one must not be logged either.
    fn count(&self, error: &RowError, now: Time) -> Option<u64> {
        let mut fields = self.fields.lock().unwrap_or_else(PoisonError::into_inner);
        let field = (error.view.clone(), error.path().to_owned());
        if let Some(field) = fields.get_mut(&field) {
            if now.saturating_sub(field.warned) < INTERVAL {
                field.errors += 1;
                return None;
            }
            field.warned = now;
            return Some(std::mem::take(&mut field.errors));
        }
        if fields.len() >= MOST_FIELDS {
            return None;
        }
        let (warned, errors) = (now, 0);
        fields.insert(field, Field { warned, errors });
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::{JsonPatch, Patch};

    fn error(view: &str) -> RowError {
        let cause = JsonPatch::decode("7", &[""; 0]).unwrap_err().into();
        RowError {
            view: view.to_owned(),
            key: "a".to_owned(),
            cause,
        }
    }

    #[test]
    fn a_field_is_warned_about_once_and_then_counted() {
        let seconds = Time::from_secs;
        let warnings = Warnings::default();
        let (one, other) = (error("A/list"), error("B/list"));
        assert_eq!(warnings.count(&one, seconds(1)), Some(0));
        assert_eq!(warnings.count(&other, seconds(1)), Some(0));
        for second in 2..60 {
            assert_eq!(warnings.count(&one, seconds(second)), None);
        }
        assert_eq!(warnings.count(&one, seconds(61)), Some(58));
        assert_eq!(warnings.count(&one, seconds(200)), Some(0));
        for n in 0..2 * MOST_FIELDS {
            warnings.count(&error(&n.to_string()), seconds(200));
        }
        assert_eq!(warnings.fields.lock().unwrap().len(), MOST_FIELDS);
    }
}
