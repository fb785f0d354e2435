//! Integers and floats. The server sends what exceeds 2^53 as a string, at any depth.

use super::context::Context;
use super::field::{Field, Whole};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// Between these two, exclusive, an integral float was a float on the wire, and is what it was
/// there. Beyond them the parser turns integers into floats, and changes them by it.
const LEAST_FLOAT: f64 = -9_223_372_036_854_775_808.0;
const GREATEST_FLOAT: f64 = 18_446_744_073_709_551_616.0;

/// Reads an integer type from a number or a decimal string.
struct Integer<T>(&'static str, PhantomData<T>);

impl<T> Integer<T>
where
    T: TryFrom<u64> + TryFrom<i64> + TryFrom<u128> + TryFrom<i128> + FromStr,
{
    fn fit<V, E: Error>(&self, value: V) -> Result<T, E>
    where
        T: TryFrom<V>,
        V: Copy + fmt::Display,
    {
        T::try_from(value)
            .map_err(|_| E::invalid_value(Unexpected::Other(&format!("integer `{value}`")), self))
    }
}

impl<T> Visitor<'_> for Integer<T>
where
    T: TryFrom<u64> + TryFrom<i64> + TryFrom<u128> + TryFrom<i128> + FromStr,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (a whole number, or one in a string)", self.0)
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
        if value.fract() == 0.0 && value > LEAST_FLOAT && value < GREATEST_FLOAT {
            self.fit(value as i128)
        } else {
            Err(E::invalid_value(Unexpected::Float(value), &self))
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        decimal(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// An integer in decimal digits, with no plus sign.
fn decimal<T: FromStr>(text: &str) -> Option<T> {
    match text.starts_with('+') {
        true => None,
        false => text.parse().ok(),
    }
}

macro_rules! integers {
    ($($int:ident as $serialize:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Field for $int {
            type Change = Self;
            type Rule = Whole;

            fn decode_field<'de, D: Deserializer<'de>>(
                d: D,
                _: &mut Context<'_>,
            ) -> Result<Self, D::Error> {
                d.deserialize_any(Integer::<Self>(stringify!($int), PhantomData))
            }

            fn encode_field<S: Serializer>(patch: &Self, s: S) -> Result<S::Ok, S::Error> {
                let serialize: fn(S, Self) -> Result<S::Ok, S::Error> = $serialize;
                serialize(s, *patch)
            }
        }
    )*};
}

integers! {
    u8 as S::serialize_u8;
    u16 as S::serialize_u16;
    u32 as S::serialize_u32;
    u64 as S::serialize_u64;
    u128 as wide;
    usize as |s, v| s.serialize_u64(v as u64);
    i8 as S::serialize_i8;
    i16 as S::serialize_i16;
    i32 as S::serialize_i32;
    i64 as S::serialize_i64;
    i128 as wide;
    isize as |s, v| s.serialize_i64(v as i64);
}

/// A 128-bit integer: a number where 64 bits hold it, else a string.
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

/// Reads a float from a number or from an integer in a string.
struct Float(&'static str);

impl Visitor<'_> for Float {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (a number, or a whole number in a string)", self.0)
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
        let signed = decimal::<i128>(text).map(|value| value as f64);
        signed
            .or_else(|| decimal::<u128>(text).map(|value| value as f64))
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
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
                    return Err(D::Error::invalid_value(Unexpected::Float(wide), &expected));
                }
                Ok(value)
            }

            // The shortest text of an f32 may read as another f32 by way of f64: written as f64.
            fn encode_field<S: Serializer>(patch: &Self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_f64((*patch).into())
            }
        }
    )*};
}

floats! { f32 f64 }
