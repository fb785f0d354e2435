//! The stream: one state machine, whatever its items and operators.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{ready, Context, Poll};

use futures_util::stream::{FusedStream, Stream};

use super::operator::{Filter, FilterMap, Identity, Map, Operator, Then};
use super::{Change, Kind, Next, Queue, RichUpdate, StreamError, Update};
use crate::patch::Record;
use crate::session::EndReason;

/// A stream of [`Update`]s.
pub type EntityStream<T> = Watch<Update<T>>;

/// A stream of [`RichUpdate`]s.
pub type RichEntityStream<T> = Watch<RichUpdate<T>>;

/// A stream of [`Update`]s and of what went wrong.
pub type TryEntityStream<T> = Watch<Result<Update<T>, StreamError>>;

/// A stream over a view: first the rows that are there, then every change.
///
/// - **Lazy**: it subscribes when it is first polled.
/// - **Lossless or conflated, never cut**: a reader that is behind by more than the queue's capacity
///   gets, for each row, one item that spans what it missed.
/// - **It ends** when no more can come, and [`end_reason`](Watch::end_reason) then says why. It does
///   not keep the connection open: the last `HyperStack`, or view made from one, does.
/// - **Dropping it** unsubscribes, unless others read the view, after a short linger. Polling it is
///   cancel safe.
///
/// [`filter`](Watch::filter), [`filter_map`](Watch::filter_map) and [`map`](Watch::map) take plain
/// closures and return streams that have them too; the rest of `StreamExt` works as on any stream.
#[must_use = "a stream does nothing until it is polled"]
pub struct Watch<I: Item, O = Identity> {
    state: State<I::Row>,
    operator: O,
}

enum State<T> {
    /// `Some` until the first poll.
    Lazy(Option<Subscriber<T>>),
    Live(Subscription<T>),
    Ended {
        reason: EndReason,
        conflated: u64,
    },
}

/// Subscribes, at the first poll.
type Subscriber<T> = Box<dyn FnOnce(Options) -> Subscription<T> + Send>;

/// What a kind of item needs from its queue.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub(crate) keeps_before: bool,
    pub(crate) wants_errors: bool,
}

/// A reader's queue, and what to drop when the reader goes.
pub(crate) struct Subscription<T> {
    pub(crate) queue: Arc<Queue<T>>,
    pub(crate) _guard: Box<dyn Any + Send>,
}

/// An item that a [`Watch`] yields. Sealed: [`Update`], [`RichUpdate`] and `Result`s of the former.
pub trait Item: sealed::Item {}

impl<I: sealed::Item> Item for I {}

mod sealed {
    use super::{Change, EndReason, Options, Record, StreamError};

    pub trait Item: Sized {
        type Row: Record;
        const OPTIONS: Options;
        /// `None` where nothing changed for this kind of item.
        fn from_change(change: Change<Self::Row>) -> Option<Self>;
        fn from_error(error: StreamError) -> Option<Self>;
        /// The last item, where the end is one.
        fn from_end(reason: &EndReason) -> Option<Self>;
    }
}

impl<I: Item> Watch<I> {
    pub(crate) fn new(
        subscriber: impl FnOnce(Options) -> Subscription<I::Row> + Send + 'static,
    ) -> Self {
        Watch {
            state: State::Lazy(Some(Box::new(subscriber))),
            operator: Identity,
        }
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

    /// Keeps what `f` makes of an item, if anything.
    pub fn filter_map<F, Out>(self, f: F) -> Watch<I, Then<O, FilterMap<F>>>
    where
        F: FnMut(O::Out) -> Option<Out>,
    {
        self.then_apply(FilterMap(f))
    }

    /// Turns each item into what `f` makes of it.
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
    /// Why the stream ended; `None` until it has.
    pub fn end_reason(&self) -> Option<&EndReason> {
        match &self.state {
            State::Ended { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// How many changes were folded into others because this reader was behind.
    pub fn conflated(&self) -> u64 {
        match &self.state {
            State::Lazy(_) => 0,
            State::Live(subscription) => subscription.queue.conflated(),
            State::Ended { conflated, .. } => *conflated,
        }
    }

    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<I>> {
        loop {
            if let State::Lazy(subscriber) = &mut self.state {
                if let Some(subscriber) = subscriber.take() {
                    self.state = State::Live(subscriber(I::OPTIONS));
                }
            }
            let State::Live(subscription) = &self.state else {
                return Poll::Ready(None);
            };
            let item = match ready!(subscription.queue.poll_next(context)) {
                Next::Change(change) => I::from_change(change),
                Next::Error(error) => I::from_error(error),
                Next::Dropped(count) => I::from_error(StreamError::Dropped { count }),
                Next::End(reason) => {
                    let last = I::from_end(&reason);
                    let conflated = subscription.queue.conflated();
                    self.state = State::Ended { reason, conflated };
                    last
                }
            };
            if let Some(item) = item {
                return Poll::Ready(Some(item));
            }
        }
    }
}

impl<I: Item, O: Operator<I>> Stream for Watch<I, O> {
    type Item = O::Out;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<O::Out>> {
        loop {
            match ready!(self.poll_item(context)) {
                None => return Poll::Ready(None),
                Some(item) => {
                    if let Some(out) = self.operator.apply(item) {
                        return Poll::Ready(Some(out));
                    }
                }
            }
        }
    }
}

impl<I: Item, O: Operator<I>> FusedStream for Watch<I, O> {
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Ended { .. })
    }
}

// Nothing here is pinned in place.
impl<I: Item, O> Unpin for Watch<I, O> {}

impl<I: Item, O> fmt::Debug for Watch<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Lazy(_) => "Lazy".to_owned(),
            State::Live(_) => "Live".to_owned(),
            State::Ended { reason, .. } => format!("Ended({reason:?})"),
        };
        f.debug_struct("Watch").field("state", &state).finish()
    }
}

impl<T: Record> sealed::Item for Update<T> {
    type Row = T;
    const OPTIONS: Options = Options {
        keeps_before: false,
        wants_errors: false,
    };

    fn from_change(change: Change<T>) -> Option<Self> {
        let key = change.key.to_string();
        Some(match (change.kind, change.after.map(owned)) {
            (Kind::Upsert, Some(data)) => Update::Upsert { key, data },
            (Kind::Patch, Some(data)) => Update::Patch { key, data },
            (Kind::Delete, _) | (_, None) => Update::Delete { key },
        })
    }

    fn from_error(_: StreamError) -> Option<Self> {
        None
    }

    fn from_end(_: &EndReason) -> Option<Self> {
        None
    }
}

impl<T: Record> sealed::Item for RichUpdate<T> {
    type Row = T;
    const OPTIONS: Options = Options {
        keeps_before: true,
        wants_errors: false,
    };

    fn from_change(change: Change<T>) -> Option<Self> {
        let key = change.key.to_string();
        Some(match (change.before, change.after) {
            (None, Some(data)) => RichUpdate::Created {
                key,
                data: owned(data),
            },
            (Some(before), Some(after)) => {
                if before == after {
                    return None;
                }
                let patch = before.diff(&after);
                RichUpdate::Updated {
                    key,
                    // A patch is made of strings, numbers and booleans: it always serializes.
                    patch: serde_json::to_value(&patch).ok(),
                    before: owned(before),
                    after: owned(after),
                }
            }
            (before, None) => RichUpdate::Deleted {
                key,
                last_known: before.map(owned),
            },
        })
    }

    fn from_error(_: StreamError) -> Option<Self> {
        None
    }

    fn from_end(_: &EndReason) -> Option<Self> {
        None
    }
}

impl<T: Record> sealed::Item for Result<Update<T>, StreamError> {
    type Row = T;
    const OPTIONS: Options = Options {
        keeps_before: false,
        wants_errors: true,
    };

    fn from_change(change: Change<T>) -> Option<Self> {
        Update::from_change(change).map(Ok)
    }

    fn from_error(error: StreamError) -> Option<Self> {
        Some(Err(error))
    }

    fn from_end(reason: &EndReason) -> Option<Self> {
        Some(Err(StreamError::Ended(reason.clone())))
    }
}

/// The row itself, copied only where others hold it too.
fn owned<T: Clone>(row: Arc<T>) -> T {
    Arc::try_unwrap(row).unwrap_or_else(|row| (*row).clone())
}
