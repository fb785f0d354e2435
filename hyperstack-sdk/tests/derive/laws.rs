//! The laws, on a few examples.

use crate::{appending, patch, value};
use hyperstack_sdk::{Patch, Patchable, Section};
use serde_json::{json, Value};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Section)]
struct Outer {
    number: u64,
    maybe: Option<Option<u64>>,
    inner: Option<Inner>,
    list: Vec<u64>,
    optional_list: Option<Vec<u64>>,
    map: BTreeMap<String, Inner>,
    nullable: BTreeMap<String, Option<u64>>,
    raw: Value,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Inner {
    a: u64,
    b: Option<String>,
}

fn values() -> Vec<Outer> {
    let values = [
        json!({"number": 1}),
        json!({"number": 1, "maybe": null, "inner": {"a": 1}, "list": [1]}),
        json!({"number": 2, "maybe": 3, "inner": {"a": 1, "b": "x"}, "list": [1, 2]}),
        json!({"number": 2, "maybe": 3, "map": {"x": {"a": 1}}, "nullable": {"y": null}}),
        json!({"number": 2, "map": {"x": {"a": 2}, "y": {"a": 2, "b": "z"}}, "raw": {"k": [1]}}),
        json!({"number": 2, "optional_list": [], "nullable": {"y": 1}, "raw": {"k": {"l": 1}}}),
    ];
    values.into_iter().map(value).collect()
}

fn patches() -> Vec<OuterPatch> {
    let append = ["list", "optional_list", "raw.k"];
    vec![
        patch::<Outer>(json!({})),
        patch::<Outer>(json!({"number": 5, "maybe": null, "inner": {"a": 7}})),
        patch::<Outer>(json!({"inner": {"a": 1, "b": null}, "list": [9], "map": {"x": null}})),
        appending::<Outer>(
            json!({"list": [7], "optional_list": [1], "raw": {"k": [5]}}),
            &append,
        ),
        appending::<Outer>(
            json!({"list": [8], "optional_list": [2], "raw": {"k": [6]}}),
            &append,
        ),
        patch::<Outer>(json!({"optional_list": null, "raw": {"k": null}, "maybe": 1})),
        patch::<Outer>(json!({"map": {"z": {"a": 1, "b": "q"}}, "nullable": {"n": null, "y": 4}})),
    ]
}

/// Changes that no patch can express: back to "never received", or removing a key whose value is nullable.
fn sayable(a: &Outer, b: &Outer) -> bool {
    let keys = |value: &Value| value.as_object().map(|map| map.len());
    (a.maybe.is_none() || b.maybe.is_some())
        && a.nullable.keys().all(|key| b.nullable.contains_key(key))
        && keys(&a.raw) <= keys(&b.raw).or(keys(&a.raw))
}

#[test]
fn a_diff_turns_one_value_into_the_other() {
    for a in values() {
        assert!(a.diff(&a).is_empty());
        for b in values().into_iter().filter(|b| sayable(&a, b)) {
            let mut c = a.clone();
            c.apply(a.diff(&b)).unwrap();
            assert_eq!(c, b, "from {a:?} by {:?}", a.diff(&b));
        }
    }
}

#[test]
fn a_diff_is_minimal() {
    let values = values();
    let diff = values[1].diff(&values[2]);
    let json = json!({"number": 2, "maybe": 3, "inner": {"b": "x"}, "list": [1, 2]});
    assert_eq!(serde_json::to_value(diff).unwrap(), json);
}

#[test]
fn then_applies_both_patches_in_order() {
    for a in values() {
        for p in patches() {
            for q in patches() {
                let mut in_turn = a.clone();
                if in_turn
                    .apply(p.clone())
                    .and_then(|()| in_turn.apply(q.clone()))
                    .is_err()
                {
                    continue;
                }
                let mut at_once = a.clone();
                at_once.apply(p.clone().then(q.clone())).unwrap();
                assert_eq!(at_once, in_turn, "{a:?}\n{p:?}\n{q:?}");
            }
        }
    }
}

#[test]
fn then_is_associative_with_the_empty_patch_as_unit() {
    for p in patches() {
        assert_eq!(p.clone().then(OuterPatch::default()), p);
        assert_eq!(OuterPatch::default().then(p.clone()), p);
        for q in patches() {
            for r in patches() {
                let left = p.clone().then(q.clone()).then(r.clone());
                let right = p.clone().then(q.clone().then(r.clone()));
                assert_eq!(left, right, "{p:?}\n{q:?}\n{r:?}");
            }
        }
    }
}

#[test]
fn patches_round_trip() {
    let whole = values().into_iter().map(|a| values()[0].diff(&a));
    let nulls = patches().into_iter().filter(|p| {
        !format!("{p:?}").contains("Append") && p.raw.as_ref().is_none_or(Option::is_none)
    });
    for p in whole.chain(nulls) {
        let text = serde_json::to_string(&p).unwrap();
        assert_eq!(OuterPatch::decode(&text, &[""; 0]), Ok(p));
    }
}
