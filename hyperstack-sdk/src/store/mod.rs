//! Sources and local windows: decode, merge, order.
//!
//! [`Caches`] passes the session's instructions to the caches of their source. A [`Cache`] has the rows of one source
//! as one Rust type. It keeps them behind `Arc`s in the view's order, and delivers each change to the queues of its
//! readers through their local windows. The store never waits, reads a clock or uses the socket. A row that does not
//! decode changes nothing.

mod caches;

mod cache;
mod report;
mod source;

mod rows;

mod repair;

mod index;
mod order;

mod readers;
mod readiness;

mod row_set;
mod window;

mod tape;

#[cfg(feature = "metrics")]
mod tally;

pub(crate) use cache::Cache;
pub(crate) use caches::{Caches, SourceCounts};
pub(crate) use readers::{RowsOf, Selection};
pub(crate) use readiness::Outcome;
pub(crate) use report::Full;
pub use report::{Lack, MissingField, PartialRows};
#[cfg(feature = "metrics")]
pub(crate) use tally::{Difference, Tallied};
pub(crate) use tape::TapeLog;
pub(crate) use window::Predicate;

#[cfg(test)]
mod tests;
