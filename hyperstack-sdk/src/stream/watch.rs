//! The stream type: one state machine for all items and operators.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{ready, Context, Poll};

use futures_util::stream::{FusedStream, Stream};
use serde_json::Value;

use super::change::{Change, ChangeKind};
use super::end::EndReason;
use super::error::StreamError;
use super::operator::{Filter, FilterMap, Identity, Map, Operator, Then};
use super::queue::{Next, Policy, Queue};
use super::update::{RichUpdate, Update};
use crate::patch::Record;

/// A stream of [`Update`]s.
pub type EntityStream<T> = Watch<Update<T>>;

/// A stream of [`Update`]s whose rows are shared with the cache. Created by [`Watch::shared`].
pub type SharedEntityStream<T> = Watch<Update<Arc<T>>>;

/// A stream of plain rows, each as it is after a change. It does not report deletes.
pub type RowStream<T> = Watch<T>;

/// A stream of [`RichUpdate`]s.
pub type RichEntityStream<T> = Watch<RichUpdate<T>>;

/// A stream of [`Update`]s and [`StreamError`]s.
pub type TryEntityStream<T> = Watch<Result<Update<T>, StreamError>>;

/// A stream over a view: first the current rows, then every change.
///
/// The `watch`, `listen`, `watch_rich` and `try_watch` methods of [`HyperStack`](crate::HyperStack) and of view
/// handles return it. It subscribes when you first poll it.
///
/// ```no_run
/// use hyperstack_sdk::prelude::*;
///
/// # #[derive(Debug, Clone, PartialEq, Entity)]
/// # struct Token { price: f64 }
/// # async fn run(hs: HyperStack) {
/// let mut expensive = hs
///     .watch::<Token>()
///     .filter(|update| update.data().is_some_and(|token| token.price > 100.0));
/// while let Some(update) = expensive.next().await {
///     println!("{}: {:?}", update.key(), update.data());
/// }
/// # }
/// ```
///
/// # Operators
///
/// [`filter`](Watch::filter), [`filter_map`](Watch::filter_map) and [`map`](Watch::map) take plain closures and
/// return a `Watch` again, so they keep its methods. All other methods of `StreamExt` work too.
///
/// # Slow readers
///
/// A slow reader never slows the connection. You can choose what happens to its queue:
///
/// | method | when the queue is full |
/// |---|---|
/// | [`conflate(n)`](Watch::conflate), the default with 1,024 changes | merges the queued changes of each row into one |
/// | [`unbounded()`](Watch::unbounded) | keeps every change; memory grows |
/// | [`drop_oldest(n)`](Watch::drop_oldest), on `try_watch` streams only | drops the oldest changes and yields an error |
///
/// Conflation keeps the current state of every row, in the order in which the rows first changed. Merged patches
/// yield a patch, a row and its delete yield a delete, and a delete and a new row yield an upsert. A row that came
/// and went yields nothing. A [`RichUpdate`] goes from the row that the stream last yielded to the current row.
///
/// # End, drop and cancellation
///
/// The stream ends when no more updates can come; [`end_reason`](Watch::end_reason) says why. It does not keep the
/// connection open: a [`HyperStack`](crate::HyperStack) or a view handle does.
///
/// Dropping the stream unsubscribes after a short [linger](crate::HyperStackBuilder::linger), unless another reader
/// has the view. `next()` is cancel safe.
#[must_use = "a stream does nothing until it is polled"]
pub struct Watch<I: Item, O = Identity> {
    state: WatchState<I::Row>,
    operator: O,
}

enum WatchState<T> {
    /// `Some` until the first poll.
    Lazy(Option<Subscriber<T>>, Option<Policy>),
    Live(Subscription<T>),
    Ended {
        reason: EndReason,
        conflated: u64,
    },
}

/// Subscribes, at the first poll.
type Subscriber<T> = Box<dyn FnOnce(Options) -> Subscription<T> + Send>;

/// What a stream needs from its queue.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub(crate) keeps_before: bool,
    pub(crate) wants_errors: bool,
    /// `None` means the client's default.
    pub(crate) policy: Option<Policy>,
}

/// A reader's queue, and the guard that removes the reader when it is dropped.
pub(crate) struct Subscription<T> {
    pub(crate) queue: Arc<Queue<T>>,
    pub(crate) _guard: Box<dyn Any + Send>,
}

impl<T> Subscription<T> {
    /// Returns a subscription that has already ended.
    pub(crate) fn ended(options: Options, reason: &EndReason) -> Self {
        let (before, errors) = (options.keeps_before, options.wants_errors);
        let queue = Queue::new(Policy::Unbounded, before, errors, Arc::default());
        queue.end(reason, &mut Vec::new());
        Subscription {
            queue: Arc::new(queue),
            _guard: Box::new(()),
        }
    }
}

/// An item that a [`Watch`] yields: a row, an [`Update`] or a [`RichUpdate`], with rows by value or in an [`Arc`],
/// or a `Result` of one of these. Sealed.
pub trait Item: sealed::Item {}

impl<I: sealed::Item> Item for I {}

mod sealed {
    use super::{Change, EndReason, Options, Record, StreamError};

    pub trait Item: Sized {
        type Row: Record;
        /// The same item, with its rows in `Arc`s.
        type Shared: super::Item<Row = Self::Row>;
        const OPTIONS: Options;
        /// Returns `None` if this kind of item does not show the change.
        fn from_change(change: Change<Self::Row>) -> Option<Self>;
        fn from_error(_: StreamError) -> Option<Self> {
            None
        }
        /// Returns the last item, if this kind of item shows the end.
        fn from_end(_: &EndReason) -> Option<Self> {
            None
        }
    }
}

impl<I: Item> Watch<I> {
    pub(crate) fn new(
        subscriber: impl FnOnce(Options) -> Subscription<I::Row> + Send + 'static,
    ) -> Self {
        Watch {
            state: WatchState::Lazy(Some(Box::new(subscriber)), None),
            operator: Identity,
        }
    }

    /// Returns a stream that has already ended.
    pub(crate) fn ended(reason: EndReason) -> Self {
        Watch::new(move |options| Subscription::ended(options, &reason))
    }

    /// Yields rows as `Arc<T>`s shared with the cache, instead of copies.
    ///
    /// This is the fastest way to read. A row that you keep never changes, but the next patch of it then copies the
    /// row. Call it before `filter`, `filter_map` and `map`.
    ///
    /// ```no_run
    /// # use std::sync::Arc;
    /// # use hyperstack_sdk::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Entity)]
    /// # struct Token { name: Option<String> }
    /// # async fn run(hs: HyperStack) {
    /// let mut updates = hs.watch::<Token>().shared();
    /// while let Some(update) = updates.next().await {
    ///     let token: Option<Arc<Token>> = update.into_data();
    /// }
    /// # }
    /// ```
    pub fn shared(self) -> Watch<I::Shared> {
        Watch {
            state: self.state,
            operator: Identity,
        }
    }
}

impl<I: Item, O> Watch<I, O> {
    /// Sets the queue length at which conflation starts. Default: 1,024 changes, or the client's
    /// [`stream_capacity`](crate::HyperStackBuilder::stream_capacity).
    ///
    /// From then on, the stream merges the queued changes of each row into one, until the reader has caught up. 0
    /// always conflates.
    ///
    /// The last of several calls to `conflate`, [`unbounded`](Self::unbounded) and `drop_oldest` counts. It also
    /// applies to changes that are already queued.
    pub fn conflate(self, capacity: usize) -> Self {
        self.with(Policy::Conflate(capacity))
    }

    /// Keeps every change until you read it.
    ///
    /// Memory grows as long as the reader is slower than the server.
    pub fn unbounded(self) -> Self {
        self.with(Policy::Unbounded)
    }

    fn with(mut self, policy: Policy) -> Self {
        match &mut self.state {
            WatchState::Lazy(_, chosen) => *chosen = Some(policy),
            WatchState::Live(subscription) => subscription.queue.set_policy(policy),
            WatchState::Ended { .. } => {}
        }
        self
    }
}

impl<U, O> Watch<Result<U, StreamError>, O>
where
    Result<U, StreamError>: Item,
{
    /// Drops the oldest changes if more than `capacity` are queued.
    ///
    /// The next item is then [`StreamError::Lagged`] with the number of dropped changes. Rows that you built from
    /// earlier updates can be out of date until they change again. Available on `try_watch` streams only, because
    /// others cannot report the loss.
    ///
    /// The rows that the stream starts with are queued too, so choose a `capacity` above their number. A `capacity`
    /// of 0 counts as 1.
    pub fn drop_oldest(self, capacity: usize) -> Self {
        self.with(Policy::DropOldest(capacity.max(1)))
    }
}

impl<I: Item, O: Operator<I>> Watch<I, O> {
    /// Keeps the items that `predicate` accepts.
    pub fn filter<F>(self, predicate: F) -> Watch<I, Then<O, Filter<F>>>
    where
        F: FnMut(&O::Out) -> bool,
    {
        self.then_apply(Filter(predicate))
    }

    /// Converts items with `f`, and keeps those for which it returns `Some`.
    pub fn filter_map<F, Out>(self, f: F) -> Watch<I, Then<O, FilterMap<F>>>
    where
        F: FnMut(O::Out) -> Option<Out>,
    {
        self.then_apply(FilterMap(f))
    }

    /// Converts each item with `f`.
    pub fn map<F, Out>(self, f: F) -> Watch<I, Then<O, Map<F>>>
    where
        F: FnMut(O::Out) -> Out,
    {
        self.then_apply(Map(f))
    }

    fn then_apply<B>(self, next: B) -> Watch<I, Then<O, B>> {
        Watch {
            state: self.state,
            operator: Then(self.operator, next),
        }
    }
}

impl<I: Item, O> Watch<I, O> {
    /// Returns why the stream ended, or `None` if it has not ended.
    pub fn end_reason(&self) -> Option<&EndReason> {
        match &self.state {
            WatchState::Ended { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// Returns how many changes were merged into others because this reader was slow.
    ///
    /// [`Stats::conflated`](crate::Stats::conflated) counts those of all streams.
    pub fn conflated(&self) -> u64 {
        match &self.state {
            WatchState::Lazy(..) => 0,
            WatchState::Live(subscription) => subscription.queue.conflated(),
            WatchState::Ended { conflated, .. } => *conflated,
        }
    }

    /// Subscribes at the first poll, and returns the queue. `None` after the end.
    #[inline]
    fn start(&mut self) -> Option<&Queue<I::Row>> {
        if let WatchState::Lazy(subscriber, policy) = &mut self.state {
            if let Some(subscriber) = subscriber.take() {
                let policy = *policy;
                let options = Options {
                    policy,
                    ..I::OPTIONS
                };
                self.state = WatchState::Live(subscriber(options));
            }
        }
        match &self.state {
            WatchState::Live(subscription) => Some(&subscription.queue),
            _ => None,
        }
    }
}

/// What a stream yields after its end. A `None` in `poll_next` itself would take the size of an item on its stack.
fn ended<T>() -> Poll<Option<T>> {
    Poll::Ready(None)
}

/// Makes an item. `None` where nothing changed for this kind of item.
#[inline]
fn make<I: Item>(next: Next<I::Row>) -> Option<I> {
    match next {
        Next::Change(change) => I::from_change(change),
        Next::Error(error) => I::from_error(error),
        Next::End(reason) => I::from_end(&reason),
    }
}

impl<I: Item, O: Operator<I>> Stream for Watch<I, O> {
    type Item = O::Out;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<O::Out>> {
        loop {
            let Some(queue) = self.start() else {
                return ended();
            };
            let next = ready!(queue.poll_next(context));
            if let Next::End(reason) = &next {
                let (reason, conflated) = (reason.clone(), queue.conflated());
                self.state = WatchState::Ended { reason, conflated };
            }
            // In a debug build, every move of an item takes its size on the stack, and so would a match on it.
            let out = self.operator.apply(|| make(next));
            if out.is_some() {
                return Poll::Ready(out);
            }
        }
    }
}

impl<I: Item, O: Operator<I>> FusedStream for Watch<I, O> {
    fn is_terminated(&self) -> bool {
        matches!(self.state, WatchState::Ended { .. })
    }
}

// No field is pinned.
impl<I: Item, O> Unpin for Watch<I, O> {}

impl<I: Item, O> fmt::Debug for Watch<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            WatchState::Lazy(..) => "Lazy".to_owned(),
            WatchState::Live(_) => "Live".to_owned(),
            WatchState::Ended { reason, .. } => format!("Ended({reason:?})"),
        };
        f.debug_struct("Watch").field("state", &state).finish()
    }
}

const PLAIN: Options = Options {
    keeps_before: false,
    wants_errors: false,
    policy: None,
};

const RICH: Options = Options {
    keeps_before: true,
    ..PLAIN
};

impl<T: Record> sealed::Item for Update<Arc<T>> {
    type Row = T;
    type Shared = Self;
    const OPTIONS: Options = PLAIN;

    #[inline]
    fn from_change(change: Change<T>) -> Option<Self> {
        let key = String::from(&*change.key);
        Some(match (change.kind, change.after) {
            (ChangeKind::Upsert, Some(data)) => Update::Upsert { key, data },
            (ChangeKind::Patch, Some(data)) => Update::Patch { key, data },
            (ChangeKind::Delete, _) | (_, None) => Update::Delete { key },
        })
    }
}

impl<T: Record> sealed::Item for Update<T> {
    type Row = T;
    type Shared = Update<Arc<T>>;
    const OPTIONS: Options = PLAIN;

    fn from_change(change: Change<T>) -> Option<Self> {
        // One function for each kind: in a debug build, each takes the stack of the rows in it.
        fn upsert<T: Clone>(key: String, row: Arc<T>) -> Option<Update<T>> {
            let data = owned(row);
            Some(Update::Upsert { key, data })
        }
        fn patch<T: Clone>(key: String, row: Arc<T>) -> Option<Update<T>> {
            let data = owned(row);
            Some(Update::Patch { key, data })
        }
        fn delete<T>(key: String) -> Option<Update<T>> {
            Some(Update::Delete { key })
        }
        match Update::<Arc<T>>::from_change(change)? {
            Update::Upsert { key, data } => upsert(key, data),
            Update::Patch { key, data } => patch(key, data),
            Update::Delete { key } => delete(key),
        }
    }
}

impl<T: Record> sealed::Item for RichUpdate<Arc<T>> {
    type Row = T;
    type Shared = Self;
    const OPTIONS: Options = RICH;

    fn from_change(change: Change<T>) -> Option<Self> {
        let key = String::from(&*change.key);
        Some(match (change.before, change.after) {
            (None, Some(data)) => RichUpdate::Created { key, data },
            (Some(before), Some(after)) => {
                if before == after {
                    return None;
                }
                let patch = before.diff(&after);
                RichUpdate::Updated {
                    key,
                    // A patch is made of strings, numbers and booleans: it always serializes.
                    patch: serde_json::to_value(&patch).ok(),
                    before,
                    after,
                }
            }
            (last_known, None) => RichUpdate::Deleted { key, last_known },
        })
    }
}

impl<T: Record> sealed::Item for RichUpdate<T> {
    type Row = T;
    type Shared = RichUpdate<Arc<T>>;
    const OPTIONS: Options = RICH;

    fn from_change(change: Change<T>) -> Option<Self> {
        // One function for each kind, as for `Update`.
        fn created<T: Clone>(key: String, row: Arc<T>) -> Option<RichUpdate<T>> {
            let data = owned(row);
            Some(RichUpdate::Created { key, data })
        }
        fn updated<T: Clone>(
            key: String,
            before: Arc<T>,
            after: Arc<T>,
            patch: Option<Value>,
        ) -> Option<RichUpdate<T>> {
            Some(RichUpdate::Updated {
                key,
                before: owned(before),
                after: owned(after),
                patch,
            })
        }
        fn deleted<T: Clone>(key: String, row: Option<Arc<T>>) -> Option<RichUpdate<T>> {
            let last_known = row.map(owned);
            Some(RichUpdate::Deleted { key, last_known })
        }
        match RichUpdate::<Arc<T>>::from_change(change)? {
            RichUpdate::Created { key, data } => created(key, data),
            RichUpdate::Updated {
                key,
                before,
                after,
                patch,
            } => updated(key, before, after, patch),
            RichUpdate::Deleted { key, last_known } => deleted(key, last_known),
        }
    }
}

impl<T: Record> sealed::Item for Arc<T> {
    type Row = T;
    type Shared = Self;
    const OPTIONS: Options = PLAIN;

    fn from_change(change: Change<T>) -> Option<Self> {
        change.after
    }
}

impl<T: Record> sealed::Item for T {
    type Row = T;
    type Shared = Arc<T>;
    const OPTIONS: Options = PLAIN;

    fn from_change(change: Change<T>) -> Option<Self> {
        change.after.map(owned)
    }
}

impl<U: sealed::Item> sealed::Item for Result<U, StreamError> {
    type Row = U::Row;
    type Shared = Result<U::Shared, StreamError>;
    const OPTIONS: Options = Options {
        wants_errors: true,
        ..U::OPTIONS
    };

    fn from_change(change: Change<U::Row>) -> Option<Self> {
        U::from_change(change).map(Ok)
    }

    fn from_error(error: StreamError) -> Option<Self> {
        Some(Err(error))
    }

    fn from_end(reason: &EndReason) -> Option<Self> {
        Some(Err(StreamError::Ended(reason.clone())))
    }
}

/// Returns the row. Copies it only if it is shared.
fn owned<T: Clone>(mut row: Arc<T>) -> T {
    match Arc::get_mut(&mut row) {
        Some(_) => Arc::unwrap_or_clone(row),
        // Copied here, in one move: `unwrap_or_clone` takes several.
        None => T::clone(&row),
    }
}
