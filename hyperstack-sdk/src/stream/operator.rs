//! The operators of a stream.

/// Converts or drops the items of a stream.
///
/// [`Watch::filter`](crate::Watch::filter), [`filter_map`](crate::Watch::filter_map) and [`map`](crate::Watch::map)
/// build operators; you do not need to implement this trait. A chain of any length is one stream.
pub trait Operator<In> {
    /// The items that the operator produces.
    type Out;

    /// Calls `make` and processes the item. Returns `None` to drop it.
    ///
    /// `make` is a closure because moving a large item from step to step is costly.
    fn apply(&mut self, make: impl FnOnce() -> Option<In>) -> Option<Self::Out>;
}

/// Passes on every item.
#[derive(Debug, Clone, Copy, Default)]
pub struct Identity;

/// Marks a stream without operators, whose kind of item can still be chosen.
#[diagnostic::on_unimplemented(
    message = "the kind of item cannot change after `filter`, `filter_map` or `map`",
    label = "call it before `filter`, `filter_map` and `map`"
)]
pub trait NoOperator {}

impl NoOperator for Identity {}

/// Passes on the items that a predicate accepts.
#[derive(Debug, Clone, Copy)]
pub struct Filter<F>(pub(super) F);

/// Passes on the result of a function if it is `Some`.
#[derive(Debug, Clone, Copy)]
pub struct FilterMap<F>(pub(super) F);

/// Passes on the result of a function.
#[derive(Debug, Clone, Copy)]
pub struct Map<F>(pub(super) F);

/// Applies one operator after another.
#[derive(Debug, Clone, Copy)]
pub struct Then<A, B>(pub(super) A, pub(super) B);

impl<In> Operator<In> for Identity {
    type Out = In;

    fn apply(&mut self, make: impl FnOnce() -> Option<In>) -> Option<In> {
        make()
    }
}

impl<In, F: FnMut(&In) -> bool> Operator<In> for Filter<F> {
    type Out = In;

    fn apply(&mut self, make: impl FnOnce() -> Option<In>) -> Option<In> {
        make().filter(&mut self.0)
    }
}

impl<In, Out, F: FnMut(In) -> Option<Out>> Operator<In> for FilterMap<F> {
    type Out = Out;

    fn apply(&mut self, make: impl FnOnce() -> Option<In>) -> Option<Out> {
        make().and_then(&mut self.0)
    }
}

impl<In, Out, F: FnMut(In) -> Out> Operator<In> for Map<F> {
    type Out = Out;

    fn apply(&mut self, make: impl FnOnce() -> Option<In>) -> Option<Out> {
        make().map(&mut self.0)
    }
}

impl<In, A: Operator<In>, B: Operator<A::Out>> Operator<In> for Then<A, B> {
    type Out = B::Out;

    fn apply(&mut self, make: impl FnOnce() -> Option<In>) -> Option<B::Out> {
        let Then(first, second) = self;
        second.apply(|| first.apply(make))
    }
}
