//! What may happen to an item on its way to the reader.

/// A step from one item to another, or to none.
///
/// The operators of a stream compose into one of these, so that a chain of any length is one stream
/// with one state machine.
pub trait Operator<In> {
    /// What the step makes.
    type Out;

    /// Makes an item and takes it; `None` leaves it out. An item may be large, and is not moved from one step
    /// to the next.
    fn apply(&mut self, make: impl FnOnce() -> Option<In>) -> Option<Self::Out>;
}

/// Passes every item on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Identity;

/// Passes on what a predicate accepts.
#[derive(Debug, Clone, Copy)]
pub struct Filter<F>(pub(super) F);

/// Passes on what a function makes of an item, if anything.
#[derive(Debug, Clone, Copy)]
pub struct FilterMap<F>(pub(super) F);

/// Passes on what a function makes of an item.
#[derive(Debug, Clone, Copy)]
pub struct Map<F>(pub(super) F);

/// One step after another.
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
