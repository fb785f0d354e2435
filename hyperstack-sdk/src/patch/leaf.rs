//! Leaves: replaced as a whole. The functions that the derive `Leaf` calls.

use super::context::Context;
use super::error::PatchError;
use super::record::{self, Fields};
use serde::de::{Error, Visitor};
use serde::Deserializer;
use std::fmt;
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

/// Decodes a variant by its name. `find` returns the variant of a name.
pub fn decode_variant<'de, T, D: Deserializer<'de>>(
    d: D,
    names: &'static [&'static str],
    find: fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    struct Variant<T>(&'static [&'static str], fn(&str) -> Option<T>);

    impl<T> Visitor<'_> for Variant<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "one of the strings {:?}", self.0)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            (self.1)(text).ok_or_else(|| E::unknown_variant(text, self.0))
        }
    }

    d.deserialize_str(Variant(names, find))
}

/// The types in which a variant with `other` can store the unknown name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot store an unknown variant name",
    label = "not a string type",
    note = "a variant with `#[leaf(other)]` holds a `String` or nothing"
)]
pub trait Text {
    /// Stores a name.
    fn keep(text: &str) -> Self;

    /// Returns the stored name.
    fn kept(&self) -> &str;
}

macro_rules! texts {
    ($($ty:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Text for $ty {
            fn keep(text: &str) -> Self {
                text.into()
            }

            fn kept(&self) -> &str {
                self
            }
        }
    )*};
}

texts! { String Box<str> Arc<str> }
