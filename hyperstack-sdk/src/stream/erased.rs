//! A stream whose type names only its items.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{FusedStream, Stream};

use super::end::EndReason;
use super::item::Item;
use super::operator::Operator;
use super::watch::Watch;

/// A stream whose type names only its items, so that you can store it in a struct or return it.
///
/// Created by [`Watch::erased`]. It is a [`Stream`] and `Send`. It has [`end_reason`](Self::end_reason) and
/// [`conflated`](Self::conflated), but not the other methods of [`Watch`]: call those before `erased`.
///
/// ```no_run
/// use hyperstack_sdk::{prelude::*, ErasedStream};
///
/// # #[derive(Debug, Clone, PartialEq, Entity)]
/// # struct Token { price: f64 }
/// struct Ticker {
///     prices: ErasedStream<f64>,
/// }
///
/// impl Ticker {
///     fn new(hs: &HyperStack) -> Self {
///         let prices = hs.listen::<Token>().map(|token| token.price).erased();
///         Ticker { prices }
///     }
///
///     async fn next_price(&mut self) -> Option<f64> {
///         self.prices.next().await
///     }
/// }
/// ```
#[must_use = "a stream does nothing until it is polled"]
pub struct ErasedStream<Out>(Box<dyn AnyWatch<Item = Out> + Send>);

/// The methods of a [`Watch`] that do not depend on its type.
trait AnyWatch: FusedStream + Unpin {
    fn end_reason(&self) -> Option<&EndReason>;
    fn conflated(&self) -> u64;
}

impl<I: Item, O: Operator<I>> AnyWatch for Watch<I, O> {
    fn end_reason(&self) -> Option<&EndReason> {
        self.end_reason()
    }

    fn conflated(&self) -> u64 {
        self.conflated()
    }
}

impl<Out> ErasedStream<Out> {
    pub(super) fn new<I, O>(watch: Watch<I, O>) -> Self
    where
        I: Item + 'static,
        O: Operator<I, Out = Out> + Send + 'static,
    {
        ErasedStream(Box::new(watch))
    }

    /// Returns why the stream ended; see [`Watch::end_reason`].
    pub fn end_reason(&self) -> Option<&EndReason> {
        self.0.end_reason()
    }

    /// Returns how many changes were merged into others; see [`Watch::conflated`].
    pub fn conflated(&self) -> u64 {
        self.0.conflated()
    }
}

impl<Out> Stream for ErasedStream<Out> {
    type Item = Out;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Out>> {
        Pin::new(&mut *self.0).poll_next(context)
    }
}

impl<Out> FusedStream for ErasedStream<Out> {
    fn is_terminated(&self) -> bool {
        self.0.is_terminated()
    }
}

impl<Out> fmt::Debug for ErasedStream<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErasedStream")
            .field("end_reason", &self.end_reason())
            .finish_non_exhaustive()
    }
}
