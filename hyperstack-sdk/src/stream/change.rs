//! What happened to a row.

use std::sync::Arc;

/// A row's change, as readers get it: shared, so that a hundred readers cost a hundred pointers.
#[derive(Debug)]
pub struct Change<T> {
    pub(crate) key: Arc<str>,
    pub(crate) kind: ChangeKind,
    /// Whether the reader had no such row before.
    pub(crate) is_new: bool,
    /// The row before; kept only where a reader asks for it.
    pub(crate) before: Option<Arc<T>>,
    /// The row after; `None` for a delete alone.
    pub(crate) after: Option<Arc<T>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Upsert,
    Patch,
    Delete,
}

impl<T> Change<T> {
    /// Adds what happened to the same row later: from the first `before` to the last `after`. A row that came
    /// and went is a delete of a row that the reader did not have.
    pub(crate) fn fold(&mut self, later: Change<T>) {
        self.kind = match (self.kind, later.kind) {
            (_, ChangeKind::Delete) => ChangeKind::Delete,
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
