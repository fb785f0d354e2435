//! Every width of a number, to its ends, as a number and as a string, wherever it stands.

use crate::{refused, value};
use hyperstack_sdk::{Entity, Leaf, Section};
use serde_json::{json, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// A number in every place that a number can have.
#[derive(Clone, Debug, PartialEq, Section)]
struct Places<T: Ord> {
    plain: T,
    option: Option<Option<T>>,
    boxed: Box<T>,
    list: Vec<Vec<T>>,
    array: [T; 2],
    tuple: (bool, T),
    by_key: BTreeMap<String, Option<T>>,
    set: BTreeSet<T>,
    newtype: Newtype<T>,
    pair: Pair<T>,
    point: Point<T>,
    section: Inner<T>,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Newtype<T>(T);

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Pair<T>(T, T);

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Point<T> {
    x: T,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Inner<T> {
    number: T,
}

fn places(number: &Value) -> Value {
    json!({
        "plain": number, "option": number, "boxed": number, "list": [[number], [number]],
        "array": [number, number], "tuple": [true, number], "by_key": {"k": number},
        "set": [number], "newtype": number, "pair": [number, number], "point": {"x": number},
        "section": {"number": number},
    })
}

/// Where the number stands in each of these.
const PATHS: [(&str, &str); 12] = [
    ("plain", "plain"),
    ("option", "option"),
    ("boxed", "boxed"),
    ("list", "list[0][0]"),
    ("array", "array[0]"),
    ("tuple", "tuple[1]"),
    ("by_key", "by_key.k"),
    ("set", "set[0]"),
    ("newtype", "newtype"),
    ("pair", "pair[0]"),
    ("point", "point.x"),
    ("section", "section.number"),
];

/// Reads `text`, as it stands and in quotes, in every place.
macro_rules! reads {
    ($ty:ty, $number:expr) => {{
        let number: $ty = $number;
        let text = number.to_string();
        let wide = json!(text);
        let plain: Value = serde_json::from_str(&text).unwrap();
        // The parser makes a float of what is wider than 64 bits.
        let written = if plain.is_f64() {
            vec![wide]
        } else {
            vec![plain, wide]
        };
        for json in written {
            let places: Places<$ty> = value(places(&json));
            assert_eq!(places.plain, number);
            assert_eq!(places.option, Some(Some(number)));
            assert_eq!(*places.boxed, number);
            assert_eq!(places.list, [[number], [number]]);
            assert_eq!(places.array, [number; 2]);
            assert_eq!(places.tuple, (true, number));
            assert_eq!(places.by_key["k"], Some(number));
            assert!(places.set.contains(&number));
            assert_eq!(places.newtype, Newtype(number));
            assert_eq!(places.pair, Pair(number, number));
            assert_eq!(places.point, Point { x: number });
            assert_eq!(places.section, Inner { number });
        }
    }};
}

/// Refuses `number` in every place, and says where.
macro_rules! refuses {
    ($ty:ty, $number:expr) => {{
        let all = places(&$number);
        for (field, path) in PATHS {
            let text = refused::<Places<$ty>>(&json!({ field: all[field] }).to_string());
            let here = format!("Places.{path}: invalid ");
            assert!(text.starts_with(&here), "{text}");
            assert!(text.contains(concat!("expected ", stringify!($ty))), "{text}");
        }
    }};
}

/// What is one off the ends, in quotes: not every such number has a type in Rust.
fn beyond(end: impl Display, digit: char) -> Value {
    let mut text = end.to_string();
    text.pop();
    text.push(digit);
    json!(text)
}

macro_rules! widths {
    ($($name:ident: $ty:ident, $below:expr, $above:expr;)*) => {$(
        #[test]
        fn $name() {
            reads!($ty, $ty::MIN);
            reads!($ty, $ty::MAX);
            reads!($ty, 7);
            refuses!($ty, $below);
            refuses!($ty, beyond($ty::MAX, $above));
            refuses!($ty, json!(0.5));
            refuses!($ty, json!("0.5"));
            refuses!($ty, json!(" 1"));
            refuses!($ty, json!("1e1"));
            refuses!($ty, json!("0x1"));
            refuses!($ty, json!(true));
            refuses!($ty, json!(1e40));
        }
    )*};
}

widths! {
    u8: u8, json!(-1), '6';
    u16: u16, json!(-1), '6';
    u32: u32, json!(-1), '6';
    u64: u64, json!(-1), '6';
    u128: u128, json!("-1"), '6';
    usize: usize, json!(-1), '6';
    i8: i8, beyond(i8::MIN, '9'), '8';
    i16: i16, beyond(i16::MIN, '9'), '8';
    i32: i32, beyond(i32::MIN, '9'), '8';
    i64: i64, beyond(i64::MIN, '9'), '8';
    i128: i128, beyond(i128::MIN, '9'), '8';
    isize: isize, beyond(isize::MIN, '9'), '8';
}

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(name = "OreRound")]
struct Floats {
    double: Option<f64>,
    single: Option<f32>,
    list: Vec<(f32, [f64; 1])>,
}

#[test]
fn floats_take_whole_numbers_in_strings_at_any_depth() {
    let a: Floats = value(json!({
        "double": "340282366920938463463374607431768211455",
        "single": "-16777217",
        "list": [["1", ["-170141183460469231731687303715884105728"]], [2, [0.1]]],
    }));
    assert_eq!(
        a.double,
        Some(340_282_366_920_938_463_463_374_607_431_768_211_455_u128 as f64)
    );
    assert_eq!(a.single, Some(-16_777_216.0));
    assert_eq!(a.list, [(1.0, [i128::MIN as f64]), (2.0, [0.1])]);
    for (json, path) in [
        (json!({"double": "0.5"}), "double"),
        (json!({"double": "NaN"}), "double"),
        (json!({"double": "inf"}), "double"),
        (json!({"double": "1e3"}), "double"),
        (json!({"single": true}), "single"),
        (json!({"list": [[1, [1]], [1, ["x"]]]}), "list[1][1][0]"),
        (json!({"list": [[1e39, [1]]]}), "list[0][0]"),
    ] {
        let text = refused::<Floats>(&json.to_string());
        assert!(text.starts_with(&format!("OreRound.{path}: ")), "{text}");
    }
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Texts {
    flag: Option<bool>,
    letter: Option<char>,
    text: Option<String>,
}

#[test]
fn texts_and_flags_are_no_numbers() {
    let a: Texts = value(json!({"flag": true, "letter": "é", "text": "1"}));
    assert_eq!((a.flag, a.letter), (Some(true), Some('é')));
    assert_eq!(a.text.as_deref(), Some("1"));
    for json in [
        json!({"flag": 1}),
        json!({"flag": "true"}),
        json!({"letter": ""}),
        json!({"letter": 1}),
        json!({"text": 1}),
        json!({"text": ["a"]}),
    ] {
        let field = json.as_object().unwrap().keys().next().unwrap().clone();
        let text = refused::<Texts>(&json.to_string());
        assert!(
            text.starts_with(&format!("Texts.{field}: invalid ")),
            "{text}"
        );
    }
}
