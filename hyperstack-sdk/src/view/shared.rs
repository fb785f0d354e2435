//! Reading rows without copying them.

use std::sync::Arc;

use super::list::ListView;
use super::read::ReadError;
use super::single::SingleView;
use super::state::StateView;
use crate::patch::Record;

/// A view whose reads return `Arc`s that are shared with the cache: no row is copied. A row that is
/// held on to is not changed by what comes later.
///
/// Of a stream, [`Watch::shared`](crate::Watch::shared) does the same.
#[derive(Debug, Clone)]
#[must_use = "a handle subscribes to nothing until it is read"]
pub struct Shared<V>(pub(super) V);

impl<T: Record, Kind> Shared<ListView<T, Kind>> {
    /// As [`ListView::get`].
    pub async fn get(&self) -> Vec<Arc<T>> {
        self.0.read().await.0
    }

    /// As [`ListView::try_get`].
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub async fn try_get(&self) -> Result<Vec<Arc<T>>, ReadError> {
        let (rows, ready) = self.0.read().await;
        ready.map(|()| rows)
    }

    /// As [`ListView::get_sync`].
    pub fn get_sync(&self) -> Vec<Arc<T>> {
        self.0.read_now()
    }
}

impl<T: Record> Shared<SingleView<T>> {
    /// As [`SingleView::get`].
    pub async fn get(&self) -> Option<Arc<T>> {
        self.0.read().await.0
    }

    /// As [`SingleView::try_get`].
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub async fn try_get(&self) -> Result<Option<Arc<T>>, ReadError> {
        let (row, ready) = self.0.read().await;
        ready.map(|()| row)
    }

    /// As [`SingleView::get_sync`].
    pub fn get_sync(&self) -> Option<Arc<T>> {
        self.0.read_now()
    }
}

impl<T: Record> Shared<StateView<T>> {
    /// As [`StateView::get`].
    pub async fn get(&self, key: impl ToString) -> Option<Arc<T>> {
        self.0.read(key).await.0
    }

    /// As [`StateView::try_get`].
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub async fn try_get(&self, key: impl ToString) -> Result<Option<Arc<T>>, ReadError> {
        let (row, ready) = self.0.read(key).await;
        ready.map(|()| row)
    }

    /// As [`StateView::get_sync`].
    pub fn get_sync(&self, key: impl ToString) -> Option<Arc<T>> {
        self.0.read_now(key)
    }
}
