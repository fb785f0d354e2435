//! Numbers of every width up to their limits, as numbers and as strings, in every place.

use crate::{patch, refused, value};
use hyperstack_sdk::patch::filter::filter;
use hyperstack_sdk::{Entity, JsonPatch, Leaf, Patch, Patchable, Section};
use rust_decimal::Decimal;
use serde_json::{json, Number, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Display};

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

/// The fields: the name, the JSON with `#` for the number, and the path of the number.
const PLACES: [(&str, &str, &str); 12] = [
    ("plain", "#", "plain"),
    ("option", "#", "option"),
    ("boxed", "#", "boxed"),
    ("list", "[[#], [#]]", "list[0][0]"),
    ("array", "[#, #]", "array[0]"),
    ("tuple", "[true, #]", "tuple[1]"),
    ("by_key", r##"{"k": #}"##, "by_key.k"),
    ("set", "[#]", "set[0]"),
    ("newtype", "#", "newtype"),
    ("pair", "[#, #]", "pair[0]"),
    ("point", r##"{"x": #}"##, "point.x"),
    ("section", r##"{"number": #}"##, "section.number"),
];

/// Returns JSON text with the number in one field. A `Value` cannot hold every number.
fn field(name: &str, json: &str, number: &str) -> String {
    format!("{name:?}: {}", json.replace('#', number))
}

/// Returns JSON text with the number in every place.
fn places(number: &str) -> String {
    let fields = PLACES.map(|(name, json, _)| field(name, json, number));
    format!("{{{}}}", fields.join(", "))
}

/// Reads `$text` in every place, with quotes and without, by each kind of deserializer.
macro_rules! reads {
    ($ty:ty, $number:expr, $text:expr) => {{
        let number: $ty = $number;
        let text = $text.to_string();
        for json in [text.clone(), format!("{text:?}")] {
            let json = places(&json);
            let places = read::<Places<$ty>>(&json);
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
            let patch: PlacesPatch<$ty> = serde_json::from_str(&json).unwrap();
            assert_eq!(Places::try_from(patch).as_ref(), Ok(&places));
            let patch: PlacesPatch<$ty> = serde_json::from_reader(json.as_bytes()).unwrap();
            assert_eq!(Places::try_from(patch).as_ref(), Ok(&places));
        }
    }};
}

/// Decodes a value from JSON text.
fn read<T: Patchable + TryFrom<T::Patch, Error: Debug>>(json: &str) -> T {
    T::try_from(T::Patch::decode(json, &[""; 0]).unwrap()).unwrap()
}

/// Checks that `number` is refused in every place, with its path.
macro_rules! refuses {
    ($ty:ty, $number:expr, $reason:expr) => {{
        for (name, json, path) in PLACES {
            let json = format!("{{{}}}", field(name, json, &$number.to_string()));
            let text = refused::<Places<$ty>>(&json);
            let here = format!("Places.{path}: invalid ");
            assert!(text.starts_with(&here), "{text}");
            assert!(text.contains($reason), "{text}");
            assert!(
                text.contains(concat!("expected ", stringify!($ty))),
                "{text}"
            );
        }
    }};
}

/// Returns the number beyond a limit as text, because no integer type may hold it.
fn beyond(end: impl Display, digit: char) -> String {
    let mut text = end.to_string();
    text.pop();
    text.push(digit);
    text
}

macro_rules! widths {
    ($($name:ident: $ty:ident, $below:expr, $above:expr;)*) => {$(
        #[test]
        fn $name() {
            reads!($ty, $ty::MIN, $ty::MIN);
            reads!($ty, $ty::MAX, $ty::MAX);
            reads!($ty, 7, 7);
            for text in ["7.0", "7e0", "70E-1", "0.7e+1"] {
                assert_eq!(read::<Inner<$ty>>(&format!(r#"{{"number": {text}}}"#)).number, 7);
            }
            for text in ["-0", "-0.0", "0e9"] {
                assert_eq!(read::<Inner<$ty>>(&format!(r#"{{"number": {text}}}"#)).number, 0);
            }
            for beyond in [$below, beyond($ty::MAX, $above)] {
                refuses!($ty, beyond, "out of range");
                refuses!($ty, format!("{beyond:?}"), "");
            }
            for json in ["0.5", r#""0.5""#, r#"" 1""#, r#""1e1""#, r#""0x1""#, r#""""#, r#""-""#] {
                refuses!($ty, json, "");
            }
            refuses!($ty, "true", "boolean `true`");
            refuses!($ty, "[1]", "sequence");
            refuses!($ty, r#"{"a": 1}"#, "map");
            refuses!($ty, "{}", "map");
            refuses!($ty, "1e40", "out of range");
            refuses!($ty, "-1e40", "out of range");
        }
    )*};
}

widths! {
    u8: u8, "-1".to_owned(), '6';
    u16: u16, "-1".to_owned(), '6';
    u32: u32, "-1".to_owned(), '6';
    u64: u64, "-1".to_owned(), '6';
    u128: u128, "-1".to_owned(), '6';
    usize: usize, "-1".to_owned(), '6';
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
    // More digits than any integer has.
    let json = format!(r#"{{"double": {:?}, "single": {0}}}"#, "1".repeat(30));
    let a: Floats = read(&json);
    assert_eq!(
        (a.double, a.single),
        (Some("1".repeat(30).parse().unwrap()), Some(1.1111111e29))
    );
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
fn texts_and_booleans_are_not_numbers() {
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

#[derive(Clone, Debug, PartialEq, Section)]
struct Prices {
    price: Option<f64>,
    single: Option<f32>,
    list: Vec<f64>,
    by_key: BTreeMap<String, f64>,
    by_id: BTreeMap<u128, f32>,
    newtype: Option<Newtype<f64>>,
    pair: Option<(f32, [f64; 1])>,
    section: Option<Inner<f64>>,
}

#[test]
fn floats_are_read_in_every_spelling() {
    for (text, price) in [
        ("1.5", 1.5),
        ("1.50", 1.5),
        ("15e-1", 1.5),
        ("1e2", 100.0),
        ("1E+2", 100.0),
        ("7", 7.0),
        ("-0.25", -0.25),
        ("0.1", 0.1),
        ("9007199254740993", 9007199254740992.0),
        ("18446744073709551616", 18446744073709551616.0),
        ("1e20", 1e20),
        ("5e-324", 5e-324),
        ("1.7976931348623157e308", f64::MAX),
        ("1e-400", 0.0),
    ] {
        let json = format!(
            r#"{{"price": {text}, "list": [{text}], "by_key": {{"k": {text}}}, "newtype": {text},
                "pair": [1, [{text}]], "section": {{"number": {text}}}}}"#
        );
        let patch: PricesPatch = serde_json::from_str(&json).unwrap();
        for a in [read::<Prices>(&json), Prices::try_from(patch).unwrap()] {
            assert_eq!(a.price, Some(price), "{text}");
            assert_eq!(a.list, [price]);
            assert_eq!(a.by_key["k"], price);
            assert_eq!(a.newtype, Some(Newtype(price)));
            assert_eq!(a.pair, Some((1.0, [price])));
            assert_eq!(a.section, Some(Inner { number: price }));
        }
    }
    let id = u128::MAX;
    let a: Prices = read(&format!(
        r#"{{"single": 0.1, "by_id": {{"{id}": 1.5}}, "pair": [1e2, [1]]}}"#
    ));
    assert_eq!(a.single, Some(0.1));
    assert_eq!(a.by_id[&id], 1.5);
    assert_eq!(a.pair, Some((100.0, [1.0])));
    let zero: Prices = read(r#"{"price": -0}"#);
    assert!(zero
        .price
        .is_some_and(|zero| zero == 0.0 && zero.is_sign_negative()));
    for (json, found) in [
        (r#"{"price": 1e309}"#, "out of range"),
        (r#"{"single": 1e39}"#, "out of range"),
        (r#"{"price": true}"#, "boolean `true`"),
        (r#"{"price": {"a": 1.5}}"#, "map"),
        (r#"{"price": [1.5]}"#, "sequence"),
    ] {
        let text = refused::<Prices>(json);
        assert!(text.contains(found), "{text}");
    }
}

#[test]
fn a_filter_takes_numbers_as_fields_do() {
    let row: Prices = read(r#"{"price": 2, "section": {"number": 1.5}}"#);
    for (path, number, held) in [
        ("price", json!(2.0), true),
        ("price", json!("2"), true),
        ("price", json!(2.5), false),
        ("section.number", json!(1.5), true),
    ] {
        let patch = filter::<Prices>(path, number).unwrap();
        assert_eq!(Prices::holds(&row, &patch), held, "{path}");
    }
    let whole: Inner<u64> = read(r#"{"number": 7.0}"#);
    let patch = filter::<Inner<u64>>("number", json!(7.0)).unwrap();
    assert!(Inner::holds(&whole, &patch));
}

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(name = "OreRound")]
struct Exact {
    #[field(serde)]
    amount: Option<Decimal>,
    #[field(serde)]
    plain: Option<f64>,
    #[field(serde)]
    large: Option<u128>,
    price: Option<f64>,
    raw: Value,
}

#[test]
fn decimals_are_read_by_their_own_impls() {
    let mut a: Exact = read(
        r#"{"amount": 1.5, "plain": 1e2, "large": 340282366920938463463374607431768211455,
            "price": 0.25, "raw": {"a": [1.5]}}"#,
    );
    assert_eq!(a.amount, Some(Decimal::new(15, 1)));
    assert_eq!((a.plain, a.price), (Some(100.0), Some(0.25)));
    assert_eq!(a.large, Some(u128::MAX));
    a.apply(patch::<Exact>(json!({"amount": "12.34", "price": 2.5})))
        .unwrap();
    assert_eq!(
        (a.amount, a.price),
        (Some(Decimal::new(1234, 2)), Some(2.5))
    );
    let before: Exact = read(r#"{"amount": "1"}"#);
    let difference = serde_json::to_string(&before.diff(&a)).unwrap();
    assert_eq!(read::<Exact>(&difference), a);
}

#[test]
fn raw_json_compares_numbers_by_value() {
    let row = |json: &str| read::<Exact>(&format!(r#"{{"raw": {json}}}"#));
    let mut a = row(r#"{"price": 1.50, "list": [1e2, -0.0], "count": 7}"#);
    assert_eq!(
        a,
        row(r#"{"price": 15e-1, "list": [100.0, 0.0], "count": 7}"#)
    );
    assert_eq!(
        a.raw,
        json!({"price": 1.5, "list": [100.0, 0.0], "count": 7})
    );
    assert_eq!(a.raw["price"].as_f64(), Some(1.5));
    // An equal number changes nothing.
    let again = ExactPatch::decode(r#"{"raw": {"price": 1.500, "list": [1e+2, 0]}}"#, &[""; 0]);
    assert_eq!(
        Exact::merge_patch(&mut a, &mut again.unwrap()),
        Ok(true),
        "0 is an integer"
    );
    let again = ExactPatch::decode(r#"{"raw": {"price": 1.500, "list": [1E2, 0]}}"#, &[""; 0]);
    assert_eq!(Exact::merge_patch(&mut a, &mut again.unwrap()), Ok(false));
    for (value, held) in [
        (json!(1.5), true),
        (json!(1.25), false),
        (json!("1.5"), false),
    ] {
        let patch = filter::<Exact>("raw.price", value).unwrap();
        assert_eq!(Exact::holds(&a, &patch), held);
    }
    let rows = [r#"{"price": 1.50}"#, r#"{"price": 1.5}"#].map(|json| {
        let mut patch = JsonPatch::decode(json, &[""; 0]).unwrap();
        Value::build_slots(&mut patch).unwrap()
    });
    assert_eq!(rows[0], rows[1]);
    assert_eq!(rows[0], json!({"price": 1.5}));
}

#[test]
fn raw_json_keeps_the_digits_that_serde_json_keeps() {
    let text = r#"{"raw":{"supply":340282366920938463463374607431768211455}}"#;
    let a: Exact = read(text);
    let supply = &a.raw["supply"];
    assert_eq!(supply.as_f64(), Some(u128::MAX as f64));
    // Without `arbitrary_precision`, `Value` holds a float.
    if Number::from_u128(u128::MAX).is_some() {
        assert_eq!(supply.to_string(), u128::MAX.to_string());
        let wide: Inner<u128> = value(json!({ "number": supply }));
        assert_eq!(wide.number, u128::MAX);
    }
    let again = serde_json::to_string(&ExactPatch::decode(text, &[""; 0]).unwrap()).unwrap();
    assert_eq!(read::<Exact>(&again), a);
}

/// An object stays an object, also if its key is a private key of serde_json.
#[test]
fn raw_json_does_not_parse_texts() {
    let json = r#"{"raw": {"$serde_json::private::RawValue": "[1]"}}"#;
    let a: Exact = read(json);
    assert_eq!(a.raw["$serde_json::private::RawValue"], json!("[1]"));
    let text = refused::<Inner<u128>>(r#"{"number": {"$serde_json::private::RawValue": "1"}}"#);
    assert!(text.contains("map"), "{text}");
}
