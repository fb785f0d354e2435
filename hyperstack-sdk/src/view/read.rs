//! One-time reads of a view, and why they fail.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};

use crate::engine::{ConnectionState, Handle, Place};
use crate::patch::{FilterError, Record};
use crate::session::{CloseReason, Filters, Query, Route, TooManySubscriptions, Window};
use crate::store::{Cache, Outcome, PartialRows, Predicate};
use crate::stream::{EndReason, Item, RowStream, Watch};
use crate::wire::{FrameError, Issue};

/// Why a read failed. Returned by the `try_get` and `try_list` methods.
///
/// ```no_run
/// use hyperstack_sdk::prelude::*;
///
/// # #[derive(Debug, Clone, PartialEq, Entity)]
/// # struct Token { name: Option<String> }
/// # async fn run(hs: HyperStack) {
/// match hs.try_list::<Token>().await {
///     Ok(tokens) => println!("{} tokens", tokens.len()),
///     Err(ReadError::NotYet { waited, .. }) => println!("still loading after {waited:?}"),
///     Err(error) => println!("failed: {error}"),
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The snapshot was not complete within the timeout.
    ///
    /// Retry, or check the entity's name. A v1 server does not answer a subscription to an unknown view, and the client
    /// can return `UnknownView` only after the server has answered for another view.
    #[error("the view \"{view}\" is still incomplete after {waited:?}: the server is slow, or does not know the view")]
    NotYet {
        /// The view's id.
        view: String,
        /// How long the read waited.
        waited: Duration,
    },
    /// The connection is down, and the client could not restore it within the timeout. `get` returns the cached rows,
    /// which may be out of date.
    #[error("not connected: the view \"{view}\" could not be read within {waited:?}")]
    Disconnected {
        /// The view's id.
        view: String,
        /// How long the read waited.
        waited: Duration,
    },
    /// The server does not know the view. A retry does not help.
    #[error("the server does not know the view \"{view}\"")]
    UnknownView {
        /// The view's id.
        view: String,
    },
    /// The view is a [tape](crate::Tape), which has records and no rows.
    #[error("the view \"{view}\" is a tape, which has no rows: read its records with `.tape()`")]
    Tape {
        /// The view's id.
        view: String,
    },
    /// The server rejected the subscription, for example because of a limit.
    #[error("the server rejected the view \"{view}\": {}: {}", issue.code, issue.message)]
    Refused {
        /// The view's id.
        view: String,
        /// The server's error.
        issue: Issue,
    },
    /// The snapshot may lack rows: the client could not decode a message that may have been part of it.
    #[error("the view \"{view}\" may be incomplete: {error}")]
    Incomplete {
        /// The view's id.
        view: String,
        /// The decode error.
        error: FrameError,
    },
    /// Every row lacks a required field, so all rows are hidden. The error names the fields.
    #[error(transparent)]
    Partial(#[from] PartialRows),
    /// The view's filter is invalid: its path does not exist, or the field cannot have its value.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The read would need more subscriptions than [`max_subscriptions`](crate::HyperStackBuilder::max_subscriptions)
    /// allows.
    #[error(transparent)]
    TooManySubscriptions(#[from] TooManySubscriptions),
    /// The client has closed. `get` returns the cached rows.
    #[error("the client is closed: {0}")]
    Closed(#[from] CloseReason),
}

/// A view on the server, with rows of type `T`.
pub(super) struct View<T> {
    handle: Handle,
    id: Arc<str>,
    row: PhantomData<fn() -> T>,
}

impl<T> Clone for View<T> {
    fn clone(&self) -> Self {
        View {
            handle: self.handle.clone(),
            id: self.id.clone(),
            row: PhantomData,
        }
    }
}

impl<T> View<T> {
    pub(super) fn new(handle: Handle, id: &str) -> Self {
        View {
            handle,
            id: id.into(),
            row: PhantomData,
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn shared_id(&self) -> Arc<str> {
        self.id.clone()
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl<T: Record> View<T> {
    /// Queries a part of the view.
    pub(super) fn part(&self, window: Window, filters: Filters) -> Query {
        Query::part(self.id.clone(), window, filters)
    }

    /// Queries the whole view.
    pub(super) fn whole(&self) -> Query {
        self.part(Window::default(), Filters::new())
    }

    /// Queries one row.
    pub(super) fn key(&self, key: impl ToString) -> Query {
        Query::key(self.id.clone(), key.to_string().into())
    }

    /// Waits until the query is ready, for at most the initial data timeout. Then calls `read` with the
    /// cache and the query's route. Returns its result, and an error if the query is not ready.
    pub(super) async fn read<R: Default>(
        &self,
        query: Query,
        read: impl FnOnce(&Cache<T>, &Route) -> R,
    ) -> (R, Result<(), ReadError>) {
        let engine = self.handle.engine();
        let waited = engine.initial_data_timeout();
        let view = || self.id.to_string();
        let (mut place, mut _demand) = match engine.want::<T>(&query) {
            Ok(wanted) => wanted,
            Err(reason) => return (R::default(), Err(reason.into())),
        };
        let outcome = async {
            loop {
                let outcome = place.cache.outcome(&query.target, place.route.needed);
                match outcome.await {
                    // The protocol version changed, and with it the source.
                    Outcome::Moved => (place, _demand) = engine.want(&query)?,
                    outcome => return Ok(outcome),
                }
            }
        };
        let outcome = {
            let mut outcome = std::pin::pin!(outcome);
            // Rows that are ready need no timer, and so no runtime.
            match outcome.as_mut().now_or_never() {
                Some(outcome) => Ok(outcome),
                None => tokio::time::timeout(waited, outcome).await,
            }
        };
        let outcome = match outcome {
            Ok(Ok(Outcome::Ready | Outcome::Moved)) => match place.cache.partial(&query.target) {
                None => Ok(()),
                Some(rows) => Err(ReadError::Partial(rows)),
            },
            Ok(Err(error)) => Err(ReadError::TooManySubscriptions(error)),
            Ok(Ok(Outcome::Incomplete(error))) => Err(ReadError::Incomplete {
                view: view(),
                error,
            }),
            Ok(Ok(Outcome::Refused(issue))) => Err(ReadError::Refused {
                view: view(),
                issue,
            }),
            Ok(Ok(Outcome::Tape)) => Err(ReadError::Tape { view: view() }),
            Ok(Ok(Outcome::UnknownView)) => Err(ReadError::UnknownView { view: view() }),
            Ok(Ok(Outcome::Ended(reason))) => Err(ReadError::Closed(reason)),
            Err(_) => Err(match engine.state() {
                ConnectionState::Connected => ReadError::NotYet {
                    view: view(),
                    waited,
                },
                _ => ReadError::Disconnected {
                    view: view(),
                    waited,
                },
            }),
        };
        (read(&place.cache, &place.route), outcome)
    }

    /// Returns a row as the client holds it now.
    pub(super) fn held_row(&self, key: &str) -> Option<Arc<T>> {
        let (row, _) = self.handle.engine().held_row(&self.id, key)?;
        Some(row)
    }

    /// Returns the paths of a row's stale fields.
    pub(super) fn stale_fields(&self, key: &str) -> Vec<String> {
        let held = self.handle.engine().held_row::<T>(&self.id, key);
        held.map(|(_, cache)| cache.stale_fields(key))
            .unwrap_or_default()
    }

    /// Returns where the query's rows are cached, if it is read now.
    pub(super) fn cached(&self, query: &Query) -> Option<Place<T>> {
        self.handle.engine().cached(query)
    }

    /// Makes a lazy stream of the rows of these queries that pass the filter.
    pub(super) fn stream<I: Item<Row = T>>(
        &self,
        queries: Vec<Query>,
        filter: Option<Predicate<T>>,
    ) -> Watch<I> {
        let engine = self.handle.engine().clone();
        Watch::new(self.handle.connection(), move |options| {
            engine.subscribe(queries.clone(), filter.clone(), options)
        })
    }
}

/// Waits for a row of the stream that `predicate` accepts.
pub(super) async fn wait_for<T: Record>(
    rows: RowStream<T>,
    mut predicate: impl FnMut(&T) -> bool,
) -> Result<T, EndReason> {
    let mut rows = rows.shared();
    while let Some(row) = rows.next().await {
        if predicate(&row) {
            return Ok(owned(row));
        }
    }
    let reason = rows.end_reason().cloned();
    // A stream that has ended has a reason.
    Err(reason.unwrap_or(EndReason::NothingToWatch))
}

/// The row itself, copied out of the cache.
pub(super) fn owned<T: Clone>(row: Arc<T>) -> T {
    (*row).clone()
}
