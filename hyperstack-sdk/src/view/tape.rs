//! The stream of a tape's records.

use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{ready, Context, Poll};

use futures_util::stream::{FusedStream, Stream};

use super::part::Part;
use crate::engine::{Engine, Handle, TapeReader};
use crate::patch::{FieldPath, FilterValue, Record};
use crate::session::{TapeQuery, TapeStart};
use crate::stream::{Polled, TapeError, TapeRecord};
use crate::wire::Cursor;

/// How many records a tape queues by default before it pauses.
const CAPACITY: usize = 8192;

/// A stream of the records of a tape, as [`ListView::tape`](crate::ListView::tape) returns it.
///
/// A tape is a log of events: an append view (`Trade/append`) whose records a v2 server numbers and retains. Each
/// record is one change of an entity, as a typed patch. The client does not merge records into rows.
///
/// The tape yields each record once and in order, across reconnects and for slow readers (for the one exception, see
/// [`GapCause::UnknownCursor`](crate::GapCause::UnknownCursor)). It first yields the records that the server retains,
/// then each new one. To continue in another process, store the [`cursor`](TapeRecord::cursor) of the last record, and
/// pass it to [`after`](Self::after):
///
/// ```no_run
/// use hyperstack_sdk::prelude::*;
/// use hyperstack_sdk::{Cursor, TapeError};
///
/// # #[derive(Debug, Clone, PartialEq, Entity, Views)]
/// # struct Trade { price: Option<f64> }
/// # fn load() -> Option<Cursor> { None }
/// # fn store(price: Option<f64>, cursor: &Cursor) {}
/// async fn copy(hs: HyperStack) -> Result<(), TapeError> {
///     let mut tape = hs.views::<TradeViews>().append().tape();
///     if let Some(cursor) = load() {
///         tape = tape.after(cursor);
///     }
///     while let Some(item) = tape.next().await {
///         match item {
///             Ok(record) => store(record.patch.price.flatten(), &record.cursor),
///             // The tape continues after these errors.
///             Err(error @ (TapeError::Gap(_) | TapeError::Decode { .. } | TapeError::OverLimit { .. })) => {
///                 eprintln!("{error}");
///             }
///             Err(error) => return Err(error),
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// # Lost records
///
/// A server retains only recent records: by default 10,000 records, 32 MiB and 15 minutes. If records are lost, the
/// tape yields a [`TapeError::Gap`], which says why and, if that is known, how many. It then continues with the oldest
/// record that the server has, or ends if you called [`end_at_gap`](Self::end_at_gap).
///
/// # Slow readers
///
/// A tape never drops or merges records, and never slows the connection. If [`capacity`](Self::capacity) records are
/// queued, the client unsubscribes. When you have read half of them, it subscribes again at the next record. If that
/// takes longer than the server retains records, the tape yields a gap.
///
/// # The end
///
/// The stream subscribes when you first poll it. To stop it, drop it. When no more records can come, its last item is
/// an error, such as [`TapeError::Closed`]. Like other streams, it does not keep the connection open: keep the
/// [`HyperStack`](crate::HyperStack) or a view handle, or call [`keep_alive`](Self::keep_alive). `next()` is cancel
/// safe.
#[must_use = "a stream does nothing until it is polled"]
pub struct Tape<T: Record> {
    state: State<T>,
    engine: Arc<Engine>,
    view: Arc<str>,
    part: Part<T>,
    key: Option<Arc<str>>,
    start: TapeStart,
    ends_at_gap: bool,
    capacity: usize,
    /// The client's connection, which closes when nothing owns it.
    connection: Weak<dyn Any + Send + Sync>,
    /// Keeps the connection open.
    kept: Option<Arc<dyn Any + Send + Sync>>,
}

enum State<T: Record> {
    /// Not polled yet.
    Lazy,
    Live(TapeReader<T>),
    Ended,
}

impl<T: Record> Tape<T> {
    pub(super) fn new(handle: Handle, view: Arc<str>, part: Part<T>) -> Self {
        Tape {
            state: State::Lazy,
            engine: handle.engine().clone(),
            view,
            part,
            key: None,
            start: TapeStart::Oldest,
            ends_at_gap: false,
            capacity: CAPACITY,
            connection: handle.connection(),
            kept: None,
        }
    }

    /// Starts with the record after this cursor, instead of the oldest record that the server has.
    ///
    /// Like all methods that return the tape except [`keep_alive`](Self::keep_alive), call it before the first poll. If
    /// you call it later, the tape starts again.
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.start = TapeStart::After(cursor);
        self.restarted()
    }

    /// Starts with the first record that the server receives from now on, instead of the oldest one that it has.
    ///
    /// "Now" is when the server handles the first subscription, after the first poll.
    pub fn from_now(mut self) -> Self {
        self.start = TapeStart::Now;
        self.restarted()
    }

    /// Yields only records of the entity with this key. The server selects them.
    pub fn key(mut self, key: impl ToString) -> Self {
        self.key = Some(key.to_string().into());
        self.restarted()
    }

    /// Yields only records that set the field at `path` to `value`. Several filters are combined with AND.
    ///
    /// A record contains the fields that changed, so a record that does not set the field does not match. `path` and
    /// `value` are as in [`ListView::filter`](crate::ListView::filter). The server applies filters on booleans and on
    /// text that is not a number. The client applies all others, after the server has sent the records. If one value is
    /// `null`, an empty list or a fraction, or if two filters concern one field, the client applies all of them.
    ///
    /// # Errors
    ///
    /// If the path is not in the entity's struct, or the field's type does not allow the value, the tape yields
    /// [`TapeError::Filter`] and ends.
    pub fn filter(mut self, path: impl FieldPath, value: impl FilterValue) -> Self {
        self.part = self.part.filter(path.as_text(), value.into_json());
        self.restarted()
    }

    /// Ends the tape at the first gap, after it has yielded [`TapeError::Gap`].
    pub fn end_at_gap(mut self) -> Self {
        self.ends_at_gap = true;
        self.restarted()
    }

    /// Sets how many records can be queued before the client pauses the tape. Default: 8,192. 0 means 1.
    ///
    /// Each pause costs the records that the server has already sent and that it sends again later, so a small value
    /// can multiply the traffic of a slow reader.
    pub fn capacity(mut self, records: usize) -> Self {
        self.capacity = records;
        self.restarted()
    }

    /// Keeps the connection open until you drop this stream or it ends.
    ///
    /// Call it while you still have a [`HyperStack`](crate::HyperStack) or a view handle: later it has no effect.
    pub fn keep_alive(mut self) -> Self {
        self.kept = self.connection.upgrade();
        self
    }

    fn restarted(mut self) -> Self {
        self.state = State::Lazy;
        self
    }

    /// Returns whether you have read all records that the server had when the client last subscribed to the tape.
    ///
    /// It is `false` before the first poll and after the tape has ended. With a [`key`](Self::key), a filter that the
    /// server applies, or a token that gives access to some rows only, the client cannot know which retained records
    /// match, so it is `false` until a newer record arrives.
    pub fn is_caught_up(&self) -> bool {
        match &self.state {
            State::Live(reader) => reader.queue.is_caught_up(),
            State::Lazy | State::Ended => false,
        }
    }

    /// Returns the next record of the history, or `None` when the tape [is caught up](Self::is_caught_up) or has ended.
    ///
    /// Use it to read the history first. Cancel safe.
    ///
    /// With a [`key`](Self::key), a text or boolean filter, or a token that gives access to some rows only, the client
    /// cannot tell where the history ends: the call can then wait for the next new record and return it.
    ///
    /// ```no_run
    /// # use hyperstack_sdk::{prelude::*, TapeError};
    /// # #[derive(Debug, Clone, PartialEq, Entity, Views)]
    /// # struct Trade { price: Option<f64> }
    /// # async fn run(hs: HyperStack) -> Result<(), TapeError> {
    /// let mut tape = hs.views::<TradeViews>().append().tape();
    /// let mut count = 0;
    /// while let Some(record) = tape.next_retained().await {
    ///     record?;
    ///     count += 1;
    /// }
    /// println!("{count} trades so far");
    /// while let Some(record) = tape.next().await {
    ///     println!("{:?}", record?.patch.price);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next_retained(&mut self) -> Option<Result<TapeRecord<T>, TapeError>> {
        poll_fn(|context| self.poll(context, true)).await
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
        until_caught_up: bool,
    ) -> Poll<Option<Result<TapeRecord<T>, TapeError>>> {
        if let State::Lazy = self.state {
            match self.open() {
                Ok(reader) => self.state = State::Live(reader),
                Err(error) => {
                    self.finish();
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        let State::Live(reader) = &self.state else {
            return Poll::Ready(None);
        };
        match ready!(reader.queue.poll_next(context, until_caught_up)) {
            Some(Polled { item, resumes }) => {
                if resumes {
                    reader.resume();
                }
                Poll::Ready(Some(item))
            }
            None => {
                if reader.queue.has_ended() {
                    self.finish();
                }
                Poll::Ready(None)
            }
        }
    }

    fn open(&self) -> Result<TapeReader<T>, TapeError> {
        if let Some(option) = self.part.rows_only() {
            let view = self.view.to_string();
            return Err(TapeError::Unsupported { view, option });
        }
        let filters = self.part.values()?;
        let query = TapeQuery {
            view: self.view.clone(),
            key: self.key.clone(),
            filters: self.part.record_filters(),
            start: self.start.clone(),
            ends_at_gap: self.ends_at_gap,
        };
        Ok(self.engine.open_tape(query, &filters, self.capacity)?)
    }

    fn finish(&mut self) {
        self.state = State::Ended;
        self.kept = None;
    }
}

impl<T: Record> Stream for Tape<T> {
    type Item = Result<TapeRecord<T>, TapeError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<TapeRecord<T>, TapeError>>> {
        self.poll(context, false)
    }
}

impl<T: Record> FusedStream for Tape<T> {
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Ended)
    }
}

// No field is pinned.
impl<T: Record> Unpin for Tape<T> {}

impl<T: Record> fmt::Debug for Tape<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tape")
            .field("view", &self.view)
            .field("key", &self.key)
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}
