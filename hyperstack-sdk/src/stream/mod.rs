//! Streams of changes: one conflating queue per reader, and one stream type for every kind of item.
//!
//! A [`Watch`] subscribes when it is first polled. It yields the current rows as upserts and then every later
//! change. Dropping it unsubscribes after a short linger.

mod change;
mod meter;

mod queue;

mod watch;

mod operator;
mod update;

mod end;
mod error;

pub(crate) use change::{Change, ChangeKind};
pub use end::EndReason;
pub use error::{RowError, RowErrorCause, StreamError};
pub(crate) use meter::Meter;
pub use operator::{Filter, FilterMap, Identity, Map, Operator, Then};
#[cfg(test)]
pub(crate) use queue::Next;
pub(crate) use queue::{Policy, Queue, Wakers};
pub use update::{RichUpdate, Update};
pub use watch::{
    EntityStream, Item, RichEntityStream, RowStream, SharedEntityStream, TryEntityStream, Watch,
};
pub(crate) use watch::{Options, Subscription};
