//! Integers and floats. The server sends integers above 2^53 as strings, at any depth.

use super::context::Context;
use super::field::{Field, Whole};
use crate::json;
use serde::de::{DeserializeSeed, Error, Expected, MapAccess, Unexpected, Visitor};
use serde::{Deserializer, Serializer};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// Between these bounds (exclusive), an integral float was written as a float and is exact. Beyond them, the parser
/// turns integers into floats and rounds them.
const LEAST_FLOAT: f64 = -9_223_372_036_854_775_808.0;
const GREATEST_FLOAT: f64 = 18_446_744_073_709_551_616.0;

/// An integer type.
trait Number: TryFrom<u64> + TryFrom<i64> + TryFrom<u128> + TryFrom<i128> + FromStr + Copy {}

impl<T> Number for T where
    T: TryFrom<u64> + TryFrom<i64> + TryFrom<u128> + TryFrom<i128> + FromStr + Copy
{
}

/// Decodes an integer type from a number or a decimal string.
#[derive(Clone, Copy)]
struct Integer<T> {
    name: &'static str,
    /// Whether the decoder asks serde_json for the text of the value.
    asks_text: bool,
    ty: PhantomData<T>,
}

impl<T> Integer<T>
where
    T: Number,
{
    fn new(name: &'static str, asks_text: bool) -> Self {
        let ty = PhantomData;
        Self {
            name,
            asks_text,
            ty,
        }
    }

    fn fit<V, E: Error>(&self, value: V) -> Result<T, E>
    where
        T: TryFrom<V>,
        V: Copy + fmt::Display,
    {
        T::try_from(value).map_err(|_| out_of_range(format_args!("integer `{value}`"), self))
    }
}

impl<'de, T> Visitor<'de> for Integer<T>
where
    T: Number,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (an integer, as a number or a string)", self.name)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        self.fit(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        self.fit(value)
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<T, E> {
        self.fit(value)
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<T, E> {
        self.fit(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        if value.fract() != 0.0 {
            Err(E::invalid_value(Unexpected::Float(value), &self))
        } else if value > LEAST_FLOAT && value < GREATEST_FLOAT {
            self.fit(value as i128)
        } else {
            Err(out_of_range(format_args!("number `{value:?}`"), &self))
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        decimal(text).ok_or_else(|| {
            if is_integer(text) {
                out_of_range(format_args!("string {text:?}"), &self)
            } else {
                E::invalid_value(Unexpected::Str(text), &self)
            }
        })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, d: D) -> Result<T, D::Error> {
        d.deserialize_any(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let asks_text = self.asks_text;
        visit_text(self, asks_text, map)
    }
}

#[cold]
fn out_of_range<E: Error>(number: fmt::Arguments<'_>, expected: &dyn Expected) -> E {
    let unexpected = format!("{number} out of range");
    E::invalid_value(Unexpected::Other(&unexpected), expected)
}

/// Decodes a number from the text that serde_json passes in a map with a private key.
fn visit_text<'de, V: Visitor<'de> + Copy, A: MapAccess<'de>>(
    visitor: V,
    asks_text: bool,
    mut map: A,
) -> Result<V::Value, A::Error> {
    /// Reads a key, and returns whether it is one of serde_json's private keys.
    struct Key {
        asks_text: bool,
    }

    impl<'de> DeserializeSeed<'de> for Key {
        type Value = bool;

        fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<bool, D::Error> {
            d.deserialize_identifier(self)
        }
    }

    impl Visitor<'_> for Key {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a key")
        }

        fn visit_str<E>(self, key: &str) -> Result<bool, E> {
            Ok((self.asks_text && key == json::RAW) || json::is_number(key))
        }
    }

    match map.next_key_seed(Key { asks_text })? {
        Some(true) => map.next_value_seed(Text(visitor)),
        _ => Err(A::Error::invalid_type(Unexpected::Map, &visitor)),
    }
}

/// Passes the JSON value in a text to the visitor of a number.
struct Text<V>(V);

impl<'de, V: Visitor<'de> + Copy> DeserializeSeed<'de> for Text<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<V::Value, D::Error> {
        d.deserialize_str(self)
    }
}

impl<'de, V: Visitor<'de> + Copy> Visitor<'de> for Text<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_str<E: Error>(self, json: &str) -> Result<V::Value, E> {
        let Self(visitor) = self;
        match json.as_bytes() {
            [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => {
                visitor.visit_str(&json[1..json.len() - 1])
            }
            [b'"', ..] => {
                let text: String = serde_json::from_str(json).map_err(E::custom)?;
                visitor.visit_str(&text)
            }
            b"true" => visitor.visit_bool(true),
            b"false" => visitor.visit_bool(false),
            b"null" => visitor.visit_unit(),
            [b'[', ..] => Err(E::invalid_type(Unexpected::Seq, &visitor)),
            [b'{', ..] => Err(E::invalid_type(Unexpected::Map, &visitor)),
            _ if json == "-0" || !is_integer(json) => match json.parse() {
                Ok(float) if f64::is_finite(float) => visitor.visit_f64(float),
                _ => Err(out_of_range(format_args!("number `{json}`"), &visitor)),
            },
            _ => match (json.parse(), json.parse(), json.parse()) {
                (Ok(value), _, _) => visitor.visit_u128(value),
                (_, Ok(value), _) => visitor.visit_i128(value),
                // No integer type holds it, but a float may.
                (_, _, Ok(float)) if f64::is_finite(float) => visitor
                    .visit_f64(float)
                    .map_err(|_: E| out_of_range(format_args!("integer `{json}`"), &visitor)),
                _ => Err(out_of_range(format_args!("integer `{json}`"), &visitor)),
            },
        }
    }
}

/// Whether a text is an integer in decimal digits, of any size.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// Parses an integer in decimal digits, without a plus sign.
fn decimal<T: FromStr>(text: &str) -> Option<T> {
    if text.starts_with('+') {
        None
    } else {
        text.parse().ok()
    }
}

/// Decodes an integer of at most 64 bits.
fn narrow<'de, T, D: Deserializer<'de>>(name: &'static str, d: D) -> Result<T, D::Error>
where
    T: Number,
{
    d.deserialize_any(Integer::new(name, false))
}

/// Decodes an integer of 128 bits from its text. `deserialize_any` would turn a number beyond 64 bits into a
/// float, and `deserialize_u128` would refuse a string.
fn exact<'de, T, D: Deserializer<'de>>(name: &'static str, d: D) -> Result<T, D::Error>
where
    T: Number,
{
    d.deserialize_newtype_struct(json::RAW, Integer::new(name, true))
}

macro_rules! integers {
    ($($int:ident: $decode:ident, $serialize:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Field for $int {
            type Change = Self;
            type Rule = Whole;

            fn decode_field<'de, D: Deserializer<'de>>(
                d: D,
                _: &mut Context<'_>,
            ) -> Result<Self, D::Error> {
                $decode(stringify!($int), d)
            }

            fn encode_field<S: Serializer>(patch: &Self, s: S) -> Result<S::Ok, S::Error> {
                let serialize: fn(S, Self) -> Result<S::Ok, S::Error> = $serialize;
                serialize(s, *patch)
            }
        }
    )*};
}

integers! {
    u8: narrow, S::serialize_u8;
    u16: narrow, S::serialize_u16;
    u32: narrow, S::serialize_u32;
    u64: narrow, S::serialize_u64;
    u128: exact, wide;
    usize: narrow, |s, v| s.serialize_u64(v as u64);
    i8: narrow, S::serialize_i8;
    i16: narrow, S::serialize_i16;
    i32: narrow, S::serialize_i32;
    i64: narrow, S::serialize_i64;
    i128: exact, wide;
    isize: narrow, |s, v| s.serialize_i64(v as i64);
}

/// Writes a 128-bit integer: as a number if it fits into 64 bits, otherwise as a string.
fn wide<S, T>(s: S, value: T) -> Result<S::Ok, S::Error>
where
    S: Serializer,
    T: Copy + TryInto<u64> + TryInto<i64> + fmt::Display,
{
    if let Ok(value) = TryInto::<u64>::try_into(value) {
        s.serialize_u64(value)
    } else if let Ok(value) = TryInto::<i64>::try_into(value) {
        s.serialize_i64(value)
    } else {
        s.collect_str(&value)
    }
}

/// Decodes a float from a number or from an integer in a string.
#[derive(Clone, Copy)]
struct Float(&'static str);

impl<'de> Visitor<'de> for Float {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (a number, or an integer as a string)", self.0)
    }

    fn visit_u64<E>(self, value: u64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_i64<E>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_u128<E>(self, value: u128) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_i128<E>(self, value: i128) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_f64<E>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        if !is_integer(text) {
            return Err(E::invalid_value(Unexpected::Str(text), &self));
        }
        match text.parse() {
            Ok(value) if f64::is_finite(value) => Ok(value),
            _ => Err(out_of_range(format_args!("string {text:?}"), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<f64, A::Error> {
        visit_text(self, false, map)
    }
}

macro_rules! floats {
    ($($float:ident)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Field for $float {
            type Change = Self;
            type Rule = Whole;

            fn decode_field<'de, D: Deserializer<'de>>(
                d: D,
                _: &mut Context<'_>,
            ) -> Result<Self, D::Error> {
                let wide = d.deserialize_any(Float(stringify!($float)))?;
                let value = wide as $float;
                if value.is_infinite() && wide.is_finite() {
                    let expected = Float(stringify!($float));
                    return Err(out_of_range(format_args!("number `{wide:?}`"), &expected));
                }
                Ok(value)
            }

            // Read through f64, the shortest text of an f32 may give another f32, so write it as f64.
            fn encode_field<S: Serializer>(patch: &Self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_f64((*patch).into())
            }
        }
    )*};
}

floats! { f32 f64 }
