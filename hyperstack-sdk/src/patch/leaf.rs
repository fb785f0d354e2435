//! Leaves: replaced as a whole. The functions that the derive `Leaf` calls.

use super::context::Context;
use super::error::PatchError;
use super::record::{self, Fields};
use super::walk;
use crate::json::{self, AnyValue};
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Decodes a struct with named fields through its slots.
pub fn decode_fields<'de, T, P: Fields, D: Deserializer<'de>>(
    d: D,
    cx: &mut Context<'_>,
    build: fn(&mut P) -> Result<T, PatchError>,
) -> Result<T, D::Error> {
    let mut fields = P::default();
    cx.whole(|cx| record::decode_into(&mut fields, d, cx))?;
    build(&mut fields).map_err(|error| cx.fail(&error))
}

/// An enum, as the derive `Leaf` sees it.
pub trait Variants: Sized {
    /// The names of the variants without data.
    const NAMES: &'static [&'static str];
    /// The names of the variants with data.
    const PAYLOADS: &'static [&'static str];
    /// Whether the enum has a variant with `other`, which stores JSON that is not text.
    const KEEPS_JSON: bool;

    /// Returns the variant with this name, if it has no data.
    fn named(name: &str) -> Option<Self>;

    /// Decodes the data of the variant with this name, which is the next value of `map`. Returns `None` if no variant
    /// with data has this name.
    fn payload<'de, A: MapAccess<'de>>(
        name: &str,
        map: &mut A,
        cx: &mut Context<'_>,
    ) -> Option<Result<Self, A::Error>>;

    /// Returns the variant with `other` for an unknown name.
    fn other(name: &str) -> Option<Self>;

    /// Returns the variant with `other` for JSON that is not text.
    fn other_json(json: Value) -> Option<Self>;
}

/// Decodes an enum: the name of a variant, or an object with the name and the data of a variant.
pub fn decode_variant<'de, T: Variants, D: Deserializer<'de>>(
    d: D,
    cx: &mut Context<'_>,
) -> Result<T, D::Error> {
    let variant = Variant(cx, PhantomData);
    if T::PAYLOADS.is_empty() && !T::KEEPS_JSON {
        d.deserialize_str(variant)
    } else {
        d.deserialize_any(variant)
    }
}

struct Variant<'c, 'a, T>(&'c mut Context<'a>, PhantomData<T>);

impl<T: Variants> Variant<'_, '_, T> {
    /// Returns the variant with `other` for JSON that is not text.
    fn other<E: Error>(self, json: serde_json::Result<Value>) -> Result<T, E> {
        let json = json.map_err(E::custom)?;
        let unexpected = match &json {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(_) => Unexpected::Other("number"),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        };
        let error = E::invalid_type(unexpected, &self);
        T::other_json(json).ok_or(error)
    }
}

impl<'de, T: Variants> Visitor<'de> for Variant<'_, '_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (T::NAMES, T::PAYLOADS) {
            (names, []) => write!(f, "one of the strings {names:?}"),
            ([], names) => write!(f, "an object with one of the keys {names:?}"),
            (names, with_data) => write!(
                f,
                "one of the strings {names:?}, or an object with one of the keys {with_data:?}"
            ),
        }
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<T, E> {
        match T::named(name).or_else(|| T::other(name)) {
            Some(variant) => Ok(variant),
            None if T::PAYLOADS.is_empty() => Err(E::unknown_variant(name, T::NAMES)),
            None => Err(E::invalid_value(Unexpected::Str(name), &self)),
        }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<T, E> {
        self.other(AnyValue.visit_bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        self.other(AnyValue.visit_u64(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        self.other(AnyValue.visit_i64(value))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<T, E> {
        self.other(AnyValue.visit_u128(value))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<T, E> {
        self.other(AnyValue.visit_i128(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        self.other(AnyValue.visit_f64(value))
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        self.other(Ok(Value::Null))
    }

    fn visit_none<E: Error>(self) -> Result<T, E> {
        self.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<T, A::Error> {
        let json = AnyValue.visit_seq(seq)?;
        self.other(Ok(json))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let Some(name) = map.next_key::<String>()? else {
            return self.other(Ok(Value::Object(Map::new())));
        };
        let cx = &mut *self.0;
        let payload = cx.under(&name, |cx| T::payload(&name, &mut map, cx).transpose())?;
        let unexpected = |key: &str, name: &str| {
            A::Error::custom(format_args!(
                "unexpected key `{key}` beside `{name}`: expected one key, the variant's name"
            ))
        };
        if let Some(variant) = payload {
            return match map.next_key::<String>()? {
                None => Ok(variant),
                Some(second) => Err(unexpected(&second, &name)),
            };
        }
        let json = json::after_key(name.clone(), map)?;
        let mut keys = json.as_object().into_iter().flat_map(Map::keys);
        // An error in either order of the keys.
        match keys.find(|key| T::PAYLOADS.contains(&key.as_str())) {
            Some(variant) => Err(unexpected(&name, variant)),
            None => self.other(Ok(json)),
        }
    }
}

/// Decodes the data of a variant with named fields through their slots.
pub fn read_fields<'de, T, P: Fields, A: MapAccess<'de>>(
    map: &mut A,
    cx: &mut Context<'_>,
    build: fn(&mut P) -> Result<T, PatchError>,
) -> Result<T, A::Error> {
    struct Payload<'c, 'a, T, P>(&'c mut Context<'a>, fn(&mut P) -> Result<T, PatchError>);

    impl<'de, T, P: Fields> DeserializeSeed<'de> for Payload<'_, '_, T, P> {
        type Value = T;

        fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<T, D::Error> {
            decode_fields(d, self.0, self.1)
        }
    }

    map.next_value_seed(Payload(cx, build))
}

/// Encodes the slots of a variant with named fields as its data.
pub fn write_fields<P: Fields, S: Serializer>(
    name: &'static str,
    fields: &P,
    s: S,
) -> Result<S::Ok, S::Error> {
    struct Payload<'f, P>(&'f P);

    impl<P: Fields> Serialize for Payload<'_, P> {
        fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            walk::encode(self.0, s)
        }
    }

    write_payload(name, &Payload(fields), s)
}

/// Encodes a variant with data.
pub(super) fn write_payload<S: Serializer>(
    name: &'static str,
    payload: &impl Serialize,
    s: S,
) -> Result<S::Ok, S::Error> {
    s.collect_map([(name, payload)])
}

/// The types in which a variant with `other` can store what no other variant matches.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot store an unknown variant",
    label = "neither a string type nor `serde_json::Value`",
    note = "a variant with `#[leaf(other)]` holds a `String`, a `Value` for any JSON, or nothing"
)]
pub trait Other: Sized {
    /// Whether it stores JSON that is not text.
    const KEEPS_JSON: bool = false;

    /// Stores an unknown name.
    fn keep(name: &str) -> Self;

    /// Stores JSON that is not text.
    fn keep_json(json: Value) -> Option<Self> {
        let _ = json;
        None
    }

    /// Encodes what is stored.
    ///
    /// # Errors
    /// The serializer's error.
    fn encode<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error>;
}

macro_rules! texts {
    ($($ty:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Other for $ty {
            fn keep(name: &str) -> Self {
                name.into()
            }

            fn encode<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self)
            }
        }
    )*};
}

texts! { String Box<str> Arc<str> }

#[diagnostic::do_not_recommend]
impl Other for Value {
    const KEEPS_JSON: bool = true;

    fn keep(name: &str) -> Self {
        name.into()
    }

    fn keep_json(json: Value) -> Option<Self> {
        Some(json)
    }

    fn encode<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.serialize(s)
    }
}
