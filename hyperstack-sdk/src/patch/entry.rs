//! Decodes an object entry by entry: in units, or for a survey.

use super::context::Context;
use super::record::Fields;
use super::{survey, units};
use serde::de::{DeserializeSeed, MapAccess};
use serde_json::value::RawValue;

/// The value of an object's entry, after its key was read.
pub(super) struct Entry<'de>(pub(super) &'de RawValue);

/// Decodes an object entry by entry.
pub(super) fn decode_entries<'de, P: Fields, A: MapAccess<'de>>(
    fields: &mut P,
    mut map: A,
    cx: &mut Context<'_>,
) -> Result<(), A::Error> {
    if let Some((survey, path)) = cx.survey() {
        survey.note_object::<P>(path);
    }
    while let Some(name) = map.next_key::<String>()? {
        let entry = Entry(map.next_value()?);
        match (P::find(&name), cx.survey()) {
            (Some(number), Some(_)) => survey::field(fields, number, entry, cx),
            (Some(number), None) => units::decode_unit(fields, number, entry, cx),
            (None, Some((survey, path))) => survey.note_unknown(path, name),
            (None, None) => {}
        }
    }
    Ok(())
}

impl Entry<'_> {
    pub(super) fn is_null(&self) -> bool {
        self.0.get() == "null"
    }

    /// Whether the value is null, or a list or an object without a value inside.
    pub(super) fn is_empty(&self) -> bool {
        let text = self.0.get().replace("null", "");
        text.chars().all(|c| "[]{}, \t\r\n".contains(c))
    }
}

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
