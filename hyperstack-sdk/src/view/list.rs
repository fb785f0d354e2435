//! Handles to the rows of a view.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::part::Part;
use super::read::ReadError;
use super::read::{owned, wait_for, View};
use super::shared::Shared;
use super::single::SingleView;
use crate::engine::{Handle, Place};
use crate::patch::{FilterError, FilterValue, Record};
use crate::session::{Query, Route, Window};
use crate::store::Cache;
use crate::stream::{
    EndReason, EntityStream, Item, RichEntityStream, RowStream, TryEntityStream, Watch,
    WindowStream,
};
use crate::wire::Seq;

/// A handle to the rows of a view: all entities of a type, or a derived view ([`WindowView`]).
///
/// `views.list()` and the generated accessors return it. Read the rows once with [`get`](Self::get), or stream
/// them with [`watch`](Self::watch). Rows come in the view's order: the most recently changed first for an
/// entity's list, the declared sort for a derived view.
///
/// # Filters and windows
///
/// [`filter`](Self::filter), [`skip`](Self::skip) and [`take`](Self::take) return a handle to a part of the view.
/// They always apply in this order, whatever the order of the calls: a window counts only rows that pass the
/// filter.
///
/// A stream follows its part of the view. A row that enters yields an upsert, or a patch if a patch brought it in.
/// A row that leaves yields a delete, after the row that takes its place.
///
/// ```no_run
/// # use hyperstack_sdk::prelude::*;
/// # #[derive(Debug, Clone, PartialEq, Entity, Views)]
/// # struct Round { state: State }
/// # #[derive(Debug, Clone, PartialEq, Section)]
/// # struct State { status: String }
/// # async fn run(hs: HyperStack) {
/// let active = hs.views::<RoundViews>().list().filter("state.status", "active");
/// let all: Vec<Round> = active.get().await;
/// let mut latest_five = active.take(5).watch();
/// # }
/// ```
///
/// # Server generations
///
/// A v2 server applies filters and windows itself, and each distinct part of a view has its own subscription. The
/// client applies a filter that the server would compare differently: one with `null` or a fraction. A row that
/// was deleted, or is missing from a full snapshot, yields a delete.
///
/// With a v1 server, all parts of a view share one subscription, and the client applies filters and windows.
/// An entity's list only grows: the server never announces a deletion and keeps only the latest 500 rows, so rows
/// that are missing from a new snapshot stay. In a derived view, they yield a delete.
///
/// With a v1 server, rows without a sort value come first, and equal values are ordered by key. Rows sorted by
/// text keep the order in which the server sends them. In such a view, a delete can precede the row that takes
/// its place.
#[must_use = "a handle subscribes to nothing until it is read"]
pub struct ListView<T: Record, Kind = Entities> {
    pub(super) view: View<T>,
    part: Part<T>,
    kind: PhantomData<fn() -> Kind>,
}

/// A handle to the rows of a derived view, which the server keeps sorted and limited.
///
/// It has all methods of [`ListView`] except the snapshot options.
///
/// # Windows with a v1 server
///
/// The client requests the smallest window that covers all readers of the view, so a [`take`](ListView::take) can
/// exceed the limit that the view declares (by default, 100 rows). A [`skip`](ListView::skip) without a `take`
/// skips rows of the declared window.
///
/// While another reader has the view without a `take`, or with a filter, the server sends the declared window
/// only. A `take` beyond it then yields no more rows, and a stream with such a `take` gets deletes for the rows
/// that leave. A reader counts until its subscription has [lingered](crate::HyperStackBuilder::linger).
pub type WindowView<T> = ListView<T, Derived>;

/// Marks the [`ListView`] of an entity's list, which has all entities of the type.
#[derive(Debug)]
pub enum Entities {}

/// Marks the [`ListView`] of a derived view.
#[derive(Debug)]
pub enum Derived {}

impl<T: Record, Kind> ListView<T, Kind> {
    pub(crate) fn new(handle: Handle, id: &str) -> Self {
        ListView {
            view: View::new(handle, id),
            part: Part::new(Window::default()),
            kind: PhantomData,
        }
    }

    /// Returns the view's id, such as `OreRound/list`.
    pub fn id(&self) -> &str {
        self.view.id()
    }

    /// Keeps rows whose field at `path` equals `value`. Several filters are combined with AND.
    ///
    /// `path` consists of wire names joined by dots, such as `state.status`. `value` is text, a number, `true`, a leaf
    /// such as `Phase::Open`, `None::<T>` for null, or `json!(..)`; see [`FilterValue`]. To filter with a closure, use
    /// [`filter_rows`](Self::filter_rows).
    ///
    /// Values are compared as the field's type, so `"7"` equals the integer 7. If `value` is an object, only the
    /// fields that it has are compared. `null` never matches a field that is not nullable.
    ///
    /// ```no_run
    /// # use hyperstack_sdk::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Entity, Views)]
    /// # struct Player { team: String, score: i64 }
    /// # async fn run(hs: HyperStack) {
    /// let players = hs.views::<PlayerViews>().list();
    /// let reds = players.filter("team", "red").filter("score", 0).get().await;
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A path that is not in the row's struct, or a value that the field cannot have, is an error of the first
    /// read: `try_get` returns [`ReadError::Filter`], `get` returns no rows and logs a warning, and a stream ends
    /// with [`EndReason::Filter`].
    pub fn filter(mut self, path: &str, value: impl FilterValue) -> Self {
        self.part = self.part.filter(path, value.into_json());
        self
    }

    /// Keeps rows that `predicate` accepts.
    ///
    /// The client applies it, before `skip` and `take`, so it needs the whole view: every row of the view is sent. If a
    /// field's value decides, [`filter`](Self::filter) sends less. `predicate` must depend on the row alone: it runs
    /// only when a row changes.
    ///
    /// ```no_run
    /// # use hyperstack_sdk::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Entity, Views)]
    /// # struct Player { name: String, score: i64 }
    /// # async fn run(hs: HyperStack) {
    /// let best = hs.views::<PlayerViews>().list().filter_rows(|player| player.score > 100);
    /// let first_five = best.take(5).get().await;
    /// # }
    /// ```
    pub fn filter_rows(mut self, predicate: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        self.part = self.part.filter_rows(Arc::new(predicate));
        self
    }

    /// Limits the window to the first `rows` rows. A second call replaces the first.
    pub fn take(mut self, rows: usize) -> Self {
        self.part.window.take = Some(rows as u64);
        self
    }

    /// Skips the first `rows` rows. A second call replaces the first.
    pub fn skip(mut self, rows: usize) -> Self {
        self.part.window.skip = rows as u64;
        self
    }

    /// Returns a handle to the first row, which follows it when another row takes the first place.
    ///
    /// ```no_run
    /// # use hyperstack_sdk::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Entity, Views)]
    /// # #[view(by_score)]
    /// # struct Player { team: String }
    /// # async fn run(hs: HyperStack) {
    /// let players = hs.views::<PlayerViews>().by_score();
    /// let best_red: Option<Player> = players.filter("team", "red").first().get().await;
    /// # }
    /// ```
    pub fn first(self) -> SingleView<T> {
        SingleView::of(self.take(1))
    }

    /// Returns a handle that reads the same rows as `Arc`s shared with the cache, without copying them.
    pub fn shared(&self) -> Shared<Self> {
        Shared(self.clone())
    }

    /// Returns the rows.
    ///
    /// Waits until the view is complete, for at most
    /// [`initial_data_timeout`](crate::HyperStackBuilder::initial_data_timeout) (default: 5 seconds). If the wait
    /// fails, returns the rows that have arrived; [`try_get`](Self::try_get) returns the error.
    ///
    /// # Panics
    ///
    /// Panics if it must wait outside of a Tokio runtime. Rows in the cache are returned without one.
    pub async fn get(&self) -> Vec<T> {
        all_owned(self.read().await.0)
    }

    /// Like [`get`](Self::get), but tells an empty view from one that is still loading and one that failed.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. An empty view is `Ok`, with no rows. If every row lacks a required field, the error is
    /// [`ReadError::Partial`].
    ///
    /// # Panics
    ///
    /// Panics if it must wait outside of a Tokio runtime. Rows in the cache are returned without one.
    pub async fn try_get(&self) -> Result<Vec<T>, ReadError> {
        let (rows, ready) = self.read().await;
        ready.map(|()| all_owned(rows))
    }

    /// Returns the rows in the cache, without waiting.
    ///
    /// Does not subscribe. The cache holds rows only while a reader has the view (with a v2 server: this part of the
    /// view), and for a few seconds after (see [`linger`](crate::HyperStackBuilder::linger)). Rows can be out of date
    /// while the connection is down.
    pub fn get_sync(&self) -> Vec<T> {
        all_owned(self.read_now())
    }

    /// Returns the fields of the row with this key that are out of date; see
    /// [`StateView::stale_fields`](crate::StateView::stale_fields).
    pub fn stale_fields(&self, key: impl ToString) -> Vec<String> {
        self.view.stale_fields(&key.to_string())
    }

    /// Streams updates: first an upsert for each current row, then every change.
    ///
    /// The stream subscribes when you first poll it; see [`Watch`].
    pub fn watch(&self) -> EntityStream<T> {
        self.stream()
    }

    /// Streams plain rows: first the current ones, then each row after it changes.
    ///
    /// Rows that leave are not reported.
    pub fn listen(&self) -> RowStream<T> {
        self.stream()
    }

    /// Streams updates like [`watch`](Self::watch), with each row before and after a change.
    pub fn watch_rich(&self) -> RichEntityStream<T> {
        self.stream()
    }

    /// Streams updates like [`watch`](Self::watch), and also errors, such as decode errors and the end of the
    /// stream.
    ///
    /// See [`StreamError`](crate::StreamError).
    pub fn try_watch(&self) -> TryEntityStream<T> {
        self.stream()
    }

    /// Streams the whole window: all its rows in order, first when they are complete and then after each change.
    ///
    /// The rows are `Arc`s shared with the cache; see [`Watch::windows`].
    ///
    /// ```no_run
    /// # use hyperstack_sdk::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Entity, Views)]
    /// # #[view(by_score)]
    /// # struct Player { name: String }
    /// # async fn run(hs: HyperStack) {
    /// let mut boards = hs.views::<PlayerViews>().by_score().take(10).watch_window();
    /// while let Some(players) = boards.next().await {
    ///     let names: Vec<&str> = players.iter().map(|player| &*player.name).collect();
    ///     println!("{}", names.join(", "));
    /// }
    /// # }
    /// ```
    pub fn watch_window(&self) -> WindowStream<T> {
        self.stream()
    }

    /// Waits for a row that `predicate` accepts, and returns it. A row that is there already counts.
    ///
    /// Waits without a limit: for one, use `tokio::time::timeout`. Cancel safe.
    ///
    /// # Errors
    ///
    /// Why no such row can come any more, for example because the client has closed.
    pub async fn wait_for(&self, predicate: impl FnMut(&T) -> bool) -> Result<T, EndReason> {
        wait_for(self.listen(), predicate).await
    }

    pub(super) fn of_kind<Other>(self) -> ListView<T, Other> {
        ListView {
            view: self.view,
            part: self.part,
            kind: PhantomData,
        }
    }

    pub(super) async fn read(&self) -> (Vec<Arc<T>>, Result<(), ReadError>) {
        let filter = match self.part.predicate() {
            Ok(filter) => filter,
            Err(error) => {
                self.warn(&error);
                return (Vec::new(), Err(error.into()));
            }
        };
        let query = self.query();
        let rows = |cache: &Cache<T>, route: &Route| {
            let filter = filter.as_ref().filter(|_| route.filters_locally);
            cache.list(route.local, filter)
        };
        self.view.read(query, rows).await
    }

    pub(super) fn read_now(&self) -> Vec<Arc<T>> {
        let filter = match self.part.predicate() {
            Ok(filter) => filter,
            Err(error) => {
                self.warn(&error);
                return Vec::new();
            }
        };
        let Some(Place { cache, route }) = self.view.cached(&self.query()) else {
            return Vec::new();
        };
        let filter = filter.as_ref().filter(|_| route.filters_locally);
        cache.list(route.local, filter)
    }

    fn query(&self) -> Query {
        self.view.part(self.part.window, self.part.filters())
    }

    fn stream<I: Item<Row = T>>(&self) -> Watch<I> {
        match self.part.predicate() {
            Ok(filter) => self.view.stream(vec![self.query()], filter),
            Err(error) => {
                self.warn(&error);
                Watch::ended(EndReason::Filter(error))
            }
        }
    }

    fn warn(&self, error: &FilterError) {
        tracing::warn!("invalid filter on view {}: {error}", self.id());
    }
}

impl<T: Record> ListView<T> {
    /// Sets whether a stream starts with the current rows. Default: `true`.
    ///
    /// With `false`, a stream yields only rows that change from now on. After a reconnect, it also yields what
    /// changed meanwhile in the rows that it has yielded before. [`get`](Self::get) is not affected.
    pub fn with_snapshot(mut self, yes: bool) -> Self {
        self.part.window.no_snapshot = !yes;
        self
    }

    /// Limits the current rows to those that changed after this position. Later changes of other rows follow.
    ///
    /// [`Stats::last_seq`](crate::Stats::last_seq) is such a position; `"<slot>:<index>".parse()` reads one from
    /// text. Positions are not unique and not always in order: to miss no change, go back by a few slots.
    pub fn after(mut self, position: Seq) -> Self {
        self.part.window.after = Some(position);
        self
    }

    /// Limits how many of the current rows a stream starts with.
    ///
    /// It starts with the latest `rows` rows or, with [`after`](Self::after), the first ones after that position.
    /// Unlike [`take`](Self::take), this is not a window: later changes of all rows follow. [`get`](Self::get)
    /// returns only these rows.
    pub fn with_snapshot_limit(mut self, rows: usize) -> Self {
        self.part.window.snapshot_limit = Some(rows as u64);
        self
    }
}

fn all_owned<T: Clone>(rows: Vec<Arc<T>>) -> Vec<T> {
    rows.into_iter().map(owned).collect()
}

impl<T: Record, Kind> Clone for ListView<T, Kind> {
    fn clone(&self) -> Self {
        ListView {
            view: self.view.clone(),
            part: self.part.clone(),
            kind: PhantomData,
        }
    }
}

impl<T: Record> From<ListView<T>> for WindowView<T> {
    /// Makes one type of the handles to an entity's list and to derived views.
    fn from(list: ListView<T>) -> Self {
        list.of_kind()
    }
}

impl<T: Record, Kind> fmt::Debug for ListView<T, Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ListView").field(&self.view.id()).finish()
    }
}
