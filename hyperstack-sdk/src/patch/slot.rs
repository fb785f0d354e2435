//! Slots and whole values on the wire, for every kind of field.

use super::context::Context;
use super::field::{Field, Rule};
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;

/// Reads null or a patch.
pub(crate) struct SlotSeed<'c, 'a, 'x, F, K> {
    cx: &'c mut Context<'a>,
    field: PhantomData<(&'x (), F, K)>,
}

impl<'c, 'a, 'x, F: Field<'x, K>, K> SlotSeed<'c, 'a, 'x, F, K> {
    pub(crate) fn new(cx: &'c mut Context<'a>) -> Self {
        let field = PhantomData;
        Self { cx, field }
    }
}

impl<'de, 'x, F: Field<'x, K>, K> DeserializeSeed<'de> for SlotSeed<'_, '_, 'x, F, K> {
    type Value = Option<F::Patch>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_option(self)
    }
}

impl<'de, 'x, F: Field<'x, K>, K> Visitor<'de> for SlotSeed<'_, '_, 'x, F, K> {
    type Value = Option<F::Patch>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        F::decode(d, self.cx).map(Some)
    }
}

/// Writes null or a patch.
pub(crate) struct SlotRef<'p, 'x, F: Field<'x, K>, K>(pub(crate) &'p Option<F::Patch>);

impl<'x, F: Field<'x, K>, K> Serialize for SlotRef<'_, 'x, F, K> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            None => s.serialize_none(),
            Some(patch) => F::encode(patch, s),
        }
    }
}

/// Reads the next element of a sequence as a whole value.
pub(crate) fn next_element<'de, 'x, T: Field<'x>, A: SeqAccess<'de>>(
    seq: &mut A,
    index: usize,
    cx: &mut Context<'_>,
) -> Result<Option<T>, A::Error> {
    let element = match seq.next_element_seed(SlotSeed::<T, _>::new(cx)) {
        Ok(None) => return Ok(None),
        Ok(Some(slot)) => T::Rule::build_slot(Some(slot)).map_err(|error| cx.fail(&error)),
        Err(error) => Err(error),
    };
    if element.is_err() {
        cx.failed_at(index);
    }
    element.map(Some)
}

/// Reads a list of whole values into any collection.
pub(crate) fn decode_list<'de, 'x, T, C, D>(d: D, cx: &mut Context<'_>) -> Result<C, D::Error>
where
    T: Field<'x>,
    C: Default + Extend<T>,
    D: Deserializer<'de>,
{
    struct List<'c, 'a, 'x, T, C>(&'c mut Context<'a>, PhantomData<(&'x (), T, C)>);

    impl<'de, 'x, T: Field<'x>, C: Default + Extend<T>> Visitor<'de> for List<'_, '_, 'x, T, C> {
        type Value = C;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<C, A::Error> {
            let mut list = C::default();
            let mut index = 0;
            while let Some(element) = next_element(&mut seq, index, self.0)? {
                list.extend([element]);
                index += 1;
            }
            Ok(list)
        }
    }

    d.deserialize_seq(List(cx, PhantomData))
}

/// Writes a whole value.
pub(crate) struct ValueRef<'v, 'x, T>(&'v T, PhantomData<&'x ()>);

impl<'v, T> ValueRef<'v, '_, T> {
    pub(crate) fn new(value: &'v T) -> Self {
        Self(value, PhantomData)
    }
}

impl<'x, T: Field<'x>> Serialize for ValueRef<'_, 'x, T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        SlotRef::<T, _>(&T::Rule::whole(self.0).flatten()).serialize(s)
    }
}

/// Writes whole values as an array.
pub(crate) fn encode_list<'v, 'x, T: Field<'x>, S: Serializer>(
    list: impl IntoIterator<Item = &'v T>,
    s: S,
) -> Result<S::Ok, S::Error> {
    s.collect_seq(
        list.into_iter()
            .map(|value| ValueRef::<'_, 'x, T>::new(value)),
    )
}
