//! Decodes and encodes slots and whole values, for every kind of field.

use super::context::Context;
use super::field::{Field, Rule, Slot};
use serde::de::{DeserializeSeed, Error, SeqAccess, Visitor};
use serde::{Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;

/// Decodes null or a patch into a slot in place, because a patch can be large and moving it is slow.
pub(crate) struct SlotRead<'s, 'c, 'a, F: Field<K>, K> {
    slot: &'s mut Slot<F::Change>,
    cx: &'c mut Context<'a>,
}

impl<'s, 'c, 'a, F: Field<K>, K> SlotRead<'s, 'c, 'a, F, K> {
    pub(crate) fn new(slot: &'s mut Slot<F::Change>, cx: &'c mut Context<'a>) -> Self {
        Self { slot, cx }
    }
}

impl<'de, F: Field<K>, K> DeserializeSeed<'de> for SlotRead<'_, '_, '_, F, K> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_option(self)
    }
}

impl<'de, F: Field<K>, K> Visitor<'de> for SlotRead<'_, '_, '_, F, K> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        *self.slot = Some(None);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        *self.slot = Some(None);
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        fill(self.slot, F::decode_field(d, self.cx))
    }
}

/// Fills a slot. A function of its own, so that in a debug build its copies of the patch do not add to the stack that
/// decoding needs.
fn fill<P, E>(slot: &mut Slot<P>, decoded: Result<P, E>) -> Result<(), E> {
    *slot = Some(Some(decoded?));
    Ok(())
}

/// Decodes null or a patch.
pub(crate) struct SlotSeed<'c, 'a, F, K> {
    cx: &'c mut Context<'a>,
    field: PhantomData<(F, K)>,
}

impl<'c, 'a, F: Field<K>, K> SlotSeed<'c, 'a, F, K> {
    pub(crate) fn new(cx: &'c mut Context<'a>) -> Self {
        let field = PhantomData;
        Self { cx, field }
    }
}

impl<'de, F: Field<K>, K> DeserializeSeed<'de> for SlotSeed<'_, '_, F, K> {
    type Value = Option<F::Change>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_option(self)
    }
}

impl<'de, F: Field<K>, K> Visitor<'de> for SlotSeed<'_, '_, F, K> {
    type Value = Option<F::Change>;

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
        F::decode_field(d, self.cx).map(Some)
    }
}

/// Encodes null or a patch.
pub(crate) struct SlotRef<'p, F: Field<K>, K>(pub(crate) &'p Option<F::Change>);

impl<F: Field<K>, K> Serialize for SlotRef<'_, F, K> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            None => s.serialize_none(),
            Some(patch) => F::encode_field(patch, s),
        }
    }
}

/// Decodes a whole value. Handles null at once, because an element has no slot to keep it.
struct Element<'c, 'a, T> {
    cx: &'c mut Context<'a>,
    value: PhantomData<T>,
}

impl<'de, T: Field> DeserializeSeed<'de> for Element<'_, '_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<T, D::Error> {
        d.deserialize_option(self)
    }
}

impl<'de, T: Field> Visitor<'de> for Element<'_, '_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_none<E: Error>(self) -> Result<T, E> {
        T::Rule::build_slot(Some(None)).map_err(|error| self.cx.fail(&error))
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        self.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<T, D::Error> {
        T::decode_field_alone(d, self.cx)
    }
}

/// Decodes the next element of a sequence as a whole value.
pub(crate) fn next_element<'de, T: Field, A: SeqAccess<'de>>(
    seq: &mut A,
    index: usize,
    cx: &mut Context<'_>,
) -> Result<Option<T>, A::Error> {
    let value = PhantomData;
    let element = seq.next_element_seed(Element { cx, value });
    if element.is_err() {
        cx.failed_at(index);
    }
    element
}

/// Decodes a list of whole values.
pub(crate) fn decode_list<'de, T: Field, D: Deserializer<'de>>(
    d: D,
    cx: &mut Context<'_>,
) -> Result<Vec<T>, D::Error> {
    struct List<'c, 'a, T>(&'c mut Context<'a>, PhantomData<T>);

    impl<'de, T: Field> Visitor<'de> for List<'_, '_, T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(element) = next_element(&mut seq, list.len(), self.0)? {
                list.push(element);
            }
            Ok(list)
        }
    }

    d.deserialize_seq(List(cx, PhantomData))
}

/// Encodes a whole value.
pub(crate) struct ValueRef<'v, T>(pub(crate) &'v T);

impl<T: Field> Serialize for ValueRef<'_, T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        SlotRef::<T, _>(&T::Rule::whole(self.0).flatten()).serialize(s)
    }
}

/// Encodes whole values as an array.
pub(crate) fn encode_list<'v, T: Field, S: Serializer>(
    list: impl IntoIterator<Item = &'v T>,
    s: S,
) -> Result<S::Ok, S::Error> {
    s.collect_seq(list.into_iter().map(ValueRef))
}
