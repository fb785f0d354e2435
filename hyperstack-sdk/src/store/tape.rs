//! The records of a tape as one Rust type: decodes and filters them for the reader.

use std::any::Any;
use std::sync::Arc;

use serde_json::Value;

use super::cache::{AnyCache, CacheCounts};
use super::report::Report;
use super::source::Waiting;
use crate::patch::{decode_units, Patch, Record, Units};
use crate::session::{CloseReason, Step, TapeStep};
use crate::stream::{RowError, TapeError, TapeQueue, TapeRecord, Wakers};
use crate::wire::{Cursor, Row, Seq};

/// The records of one reader's tape.
pub(crate) struct TapeLog<T: Record> {
    view: Arc<str>,
    queue: Arc<TapeQueue<T>>,
    /// The values that every record must have.
    filters: Vec<Value>,
}

impl<T: Record> TapeLog<T> {
    /// Creates the log of a reader. Each filter is a patch, whose values every record must have.
    pub(crate) fn new(view: Arc<str>, queue: Arc<TapeQueue<T>>, filters: &[T::Patch]) -> Self {
        let filters = filters.iter().map(json);
        TapeLog {
            view,
            queue,
            filters: filters.collect(),
        }
    }

    fn put(&self, row: &Row<'_>, append: &[impl AsRef<str>], cursor: &Cursor, report: &mut Report) {
        let key = || row.key.clone().into_owned();
        let decoded = T::Patch::decode(row.data, append).map(|patch| (patch, Vec::new()));
        let decoded = decoded.or_else(|_| {
            let (patch, bad) = decode_units(row.data, append, false, Units::Except(&[]))?;
            Ok((*patch, bad.into_iter().map(|bad| bad.error).collect()))
        });
        let (patch, errors) = match decoded {
            Ok((patch, errors)) => (Some(patch), errors),
            Err(error) => (None, vec![error]),
        };
        for error in errors {
            let error = RowError {
                view: self.view.to_string(),
                key: key(),
                cause: error.into(),
            };
            report.row_errors.push(error.clone());
            let cursor = cursor.clone();
            let error = Box::new(error);
            let error = TapeError::Decode { cursor, error };
            self.queue.push(Err(error), &mut report.wakers);
        }
        match patch.filter(|patch| self.passes(patch)) {
            Some(patch) => {
                let record = TapeRecord {
                    key: key(),
                    patch,
                    cursor: cursor.clone(),
                };
                self.queue.push(Ok(record), &mut report.wakers);
            }
            None => self.queue.skip(cursor.next(), &mut report.wakers),
        }
    }

    fn passes(&self, patch: &T::Patch) -> bool {
        if self.filters.is_empty() {
            return true;
        }
        let record = json(patch);
        self.filters.iter().all(|filter| contains(&record, filter))
    }
}

/// A patch as JSON.
fn json(patch: &impl Patch) -> Value {
    // A patch is made of strings, numbers and booleans: it always serializes.
    serde_json::to_value(patch).unwrap_or_default()
}

/// Whether a value has all fields of `part`, with equal values.
fn contains(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::Object(value), Value::Object(part)) => part
            .iter()
            .all(|(name, part)| value.get(name).is_some_and(|value| contains(value, part))),
        _ => value == part,
    }
}

impl<T: Record> AnyCache for TapeLog<T> {
    fn apply(&self, step: &Step<'_>, report: &mut Report) -> Waiting {
        let Step::Tape(step) = step else {
            return Waiting::default();
        };
        let view = || self.view.to_string();
        match step {
            TapeStep::Opened { position, next } => {
                self.queue.open(*position, *next, &mut report.wakers);
            }
            TapeStep::Record {
                gaps,
                row,
                append,
                cursor,
            } => {
                for gap in gaps {
                    let gap = TapeError::Gap(Box::new(gap.clone()));
                    self.queue.push(Err(gap), &mut report.wakers);
                }
                self.put(row, append, cursor, report);
            }
            TapeStep::Gap(gap) => {
                let gap = TapeError::Gap(Box::new(gap.clone()));
                self.queue.push(Err(gap), &mut report.wakers);
            }
            TapeStep::OverLimit(issue) => {
                let (view, issue) = (view(), Box::new(issue.clone()));
                let error = TapeError::OverLimit { view, issue };
                self.queue.push(Err(error), &mut report.wakers);
            }
            TapeStep::End(reason) => {
                let error = TapeError::of_end(reason, view());
                self.queue.end(error, &mut report.wakers);
            }
        }
        Waiting {
            needs_pause: self.queue.pause_if_full(),
            ..Waiting::default()
        }
    }

    fn catch_up(&self, _: &mut Wakers) -> Waiting {
        Waiting::default()
    }

    fn end(&self, reason: &CloseReason, wakers: &mut Wakers) {
        self.queue.end(Some(reason.clone().into()), wakers);
    }

    fn cursor(&self) -> Option<Seq> {
        None
    }

    fn counts(&self) -> CacheCounts {
        CacheCounts {
            queue_depth: self.queue.len(),
            is_ready: self.queue.is_open(),
            ..CacheCounts::default()
        }
    }

    fn has_row(&self, _: &str) -> bool {
        false
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
