//! Handles to the rows of a view.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::part::Part;
use super::read::ReadError;
use super::read::{owned, wait_for, View};
use super::shared::Shared;
use super::single::SingleView;
use super::tape::Tape;
use crate::engine::{Handle, Place};
use crate::patch::{FieldPath, FilterError, FilterValue, Record};
use crate::session::{Query, Route, Window};
use crate::store::Cache;
use crate::stream::{
    EndReason, EntityStream, Item, RichEntityStream, RowStream, TryEntityStream, Watch,
    WindowStream,
};
use crate::wire::Seq;

/// A handle to a view with many rows: an entity's list, or a *derived view*, which the server sorts and limits.
///
/// `views.list()` returns it, and so do the accessors of `#[view(..)]`, where it is called [`WindowView`]. Read the
/// rows once with [`get`](Self::get), or stream them with [`watch`](Self::watch). Rows come in the view's order: the
/// most recently changed first in a list, the server's sort in a derived view.
///
/// # Filters and windows
///
/// [`filter`](Self::filter), [`filter_rows`](Self::filter_rows), [`skip`](Self::skip) and [`take`](Self::take) return
/// a handle to a part of the view. The order of the calls does not matter: filters apply first, then `skip`, then
/// `take`. Clone a handle to keep the original.
///
/// A stream follows its part of the view. A row that enters yields an upsert or a patch. A row that leaves yields a
/// delete. If another row takes its place, the stream yields the new row first, then the delete. In a list, every
/// change moves its row to the front, and so into `take(5)`.
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
/// # Protocol versions
///
/// A v2 server applies filters and windows, and each distinct filter or window is a subscription of its own. If a
/// filter has `null` or a fraction, or is a closure, the client requests the whole view and applies filters and window
/// itself.
///
/// With a v1 server, all parts of a view share one subscription, and the client applies filters and windows. The
/// client's copy of a list only grows. A v1 server does not announce deletions in lists, and its snapshots have only
/// the latest 500 rows (by default), so a row that is missing from a snapshot may still exist. In a derived view, a
/// missing row yields a delete.
///
/// A derived view of a v1 server has rows without a sort value first, and orders equal values by key. Rows that are
/// sorted by text keep the server's order. In such a view, the delete can come before the row that takes its place.
#[must_use = "a handle subscribes to nothing until it is read"]
pub struct ListView<T: Record, Kind = Entities> {
    pub(super) view: View<T>,
    part: Part<T>,
    kind: PhantomData<fn() -> Kind>,
}

/// A handle to a derived view: rows that the server sorts and limits.
///
/// It has all methods of [`ListView`] except `with_snapshot`, `after` and `with_snapshot_limit`.
///
/// # Windows with a v1 server
///
/// A v1 server sends one window per view. The stack declares its size (by default, 100 rows). If all readers of the
/// view use [`take`](ListView::take) and no filter, the client requests the smallest window that covers them, which
/// can be larger than the declared one. [`skip`](ListView::skip) without `take` skips rows of the declared window.
///
/// If another reader uses the view without `take`, or with a filter, the server sends only the declared window. A
/// larger `take` is then cut, and its stream yields a delete for each row beyond. This lasts until that reader's
/// subscription ends, 5 seconds after its last use ([`linger`](crate::HyperStackBuilder::linger)).
pub type WindowView<T> = ListView<T, Derived>;

/// Marks the [`ListView`] of an entity's list.
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
    /// The value is decoded as the field's type: for an integer field, `"7"` equals 7. An object compares only the
    /// fields that it has, if the field is a section, a map or raw JSON. A leaf or a list is compared as a whole.
    ///
    /// `null` matches a nullable field that is null, and a field with `default` that has its default value.
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
    /// A v2 server compares what it stores. A field that it never sent does not match the value of `#[field(default)]`,
    /// and a field that it sends under an `alias` is not found.
    ///
    /// # Errors
    ///
    /// If the path is not in the row's struct, or the field's type does not allow the value, every read fails:
    /// `try_get` returns [`ReadError::Filter`], `get` logs a warning and returns no rows, and a stream ends with
    /// [`EndReason::Filter`].
    pub fn filter(mut self, path: impl FieldPath, value: impl FilterValue) -> Self {
        self.part = self.part.filter(path.as_text(), value.into_json());
        self
    }

    /// Keeps rows for which `predicate` returns `true`. Several filters are combined with AND.
    ///
    /// The client calls `predicate`, before `skip` and `take`, so the server sends the whole view. To test a field for
    /// equality, prefer [`filter`](Self::filter), which a v2 server applies.
    ///
    /// `predicate` must depend on the row alone, not on the time or on other state: a stream calls it for the first
    /// rows, and then only for rows that change.
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

    /// Limits the window to `rows` rows, after those that [`skip`](Self::skip) skips. A later call replaces an earlier
    /// one.
    pub fn take(mut self, rows: usize) -> Self {
        self.part.window.take = Some(rows as u64);
        self
    }

    /// Skips the first `rows` rows. A later call replaces an earlier one.
    ///
    /// The window moves with the rows: if a row enters before it, one row leaves the window and another one enters.
    pub fn skip(mut self, rows: usize) -> Self {
        self.part.window.skip = rows as u64;
        self
    }

    /// Returns a handle to the first row of this part of the view. If another row becomes the first, the handle reads
    /// that row.
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

    /// Returns a handle that reads the same rows as `Arc`s from the cache, without copying them.
    pub fn shared(&self) -> Shared<Self> {
        Shared(self.clone())
    }

    /// Returns the rows, in the view's order.
    ///
    /// Waits at most [`initial_data_timeout`](crate::HyperStackBuilder::initial_data_timeout) (default: 5 seconds) for
    /// the complete snapshot. If the read fails or times out, returns the rows that have arrived;
    /// [`try_get`](Self::try_get) returns the error.
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime, unless the rows are cached.
    pub async fn get(&self) -> Vec<T> {
        all_owned(self.read().await.0)
    }

    /// Like [`get`](Self::get), but returns an error if the read fails or times out.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. If the view is empty, returns `Ok` with no rows. If every row lacks a required field, the
    /// error is [`ReadError::Partial`].
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime, unless the rows are cached.
    pub async fn try_get(&self) -> Result<Vec<T>, ReadError> {
        let (rows, ready) = self.read().await;
        ready.map(|()| all_owned(rows))
    }

    /// Returns the cached rows, without waiting.
    ///
    /// Does not subscribe, so it returns rows only while a stream or a recent read keeps the client subscribed to the
    /// view (with a v2 server: to the same filter and window). Rows can be out of date while the connection is down.
    pub fn get_sync(&self) -> Vec<T> {
        all_owned(self.read_now())
    }

    /// Returns the stale fields of the row with this key; see
    /// [`StateView::stale_fields`](crate::StateView::stale_fields).
    pub fn stale_fields(&self, key: impl ToString) -> Vec<String> {
        self.view.stale_fields(&key.to_string())
    }

    /// Streams updates: first an upsert for each current row, then every change.
    ///
    /// The stream subscribes when you first poll it. [`Watch`] lists what else it can yield.
    pub fn watch(&self) -> EntityStream<T> {
        self.stream()
    }

    /// Streams rows without their keys: first the current rows, then each row after it changes.
    ///
    /// The stream does not report rows that leave.
    pub fn listen(&self) -> RowStream<T> {
        self.stream()
    }

    /// Streams updates like [`watch`](Self::watch), with each row before and after a change.
    pub fn watch_rich(&self) -> RichEntityStream<T> {
        self.stream()
    }

    /// Streams updates like [`watch`](Self::watch), and also errors, such as decode errors and why the stream ended.
    ///
    /// See [`StreamError`](crate::StreamError).
    pub fn try_watch(&self) -> TryEntityStream<T> {
        self.stream()
    }

    /// Streams the whole window: all its rows in order, first when the snapshot is complete, then after each change.
    ///
    /// The rows are `Arc`s from the cache; see [`Watch::windows`].
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

    /// Waits until `predicate` returns `true` for a row, and returns this row. Tests the current rows first, then each
    /// row that changes.
    ///
    /// There is no timeout: use `tokio::time::timeout`. Cancel safe. If rows change faster than `predicate` runs, it
    /// may not see every state in between.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// # use hyperstack_sdk::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Entity, Views)]
    /// # struct Player { name: String, score: i64 }
    /// # async fn run(hs: HyperStack) -> Result<(), Box<dyn std::error::Error>> {
    /// let players = hs.views::<PlayerViews>().list();
    /// let wait = players.wait_for(|player| player.score >= 100);
    /// let winner = tokio::time::timeout(Duration::from_secs(30), wait).await??;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an [`EndReason`] if no more rows can come, for example because the client has closed.
    pub async fn wait_for(&self, predicate: impl FnMut(&T) -> bool) -> Result<T, EndReason> {
        wait_for(self.listen(), predicate).await
    }

    /// Returns the view as a tape: a stream of its records, each with a patch and a cursor.
    ///
    /// A tape is an append view whose records a v2 server numbers and retains; see [`Tape`]. The filters of this handle
    /// select records.
    ///
    /// # Errors
    ///
    /// If the view has rows, if the server speaks protocol v1, or if the handle has a window or a closure, the stream
    /// yields a [`TapeError`](crate::TapeError) and ends.
    pub fn tape(&self) -> Tape<T> {
        Tape::new(
            self.view.handle().clone(),
            self.view.shared_id(),
            self.part.clone(),
        )
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
    /// With `false`, a stream yields only later changes. After a reconnect, it yields what changed in the rows that it
    /// has already yielded, but no other rows that changed while the client was away. [`get`](Self::get) is not
    /// affected.
    pub fn with_snapshot(mut self, yes: bool) -> Self {
        self.part.window.no_snapshot = !yes;
        self
    }

    /// Starts a stream with only those rows that changed after this position. Later changes of all rows follow.
    /// [`get`](Self::get) returns only these rows.
    ///
    /// [`Stats::last_seq`](crate::Stats::last_seq) is such a position; `"<slot>:<index>".parse()` reads one from
    /// text. Positions are neither unique nor always in order. To miss no change, use a position a few slots earlier.
    pub fn after(mut self, position: Seq) -> Self {
        self.part.window.after = Some(position);
        self
    }

    /// Limits the number of rows that a stream starts with: the latest `rows` rows or, with [`after`](Self::after),
    /// the oldest ones after that position.
    ///
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
    /// Converts the handle, so that a function can take lists and derived views as one type.
    fn from(list: ListView<T>) -> Self {
        list.of_kind()
    }
}

impl<T: Record, Kind> fmt::Debug for ListView<T, Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ListView").field(&self.view.id()).finish()
    }
}
