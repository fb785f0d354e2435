//! One typed cache per view and Rust type: decode, merge, order.
//!
//! A [`Hub`] routes frames to the caches of their view. A [`Cache`] keeps its rows behind `Arc`, in
//! the view's order, and publishes each change to the queues of its readers. Nothing here waits,
//! reads a clock or knows the socket; a frame that does not decode changes nothing.

mod cache;
mod hub;
mod order;
mod rows;

pub(crate) use cache::{Cache, Readiness, Selection};
pub(crate) use hub::Hub;

#[cfg(test)]
mod tests;
