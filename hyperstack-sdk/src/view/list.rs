//! A view as a list of rows.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde_json::Value;

use super::part::Part;
use super::read::ReadError;
use super::read::{owned, View};
use super::shared::Shared;
use crate::engine::{Handle, Place};
use crate::patch::{FilterError, Record};
use crate::session::{Query, Route, Window};
use crate::store::Cache;
use crate::stream::{
    EndReason, EntityStream, Item, RichEntityStream, RowStream, TryEntityStream, Watch,
};
use crate::wire::Seq;

/// A view as a list of rows, in the view's order: an entity's list, or, as a [`WindowView`], a view
/// that is derived from it.
///
/// The order is the one that the server announces: recency for an entity's list, a sort for a
/// derived view, where ties go by key and rows without the value come first. Rows that are sorted by
/// text keep the order in which the server sent them, since that does not follow the direction that
/// it announces.
///
/// An entity's list only grows: the server never says that an entity is gone, and keeps no more than
/// the latest 500 itself, so that a row which a new snapshot lacks may still be there. Such rows are
/// kept. Of a derived view they are deleted.
///
/// # A part of a view
///
/// [`filter`](Self::filter), [`skip`](Self::skip) and [`take`](Self::take) make a handle to a part of
/// the view, in this order, whatever the order of the calls: the window is counted among the rows
/// that the filter leaves. A stream of a part follows it: a row that enters is an upsert (a patch, if
/// a patch brought it in), one that leaves is a delete, newcomers first, except where the rows are
/// sorted by text: there a newcomer is known only once the server has sent the whole window.
///
/// Each handle, and each stream, has its own part, however many there are of a view: they share one
/// subscription. The server does no filtering at all, and counts rows only in derived views; the rest
/// is done here, as the rows come.
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
#[must_use = "a handle subscribes to nothing until it is read"]
pub struct ListView<T: Record, Kind = Entities> {
    pub(super) view: View<T>,
    part: Part<T>,
    kind: PhantomData<fn() -> Kind>,
}

/// A derived view as a list of rows: a window that the server keeps sorted, and that rows leave.
///
/// [`take`](ListView::take), and with it [`skip`](ListView::skip), reach the server, which may keep a
/// longer window than the view declares. A `skip` alone leaves out rows of the window that is declared.
///
/// The server keeps one window of a view for a connection. While anybody in the program reads the view
/// without `take`, or with a filter, that is the one which the view declares, by default of 100 rows, and
/// all others are parts of it: a `take` beyond it has no more rows, and a stream of one gets deletes for
/// those that leave. A read counts for as long as its subscription
/// [lingers](crate::HyperStackBuilder::linger). Windows with a `take` do not disturb each other.
///
/// The server sends such a view whole, whatever options a snapshot is asked with, so that it has none
/// of these.
pub type WindowView<T> = ListView<T, Derived>;

/// An entity's list, which has every row of the entity that the server knows.
#[derive(Debug)]
pub enum Entities {}

/// A window that the server derives from an entity's list.
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

    /// The id of the view that is subscribed.
    pub fn id(&self) -> &str {
        self.view.id()
    }

    /// Those rows whose field at `path` has this value; of more than one filter, those that pass all.
    ///
    /// `path` is made of names on the wire, joined by dots, such as `state.status`, and the value is
    /// anything that becomes JSON: text, a number, `true`, `None` for null, `json!(..)`. It is
    /// compared as the field's own type, so that `"7"` is the integer 7; where a field knows no null, null
    /// is that of no row. Of an object each field that
    /// is given is compared.
    ///
    /// A path that leads nowhere in the row's struct, or a value that the field cannot have, is found
    /// at the first read: `try_get` returns it as [`ReadError::Filter`], `get` returns no rows, and a
    /// stream ends with [`EndReason::Filter`].
    pub fn filter(mut self, path: &str, value: impl Into<Value>) -> Self {
        self.part = self.part.filter(path, value.into());
        self
    }

    /// At most so many rows, from the front. Of two calls the last one counts.
    pub fn take(mut self, rows: u64) -> Self {
        self.part.window.take = Some(rows);
        self
    }

    /// Without so many rows at the front. Of two calls the last one counts.
    pub fn skip(mut self, rows: u64) -> Self {
        self.part.window.skip = rows;
        self
    }

    /// The same rows, to be read as `Arc`s that are shared with the cache rather than as copies.
    pub fn shared(&self) -> Shared<Self> {
        Shared(self.clone())
    }

    /// The rows. Waits until the view is complete, at most for the client's
    /// `initial_data_timeout`, and returns what is there.
    ///
    /// # Panics
    ///
    /// If it must wait outside of a Tokio runtime. Rows that are ready are returned without one.
    pub async fn get(&self) -> Vec<T> {
        all_owned(self.read().await.0)
    }

    /// As [`get`](Self::get), but tells an empty view from one that is not known yet.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    ///
    /// # Panics
    ///
    /// If it must wait outside of a Tokio runtime. Rows that are ready are returned without one.
    pub async fn try_get(&self) -> Result<Vec<T>, ReadError> {
        let (rows, ready) = self.read().await;
        ready.map(|()| all_owned(rows))
    }

    /// The rows that the cache holds at this moment, which are none unless somebody reads the view, or
    /// did a short while ago. Waits for nothing and subscribes to nothing. A row that is held is never
    /// missing, however busy the cache is; while the connection is away, rows may be old.
    pub fn get_sync(&self) -> Vec<T> {
        all_owned(self.read_now())
    }

    /// Returns the fields of the row with this key that are out of date; see
    /// [`StateView::stale_fields`](crate::StateView::stale_fields).
    pub fn stale_fields(&self, key: impl ToString) -> Vec<String> {
        self.view.stale_fields(&key.to_string())
    }

    /// Streams the rows that are there, then every change. Lazy.
    pub fn watch(&self) -> EntityStream<T> {
        self.stream()
    }

    /// Streams each row that is there, then each as it is after a change. Lazy. Rows that leave go in
    /// silence.
    pub fn listen(&self) -> RowStream<T> {
        self.stream()
    }

    /// As [`watch`](Self::watch), with the values before and after.
    pub fn watch_rich(&self) -> RichEntityStream<T> {
        self.stream()
    }

    /// As [`watch`](Self::watch), with the rows that did not fit `T`, and the end, as errors.
    pub fn try_watch(&self) -> TryEntityStream<T> {
        self.stream()
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
        tracing::warn!("a filter of {}: {error}", self.id());
    }
}

impl<T: Record> ListView<T> {
    /// Whether a stream begins with the rows that are there. Default: yes. If not, a row that no one
    /// else reads is known only from what is sent of it from now on, and shown once that is a whole
    /// row. [`get`](Self::get) then returns the rows that are known, and waits for no others.
    ///
    /// After a lost connection the rows are asked for all the same, since those that the stream has
    /// told may have changed meanwhile; of the others it says nothing.
    pub fn with_snapshot(mut self, yes: bool) -> Self {
        self.part.window.no_snapshot = !yes;
        self
    }

    /// Of the rows that are there, only those that changed after this position, as the server's
    /// positions go. [`Stats::last_seq`](crate::Stats::last_seq) is one; `"<slot>:<index>".parse()`
    /// makes one of text. A position is neither unique nor does it always grow: to miss nothing, go
    /// back by a few slots.
    pub fn after(mut self, position: Seq) -> Self {
        self.part.window.after = Some(position);
        self
    }

    /// At most so many of the rows that are there: the latest, or, with [`after`](Self::after), the
    /// first after that. No window: every row that changes later is told. A row that was left out by
    /// `after` and a limit together may be told once another reader asks for it.
    pub fn with_snapshot_limit(mut self, rows: u64) -> Self {
        self.part.window.snapshot_limit = Some(rows);
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

impl<T: Record, Kind> fmt::Debug for ListView<T, Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ListView").field(&self.view.id()).finish()
    }
}
