//! `#[field(serde)]`: a type of someone else's, replaced whole by its own serde impls.

use super::context::Context;
use super::field::{Field, Value, Whole};
use super::option::Optional;
use serde::de::DeserializeOwned;
use serde::{Deserializer, Serialize, Serializer};
use std::marker::PhantomData;

/// A kind of field: by the type's serde impls.
#[derive(Debug)]
pub enum Foreign {}

/// A kind of field: an `Option`, spelled as one, over a field of kind `K`.
#[derive(Debug)]
pub struct ForeignOption<K>(PhantomData<K>);

impl<T: Value + Serialize + DeserializeOwned> Field<'_, Foreign> for T {
    type Patch = T;
    type Rule = Whole;

    fn decode<'de, D: Deserializer<'de>>(d: D, _: &mut Context<'_>) -> Result<T, D::Error> {
        T::deserialize(d)
    }

    fn encode<S: Serializer>(patch: &T, s: S) -> Result<S::Ok, S::Error> {
        patch.serialize(s)
    }
}

impl<'x, T: Field<'x, K>, K> Field<'x, ForeignOption<K>> for Option<T> {
    type Patch = T::Patch;
    type Rule = Optional<T::Rule>;

    fn decode<'de, D: Deserializer<'de>>(
        d: D,
        cx: &mut Context<'_>,
    ) -> Result<Self::Patch, D::Error> {
        T::decode(d, cx)
    }

    fn encode<S: Serializer>(patch: &Self::Patch, s: S) -> Result<S::Ok, S::Error> {
        T::encode(patch, s)
    }
}
