//! One typed cache per view and Rust type: decode, merge, order.
//!
//! A [`Hub`] routes frames to the caches of their view. A [`Cache`] keeps its rows behind `Arc`, in
//! the view's order, and publishes each change to the queues of its readers. Nothing here waits,
//! reads a clock or knows the socket; a frame that does not decode changes nothing.

mod cache;
mod hub;
mod ids;
mod index;
mod lens;
mod order;
mod overlap;
mod readers;
mod readiness;
mod rows;

pub(crate) use cache::Cache;
pub(crate) use hub::Hub;
pub(crate) use lens::Filter;
pub(crate) use readers::Selection;
pub(crate) use readiness::Outcome;

#[cfg(test)]
mod tests;
