//! Leaves: replaced whole. What the derive `Leaf` delegates to.

use super::context::Context;
use super::error::PatchError;
use super::record::{self, Fields};
use serde::de::{Error, Visitor};
use serde::Deserializer;
use std::fmt;
use std::sync::Arc;

/// Reads a struct with named fields, by way of its slots.
pub fn decode_fields<'de, T, P: Fields, D: Deserializer<'de>>(
    d: D,
    cx: &mut Context<'_>,
    build: fn(&mut P) -> Result<T, PatchError>,
) -> Result<T, D::Error> {
    let mut fields = P::default();
    cx.whole(|cx| record::decode_into(&mut fields, d, cx))?;
    build(&mut fields).map_err(|error| cx.fail(&error))
}

/// Reads a variant by its name; `find` knows them all.
pub fn decode_variant<'de, T, D: Deserializer<'de>>(
    d: D,
    names: &'static [&'static str],
    find: fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    struct Variant<T>(&'static [&'static str], fn(&str) -> Option<T>);

    impl<T> Visitor<'_> for Variant<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "one of the texts {:?}", self.0)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            (self.1)(text).ok_or_else(|| E::unknown_variant(text, self.0))
        }
    }

    d.deserialize_str(Variant(names, find))
}

/// What the variant that stands for every other name may keep of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot keep the text of every other name",
    label = "not a text",
    note = "a variant with `#[leaf(other)]` holds a `String`, or nothing"
)]
pub trait Text {
    /// Keeps a text.
    fn keep(text: &str) -> Self;

    /// What was kept.
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
