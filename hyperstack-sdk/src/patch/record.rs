//! Structs with named fields. What a derive writes per field is one call to a function below.

use super::context::Context;
use super::error::PatchError;
use super::field::{replace, Field, Rule, Slot, Value};
use super::list::Appendable;
use super::slot::{SlotRef, SlotSeed};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserializer, Serializer};
use std::fmt;
use std::marker::PhantomData;

/// A struct that is read and merged field by field. Derived.
pub trait Record: Value {
    /// One slot for each field on the wire.
    type Fields: Fields;

    /// The fields' values from a patch alone.
    fn build(patch: Self::Fields) -> Result<Self, PatchError>;
    /// Whether `merge_fields` into `base` (or, without one, `build`) would succeed.
    fn check(base: Option<&Self>, patch: &Self::Fields) -> Result<(), PatchError>;
    /// Merges a patch that `check` has passed, and says whether that changed anything.
    fn merge_fields(value: &mut Self, patch: Self::Fields) -> Result<bool, PatchError>;
    /// The least patch that turns `value` into `later`.
    fn diff_fields(value: &Self, later: &Self) -> Self::Fields;
    /// The patch that sets every field.
    fn whole(value: &Self) -> Self::Fields;
}

/// The slots of a [`Record`]: what its patch consists of. Derived.
pub trait Fields: Value + Default {
    /// The struct's name, the root of error paths.
    const ROOT: &'static str;

    /// The number of the field with this name, and the name.
    fn find(name: &str) -> Option<(usize, &'static str)>;
    /// Reads the value of a field found under that number.
    fn decode_field<'de, A: MapAccess<'de>>(
        fields: &mut Self,
        number: usize,
        map: &mut A,
        cx: &mut Context<'_>,
    ) -> Result<(), A::Error>;
    /// Writes every field that is set.
    fn encode_fields<M: SerializeMap>(fields: &Self, map: &mut M) -> Result<(), M::Error>;
    /// Makes `first` mean both, in that order.
    fn then_fields(first: &mut Self, second: Self);
    /// Whether no field is set.
    fn none_set(fields: &Self) -> bool;
}

/// Reads fields from an object. Unknown keys are skipped; of equal keys the last one counts.
pub fn decode<'de, P: Fields, D: Deserializer<'de>>(
    d: D,
    cx: &mut Context<'_>,
) -> Result<P, D::Error> {
    struct Object<'c, 'a, P>(&'c mut Context<'a>, PhantomData<P>);

    impl<'de, P: Fields> Visitor<'de> for Object<'_, '_, P> {
        type Value = P;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<P, A::Error> {
            let mut fields = P::default();
            while let Some(found) = map.next_key_seed(Name::<P>(PhantomData))? {
                match found {
                    Some((number, name)) => self.0.under(name, |cx| {
                        P::decode_field(&mut fields, number, &mut map, cx)
                    })?,
                    None => drop(map.next_value::<IgnoredAny>()?),
                }
            }
            Ok(fields)
        }
    }

    d.deserialize_map(Object(cx, PhantomData))
}

/// Reads a key.
struct Name<P>(PhantomData<P>);

impl<'de, P: Fields> DeserializeSeed<'de> for Name<P> {
    type Value = Option<(usize, &'static str)>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_identifier(self)
    }
}

impl<P: Fields> Visitor<'_> for Name<P> {
    type Value = Option<(usize, &'static str)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(P::find(name))
    }
}

/// Reads fields with any deserializer, and puts the path into the message of an error.
pub fn deserialize<'de, P: Fields, D: Deserializer<'de>>(d: D) -> Result<P, D::Error> {
    let mut cx = Context::default();
    decode(d, &mut cx).map_err(|error| cx.locate(P::ROOT, &error))
}

/// Writes the fields that are set as an object.
pub fn encode<P: Fields, S: Serializer>(fields: &P, s: S) -> Result<S::Ok, S::Error> {
    let mut map = s.serialize_map(None)?;
    P::encode_fields(fields, &mut map)?;
    map.end()
}

/// Reads one slot.
pub fn decode_field<'de, 'x, F: Field<'x, K>, K, A: MapAccess<'de>>(
    slot: &mut Slot<F::Patch>,
    map: &mut A,
    cx: &mut Context<'_>,
) -> Result<(), A::Error> {
    *slot = Some(map.next_value_seed(SlotSeed::<F, K>::new(cx))?);
    Ok(())
}

/// Writes one slot, if it is set.
pub fn encode_field<'x, F: Field<'x, K>, K, M: SerializeMap>(
    name: &'static str,
    slot: &Slot<F::Patch>,
    map: &mut M,
) -> Result<(), M::Error> {
    match slot {
        None => Ok(()),
        Some(slot) => map.serialize_entry(name, &SlotRef::<F, K>(slot)),
    }
}

/// Builds one field.
pub fn build<'x, F: Field<'x, K>, K>(
    name: &'static str,
    slot: Slot<F::Patch>,
) -> Result<F, PatchError> {
    F::Rule::build_slot(slot).map_err(|error| error.at(name))
}

/// Checks one field.
pub fn check<'x, F: Field<'x, K>, K>(
    name: &'static str,
    base: Option<&F>,
    slot: &Slot<F::Patch>,
) -> Result<(), PatchError> {
    F::Rule::check_slot(base, slot).map_err(|error| error.at(name))
}

/// Merges into one field.
pub fn merge<'x, F: Field<'x, K>, K>(
    name: &'static str,
    value: &mut F,
    slot: Slot<F::Patch>,
) -> Result<bool, PatchError> {
    F::Rule::merge_slot(value, slot).map_err(|error| error.at(name))
}

/// Makes one slot mean both, in that order.
pub fn then<'x, F: Field<'x, K>, K>(first: &mut Slot<F::Patch>, second: Slot<F::Patch>) {
    F::Rule::then_slot(first, second);
}

/// The least that turns one field into another.
pub fn diff<'x, F: Field<'x, K>, K>(value: &F, later: &F) -> Slot<F::Patch> {
    F::Rule::diff(value, later)
}

/// What sets one field whole.
pub fn whole<'x, F: Field<'x, K>, K>(value: &F) -> Slot<F::Patch> {
    F::Rule::whole(value)
}

/// Whether a slot is null where the field knows none: there the field's default steps in.
fn defaults<'x, F: Field<'x, K>, K>(slot: &Slot<F::Patch>) -> bool {
    matches!(slot, Some(None)) && F::Rule::null().is_none()
}

/// Builds one field that has a default.
pub fn build_or<'x, F: Field<'x, K>, K>(
    name: &'static str,
    slot: Slot<F::Patch>,
    default: impl FnOnce() -> F,
) -> Result<F, PatchError> {
    if slot.is_none() || defaults::<F, K>(&slot) {
        Ok(default())
    } else {
        build::<F, K>(name, slot)
    }
}

/// Checks one field that has a default.
pub fn check_or<'x, F: Field<'x, K>, K>(
    name: &'static str,
    base: Option<&F>,
    slot: &Slot<F::Patch>,
) -> Result<(), PatchError> {
    match slot {
        None | Some(None) => Ok(()),
        Some(Some(_)) => check::<F, K>(name, base, slot),
    }
}

/// Merges into one field that has a default.
pub fn merge_or<'x, F: Field<'x, K>, K>(
    name: &'static str,
    value: &mut F,
    slot: Slot<F::Patch>,
    default: impl FnOnce() -> F,
) -> Result<bool, PatchError> {
    if defaults::<F, K>(&slot) {
        Ok(replace(value, default()))
    } else {
        merge::<F, K>(name, value, slot)
    }
}

/// Drops from a slot what a list of at most `max` elements would not keep.
pub fn trim_slot<'x, F: Appendable<'x>>(mut slot: Slot<F::Patch>, max: usize) -> Slot<F::Patch> {
    if let Some(Some(patch)) = &mut slot {
        F::trim_patch(patch, max);
    }
    slot
}

/// Keeps the newest `max` elements of a list.
pub fn trim<'x, F: Appendable<'x>>(value: &mut F, max: usize) {
    value.trim(max);
}

/// Shows a slot, if it is set.
pub fn debug<P: fmt::Debug>(f: &mut fmt::DebugStruct<'_, '_>, name: &str, slot: &Slot<P>) {
    if let Some(slot) = slot {
        f.field(name, slot);
    }
}

/// The rule of sections: merged field by field, and built from the empty patch where never sent.
#[derive(Debug)]
pub enum ByField {}

impl<T: Record> Rule<T, T::Fields> for ByField {
    fn absent() -> Result<T, PatchError> {
        T::build(T::Fields::default())
    }

    fn make(patch: T::Fields) -> Result<T, PatchError> {
        T::build(patch)
    }

    fn check(base: Option<&T>, patch: &T::Fields) -> Result<(), PatchError> {
        T::check(base, patch)
    }

    fn merge(value: &mut T, patch: T::Fields) -> Result<bool, PatchError> {
        T::merge_fields(value, patch)
    }

    fn then(first: &mut T::Fields, second: T::Fields) {
        T::Fields::then_fields(first, second);
    }

    fn diff(value: &T, later: &T) -> Slot<T::Fields> {
        let patch = T::diff_fields(value, later);
        (!T::Fields::none_set(&patch)).then_some(Some(patch))
    }

    fn whole(value: &T) -> Slot<T::Fields> {
        Some(Some(T::whole(value)))
    }
}

/// Checks a patch against a value, then merges it.
pub(crate) fn apply<T: Record>(value: &mut T, patch: T::Fields) -> Result<bool, PatchError> {
    T::check(Some(value), &patch)
        .and_then(|()| T::merge_fields(value, patch))
        .map_err(|error| error.under(T::Fields::ROOT))
}

/// Builds a value, for those who are not inside of another one.
pub fn from_fields<T: Record>(patch: T::Fields) -> Result<T, PatchError> {
    T::build(patch).map_err(|error| error.under(T::Fields::ROOT))
}
