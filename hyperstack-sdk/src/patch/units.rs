//! Decodes an update unit by unit, and skips units that fail.
//!
//! A unit is the smallest thing that a patch can set: a field, a section's field, a map entry. A list or a
//! leaf is one unit, whatever is inside of it. An update is decoded this way only after it failed as a whole.

use super::context::Context;
use super::error::DecodeError;
use super::record::Fields;
use super::walk;
use serde::de::{DeserializeSeed, MapAccess};
use serde_json::value::RawValue;

/// Which units of an update are read, by their dotted paths.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Units<'a> {
    /// All but these.
    Except(&'a [String]),
    /// These, and what is below them.
    Only(&'a [String]),
}

/// A unit that does not decode.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BadUnit {
    /// The unit's dotted path.
    pub unit: String,
    /// What is wrong, at that path or below it.
    pub error: DecodeError,
}

/// Reads an update unit by unit.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    root: &'static str,
    units: Units<'a>,
    bad: Vec<BadUnit>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(root: &'static str, units: Units<'a>) -> Self {
        let bad = Vec::new();
        Reading { root, units, bad }
    }

    pub(crate) fn into_bad(self) -> Vec<BadUnit> {
        self.bad
    }

    /// Whether the unit is wanted, or something below it.
    pub(super) fn wants(&self, unit: &str) -> bool {
        match self.units {
            Units::Except(paths) => !paths.iter().any(|path| path == unit),
            Units::Only(paths) => paths
                .iter()
                .any(|path| is_within(path, unit) || is_within(unit, path)),
        }
    }

    pub(super) fn note(&mut self, unit: String, path: String, error: &serde_json::Error) {
        let error = DecodeError::new(self.root, path, error);
        self.bad.push(BadUnit { unit, error });
    }
}

/// Whether a dotted path is this one or below it.
pub(crate) fn is_within(path: &str, of: &str) -> bool {
    match path.strip_prefix(of) {
        Some(rest) => rest.is_empty() || rest.starts_with('.'),
        None => false,
    }
}

/// Reads the field with this number, unless it does not decode: then the fields stay as they are.
pub(super) fn decode_unit<'de, P: Fields, A: MapAccess<'de>>(
    fields: &mut P,
    number: usize,
    map: &mut A,
    cx: &mut Context<'_>,
) -> Result<(), A::Error> {
    let mut entry = Entry(map.next_value()?);
    let decoded = cx.unit(name::<P>(number), |cx| {
        let mut unit = Box::<P>::default();
        P::decode_field(&mut unit, number, &mut entry, cx)?;
        Ok(unit)
    });
    if let Some(mut unit) = decoded {
        P::then_fields(fields, &mut unit);
    }
    Ok(())
}

/// The name of a field, also if the number is that of an alias.
fn name<P: Fields>(number: usize) -> &'static str {
    // Every slot takes null, and the one that did is the field's.
    let mut probe = P::default();
    let null = serde_json::from_str::<&RawValue>("null");
    let set = null.and_then(|null| {
        P::decode_field(
            &mut probe,
            number,
            &mut Entry(null),
            &mut Context::default(),
        )
    });
    let found = set.ok().and_then(|()| walk::first_set(&probe));
    P::NAMES[found.unwrap_or(number)]
}

/// The entry of an object whose key was read.
pub(super) struct Entry<'de>(pub(super) &'de RawValue);

impl<'de> MapAccess<'de> for Entry<'de> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        _: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Self::Error> {
        seed.deserialize(&mut serde_json::Deserializer::from_str(self.0.get()))
    }
}
