//! Streams of changes. All streams are a [`Watch`], and each has a queue of its own.
//!
//! A [`Watch`] subscribes when you first poll it. It yields the current rows, then every change. 5 seconds after you
//! drop it, the client unsubscribes, unless another reader uses the view.

mod change;
mod meter;

mod queue;

mod item;
mod watch;

mod erased;
mod operator;
mod row_change;
mod update;

mod tape;

mod end;
mod error;

pub(crate) use change::{Change, ChangeKind};
pub use end::EndReason;
pub use erased::ErasedStream;
pub use error::{RowError, RowErrorCause, StreamError};
pub use item::{AnyRow, Item, WindowRows};
pub(crate) use meter::Meter;
pub use operator::{Filter, FilterMap, Identity, Map, NoOperator, Operator, Then};
#[cfg(test)]
pub(crate) use queue::{Needs, Next};
pub(crate) use queue::{Options, Policy, Queue, Wakers};
pub use row_change::RowChange;
pub(crate) use tape::{Polled, TapeQueue};
pub use tape::{TapeError, TapeRecord};
pub use update::{RichUpdate, Update};
pub use watch::{
    ChangeStream, EntityStream, RichEntityStream, RowStream, SharedEntityStream, TryEntityStream,
    Watch, WindowStream,
};
pub(crate) use watch::{ReadWindow, Subscription};
