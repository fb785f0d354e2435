//! The change of a row, as queues hold it.

use std::sync::Arc;

use crate::session::RemovalCause;

/// A change of a row. Readers share its rows, so that a hundred readers cost a hundred pointers.
#[derive(Debug)]
pub struct Change<T> {
    pub(crate) key: Arc<str>,
    pub(crate) kind: ChangeKind,
    /// Whether the reader had no such row before.
    pub(crate) is_new: bool,
    /// The row before. Kept only if a reader wants it.
    pub(crate) before: Option<Arc<T>>,
    /// The row after. `None` only for a removed row.
    pub(crate) after: Option<Arc<T>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Upsert,
    Patch,
    Remove(RemovalCause),
}

impl ChangeKind {
    /// Returns why the row is gone.
    pub(crate) fn removal(self) -> RemovalCause {
        match self {
            ChangeKind::Remove(cause) => cause,
            ChangeKind::Upsert | ChangeKind::Patch => RemovalCause::NotInResult,
        }
    }
}

impl<T> Change<T> {
    /// Creates the removal of a row.
    pub(crate) fn removal(key: Arc<str>, row: Option<Arc<T>>, cause: RemovalCause) -> Self {
        Change {
            key,
            kind: ChangeKind::Remove(cause),
            is_new: false,
            before: row,
            after: None,
        }
    }

    /// Merges a later change of the same row into this one: keeps `before`, and takes the later `after`. A row that
    /// was created and removed becomes the removal of a row that the reader never had.
    pub(crate) fn fold(&mut self, later: Change<T>) {
        self.kind = match (self.kind, later.kind) {
            (_, remove @ ChangeKind::Remove(_)) => remove,
            (ChangeKind::Patch, ChangeKind::Patch) => ChangeKind::Patch,
            _ => ChangeKind::Upsert,
        };
        self.after = later.after;
    }
}

impl<T> Clone for Change<T> {
    fn clone(&self) -> Self {
        Change {
            key: self.key.clone(),
            kind: self.kind,
            is_new: self.is_new,
            before: self.before.clone(),
            after: self.after.clone(),
        }
    }
}
