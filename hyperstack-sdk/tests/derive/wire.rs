//! From bytes to patches and back: numbers, names, append paths, and errors with paths.

use crate::{appending, patch, refused, value};
use hyperstack_sdk::{Entity, Leaf, ListPatch, Patch, Section};
use serde_json::{json, Value};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(name = "OreRound")]
struct Round {
    state: State,
}

#[derive(Clone, Debug, PartialEq, Default, Section)]
struct State {
    expires_at: Option<i64>,
    small: Option<u8>,
    wide: Option<u128>,
    signed: Option<i128>,
    price: Option<f64>,
    half: Option<f32>,
    bets: Vec<Bet>,
    by_slot: BTreeMap<u64, Bet>,
    grid: Vec<Vec<u64>>,
    pair: Option<(u64, Vec<i64>)>,
    bytes: Option<[u8; 3]>,
    letter: Option<char>,
    open: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Bet {
    who: String,
    amount: u64,
}

fn state(json: Value) -> State {
    value(json)
}

#[test]
fn integers_are_numbers_or_strings_at_any_depth() {
    let a = state(json!({
        "expires_at": "-9223372036854775808",
        "small": 255.0,
        "wide": "340282366920938463463374607431768211455",
        "signed": -5,
        "bets": [{"who": "a", "amount": "18446744073709551615"}],
        "by_slot": {"18446744073709551615": {"who": "b", "amount": 1e17}},
        "grid": [["1", 2], []],
        "pair": ["3", [4, "-5"]],
        "bytes": ["1", 2, 3],
    }));
    assert_eq!(a.expires_at, Some(i64::MIN));
    assert_eq!(a.small, Some(255));
    assert_eq!(a.wide, Some(u128::MAX));
    assert_eq!(a.signed, Some(-5));
    assert_eq!(a.bets[0].amount, u64::MAX);
    assert_eq!(a.by_slot[&u64::MAX].amount, 100_000_000_000_000_000);
    assert_eq!(a.grid, [vec![1, 2], vec![]]);
    assert_eq!(a.pair, Some((3, vec![4, -5])));
    assert_eq!(a.bytes, Some([1, 2, 3]));
}

#[test]
fn values_that_are_not_integers_are_errors() {
    for (json, found) in [
        (r#"{"small": 256}"#, "integer `256`"),
        (r#"{"small": -1}"#, "integer `-1`"),
        (r#"{"small": 1.5}"#, "floating point `1.5`"),
        (r#"{"small": "256"}"#, "string \"256\""),
        (r#"{"small": "+1"}"#, "string \"+1\""),
        (r#"{"small": ""}"#, "string \"\""),
        (r#"{"small": true}"#, "boolean `true`"),
        (r#"{"small": []}"#, "sequence"),
    ] {
        let text = refused::<State>(json);
        assert!(text.starts_with("State.small: invalid "), "{text}");
        assert!(text.contains(found), "{text}");
        assert!(
            text.ends_with("expected u8 (an integer, as a number or a string)"),
            "{text}"
        );
    }
    for json in [
        r#"{"wide": 340282366920938463463374607431768211456}"#,
        r#"{"wide": "340282366920938463463374607431768211456"}"#,
        r#"{"wide": -1}"#,
        r#"{"wide": 1e300}"#,
        r#"{"expires_at": 9223372036854775808}"#,
        r#"{"expires_at": -9223372036854775809}"#,
        r#"{"expires_at": 1e300}"#,
        r#"{"small": 1e2000}"#,
    ] {
        let text = refused::<State>(json);
        assert!(text.contains("out of range"), "{text}");
    }
    // The error shows the digits that were sent.
    let text = refused::<State>(r#"{"wide": 340282366920938463463374607431768211456}"#);
    assert_eq!(
        text,
        "State.wide: invalid value: integer `340282366920938463463374607431768211456` out of range, \
         expected u128 (an integer, as a number or a string)"
    );
}

#[test]
fn floats_are_numbers_or_integers_in_strings() {
    let a = state(json!({"price": "-9007199254740993", "half": 1}));
    assert_eq!((a.price, a.half), (Some(-9007199254740992.0), Some(1.0)));
    assert!(refused::<State>(r#"{"half": 1e300}"#).contains("f32"));
    let a =
        State::try_from(StatePatch::decode(r#"{"price": 0.30000000000000004}"#, &[""; 0]).unwrap())
            .unwrap();
    assert_eq!(a.price, Some(0.1 + 0.2));
    assert!(refused::<State>(r#"{"price": "1.5"}"#).contains("string \"1.5\", expected f64"));
}

#[test]
fn errors_have_the_path_in_wire_names() {
    for (json, place) in [
        (
            r#"{"state": {"bets": [{"who": "a", "amount": 1}, {"who": 5}]}}"#,
            "state.bets[1].who",
        ),
        (
            r#"{"state": {"bets": [{"who": "a"}]}}"#,
            "state.bets[0].amount",
        ),
        (r#"{"state": {"bets": [null]}}"#, "state.bets[0]"),
        (r#"{"state": {"bets": {}}}"#, "state.bets"),
        (
            r#"{"state": {"grid": [[1], [2, true]]}}"#,
            "state.grid[1][1]",
        ),
        (r#"{"state": {"pair": [1, [true]]}}"#, "state.pair[1][0]"),
        (r#"{"state": {"pair": [1]}}"#, "state.pair"),
        (r#"{"state": {"pair": [1, [], 3]}}"#, "state.pair"),
        (r#"{"state": {"bytes": [1, 2]}}"#, "state.bytes"),
        (
            r#"{"state": {"by_slot": {"7": {"who": null}}}}"#,
            "state.by_slot.7",
        ),
        (r#"{"state": {"by_slot": {"x": null}}}"#, "state.by_slot.x"),
        (r#"{"state": {"letter": "ab"}}"#, "state.letter"),
        (r#"{"state": 5}"#, "state"),
    ] {
        // Decoding keeps a null inside a section. It is an error only in a value.
        match RoundPatch::decode(json, &[""; 0]) {
            Ok(patch) => {
                let error = Round::try_from(patch).unwrap_err();
                assert_eq!(error.path(), format!("{place}.who"));
            }
            Err(error) => {
                assert_eq!(error.path(), place, "{error}");
                assert!(error
                    .to_string()
                    .starts_with(&format!("OreRound.{place}: ")));
            }
        }
        let value: Value = serde_json::from_str(json).unwrap();
        if let Err(error) = serde_json::from_value::<RoundPatch>(value) {
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("OreRound.{place}: ")),
                "{error}"
            );
        }
    }
}

#[test]
fn a_null_element_and_a_wrong_type_are_different_errors() {
    let no_null = ": unexpected null: `u64` is not nullable (";
    for (json, place) in [
        (r#"{"grid": [[1, 2, 3, null]]}"#, "grid[0][3]"),
        (r#"{"pair": [null, []]}"#, "pair[0]"),
        (
            r#"{"by_slot": {"7": null}, "bets": [{"who": "a", "amount": null}]}"#,
            "bets[0].amount",
        ),
    ] {
        let text = refused::<State>(json);
        assert!(
            text.starts_with(&format!("State.{place}{no_null}")),
            "{text}"
        );
    }
    let text = refused::<Bets>(r#"{"bets": [1, "2", 3, null]}"#);
    assert!(
        text.starts_with(&format!("Bets.bets[3]{no_null}")),
        "{text}"
    );
    let a: Bets = value(json!({"bets": [], "maybe": [1, null, "3"]}));
    assert_eq!(a.maybe, [Some(1), None, Some(3)]);
}

#[test]
fn a_wrong_length_names_both_lengths() {
    for (json, path, found, expected) in [
        (json!({"pair": []}), "pair", 0, 2),
        (json!({"pair": [1]}), "pair", 1, 2),
        (json!({"pair": [1, [], {"a": [1]}, null]}), "pair", 4, 2),
        (json!({"bytes": [1, 2]}), "bytes", 2, 3),
        (json!({"bytes": [1, 2, 3, 4]}), "bytes", 4, 3),
        (json!({"points": [[1, 2], [1]]}), "points[1]", 1, 2),
        (json!({"points": [[1, 2], [1, 2, 3]]}), "points[1]", 3, 2),
    ] {
        let wanted = format!(
            "Lengths.{path}: invalid length {found}, expected an array of length {expected}"
        );
        assert_eq!(refused::<Lengths>(&json.to_string()), wanted);
        let error = serde_json::from_value::<LengthsPatch>(json).unwrap_err();
        assert_eq!(error.to_string(), wanted);
    }
    // Invalid JSON remains a syntax error.
    let text = refused::<Lengths>(r#"{"pair": [1, [], 3"#);
    assert!(text.starts_with("Lengths.pair: EOF"), "{text}");
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Lengths {
    pair: Option<(u64, Vec<i64>)>,
    bytes: Option<[u8; 3]>,
    points: Vec<Point>,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Point(u8, u8);

#[derive(Clone, Debug, PartialEq, Section)]
struct Bets {
    bets: Vec<u64>,
    maybe: Vec<Option<u64>>,
}

#[test]
fn values_that_are_not_objects_are_refused_whole() {
    assert_eq!(
        refused::<Round>("null"),
        "OreRound: invalid type: null, expected an object"
    );
    assert!(refused::<Round>("{\"state\":").starts_with("OreRound.state: EOF"));
    assert!(refused::<Round>("{} {}").starts_with("OreRound: trailing characters"));
    assert!(refused::<Round>("").starts_with("OreRound: EOF while parsing"));
}

#[test]
fn unknown_fields_are_ignored_and_the_last_of_two_counts() {
    let json = r#"{"small": 1, "_seq": {"a": [1]}, "sm\u0061ll": 2, "small\n": 3}"#;
    let patch = StatePatch::decode(json, &[""; 0]).unwrap();
    assert_eq!(patch.small, Some(Some(2)));
}

#[test]
fn append_paths_reach_into_sections() {
    let bet = json!({"who": "a", "amount": 1});
    let json = json!({"state": {"bets": [bet], "grid": [[1]]}});
    let patch = appending::<Round>(json, &["state.bets", "grid"]);
    let state = patch.state.unwrap().unwrap();
    assert!(matches!(state.bets, Some(Some(ListPatch::Append(_)))));
    assert!(matches!(state.grid, Some(Some(ListPatch::Replace(_)))));
}

#[test]
fn patches_are_written_as_they_are_read() {
    assert_eq!(serde_json::to_string(&StatePatch::default()).unwrap(), "{}");
    let json = json!({
        "expires_at": null,
        "wide": "340282366920938463463374607431768211455",
        "signed": -5,
        "price": 0.1,
        "half": 0.5,
        "bets": [{"who": "a", "amount": 1}],
        "by_slot": {"1": {"amount": 1}, "2": null},
        "pair": [1, [2]],
        "bytes": [1, 2, 3],
        "letter": "x",
        "open": true,
    });
    let patch = patch::<State>(json.clone());
    assert_eq!(serde_json::to_value(&patch).unwrap(), json);
    assert_eq!(serde_json::from_value::<StatePatch>(json).unwrap(), patch);
}
