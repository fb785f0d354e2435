//! Types inside of types, to any depth.

use crate::{patch, refused, value};
use hyperstack_sdk::{Entity, Leaf, Patchable, Section};
use serde_json::{json, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(name = "OreRound")]
struct Round {
    state: State,
}

#[derive(Clone, Debug, PartialEq, Default, Section)]
#[expect(clippy::type_complexity, reason = "that is the subject")]
struct State {
    bets: Vec<u64>,
    sets_by_number: HashMap<String, BTreeMap<u64, HashSet<(u8, char)>>>,
    thrice: Option<Option<Option<u8>>>,
    pointers: Vec<Option<Box<Arc<[Option<(u64, String)>; 2]>>>>,
    lists_by_flag: BTreeMap<bool, Vec<Option<Vec<u8>>>>,
    raw_by_number: Option<HashMap<i128, Option<Value>>>,
    raws: Vec<Value>,
    lists: BTreeSet<Vec<u8>>,
    cube: Option<[[[f32; 1]; 2]; 33]>,
    leaves: Vec<HashMap<char, Newtype<Vec<Point>>>>,
    sections: HashMap<i8, Vec<BTreeMap<String, Inner>>>,
    merged: BTreeMap<String, HashMap<u8, Box<Option<Inner>>>>,
    long: Option<(u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, Inner)>,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Newtype<T>(T);

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Point {
    x: u64,
    y: Option<i8>,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Inner {
    number: u64,
    note: Option<String>,
}

fn state(json: Value) -> State {
    value::<Round>(json!({ "state": json })).state
}

#[test]
fn all_are_read() {
    let a = state(json!({
        "sets_by_number": {"a": {"18446744073709551615": [["1", "x"], [1, "x"]]}},
        "pointers": [null, [null, ["5", "y"]]],
        "lists_by_flag": {"true": [null, ["1"]]},
        "raw_by_number": {"-170141183460469231731687303715884105728": {"a": ["1"]}, "1": null},
        "raws": [null, 1, "1"],
        "lists": [["2", 1], [2, 1], []],
        "leaves": [{"x": [{"x": "1", "y": "-128"}]}],
        "long": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, "10", {"number": "11"}],
    }));
    let set = &a.sets_by_number["a"][&u64::MAX];
    assert_eq!(set, &HashSet::from([(1, 'x')]));
    let pointed = a.pointers[1].as_ref().unwrap();
    assert_eq!(***pointed, [None, Some((5, "y".to_owned()))]);
    assert_eq!(a.pointers[0], None);
    assert_eq!(a.lists_by_flag[&true], [None, Some(vec![1])]);
    let raws = a.raw_by_number.unwrap();
    assert_eq!(raws[&i128::MIN], Some(json!({"a": ["1"]})));
    assert_eq!(a.raws, [Value::Null, json!(1), json!("1")]);
    assert_eq!(a.lists, BTreeSet::from([vec![2, 1], vec![]]));
    let point = Point {
        x: 1,
        y: Some(-128),
    };
    assert_eq!(a.leaves[0][&'x'], Newtype(vec![point]));
    let inner = Inner {
        number: 11,
        note: None,
    };
    let long = a.long.unwrap();
    assert_eq!((long.10, long.11), (10, inner));
}

#[test]
fn at_most_two_levels_of_option_distinguish_null() {
    for (json, thrice) in [
        (json!({}), None),
        (json!({"thrice": null}), Some(Some(None))),
        (json!({"thrice": 1}), Some(Some(Some(1)))),
    ] {
        assert_eq!(state(json).thrice, thrice);
    }
}

#[test]
fn sections_merge_by_key_to_any_depth() {
    let mut round: Round = value(json!({"state": {
        "merged": {"a": {"1": {"number": 1, "note": "x"}, "2": null}, "b": {}},
        "sections": {"-1": [{"k": {"number": 1, "note": "x"}}]},
    }}));
    round
        .apply(patch::<Round>(json!({"state": {
            "merged": {"a": {"1": {"number": "2"}, "3": {"number": 3}}, "b": null},
            "sections": {"-1": [{"k": {"number": 2}}]},
        }})))
        .unwrap();
    let State {
        merged, sections, ..
    } = round.state;
    let one = merged["a"][&1].as_ref().as_ref().unwrap();
    assert_eq!((one.number, one.note.as_deref()), (2, Some("x")));
    assert_eq!(*merged["a"][&2], None);
    assert_eq!(merged["a"].len(), 3);
    assert!(!merged.contains_key("b"));
    // A list is replaced whole, whatever is in it.
    assert_eq!(sections[&-1][0]["k"].note, None);
}

#[test]
fn errors_have_the_full_path() {
    for (json, path) in [
        (json!({"bets": [1, 2, 3, 4.5]}), "bets[3]"),
        (json!({"bets": [1, "18446744073709551616"]}), "bets[1]"),
        (json!({"bets": [null]}), "bets[0]"),
        (
            json!({"sets_by_number": {"a": {"1": [[1, "x"], [256, "x"]]}}}),
            "sets_by_number.a.1[1][0]",
        ),
        (
            json!({"sets_by_number": {"a": {"-1": []}}}),
            "sets_by_number.a.-1",
        ),
        (
            json!({"pointers": [null, [null, ["x", "y"]]]}),
            "pointers[1][1][0]",
        ),
        (json!({"lists_by_flag": {"yes": []}}), "lists_by_flag.yes"),
        (
            json!({"lists_by_flag": {"true": [null, [1, "x"]]}}),
            "lists_by_flag.true[1][1]",
        ),
        (
            json!({"leaves": [{}, {"x": [{"x": 1, "y": 128}]}]}),
            "leaves[1].x[0].y",
        ),
        (json!({"leaves": [{"x": [{"y": 1}]}]}), "leaves[0].x[0].x"),
        (
            json!({"sections": {"1": [{}, {"k": {"note": "x"}}]}}),
            "sections.1[1].k.number",
        ),
        (
            json!({"long": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, {"number": -1}]}),
            "long[11].number",
        ),
    ] {
        let text = refused::<Round>(&json!({ "state": json }).to_string());
        let here = format!("OreRound.state.{path}: ");
        assert!(text.starts_with(&here), "{text}, at {here}");
    }
}

/// Sections in sections, each with one number and the next.
macro_rules! nested {
    ($last:ident) => {
        #[derive(Clone, Debug, PartialEq, Default, Section)]
        struct $last {
            number: u64,
        }
    };
    ($outer:ident $inner:ident $($rest:ident)*) => {
        #[derive(Clone, Debug, PartialEq, Default, Section)]
        struct $outer {
            number: u64,
            next: Option<$inner>,
            list: Vec<$inner>,
            map: BTreeMap<String, $inner>,
        }

        nested! { $inner $($rest)* }
    };
}

nested! { A B C D E F G H I }

#[test]
fn eight_deep() {
    fn around(inner: Value) -> Value {
        (0..8).fold(
            inner,
            |inner, depth| json!({"number": depth, "next": inner}),
        )
    }
    let mut a: A = value(around(json!({"number": 9})));
    a.apply(patch::<A>((0..8).fold(
        json!({"number": "10"}),
        |inner, _| json!({"next": inner}),
    )))
    .unwrap();
    let g = a.next.and_then(|b| b.next?.next?.next?.next?.next).unwrap();
    let last = g.next.as_ref().and_then(|h| h.next.as_ref()).unwrap();
    assert_eq!((g.number, last.number), (1, 10));
    let text = refused::<A>(&around(json!({"number": "x"})).to_string());
    assert!(
        text.starts_with("A.next.next.next.next.next.next.next.next.number: "),
        "{text}"
    );
    let lists = (0..8).fold(
        json!({"number": 1}),
        |inner, _| json!({"number": 1, "list": [{"number": 1, "map": {}}], "map": {"k": inner}}),
    );
    let a: A = value(lists);
    assert_eq!(a.map["k"].map["k"].map["k"].list[0].number, 1);
}
