//! Leaves: replaced whole, whatever their shape.

use crate::{patch, refused, value};
use hyperstack_sdk::{Leaf, Patchable, Section};
use serde_json::{json, Value};
use std::collections::BTreeMap;

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

#[derive(Clone, Debug, PartialEq, Section)]
struct Loan {
    terms: Option<Terms>,
    all: Vec<Terms>,
    by_name: BTreeMap<String, Terms>,
    node: Option<Node>,
    last: Option<Last<u64>>,
    any: Option<AnyPhase>,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Terms {
    Plain,
    Fixed {
        rate_bps: u32,
        #[field(rename = "endsAt")]
        ends_at: Option<u64>,
    },
    Tiered(u64, Option<u64>),
    #[leaf(rename = "SOLO", rename_all = "camelCase")]
    Solo(Option<String>),
    Shares(Vec<(String, u128)>),
    #[leaf(rename_all = "camelCase")]
    Long {
        some_name: u8,
    },
    Empty {},
    #[leaf(other)]
    Unknown(Value),
}

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Node {
    End,
    Next(Box<Node>),
    Both { left: Box<Node>, others: Vec<Node> },
}

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Last<T> {
    Never,
    At(T),
    Between {
        from: T,
        to: T,
    },
    #[leaf(other)]
    Other,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
enum AnyPhase {
    Open,
    #[leaf(other)]
    Unknown(Value),
}

#[test]
fn variants_hold_data() {
    let all = json!([
        "Plain",
        {"Fixed": {"rate_bps": "5", "endsAt": "7"}},
        {"Fixed": {"rate_bps": 5}},
        {"Tiered": ["1", null]},
        {"SOLO": "addr"},
        {"SOLO": null},
        {"Shares": [["a", u128::MAX.to_string()]]},
        {"Long": {"someName": 1}},
        {"Empty": {}},
    ]);
    let loan: Loan = value(json!({"all": all, "by_name": {"a": {"SOLO": "b"}}}));
    let fixed = |ends_at| Terms::Fixed {
        rate_bps: 5,
        ends_at,
    };
    let expected = [
        Terms::Plain,
        fixed(Some(7)),
        fixed(None),
        Terms::Tiered(1, None),
        Terms::Solo(Some("addr".to_owned())),
        Terms::Solo(None),
        Terms::Shares(vec![("a".to_owned(), u128::MAX)]),
        Terms::Long { some_name: 1 },
        Terms::Empty {},
    ];
    assert_eq!(loan.all, expected);
    assert_eq!(
        loan.by_name["a"],
        Terms::Solo(Some("b".to_owned())),
        "{loan:?}"
    );
}

#[test]
fn variants_with_data_are_written_as_they_are_read() {
    let json = json!({
        "terms": {"Fixed": {"rate_bps": 5, "endsAt": null}},
        "all": ["Plain", {"Tiered": [1, 2]}, {"SOLO": null}, {"Empty": {}}, {"New": [1]}, 7],
        "node": {"Both": {"left": {"Next": "End"}, "others": ["End", {"Next": "End"}]}},
        "last": {"Between": {"from": 1, "to": 2}},
        "any": {"x": true},
    });
    assert_eq!(
        serde_json::to_value(patch::<Loan>(json.clone())).unwrap(),
        json
    );
}

#[test]
fn a_variant_with_other_and_a_value_keeps_any_json() {
    for json in [
        json!("IN_REVIEW"),
        json!({"Fancy": {"a": [1]}}),
        json!({"a": 1, "b": 2}),
        json!({}),
        json!([1, "x"]),
        json!(true),
        json!(-3),
        json!(1.5),
        json!(u64::MAX),
        json!("Fixed"),
    ] {
        let loan: Loan = value(json!({"terms": json.clone(), "any": json.clone()}));
        assert_eq!(loan.terms, Some(Terms::Unknown(json.clone())));
        assert_eq!(loan.any, Some(AnyPhase::Unknown(json)));
    }
    let null: Loan = value(json!({"terms": null, "last": {"Later": 1}}));
    assert_eq!((null.terms, null.last), (None, Some(Last::Other)));
}

#[test]
fn data_that_does_not_fit_its_variant_is_an_error_with_the_path() {
    for (json, error) in [
        (
            r#"{"terms": {"Fixed": {"rate_bps": -1}}}"#,
            "Loan.terms.Fixed.rate_bps: invalid value: integer `-1` out of range",
        ),
        (
            r#"{"all": ["Plain", {"Fixed": {"endsAt": 1}}]}"#,
            "Loan.all[1].Fixed.rate_bps: missing",
        ),
        (
            r#"{"terms": {"Tiered": ["1", "x"]}}"#,
            "Loan.terms.Tiered[1]: invalid value",
        ),
        (
            r#"{"terms": {"Tiered": null}}"#,
            "Loan.terms.Tiered: unexpected null",
        ),
        (
            r#"{"terms": {"SOLO": "a", "Plain": 1}}"#,
            "Loan.terms: unexpected key `Plain` beside `SOLO`: expected one key, the variant's name",
        ),
        (
            r#"{"terms": {"Plain": 1, "SOLO": "a"}}"#,
            "Loan.terms: unexpected key `Plain` beside `SOLO`: expected one key, the variant's name",
        ),
        (
            r#"{"node": {"Last": 1}}"#,
            "Loan.node: invalid type: map, expected one of the strings [\"End\"], or an object with one of the keys \
             [\"Next\", \"Both\"]",
        ),
        (
            r#"{"node": "Next"}"#,
            "Loan.node: invalid value: string \"Next\", expected one of the strings",
        ),
        (
            r#"{"node": [1]}"#,
            "Loan.node: invalid type: sequence, expected one of the strings",
        ),
    ] {
        let text = refused::<Loan>(json);
        assert!(text.starts_with(error), "{text}");
    }
}
