//! `#[field(serde)]`: types of other crates, decoded with their serde impls and replaced as a whole.

use super::context::Context;
use super::field::{Field, Value, Whole};
use super::option::Optional;
use serde::de::DeserializeOwned;
use serde::{Deserializer, Serialize, Serializer};
use std::marker::PhantomData;

/// The kind of a field that uses the type's serde impls.
///
/// The constant combines [`SerdeImpls::HAS_IMPLS`] and [`CheckedForeign::CHECKED`]. If one of them is an error, the
/// kind is one too.
#[derive(Debug)]
pub enum Foreign<const CHECKED: bool> {}

/// The kind of a field whose type is spelled `Option<..>`, around a field of kind `K`.
#[derive(Debug)]
pub struct ForeignOption<K>(PhantomData<K>);

/// The serde impls that `#[field(serde)]` requires.
#[diagnostic::on_unimplemented(
    message = "`#[field(serde)]` requires serde impls, which `{Self}` does not have",
    label = "must implement `Serialize` and `Deserialize`",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it",
    note = "or derive `Section` or `Leaf` for it, and remove `serde` from the field"
)]
pub trait SerdeImpls {
    /// Used as a constant argument: without the impls, using it is an error.
    const HAS_IMPLS: bool = true;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> SerdeImpls for T {}

/// The other bounds that `#[field(serde)]` requires.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of an entity",
    note = "entities and their fields must be `Clone + Debug + PartialEq + Send + Sync + 'static`"
)]
pub trait CheckedForeign {
    /// Used as a constant argument: if a bound does not hold, using it is an error.
    const CHECKED: bool = true;
}

impl<T: Value + Send + Sync> CheckedForeign for T {}

impl<T, const CHECKED: bool> Field<Foreign<CHECKED>> for T
where
    T: Value + Send + Sync + Serialize + DeserializeOwned,
{
    type Change = T;
    type Rule = Whole;

    fn decode_field<'de, D: Deserializer<'de>>(d: D, _: &mut Context<'_>) -> Result<T, D::Error> {
        T::deserialize(d)
    }

    fn encode_field<S: Serializer>(patch: &T, s: S) -> Result<S::Ok, S::Error> {
        patch.serialize(s)
    }
}

impl<T: Field<K>, K> Field<ForeignOption<K>> for Option<T> {
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
