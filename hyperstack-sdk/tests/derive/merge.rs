//! The merge table, row by row.

use crate::{appending, patch, value};
use hyperstack_sdk::{Entity, Leaf, ListPatch, Patch, PatchErrorKind, Patchable, Section};
use serde_json::{json, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    id: Id,
    bonus: Option<Bonus>,
    winners: Vec<String>,
    phase: Phase,
    #[field(default = Phase::Closed)]
    last_phase: Phase,
}

#[derive(Clone, Debug, PartialEq, Default, Section)]
struct Id {
    round_id: u64,
    address: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Bonus {
    total: u64,
    note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {
    Open,
    Closed,
}

fn round() -> Round {
    value(json!({"id": {"round_id": 1}, "phase": "Open"}))
}

#[test]
fn fields_that_were_never_sent_are_built() {
    let round = round();
    assert_eq!(round.id.address, None);
    assert_eq!(round.bonus, None);
    assert!(round.winners.is_empty());
    assert_eq!(round.last_phase, Phase::Closed);
    for (json, path) in [
        (json!({"id": {"round_id": 1}}), "phase"),
        (json!({"phase": "Open"}), "id.round_id"),
        (
            json!({"phase": "Open", "id": {"round_id": 1}, "bonus": {}}),
            "bonus.total",
        ),
    ] {
        let error = Round::try_from(patch::<Round>(json)).unwrap_err();
        assert_eq!(
            (error.path(), error.kind()),
            (path, PatchErrorKind::Missing)
        );
        assert!(error
            .to_string()
            .starts_with(&format!("Round.{path}: missing")));
    }
}

#[test]
fn an_absent_field_is_kept() {
    let mut a = round();
    a.apply(RoundPatch::default()).unwrap();
    assert_eq!(a, round());
}

#[test]
fn null_is_an_error_for_fields_that_are_not_nullable() {
    let wanted = ["phase", "id", "winners", "id.round_id"];
    let patches = [
        json!({"phase": null}),
        json!({"id": null}),
        json!({"winners": null}),
        json!({"id": {"address": "new", "round_id": null}}),
    ];
    for (path, json) in wanted.into_iter().zip(patches) {
        let mut a = round();
        let error = a.apply(patch::<Round>(json)).unwrap_err();
        assert_eq!((error.path(), error.kind()), (path, PatchErrorKind::Null));
        assert_eq!(a, round(), "unchanged on an error");
    }
}

#[test]
fn null_sets_the_default() {
    let mut a = round();
    a.apply(patch::<Round>(json!({"last_phase": "Open"})))
        .unwrap();
    assert_eq!(a.last_phase, Phase::Open);
    a.apply(patch::<Round>(json!({"last_phase": null})))
        .unwrap();
    assert_eq!(a.last_phase, Phase::Closed);
}

#[test]
fn sections_merge_field_by_field() {
    let mut a = round();
    a.apply(patch::<Round>(
        json!({"id": {"address": "x"}, "bonus": {"total": 1, "note": "n"}}),
    ))
    .unwrap();
    assert_eq!((a.id.round_id, a.id.address.as_deref()), (1, Some("x")));
    a.apply(patch::<Round>(json!({"bonus": {"total": 2}})))
        .unwrap();
    let bonus = Bonus {
        total: 2,
        note: Some("n".to_owned()),
    };
    assert_eq!(a.bonus, Some(bonus));
    a.apply(patch::<Round>(json!({"bonus": null}))).unwrap();
    assert_eq!(a.bonus, None);
}

#[test]
fn a_new_section_needs_all_it_requires() {
    let mut a = round();
    let error = a
        .apply(patch::<Round>(
            json!({"winners": ["a"], "bonus": {"note": "n"}}),
        ))
        .unwrap_err();
    assert_eq!(error.path(), "bonus.total");
    assert_eq!(a, round());
}

#[test]
fn lists_are_replaced_or_appended() {
    let mut a = round();
    a.apply(patch::<Round>(json!({"winners": ["a", "b"]})))
        .unwrap();
    a.apply(appending::<Round>(json!({"winners": ["c"]}), &["winners"]))
        .unwrap();
    assert_eq!(a.winners, ["a", "b", "c"]);
    a.apply(appending::<Round>(
        json!({"winners": ["d"]}),
        &["id.winners"],
    ))
    .unwrap();
    assert_eq!(a.winners, ["d"]);
}

#[test]
fn a_patch_is_plain_data() {
    let by_hand = RoundPatch {
        winners: Some(Some(ListPatch::Append(vec!["a".to_owned()]))),
        bonus: Some(None),
        id: Some(Some(IdPatch {
            round_id: Some(Some(7)),
            ..IdPatch::default()
        })),
        ..RoundPatch::default()
    };
    let decoded = appending::<Round>(
        json!({"winners": ["a"], "bonus": null, "id": {"round_id": 7}, "_seq": "1:0"}),
        &["winners"],
    );
    assert_eq!(by_hand, decoded);
    assert_eq!(
        format!("{by_hand:?}"),
        "RoundPatch { id: Some(IdPatch { round_id: Some(7) }), bonus: None, \
         winners: Some(Append([\"a\"])) }"
    );
    assert!(!by_hand.is_empty());
    assert!(RoundPatch::default().is_empty());
}

#[derive(Clone, Debug, PartialEq, Default, Section)]
struct Nullable {
    scalar: Option<Option<u64>>,
    text: Option<Option<String>>,
    float: Option<Option<f64>>,
    section: Option<Option<Id>>,
    list: Option<Option<Vec<u64>>>,
    map: Option<Option<BTreeMap<String, u64>>>,
    boxed: Option<Box<Option<Id>>>,
    raw: Option<Value>,
    tuple: Option<Option<(u64, bool)>>,
    set: Option<Option<HashSet<String>>>,
    deep: Option<Option<Option<u8>>>,
}

#[test]
fn never_sent_null_and_a_value_are_distinct() {
    let mut a = value::<Nullable>(json!({}));
    assert_eq!(a, Nullable::default());
    let null = json!({
        "scalar": null, "text": null, "float": null, "section": null, "list": null, "map": null,
        "boxed": null, "raw": null, "tuple": null, "set": null, "deep": null,
    });
    let nulls = Nullable {
        scalar: Some(None),
        text: Some(None),
        float: Some(None),
        section: Some(None),
        list: Some(None),
        map: Some(None),
        boxed: Some(Box::new(None)),
        raw: None,
        tuple: Some(None),
        set: Some(None),
        deep: Some(Some(None)),
    };
    assert_eq!(value::<Nullable>(null.clone()), nulls);
    a.apply(patch::<Nullable>(null)).unwrap();
    assert_eq!(a, nulls);
    let set = json!({
        "scalar": "1", "text": "a", "float": 1, "section": {"round_id": 1}, "list": [1],
        "map": {"a": 1}, "boxed": {"round_id": 2}, "raw": [1], "tuple": [1, true], "set": ["a"],
        "deep": 1,
    });
    a.apply(patch::<Nullable>(set.clone())).unwrap();
    assert_eq!(a, value::<Nullable>(set));
    assert_eq!(a.section.as_ref().unwrap().as_ref().unwrap().round_id, 1);
    a.apply(patch::<Nullable>(
        json!({"section": {"address": "x"}, "boxed": {"address": "y"}}),
    ))
    .unwrap();
    assert_eq!(a.section.unwrap().unwrap().round_id, 1);
    assert_eq!(a.boxed.unwrap().unwrap().round_id, 2);
}

#[derive(Clone, Debug, PartialEq, Default, Section)]
struct Kinds {
    bets: BTreeMap<String, Id>,
    marks: HashMap<i32, Option<u64>>,
    counts: BTreeMap<char, u64>,
    raw: Value,
    raws: BTreeMap<String, Value>,
    tags: BTreeSet<u8>,
    bytes: [u8; 2],
    shared: Arc<Id>,
    boxed: Option<Box<Id>>,
    nested: Vec<Vec<Option<u64>>>,
}

fn kinds() -> Kinds {
    value(json!({"bytes": [0, 0], "shared": {"round_id": 0}}))
}

#[test]
fn maps_merge_by_key() {
    let mut a = kinds();
    a.apply(patch::<Kinds>(json!({
        "bets": {"x": {"round_id": 1}, "y": {"round_id": 2}},
        "marks": {"-1": 1, "2": null},
        "counts": {"a": 1, "b": 2},
        "raws": {"a": {"b": 1}},
    })))
    .unwrap();
    a.apply(patch::<Kinds>(json!({
        "bets": {"x": {"address": "a"}, "y": null, "z": null},
        "marks": {"-1": null},
        "counts": {"b": null},
        "raws": {"a": null},
    })))
    .unwrap();
    let x = Id {
        round_id: 1,
        address: Some("a".to_owned()),
    };
    assert_eq!(a.bets, BTreeMap::from([("x".to_owned(), x)]));
    assert_eq!(a.marks, HashMap::from([(-1, None), (2, None)]));
    assert_eq!(a.counts, BTreeMap::from([('a', 1)]));
    assert_eq!(a.raws["a"], Value::Null);
    let error = a
        .apply(patch::<Kinds>(json!({"bets": {"new": {}}})))
        .unwrap_err();
    assert_eq!(error.path(), "bets.new.round_id");
}

#[test]
fn raw_json_merges_as_on_the_server() {
    let mut a = kinds();
    a.apply(patch::<Kinds>(json!({"raw": {"log": [1], "b": {"c": 1}}})))
        .unwrap();
    a.apply(appending::<Kinds>(
        json!({"raw": {"log": [2], "b": {"d": null}}}),
        &["raw.log"],
    ))
    .unwrap();
    assert_eq!(a.raw, json!({"log": [1, 2], "b": {"c": 1, "d": null}}));
    a.apply(patch::<Kinds>(json!({"raw": null}))).unwrap();
    assert_eq!(a.raw, Value::Null);
}

#[test]
fn pointers_merge_what_they_point_to() {
    let mut a = kinds();
    let before = Arc::clone(&a.shared);
    a.apply(patch::<Kinds>(
        json!({"shared": {"address": "x"}, "boxed": {"round_id": 3}}),
    ))
    .unwrap();
    a.apply(patch::<Kinds>(json!({"boxed": {"address": "y"}})))
        .unwrap();
    assert_eq!(before.address, None, "what others hold is not changed");
    assert_eq!(a.shared.address.as_deref(), Some("x"));
    assert_eq!(a.boxed.as_ref().map(|boxed| boxed.round_id), Some(3));
}

#[test]
fn sets_are_replaced_or_added_to_and_arrays_replaced() {
    let mut a = kinds();
    a.apply(patch::<Kinds>(
        json!({"tags": [2, 1, 2], "bytes": ["1", 2]}),
    ))
    .unwrap();
    assert_eq!((&a.tags, a.bytes), (&BTreeSet::from([1, 2]), [1, 2]));
    let add = appending::<Kinds>(json!({"tags": [2, 3]}), &["tags"]);
    assert_eq!(Kinds::merge_patch(&mut a, &mut add.clone()), Ok(true));
    assert_eq!(Kinds::merge_patch(&mut a, &mut add.clone()), Ok(false));
    assert_eq!(a.tags, BTreeSet::from([1, 2, 3]));
}

#[test]
fn merge_says_whether_anything_changed() {
    let mut a = kinds();
    let set = json!({
        "bets": {"x": {"round_id": 1}}, "raw": {"a": 1}, "nested": [[1, null]], "tags": [1],
        "boxed": {"round_id": 1},
    });
    assert_eq!(
        Kinds::merge_patch(&mut a, &mut patch::<Kinds>(set.clone())),
        Ok(true)
    );
    assert_eq!(
        Kinds::merge_patch(&mut a, &mut patch::<Kinds>(set)),
        Ok(false)
    );
    assert_eq!(
        Kinds::merge_patch(&mut a, &mut patch::<Kinds>(json!({"bets": {"y": null}}))),
        Ok(false)
    );
    let error = Kinds::merge_patch(&mut a, &mut patch::<Kinds>(json!({"bytes": null})));
    assert_eq!(error.unwrap_err().path(), "bytes");
}
