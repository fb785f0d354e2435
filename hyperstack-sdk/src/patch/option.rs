//! `Option`: null is `None`, and in an `Option<Option<_>>` it is `Some(None)`.

use super::context::Context;
use super::error::PatchError;
use super::field::{Field, Rule, Slot};
use super::filter::{Asked, FilterError};
use super::paths::Paths;
use serde::{Deserializer, Serializer};
use std::marker::PhantomData;

/// The rule of an `Option`, given the rule of the type inside.
#[derive(Debug)]
pub struct Optional<R>(PhantomData<R>);

impl<T: Field> Field for Option<T> {
    type Change = T::Change;
    type Rule = Optional<T::Rule>;

    fn decode_field<'de, D: Deserializer<'de>>(
        d: D,
        cx: &mut Context<'_>,
    ) -> Result<Self::Change, D::Error> {
        T::decode_field(d, cx)
    }

    fn encode_field<S: Serializer>(patch: &Self::Change, s: S) -> Result<S::Ok, S::Error> {
        T::encode_field(patch, s)
    }
}

/// Sets a value that was `None`.
fn set<T>(value: &mut T, made: Result<T, PatchError>) -> Result<bool, PatchError> {
    *value = made?;
    Ok(true)
}

impl<T: PartialEq, P, R: Rule<T, P>> Rule<Option<T>, P> for Optional<R> {
    fn absent() -> Result<Option<T>, PatchError> {
        Ok(None)
    }

    fn null() -> Option<Option<T>> {
        Some(R::null_inside())
    }

    fn null_inside() -> Option<Option<T>> {
        Some(R::null_inside())
    }

    fn make(patch: P) -> Result<Option<T>, PatchError> {
        R::make(patch).map(Some)
    }

    fn check(base: Option<&Option<T>>, patch: &P) -> Result<(), PatchError> {
        R::check(base.and_then(Option::as_ref), patch)
    }

    fn holds(value: &Option<T>, patch: &P) -> bool {
        value.as_ref().is_some_and(|value| R::holds(value, patch))
    }

    fn merge(value: &mut Option<T>, patch: P) -> Result<bool, PatchError> {
        match value {
            Some(value) => R::merge(value, patch),
            None => set(value, Self::make(patch)),
        }
    }

    fn then(first: &mut P, second: P) {
        R::then(first, second);
    }

    fn fresh(patch: P) -> P {
        R::fresh(patch)
    }

    fn diff(value: &Option<T>, later: &Option<T>) -> Slot<P> {
        match (value, later) {
            (Some(value), Some(later)) => R::diff(value, later),
            (None, None) => None,
            _ => Self::whole(later),
        }
    }

    fn whole(value: &Option<T>) -> Slot<P> {
        match value {
            Some(value) => R::whole(value),
            // The `None` of an `Option<Option<_>>` means never sent, which a patch cannot express.
            None => R::null_inside().is_none().then_some(None),
        }
    }

    fn answers(asked: Asked<'_>) -> Result<(), FilterError> {
        R::answers(asked)
    }

    fn paths(patch: &P, at: &mut Paths) {
        R::paths(patch, at);
    }
}
