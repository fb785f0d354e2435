//! Leaves: replaced whole, whatever their shape.

use crate::{patch, refused, value};
use hyperstack_sdk::{Leaf, Patchable, Section};
use serde_json::json;

#[derive(Clone, Debug, PartialEq, Section)]
struct Holder {
    point: Point,
    slot: Option<Slot>,
    range: Option<Range>,
    phase: Option<Phase>,
    side: Option<Side>,
    strict: Option<Strict>,
    points: Vec<Point>,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
#[leaf(rename_all = "camelCase")]
struct Point {
    x: u64,
    long_name: Option<i64>,
    #[field(default = vec![1])]
    rest: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Leaf)]
struct Slot(u64);

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Range(u64, Option<String>);

#[derive(Clone, Debug, PartialEq, Leaf)]
#[leaf(rename_all = "SCREAMING_SNAKE_CASE")]
enum Phase {
    WideOpen,
    #[leaf(rename = "shut")]
    Closed,
    #[leaf(other)]
    Unknown(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Leaf)]
enum Side {
    Long,
    #[leaf(other)]
    Neither,
}

#[derive(Clone, Copy, Debug, PartialEq, Leaf)]
enum Strict {
    A,
    B,
}

#[test]
fn every_shape_is_read_and_written() {
    let json = json!({
        "point": {"x": "1", "longName": -1, "rest": [2]},
        "slot": "9007199254740993",
        "range": [1, null],
        "phase": "WIDE_OPEN",
        "side": "Long",
        "strict": "B",
        "points": [{"x": 2}],
    });
    let holder: Holder = value(json.clone());
    assert_eq!(holder.slot, Some(Slot(9_007_199_254_740_993)));
    assert_eq!(holder.range, Some(Range(1, None)));
    assert_eq!(holder.phase, Some(Phase::WideOpen));
    assert_eq!(holder.strict, Some(Strict::B));
    assert_eq!(holder.points[0].rest, [1]);
    let written = serde_json::to_value(patch::<Holder>(json)).unwrap();
    let expected = json!({
        "point": {"x": 1, "longName": -1, "rest": [2]},
        "slot": 9_007_199_254_740_993_u64,
        "range": [1, null],
        "phase": "WIDE_OPEN",
        "side": "Long",
        "strict": "B",
        "points": [{"x": 2, "longName": null, "rest": [1]}],
    });
    assert_eq!(written, expected);
}

#[test]
fn a_leaf_is_replaced_whole() {
    let mut holder: Holder = value(json!({"point": {"x": 1, "longName": 2}}));
    holder
        .apply(patch::<Holder>(json!({"point": {"x": 3}, "slot": 1})))
        .unwrap();
    assert_eq!(holder.point.long_name, None);
    assert_eq!(holder.slot, Some(Slot(1)));
    holder
        .apply(patch::<Holder>(json!({"slot": null})))
        .unwrap();
    assert_eq!(holder.slot, None);
}

#[test]
fn an_open_enum_keeps_unknown_values() {
    let holder: Holder = value(json!({"point": {"x": 1}, "phase": "half", "side": "Short"}));
    assert_eq!(holder.phase, Some(Phase::Unknown("half".to_owned())));
    assert_eq!(holder.side, Some(Side::Neither));
    let shut: Holder = value(json!({"point": {"x": 1}, "phase": "shut"}));
    assert_eq!(shut.phase, Some(Phase::Closed));
}

#[test]
fn a_leaf_is_whole_or_an_error() {
    let text = refused::<Holder>(r#"{"point": {"longName": 1}}"#);
    assert!(text.starts_with("Holder.point.x: missing"), "{text}");
    let text = refused::<Holder>(r#"{"points": [{"x": 1}, {"x": true}]}"#);
    assert!(
        text.starts_with("Holder.points[1].x: invalid type"),
        "{text}"
    );
    let text = refused::<Holder>(r#"{"strict": "C"}"#);
    assert_eq!(
        text,
        "Holder.strict: unknown variant `C`, expected `A` or `B`"
    );
    let text = refused::<Holder>(r#"{"strict": 1}"#);
    assert!(
        text.starts_with("Holder.strict: invalid type: integer `1`"),
        "{text}"
    );
    let text = refused::<Holder>(r#"{"range": [1]}"#);
    assert!(text.starts_with("Holder.range: invalid length 1"), "{text}");
}
