//! Reading a view once.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use crate::engine::{ConnectionState, Handle, Place};
use crate::patch::{FilterError, Record};
use crate::session::{CloseReason, Filters, Query, Route, TooManySubscriptions, Window};
use crate::store::{Cache, Outcome, PartialRows, Predicate};
use crate::stream::{Item, Watch};
use crate::wire::{FrameError, Issue};

/// Why a read has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The server has not sent it all yet. Trying again may help, unless the entity's name is wrong:
    /// of an entity that it does not know the server says nothing, which is found out only once it
    /// has answered for another one.
    #[error("the view \"{view}\" is not complete after {waited:?}: the server is slow or away, or does not know the entity")]
    NotYet {
        /// The view's id.
        view: String,
        /// How long the read waited.
        waited: Duration,
    },
    /// There is no connection now, and none was restored while the read waited. What the cache held is
    /// what `get` returns; it may be old.
    #[error("not connected: the view \"{view}\" is not known to be current after {waited:?}")]
    Disconnected {
        /// The view's id.
        view: String,
        /// How long the read waited.
        waited: Duration,
    },
    /// The server knows no such view. It may after an update of the server; trying again now does
    /// not help.
    #[error("the server does not know the view \"{view}\"")]
    UnknownView {
        /// The view's id.
        view: String,
    },
    /// The view is a tape: a log of events, which has no rows.
    #[error("the view \"{view}\" is a tape: it has events, not rows")]
    Tape {
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
    /// Rows arrived, but each lacks a required field, so none is shown.
    #[error(transparent)]
    Partial(#[from] PartialRows),
    /// The filter asks for what no row can have.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The client keeps too many subscriptions to add this read's.
    #[error(transparent)]
    TooManySubscriptions(#[from] TooManySubscriptions),
    /// The client ended. `get` returns what the cache holds.
    #[error("no connection: {0}")]
    Closed(#[from] CloseReason),
}

/// A view of the server's, as rows of `T`.
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

    /// Waits until the query is ready, at most for the initial data timeout. Then calls `read` with the
    /// cache and the query's route, and returns with its result the reason why the query may not
    /// be ready.
    pub(super) async fn read<R: Default>(
        &self,
        query: Query,
        read: impl FnOnce(&Cache<T>, &Route) -> R,
    ) -> (R, Result<(), ReadError>) {
        let shared = self.handle.engine();
        let waited = shared.initial_data_timeout();
        let view = || self.id.to_string();
        let (mut place, mut _demand) = match shared.want::<T>(&query) {
            Ok(wanted) => wanted,
            Err(reason) => return (R::default(), Err(reason.into())),
        };
        let outcome = async {
            loop {
                let outcome = place.cache.outcome(&query.target, place.route.needed);
                match outcome.await {
                    // The protocol generation changed, and with it the source.
                    Outcome::Moved => (place, _demand) = shared.want(&query)?,
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
            Err(_) => Err(match shared.state() {
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

    /// Returns the paths of a row's fields whose latest value did not fit.
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
        let shared = self.handle.engine().clone();
        Watch::new(move |options| shared.subscribe(queries, filter, options))
    }
}

/// The row itself, copied out of the cache.
pub(super) fn owned<T: Clone>(row: Arc<T>) -> T {
    (*row).clone()
}
