//! Raw JSON as rows, for entities without a struct.

use super::compare::Compare;
use super::context::Context;
use super::error::PatchError;
use super::field::{Field, Native, Rule};
use super::json::{Json, JsonPatch};
use super::record::Fields;
use super::walk::Walk;
use super::Patchable;
use crate::json;
use serde::de::{IgnoredAny, MapAccess};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

impl Patchable for Value {
    type Patch = JsonPatch;

    fn merge_patch(value: &mut Self, patch: &mut JsonPatch) -> Result<bool, PatchError> {
        Json::merge(value, std::mem::take(patch))
    }

    fn build_slots(patch: &mut JsonPatch) -> Result<Self, PatchError> {
        Json::make(std::mem::take(patch))
    }

    fn holds(value: &Self, patch: &JsonPatch) -> bool {
        Json::holds(value, patch)
    }

    fn compare_slots<C: Compare>(base: &Self, patch: &JsonPatch, compare: &mut C) -> bool {
        compare.field::<Value, Native>("", base, &Some(patch.clone()))
    }

    fn merge_slots(value: &mut Self, patch: &mut JsonPatch) -> Result<bool, PatchError> {
        Json::merge(value, std::mem::take(patch))
    }

    fn diff_slots(value: &Self, later: &Self, all: bool) -> JsonPatch {
        match <Value as Field>::diff_field(value, later, all) {
            None => JsonPatch::default(),
            Some(None) => Value::Null.into(),
            Some(Some(patch)) => patch,
        }
    }
}

/// Raw JSON has a single field without a name.
impl Fields for JsonPatch {
    const ROOT: &'static str = "JSON";
    const NAMES: &'static [&'static str] = &[""];
    const KEEPS_UNKNOWN: bool = true;

    fn find(_: &str) -> Option<usize> {
        None
    }

    fn decode_field<'de, A: MapAccess<'de>>(
        _: &mut Self,
        _: usize,
        map: &mut A,
        _: &mut Context<'_>,
    ) -> Result<(), A::Error> {
        map.next_value::<IgnoredAny>().map(drop)
    }

    fn decode_object<'de, D: Deserializer<'de>>(
        fields: &mut Self,
        d: D,
        cx: &mut Context<'_>,
    ) -> Result<(), D::Error> {
        *fields = JsonPatch {
            value: Value::Object(json::read_object(d)?),
            append: cx.append_below(),
            is_capped: cx.is_capped(),
        };
        Ok(())
    }

    fn walk<W: Walk>(fields: &Self, walk: &mut W) -> Result<(), W::Error> {
        match &fields.value {
            Value::Object(map) if map.is_empty() => Ok(()),
            _ => walk.slot::<Value, Native>(0, &Some(Some(fields.clone()))),
        }
    }

    fn then_fields(first: &mut Self, second: &mut Self) {
        Json::then(first, std::mem::take(second));
    }
}

/// The default patch merges an empty object.
impl Default for JsonPatch {
    fn default() -> Self {
        Value::Object(Map::new()).into()
    }
}

/// Serializes the JSON to merge, without the append paths, which JSON cannot express.
impl Serialize for JsonPatch {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(s)
    }
}

/// Deserializes a patch without append paths.
impl<'de> Deserialize<'de> for JsonPatch {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        json::read(d).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use crate::patch::filter::filter;
    use crate::patch::{JsonPatch, Patch, Patchable};
    use serde_json::{json, Value};

    #[test]
    fn decoding_a_row_keeps_its_append_paths() {
        let patch = JsonPatch::decode(r#"{"a": {"log": [2]}, "b": null}"#, &["a.log"]).unwrap();
        let mut row = json!({"a": {"log": [1]}, "b": 1, "c": 1});
        assert_eq!(row.apply(patch), Ok(()));
        assert_eq!(row, json!({"a": {"log": [1, 2]}, "b": null, "c": 1}));
    }

    #[test]
    fn a_row_is_an_object() {
        let error = JsonPatch::decode("[1]", &[""; 0]).unwrap_err();
        assert!(error.to_string().starts_with("JSON: "), "{error}");
    }

    #[test]
    fn a_difference_sets_only_changed_fields() {
        let (row, later) = (
            json!({"a": {"b": 1, "c": 1}}),
            json!({"a": {"b": 2, "c": 1}, "d": []}),
        );
        let patch = row.diff(&later);
        assert_eq!(patch.changed_fields(), ["a.b", "d"]);
        assert_eq!(json!(patch), json!({"a": {"b": 2}, "d": []}));
        assert!(row.diff(&row).is_empty() && !patch.is_empty());

        let mut again = row.clone();
        assert_eq!(again.apply(row.diff(&later)), Ok(()));
        assert_eq!(again, later);
    }

    #[test]
    fn combined_patches_merge_like_single_ones() {
        let first = JsonPatch::from(json!({"a": {"b": 1}}));
        let second = JsonPatch::from(json!({"a": {"c": 2}}));
        assert_eq!(
            first.clone().then(second).value,
            json!({"a": {"b": 1, "c": 2}})
        );
        assert_eq!(JsonPatch::default().then(first.clone()), first);
        assert_eq!(first.clone().then(JsonPatch::default()), first);
    }

    #[test]
    fn filters_take_any_path() {
        let row = json!({"state": {"status": "open", "note": null}, "id": 7});
        let passes = |path, value| {
            let patch = filter::<Value>(path, value).unwrap();
            Value::holds(&row, &patch)
        };
        assert!(passes("state.status", json!("open")));
        assert!(passes("state", json!({"status": "open"})));
        assert!(passes("state.note", Value::Null));
        assert!(!passes("state.status", json!("closed")));
        assert!(!passes("state.nothing", Value::Null));
        assert!(!passes("id.deeper", json!(1)));
    }
}
