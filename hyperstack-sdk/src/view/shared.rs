//! Reads that return rows without copying them.

use std::sync::Arc;

use super::list::ListView;
use super::read::ReadError;
use super::single::SingleView;
use super::state::StateView;
use crate::patch::Record;

/// A view handle that returns rows as `Arc`s from the cache, without copying them.
///
/// Created by `.shared()` on a view handle. The row in your `Arc` never changes: if you keep it, the client copies the
/// row before it applies the next change. For streams, use [`Watch::shared`](crate::Watch::shared).
///
/// ```no_run
/// # use std::sync::Arc;
/// # use hyperstack_sdk::prelude::*;
/// # #[derive(Debug, Clone, PartialEq, Entity, Views)]
/// # struct Player { score: i64 }
/// # async fn run(hs: HyperStack) {
/// let players: Vec<Arc<Player>> = hs.views::<PlayerViews>().list().shared().get().await;
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a handle subscribes to nothing until it is read"]
pub struct Shared<V>(pub(super) V);

impl<T: Record, Kind> Shared<ListView<T, Kind>> {
    /// Like [`ListView::get`].
    pub async fn get(&self) -> Vec<Arc<T>> {
        self.0.read().await.0
    }

    /// Like [`ListView::try_get`].
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub async fn try_get(&self) -> Result<Vec<Arc<T>>, ReadError> {
        let (rows, ready) = self.0.read().await;
        ready.map(|()| rows)
    }

    /// Like [`ListView::get_sync`].
    pub fn get_sync(&self) -> Vec<Arc<T>> {
        self.0.read_now()
    }
}

impl<T: Record> Shared<SingleView<T>> {
    /// Like [`SingleView::get`].
    pub async fn get(&self) -> Option<Arc<T>> {
        self.0.read().await.0
    }

    /// Like [`SingleView::try_get`].
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub async fn try_get(&self) -> Result<Option<Arc<T>>, ReadError> {
        let (row, ready) = self.0.read().await;
        ready.map(|()| row)
    }

    /// Like [`SingleView::get_sync`].
    pub fn get_sync(&self) -> Option<Arc<T>> {
        self.0.read_now()
    }
}

impl<T: Record> Shared<StateView<T>> {
    /// Like [`StateView::get`].
    pub async fn get(&self, key: impl ToString) -> Option<Arc<T>> {
        self.0.read(key).await.0
    }

    /// Like [`StateView::try_get`].
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub async fn try_get(&self, key: impl ToString) -> Result<Option<Arc<T>>, ReadError> {
        let (row, ready) = self.0.read(key).await;
        ready.map(|()| row)
    }

    /// Like [`StateView::get_sync`].
    pub fn get_sync(&self, key: impl ToString) -> Option<Arc<T>> {
        self.0.read_now(key)
    }
}
