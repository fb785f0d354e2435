//! The stream type: one state machine for all items and operators.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{ready, Context, Poll};

use futures_util::stream::{FusedStream, Stream};

use super::end::EndReason;
use super::erased::ErasedStream;
use super::error::StreamError;
use super::item::{Item, WindowRows};
use super::operator::{Filter, FilterMap, Identity, Map, NoOperator, Operator, Then};
use super::queue::{Next, Options, Policy, Queue};
use super::row_change::RowChange;
use super::update::{RichUpdate, Update};

/// A stream of [`Update`]s, as `watch()` returns it.
pub type EntityStream<T> = Watch<Update<T>>;

/// A stream of [`Update`]s whose rows are `Arc`s from the cache, as `watch().shared()` returns it.
pub type SharedEntityStream<T> = Watch<Update<Arc<T>>>;

/// A stream of rows without keys, as `listen()` returns it: each row after it changes. It does not report deletes.
pub type RowStream<T> = Watch<T>;

/// A stream of [`RichUpdate`]s, as `watch_rich()` returns it.
pub type RichEntityStream<T> = Watch<RichUpdate<T>>;

/// A stream of [`Update`]s and [`StreamError`]s, as `try_watch()` returns it.
pub type TryEntityStream<T> = Watch<Result<Update<T>, StreamError>>;

/// A stream of [`RowChange`]s, which have all details of a change, as `watch().changes()` returns it.
pub type ChangeStream<T> = Watch<RowChange<T>>;

/// A stream of whole windows, as `watch_window()` returns it: all rows, in the view's order, after each change.
pub type WindowStream<T> = Watch<WindowRows<T>>;

/// A stream of the rows of a view: first the current rows, then every change.
///
/// `watch`, `listen`, `watch_rich`, `try_watch` and `watch_window` return it, under names such as [`EntityStream`].
/// Read it with `next()`:
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
/// The stream subscribes when you first poll it. To stop it, drop it: the client unsubscribes 5 seconds later
/// ([`linger`](crate::HyperStackBuilder::linger)), unless another reader uses the view. `next()` is cancel safe.
///
/// The stream does not keep the connection open. Keep the [`HyperStack`](crate::HyperStack) or a view handle, or call
/// [`keep_alive`](Watch::keep_alive).
///
/// # What it yields
///
/// | method | item | short for `watch()` and this method |
/// |---|---|---|
/// | [`updates`](Watch::updates) | [`Update`]: the row after the change | `watch()` |
/// | [`rich`](Watch::rich) | [`RichUpdate`]: the row before and after the change | `watch_rich()` |
/// | [`rows`](Watch::rows) | the row after the change, without its key | `listen()` |
/// | [`changes`](Watch::changes) | [`RowChange`]: before, after, a typed patch, and why a row left | |
/// | [`windows`](Watch::windows) | all rows in order, after each change | `watch_window()` |
///
/// With each of them, [`shared`](Watch::shared) yields rows as `Arc<T>` instead of copies, and
/// [`with_errors`](Watch::with_errors) yields errors too. `try_watch()` is short for `watch().with_errors()`.
///
/// Call these methods before operators. If you call one after the first poll, the stream can start again with the
/// current rows. Deletes that were still queued are then lost, so clear what you built from earlier items.
///
/// # Operators
///
/// [`filter`](Watch::filter), [`filter_map`](Watch::filter_map) and [`map`](Watch::map) take plain closures and return
/// a `Watch`, so you can still call methods such as `end_reason`. All other methods of
/// [`StreamExt`](crate::StreamExt) work too, but return their own types. To name the type of a stream with operators,
/// call [`erased`](Watch::erased).
///
/// # Slow readers
///
/// A slow reader never slows the connection. You choose what happens to its queue:
///
/// | method | when the queue is long |
/// |---|---|
/// | [`conflate(n)`](Watch::conflate), the default with 1,024 changes | beyond `n` changes, merges the changes of each row into one |
/// | [`unbounded()`](Watch::unbounded) | keeps every change; memory grows |
/// | [`drop_oldest(n)`](Watch::drop_oldest), only with errors | keeps the newest `n` changes, and yields an error for the others |
///
/// Conflation keeps one item per row, at the place of the row's first queued change:
///
/// - Patches merge into a patch.
/// - A delete after any change leaves the delete.
/// - All other combinations leave an upsert.
/// - A row that was created and deleted while queued yields nothing.
///
/// In a [`RichUpdate`] or a [`RowChange`], `before` is the row that the stream last yielded. A stream of whole windows
/// has no queue: it always yields the latest window, and these methods do not change that.
///
/// # The end
///
/// The stream ends when no more updates can come: `next()` returns `None`, and [`end_reason`](Watch::end_reason) says
/// why. If it ended because you dropped the client, the client logs a warning.
#[must_use = "a stream does nothing until it is polled"]
pub struct Watch<I: Item, O = Identity> {
    state: WatchState<I::Row>,
    origin: Origin<I::Row>,
    operator: O,
}

enum WatchState<T> {
    /// Not polled yet.
    Lazy,
    Live(Subscription<T>),
    Ended {
        reason: EndReason,
        conflated: u64,
    },
}

/// How a stream subscribes.
struct Origin<T> {
    subscriber: Box<dyn Fn(Options) -> Subscription<T> + Send>,
    policy: Option<Policy>,
    /// The client's connection, which closes when nothing owns it.
    connection: Option<Weak<dyn Any + Send + Sync>>,
    /// Keeps the connection open.
    kept: Option<Arc<dyn Any + Send + Sync>>,
}

/// A stream's place among the readers, which it leaves when it is dropped.
pub(crate) trait ReadWindow<T>: Send {
    /// Returns the rows of the reader's window, front to back, or `None` while they are not complete.
    fn window(&self) -> Option<Vec<Arc<T>>>;
}

/// A reader's queue and its place.
pub(crate) struct Subscription<T> {
    queue: Arc<Queue<T>>,
    reader: Box<dyn ReadWindow<T>>,
    /// The window that the stream last yielded.
    window: Option<WindowRows<T>>,
}

impl<T> Subscription<T> {
    pub(crate) fn new(queue: Arc<Queue<T>>, reader: impl ReadWindow<T> + 'static) -> Self {
        Subscription {
            queue,
            reader: Box::new(reader),
            window: None,
        }
    }

    /// Returns a subscription that has already ended.
    pub(crate) fn ended(options: Options, reason: &EndReason) -> Self {
        struct Nowhere;
        impl<T> ReadWindow<T> for Nowhere {
            fn window(&self) -> Option<Vec<Arc<T>>> {
                None
            }
        }
        let queue = Queue::new(options, Policy::Unbounded, Arc::default());
        queue.end(reason, &mut Vec::new());
        Subscription::new(Arc::new(queue), Nowhere)
    }

    /// Returns the window if it is complete and differs from the last one.
    fn read_window(&mut self) -> Option<WindowRows<T>>
    where
        T: PartialEq,
    {
        let rows = self.reader.window()?;
        // The cache replaces a row that a window holds, so equal pointers are equal rows.
        let is_same = |last: &WindowRows<T>| {
            let mut pairs = last.iter().zip(&rows);
            last.len() == rows.len() && pairs.all(|(a, b)| Arc::ptr_eq(a, b) || a == b)
        };
        if self.window.as_ref().is_some_and(is_same) {
            return None;
        }
        let rows = WindowRows::from(rows);
        self.window = Some(rows.clone());
        Some(rows)
    }
}

impl<I: Item> Watch<I> {
    /// Creates a lazy stream. `connection` keeps the connection open while it is upgraded.
    pub(crate) fn new(
        connection: Weak<dyn Any + Send + Sync>,
        subscriber: impl Fn(Options) -> Subscription<I::Row> + Send + 'static,
    ) -> Self {
        Watch::lazy(Some(connection), Box::new(subscriber))
    }

    /// Returns a stream that has already ended.
    pub(crate) fn ended(reason: EndReason) -> Self {
        let subscriber = move |options| Subscription::ended(options, &reason);
        Watch::lazy(None, Box::new(subscriber))
    }

    fn lazy(
        connection: Option<Weak<dyn Any + Send + Sync>>,
        subscriber: Box<dyn Fn(Options) -> Subscription<I::Row> + Send>,
    ) -> Self {
        Watch {
            state: WatchState::Lazy,
            origin: Origin {
                subscriber,
                policy: None,
                connection,
                kept: None,
            },
            operator: Identity,
        }
    }
}

/// The kinds of items. Call these methods before `filter`, `filter_map` and `map`.
impl<I: Item, O> Watch<I, O> {
    /// Yields rows as `Arc<T>`s from the cache, instead of copies.
    ///
    /// This is the fastest way to read. The row in your `Arc` never changes: if you keep it, the client copies the row
    /// before it applies the next patch. Call `shared` before operators.
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
    pub fn shared(self) -> Watch<I::Shared>
    where
        O: NoOperator,
    {
        self.yielding()
    }

    /// Yields [`Update`]s: the row after each change. This is what `watch()` yields.
    pub fn updates(self) -> Watch<I::Like<Update<I::Held>>>
    where
        O: NoOperator,
    {
        self.yielding()
    }

    /// Yields [`RichUpdate`]s: the row before and after each change. `watch_rich()` is short for `watch().rich()`.
    pub fn rich(self) -> Watch<I::Like<RichUpdate<I::Held>>>
    where
        O: NoOperator,
    {
        self.yielding()
    }

    /// Yields rows without their keys: each row after it changes. `listen()` is short for `watch().rows()`.
    ///
    /// The stream does not report rows that leave.
    pub fn rows(self) -> Watch<I::Like<I::Held>>
    where
        O: NoOperator,
    {
        self.yielding()
    }

    /// Yields [`RowChange`]s: the row before and after each change, the changed fields as a typed patch, and why a row
    /// left.
    pub fn changes(self) -> Watch<I::Like<RowChange<I::Held>>>
    where
        O: NoOperator,
    {
        self.yielding()
    }

    /// Yields whole windows: all rows of the stream, in the view's order. `watch_window()` is short for
    /// `watch().windows()`.
    ///
    /// The stream yields the first window when the snapshot is complete, then a window after each change. Use it to
    /// draw a list: each item is the whole list, so you do not apply updates yourself.
    ///
    /// The rows are `Arc`s from the cache, so a window costs one pointer per row. The stream yields only the latest
    /// window: all changes that arrive before you poll again are in one item. After a reconnect, it yields one window,
    /// or none if nothing changed. The rows of `watch_keys` come in the order of the keys.
    ///
    /// ```no_run
    /// use hyperstack_sdk::prelude::*;
    ///
    /// # #[derive(Debug, Clone, PartialEq, Entity, Views)]
    /// # #[view(by_volume)]
    /// # struct Token { name: String }
    /// # async fn run(hs: HyperStack) {
    /// let mut boards = hs.views::<TokenViews>().by_volume().take(10).watch().windows();
    /// while let Some(tokens) = boards.next().await {
    ///     for (place, token) in tokens.iter().enumerate() {
    ///         println!("{}. {}", place + 1, token.name);
    ///     }
    /// }
    /// # }
    /// ```
    pub fn windows(self) -> Watch<I::Like<WindowRows<I::Row>>>
    where
        O: NoOperator,
    {
        self.yielding()
    }

    /// Yields each item as `Ok`, and errors, such as decode errors and why the stream ended, as `Err`.
    ///
    /// See [`StreamError`].
    pub fn with_errors(self) -> Watch<Result<I::Plain, StreamError>>
    where
        O: NoOperator,
    {
        self.yielding()
    }

    /// Yields other items. If the stream was polled already and its queue does not suit them, it starts again.
    fn yielding<J: Item<Row = I::Row>>(self) -> Watch<J> {
        let suits = I::NEEDS == J::NEEDS && I::WANTS_ERRORS == J::WANTS_ERRORS;
        let state = match self.state {
            WatchState::Live(_) if !suits => WatchState::Lazy,
            state => state,
        };
        Watch {
            state,
            origin: self.origin,
            operator: Identity,
        }
    }
}

impl<I: Item, O> Watch<I, O> {
    /// Sets the queue length at which conflation starts. Default: 1,024 changes, or the client's
    /// [`stream_capacity`](crate::HyperStackBuilder::stream_capacity).
    ///
    /// When more than `capacity` changes are queued, the stream merges the changes of each row into one, until you have
    /// emptied the queue. With 0 or 1, it always conflates.
    ///
    /// A later call to `conflate`, [`unbounded`](Self::unbounded) or `drop_oldest` replaces an earlier one, also for
    /// changes that are already queued.
    pub fn conflate(self, capacity: usize) -> Self {
        self.with(Policy::Conflate(capacity))
    }

    /// Keeps every change until you read it.
    ///
    /// Memory grows while you read more slowly than the server sends.
    pub fn unbounded(self) -> Self {
        self.with(Policy::Unbounded)
    }

    /// Keeps the connection open until you drop this stream or it ends.
    ///
    /// Without this, the stream ends when you drop the last [`HyperStack`](crate::HyperStack) and view handle. Call it
    /// while you still have one of them: later it has no effect.
    ///
    /// ```no_run
    /// use hyperstack_sdk::prelude::*;
    ///
    /// # #[derive(Debug, Clone, PartialEq, Entity)]
    /// # struct Token { name: Option<String> }
    /// async fn tokens(url: &str) -> Result<EntityStream<Token>, ConnectError> {
    ///     let hs = HyperStack::connect(url).await?;
    ///     Ok(hs.watch::<Token>().keep_alive())
    /// }
    /// ```
    pub fn keep_alive(mut self) -> Self {
        let connection = self.origin.connection.as_ref();
        self.origin.kept = connection.and_then(Weak::upgrade);
        self
    }

    fn with(mut self, policy: Policy) -> Self {
        self.origin.policy = Some(policy);
        if let WatchState::Live(subscription) = &self.state {
            subscription.queue.set_policy(policy);
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
    /// Before the next change, the stream then yields [`StreamError::Lagged`] with the number of dropped changes. Rows
    /// that you built from earlier updates can be out of date until they change again. Only streams with errors
    /// (`try_watch`, [`with_errors`](Watch::with_errors)) have this method, because others cannot report the loss.
    ///
    /// The first rows count too: choose a `capacity` larger than the number of rows. 0 means 1.
    pub fn drop_oldest(self, capacity: usize) -> Self {
        self.with(Policy::DropOldest(capacity.max(1)))
    }
}

impl<I: Item, O: Operator<I>> Watch<I, O> {
    /// Keeps the items for which `predicate` returns `true`.
    ///
    /// This drops items. To select rows, so that a row that no longer matches yields a delete, use
    /// [`ListView::filter`](crate::ListView::filter) or [`ListView::filter_rows`](crate::ListView::filter_rows).
    pub fn filter<F>(self, predicate: F) -> Watch<I, Then<O, Filter<F>>>
    where
        F: FnMut(&O::Out) -> bool,
    {
        self.then_apply(Filter(predicate))
    }

    /// Passes each item to `f`, and yields what `f` returns as `Some`.
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
            origin: self.origin,
            operator: Then(self.operator, next),
        }
    }

    /// Returns the same stream as a type that names only the items, such as `ErasedStream<String>`.
    ///
    /// Use it to store a stream with operators in a struct, or to return it. It costs one allocation, and a dynamic
    /// call for each poll.
    ///
    /// ```no_run
    /// use hyperstack_sdk::{prelude::*, ErasedStream};
    ///
    /// # #[derive(Debug, Clone, PartialEq, Entity)]
    /// # struct Token { name: String }
    /// fn names(hs: &HyperStack) -> ErasedStream<String> {
    ///     hs.listen::<Token>().map(|token| token.name).erased()
    /// }
    /// ```
    pub fn erased(self) -> ErasedStream<O::Out>
    where
        I: 'static,
        O: Send + 'static,
    {
        ErasedStream::new(self)
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
            WatchState::Lazy => 0,
            WatchState::Live(subscription) => subscription.queue.conflated(),
            WatchState::Ended { conflated, .. } => *conflated,
        }
    }

    /// Subscribes at the first poll, and returns the queue. `None` after the end.
    #[inline]
    fn start(&mut self) -> Option<&Queue<I::Row>> {
        if let WatchState::Lazy = self.state {
            let options = Options {
                needs: I::NEEDS,
                wants_errors: I::WANTS_ERRORS,
                policy: self.origin.policy,
            };
            self.state = WatchState::Live((self.origin.subscriber)(options));
        }
        match &self.state {
            WatchState::Live(subscription) => Some(&subscription.queue),
            _ => None,
        }
    }
}

/// Returns what a stream yields after its end. A `None` in `poll_next` itself would take the size of an item on its
/// stack.
fn ended<T>() -> Poll<Option<T>> {
    Poll::Ready(None)
}

/// Makes an item. Returns `None` if nothing changed for this kind of item.
#[inline]
fn make<I: Item>(next: Next<I::Row>, window: Option<WindowRows<I::Row>>) -> Option<I> {
    match next {
        Next::Change(change) => I::from_change(change),
        Next::Window => window.and_then(I::from_window),
        Next::Error(error) => I::from_error(*error),
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
            let mut window = None;
            match &next {
                Next::Change(_) | Next::Error(_) => {}
                Next::Window => {
                    if let WatchState::Live(subscription) = &mut self.state {
                        window = subscription.read_window();
                    }
                }
                Next::End(reason) => {
                    reason.warn::<I::Row>();
                    let (reason, conflated) = (EndReason::clone(reason), queue.conflated());
                    self.state = WatchState::Ended { reason, conflated };
                    (self.origin.connection, self.origin.kept) = (None, None);
                }
            }
            // In a debug build, every move of an item takes its size on the stack, and so would a match on it.
            let out = self.operator.apply(|| make(next, window));
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
            WatchState::Lazy => "Lazy".to_owned(),
            WatchState::Live(_) => "Live".to_owned(),
            WatchState::Ended { reason, .. } => format!("Ended({reason:?})"),
        };
        f.debug_struct("Watch").field("state", &state).finish()
    }
}
