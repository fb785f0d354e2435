//! Arrays and tuples: replaced as a whole.

use super::context::Context;
use super::field::{Field, Whole};
use super::slot::{decode_list, encode_list, next_element, ValueRef};
use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserializer, Serializer};
use std::fmt;
use std::marker::PhantomData;

impl<T: Field, const N: usize> Field for [T; N] {
    type Change = Self;
    type Rule = Whole;

    fn decode_field<'de, D: Deserializer<'de>>(
        d: D,
        cx: &mut Context<'_>,
    ) -> Result<Self, D::Error> {
        let elements: Vec<T> = decode_list(d, cx)?;
        // Going through a box, the array is moved only once.
        match Box::<Self>::try_from(elements) {
            Ok(array) => Ok(*array),
            Err(elements) => Err(D::Error::invalid_length(elements.len(), &Length(N))),
        }
    }

    fn encode_field<S: Serializer>(patch: &Self, s: S) -> Result<S::Ok, S::Error> {
        encode_list(patch, s)
    }
}

/// The expected number of elements.
struct Length(usize);

impl serde::de::Expected for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of length {}", self.0)
    }
}

/// Checks that no elements remain. A deserializer would report them as a syntax error, without the length.
fn no_more<'de, A: SeqAccess<'de>>(mut seq: A, len: usize) -> Result<(), A::Error> {
    let mut found = len;
    while seq.next_element::<IgnoredAny>()?.is_some() {
        found += 1;
    }
    if found == len {
        Ok(())
    } else {
        Err(A::Error::invalid_length(found, &Length(len)))
    }
}

macro_rules! tuples {
    ($($len:literal: $($name:ident $index:tt),*;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($name: Field),*> Field for ($($name,)*) {
            type Change = Self;
            type Rule = Whole;

            fn decode_field<'de, De: Deserializer<'de>>(
                d: De,
                cx: &mut Context<'_>,
            ) -> Result<Self, De::Error> {
                d.deserialize_tuple($len, Tuple::<Self>(cx, PhantomData))
            }

            fn encode_field<Se: Serializer>(patch: &Self, s: Se) -> Result<Se::Ok, Se::Error> {
                let mut tuple = s.serialize_tuple($len)?;
                $(tuple.serialize_element(&ValueRef::<$name>(&patch.$index))?;)*
                tuple.end()
            }
        }

        impl<'de, $($name: Field),*> Visitor<'de> for Tuple<'_, '_, ($($name,)*)> {
            type Value = ($($name,)*);

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                serde::de::Expected::fmt(&Length($len), f)
            }

            fn visit_seq<Ac: SeqAccess<'de>>(self, mut seq: Ac) -> Result<Self::Value, Ac::Error> {
                let tuple = ($(
                    next_element::<$name, Ac>(&mut seq, $index, self.0)?
                        .ok_or_else(|| Ac::Error::invalid_length($index, &Length($len)))?,
                )*);
                no_more(seq, $len)?;
                Ok(tuple)
            }
        }
    )*};
}

/// Decodes a tuple element by element.
struct Tuple<'c, 'a, T>(&'c mut Context<'a>, PhantomData<T>);

tuples! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    9: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    10: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    11: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    12: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
}
