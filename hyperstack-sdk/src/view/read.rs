//! Reading a view once.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::Handle;
use crate::patch::Record;
use crate::session::{EndReason, Target, Window};
use crate::store::{Cache, Outcome, Selection};
use crate::stream::{Item, Watch};
use crate::wire::{FrameError, Issue};

/// Why a read has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The server has not sent it all yet. Trying again may help, unless the entity's name is wrong:
    /// of an entity that it does not know the server says nothing, which is found out only once it
    /// has answered for another one.
    #[error("the view \"{view}\" is not complete after {waited:?}: the server is slow or away, or knows no such entity")]
    NotYet {
        /// The view's id.
        view: String,
        /// How long the read waited.
        waited: Duration,
    },
    /// The server knows no such view. It may after an update of the server; trying again now does
    /// not help.
    #[error("the server knows no view \"{view}\"")]
    UnknownView {
        /// The view's id.
        view: String,
    },
    /// The server refused the subscription.
    #[error("the server refused the view \"{view}\": {}: {}", issue.code, issue.message)]
    Refused {
        /// The view's id.
        view: String,
        /// What the server said.
        issue: Issue,
    },
    /// The snapshot is over, but a message that may have been part of it could not be read.
    #[error("the view \"{view}\" may be incomplete: {error}")]
    Incomplete {
        /// The view's id.
        view: String,
        /// What could not be read.
        error: FrameError,
    },
    /// The connection ended for good; what the cache held is what `get` returns.
    #[error("no connection: {0}")]
    Ended(#[from] EndReason),
}

/// A view of the server's, as rows of `T`.
pub(super) struct View<T> {
    handle: Handle,
    id: Arc<str>,
    window: Window,
    row: std::marker::PhantomData<fn() -> T>,
}

impl<T> Clone for View<T> {
    fn clone(&self) -> Self {
        View {
            handle: self.handle.clone(),
            id: self.id.clone(),
            window: self.window,
            row: self.row,
        }
    }
}

impl<T> View<T> {
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

impl<T: Record> View<T> {
    pub(super) fn new(handle: Handle, id: &str, window: Window) -> Self {
        View {
            handle,
            id: id.into(),
            window,
            row: std::marker::PhantomData,
        }
    }

    /// Waits until `target` is ready, at most for the initial data timeout, then reads the cache
    /// by `read`, together with the reason why it may not have been ready.
    pub(super) async fn read<R>(
        &self,
        target: Target,
        read: impl FnOnce(&Cache<T>) -> R,
    ) -> (R, Result<(), ReadError>) {
        let shared = self.handle.shared();
        let (cache, _interest) = shared.want::<T>(&self.id, vec![target.clone()], self.window);
        let waited = shared.initial_data_timeout();
        let view = || self.id.to_string();
        let outcome = match tokio::time::timeout(waited, cache.outcome(&target)).await {
            Ok(Outcome::Ready) => Ok(()),
            Ok(Outcome::Spoiled(error)) => Err(ReadError::Incomplete {
                view: view(),
                error,
            }),
            Ok(Outcome::Refused(issue)) => Err(ReadError::Refused {
                view: view(),
                issue,
            }),
            Ok(Outcome::UnknownView) => Err(ReadError::UnknownView { view: view() }),
            Ok(Outcome::Ended(reason)) => Err(ReadError::Ended(reason)),
            Err(_) => Err(ReadError::NotYet {
                view: view(),
                waited,
            }),
        };
        (read(&cache), outcome)
    }

    /// A lazy stream over the rows that `selection` names.
    pub(super) fn stream<I: Item<Row = T>>(&self, selection: Selection) -> Watch<I> {
        let shared = self.handle.shared().clone();
        let (id, window) = (self.id.clone(), self.window);
        Watch::new(move |options| shared.subscribe(&id, selection, window, options))
    }
}

/// The row itself, copied out of the cache.
pub(super) fn owned<T: Clone>(row: Arc<T>) -> T {
    (*row).clone()
}
