//! `Box` and `Arc`, which merge like the type that they point to.

use super::context::Context;
use super::error::PatchError;
use super::field::{Field, Rule, Slot};
use super::filter::{Asked, FilterError};
use super::paths::Paths;
use serde::{Deserializer, Serializer};
use std::marker::PhantomData;
use std::sync::Arc;

/// The rule of a pointer, given the rule of the type that it points to.
///
/// The patch is boxed too, so that a section can contain itself.
#[derive(Debug)]
pub struct Pointer<R>(PhantomData<R>);

macro_rules! pointers {
    ($($pointer:ident, $target:expr;)*) => {$(
        impl<T: Field> Field for $pointer<T> {
            type Change = Box<T::Change>;
            type Rule = Pointer<T::Rule>;

            fn decode_field<'de, D: Deserializer<'de>>(
                d: D,
                cx: &mut Context<'_>,
            ) -> Result<Self::Change, D::Error> {
                T::decode_field(d, cx).map(Box::new)
            }

            fn encode_field<S: Serializer>(patch: &Self::Change, s: S) -> Result<S::Ok, S::Error> {
                T::encode_field(patch, s)
            }
        }

        impl<T: Clone, P, R: Rule<T, P>> Rule<$pointer<T>, Box<P>> for Pointer<R> {
            fn absent() -> Result<$pointer<T>, PatchError> {
                R::absent().map($pointer::new)
            }

            fn null() -> Option<$pointer<T>> {
                R::null().map($pointer::new)
            }

            fn null_inside() -> Option<$pointer<T>> {
                R::null_inside().map($pointer::new)
            }

            fn make(patch: Box<P>) -> Result<$pointer<T>, PatchError> {
                R::make(*patch).map($pointer::new)
            }

            fn check(base: Option<&$pointer<T>>, patch: &Box<P>) -> Result<(), PatchError> {
                R::check(base.map(|base| &**base), patch)
            }

            fn holds(value: &$pointer<T>, patch: &Box<P>) -> bool {
                R::holds(value, patch)
            }

            fn merge(value: &mut $pointer<T>, patch: Box<P>) -> Result<bool, PatchError> {
                let target: fn(&mut $pointer<T>) -> &mut T = $target;
                R::merge(target(value), *patch)
            }

            fn then(first: &mut Box<P>, second: Box<P>) {
                R::then(first, *second);
            }

            fn fresh(patch: Box<P>) -> Box<P> {
                Box::new(R::fresh(*patch))
            }

            fn diff(value: &$pointer<T>, later: &$pointer<T>) -> Slot<Box<P>> {
                R::diff(value, later).map(|slot| slot.map(Box::new))
            }

            fn whole(value: &$pointer<T>) -> Slot<Box<P>> {
                R::whole(value).map(|slot| slot.map(Box::new))
            }

            fn answers(asked: Asked<'_>) -> Result<(), FilterError> {
                R::answers(asked)
            }

            fn paths(patch: &Box<P>, at: &mut Paths) {
                R::paths(patch, at);
            }
        }
    )*};
}

pointers! {
    Box, |value| &mut **value;
    Arc, |value| Arc::make_mut(value);
}
