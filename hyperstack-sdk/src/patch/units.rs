//! Decodes an update unit by unit, and skips units that fail.
//!
//! A unit is the smallest thing that a patch can set: a field, a section's field, a map entry. A list or a
//! leaf is one unit with everything inside it. An update is decoded this way only after decoding it as a whole failed.

use super::context::Context;
use super::entry::Entry;
use super::error::DecodeError;
use super::paths::is_within;
use super::record::{name_of, Fields};

/// Which units of an update to decode, by their dotted paths.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Units<'a> {
    /// All except these.
    Except(&'a [String]),
    /// These and everything below them.
    Only(&'a [String]),
}

/// A unit that does not decode.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BadUnit {
    /// The unit's dotted path.
    pub unit: String,
    /// The error, at that path or below it.
    pub error: DecodeError,
}

/// The state of decoding an update unit by unit.
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

    /// Whether the unit is wanted, or something below it. Below null there is nothing.
    pub(super) fn wants(&self, unit: &str, is_null: bool) -> bool {
        match self.units {
            Units::Except(paths) => !paths.iter().any(|path| path == unit),
            Units::Only(paths) => paths
                .iter()
                .any(|path| is_within(unit, path) || (!is_null && is_within(path, unit))),
        }
    }

    pub(super) fn note(&mut self, unit: String, path: String, error: &serde_json::Error) {
        let error = DecodeError::new(self.root, path, error);
        self.bad.push(BadUnit { unit, error });
    }
}

/// Decodes the field with this number. If that fails, the fields stay unchanged.
pub(super) fn decode_unit<P: Fields>(
    fields: &mut P,
    number: usize,
    mut entry: Entry<'_>,
    cx: &mut Context<'_>,
) {
    let decoded = cx.unit(name_of::<P>(number), entry.is_null(), |cx| {
        let mut unit = Box::<P>::default();
        P::decode_field(&mut unit, number, &mut entry, cx)?;
        Ok(unit)
    });
    if let Some(mut unit) = decoded {
        P::then_fields(fields, &mut unit);
    }
}
