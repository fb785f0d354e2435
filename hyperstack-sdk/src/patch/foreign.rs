//! `#[field(serde)]`: a type of someone else's, replaced whole by its own serde impls.

use super::context::Context;
use super::field::{Field, Value, Whole};
use super::option::Optional;
use serde::de::DeserializeOwned;
use serde::{Deserializer, Serialize, Serializer};
use std::marker::PhantomData;

/// A kind of field: by the type's serde impls. The constant is made of [`SerdeImpls::HAS_IMPLS`] and of
/// [`CheckedForeign::CHECKED`]: where one is an error, the kind is one too.
#[derive(Debug)]
pub enum Foreign<const CHECKED: bool> {}

/// A kind of field: an `Option`, spelled as one, over a field of kind `K`.
#[derive(Debug)]
pub struct ForeignOption<K>(PhantomData<K>);

/// What `#[field(serde)]` needs of a type.
#[diagnostic::on_unimplemented(
    message = "`#[field(serde)]` needs serde impls, which `{Self}` lacks",
    label = "not both `Serialize` and `Deserialize`",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it",
    note = "or derive `Section` or `Leaf` for it, and leave `serde` out"
)]
pub trait SerdeImpls {
    /// What has none is an error.
    const HAS_IMPLS: bool = true;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> SerdeImpls for T {}

/// What `#[field(serde)]` needs of a type besides.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of an entity",
    note = "entities and what they hold are `Clone + Debug + PartialEq + Send + Sync + 'static`"
)]
pub trait CheckedForeign {
    /// What is none is an error.
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
