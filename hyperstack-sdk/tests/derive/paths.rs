//! The paths that a patch sets.

use hyperstack_sdk::{Entity, Leaf, Patch, Patchable, Section, Value};
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Entity)]
#[entity(rename_all = "camelCase")]
struct Round {
    round_id: u64,
    state: Option<State>,
    boxed: Box<State>,
    by_name: BTreeMap<String, State>,
    prices: BTreeMap<u64, Option<f64>>,
    winners: Vec<State>,
    point: Option<Point>,
    raw: Value,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct State {
    #[field(alias = "pot")]
    motherlode: Option<f64>,
    miners: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Leaf)]
struct Point {
    x: u64,
}

fn paths(patch: Value) -> Vec<String> {
    crate::patch::<Round>(patch).changed_fields()
}

#[test]
fn paths_lead_as_far_as_a_patch_merges() {
    let none: [&str; 0] = [];
    assert_eq!(paths(json!({})), none);
    assert_eq!(paths(json!({"unknown": 1})), none);
    // In the order of the fields, by their names on the wire.
    let some = json!({"boxed": {"miners": 1, "motherlode": null}, "roundId": 1});
    assert_eq!(paths(some), ["roundId", "boxed.motherlode", "boxed.miners"]);
    // An alias is read, but paths have the field's name.
    assert_eq!(paths(json!({"boxed": {"pot": 1}})), ["boxed.motherlode"]);
    // A type that is replaced whole is one path.
    let whole = json!({"winners": [{"miners": 1}], "point": {"x": 1}});
    assert_eq!(paths(whole), ["winners", "point"]);
}

#[test]
fn null_and_empty_sections_are_set_as_well() {
    assert_eq!(paths(json!({"state": null})), ["state"]);
    assert_eq!(paths(json!({"state": {}})), ["state"]);
    let keys = json!({"byName": {"a": {"miners": 1}, "b": null, "c": {}}});
    assert_eq!(paths(keys), ["byName.a.miners", "byName.b", "byName.c"]);
    assert_eq!(paths(json!({"byName": {}})), ["byName"]);
    assert_eq!(paths(json!({"prices": {"7": null}})), ["prices.7"]);
}

#[test]
fn raw_json_is_walked_as_it_is_merged() {
    let raw = json!({"raw": {"a": {"b": 1, "c": [1, 2]}, "d": {}, "e": null}});
    assert_eq!(paths(raw), ["raw.a.b", "raw.a.c", "raw.d", "raw.e"]);
    assert_eq!(paths(json!({"raw": 5})), ["raw"]);
}

#[test]
fn a_difference_names_what_differs() {
    let before: Round = crate::value(json!({
        "roundId": 1, "byName": {"a": {}, "b": {"miners": 2}}, "raw": {"x": 1}
    }));
    let mut after = before.clone();
    after
        .apply(crate::patch::<Round>(
            json!({"byName": {"a": null, "b": {"miners": 3}}, "raw": {"x": 2}}),
        ))
        .unwrap();
    let changed = before.diff(&after).changed_fields();
    assert_eq!(changed, ["byName.a", "byName.b.miners", "raw.x"]);
}

/// Only the patch of this struct is used, which must not cause a warning.
#[derive(Debug, Clone, PartialEq, Section)]
struct Seen {
    at: u64,
}

#[test]
fn a_patch_needs_no_value() {
    let patch: SeenPatch = serde_json::from_value(json!({"at": 5})).unwrap();
    assert_eq!(patch.changed_fields(), ["at"]);
}
