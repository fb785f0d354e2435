//! Reading a view once.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::Handle;
use crate::patch::Patchable;
use crate::session::{EndReason, Target, Window};
use crate::store::{Cache, Readiness, Selection};
use crate::stream::{Item, Watch};

/// Why a read has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The server has not sent it all yet. Trying again may help.
    #[error("the view \"{view}\" is not complete after {waited:?}")]
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
    /// The connection ended for good before the view was complete.
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

impl<T: Patchable> View<T> {
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
        let (cache, _interest) = shared.want::<T>(&self.id, target.clone(), self.window);
        let waited = shared.initial_data_timeout();
        let ready = poll_fn(|context| cache.poll_ready(&target, context));
        let view = || self.id.to_string();
        let outcome = match tokio::time::timeout(waited, ready).await {
            Ok(Readiness::Ready) => Ok(()),
            Ok(Readiness::UnknownView) => Err(ReadError::UnknownView { view: view() }),
            Ok(Readiness::Ended(reason)) => Err(ReadError::Ended(reason)),
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
