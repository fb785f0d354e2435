//! Filters of rows by a field and its value.

use hyperstack_sdk::patch::filter::filter;
use hyperstack_sdk::{Entity, FilterError, Leaf, Patchable, Section};
use serde_json::{json, Value};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(rename_all = "camelCase")]
struct Round {
    round_id: u64,
    state: State,
    bonus: Option<Box<State>>,
    shared: Arc<State>,
    by_name: BTreeMap<String, State>,
    prices: BTreeMap<u64, Option<f64>>,
    winners: Vec<String>,
    #[field(append(max = 2))]
    log: Vec<u64>,
    ordered: BTreeSet<u64>,
    hashed: HashSet<u64>,
    pair: Option<(u8, String)>,
    place: Option<Place>,
    phase: Phase,
    #[field(default = Phase::Open)]
    last_phase: Phase,
    #[field(default = vec![1, 2, 3], append(max = 2))]
    best: Vec<u64>,
    #[field(serde)]
    address: Option<Ipv4Addr>,
    raw: Value,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct State {
    status: Option<String>,
    #[field(rename = "POT", alias = "motherlode", alias = "prize")]
    pot: Option<Option<f64>>,
    miners: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Place {
    x: u64,
    y: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {
    Open,
    #[leaf(rename = "CLOSED")]
    Closed,
}

fn round() -> Round {
    crate::value(json!({
        "roundId": "18446744073709551615",
        "state": {"status": "active", "POT": 1.5, "miners": 3},
        "shared": {"POT": null},
        "byName": {"ann": {"miners": 1}, "a.b": {"miners": 2}},
        "prices": {"7": 1, "8": null},
        "winners": ["ann", "bob"],
        "log": [1, 2],
        "ordered": [2, 1],
        "hashed": [1, 2],
        "pair": [1, "a"],
        "place": {"x": 1, "y": 2},
        "phase": "CLOSED",
        "address": "127.0.0.1",
        "raw": {"a": {"b": [1], "c": 2}, "d": null},
    }))
}

/// Whether a filter keeps the round.
fn kept(path: &str, value: Value) -> bool {
    let patch = filter::<Round>(path, value).unwrap();
    Round::holds(&round(), &patch)
}

fn refused(path: &str, value: Value) -> String {
    filter::<Round>(path, value).unwrap_err().to_string()
}

/// Each path with a value that the round has, and one that it does not have.
#[test]
fn rows_match_by_value() {
    for (path, is, is_not) in [
        ("roundId", json!(u64::MAX), json!(1)),
        ("roundId", json!("18446744073709551615"), json!("1")),
        ("state.status", json!("active"), json!("done")),
        ("state.miners", json!("3"), json!(4)),
        ("shared.status", json!(null), json!("active")),
        ("byName.ann.miners", json!(1), json!(2)),
        ("prices.7", json!(1), json!(2)),
        ("winners", json!(["ann", "bob"]), json!(["ann"])),
        ("ordered", json!([1, 2, 2]), json!([1])),
        ("hashed", json!([2, 1, 2]), json!([2, 3])),
        ("pair", json!([1, "a"]), json!([1, "b"])),
        ("place", json!({"x": 1, "y": 2}), json!({"x": 1})),
        ("phase", json!("CLOSED"), json!("Open")),
        ("address", json!("127.0.0.1"), json!("127.0.0.2")),
        ("raw.a.b", json!([1]), json!([1, 1])),
        ("raw.a.c", json!(2), json!(null)),
    ] {
        assert!(kept(path, is.clone()), "{path} is {is}");
        assert!(!kept(path, is_not.clone()), "{path} is not {is_not}");
    }
}

#[test]
fn wire_names_are_used() {
    for name in ["POT", "motherlode", "prize"] {
        assert!(kept(&format!("state.{name}"), json!(1.5)));
        assert!(!kept(&format!("state.{name}"), json!(2.5)));
    }
    let error = refused("state.pot", json!(1.5));
    assert_eq!(error, "Round.state.pot: no such field, did you mean `POT`?");
    let error = refused("round_id", json!(1));
    let said = "Round.round_id: no such field, did you mean `roundId`?";
    assert_eq!(error, said);
}

#[test]
fn an_object_matches_by_the_members_that_it_has() {
    assert!(kept("state", json!({"status": "active", "prize": 1.5})));
    assert!(!kept("state", json!({"status": "active", "prize": 2.5})));
    assert!(kept("byName", json!({"a.b": {"miners": 2}})));
    assert!(!kept("byName", json!({"a.b": {"miners": 1}})));
    assert!(kept("raw", json!({"a": {"c": 2}, "d": null})));
    assert!(!kept("raw", json!({"a": {"c": 2, "e": null}})));
}

#[test]
fn a_missing_section_is_null_and_has_no_fields() {
    assert!(kept("bonus", json!(null)));
    assert!(!kept("bonus", json!({})));
    assert!(!kept("bonus.status", json!(null)));
    assert!(!kept("place", json!(null)));
    // A missing key matches null. A key that is null exists.
    assert!(kept("byName.bob", json!(null)));
    assert!(!kept("byName.ann", json!(null)));
    assert!(kept("prices.8", json!(null)));
    assert!(!kept("prices.9", json!(null)));
    // Received as null, and never received.
    assert!(kept("shared.POT", json!(null)));
    assert!(!kept("bonus.POT", json!(null)));
}

#[test]
fn null_matches_a_default() {
    assert!(kept("lastPhase", json!(null)));
    assert!(kept("lastPhase", json!("Open")));
    assert!(kept("best", json!(null)));
    // Without a section, nothing is null.
    assert!(!kept("phase", json!(null)));
    assert!(!kept("state", json!(null)));
    let mut closed = round();
    closed.last_phase = Phase::Closed;
    let null = filter::<Round>("lastPhase", json!(null)).unwrap();
    assert!(!Round::holds(&closed, &null));
}

#[test]
fn a_trimmed_list_is_compared_trimmed() {
    assert!(kept("log", json!([1, 2])));
    assert!(kept("log", json!([0, 1, 2])));
    assert!(!kept("log", json!([1, 2, 3])));
    assert!(kept("best", json!([1, 2, 3])));
}

#[test]
fn an_unknown_path_is_an_error() {
    let error = filter::<Round>("state.statsu", json!("active")).unwrap_err();
    let unknown = FilterError::UnknownField {
        entity: "Round",
        path: "state.statsu".to_owned(),
        nearest: Some("status"),
    };
    assert_eq!(error, unknown);
    for (path, place, nearest) in [
        ("stats", "stats", "state"),
        ("elsewhere", "elsewhere", ""),
        ("bonus.statu", "bonus.statu", "status"),
        ("shared.zzzzzz.x", "shared.zzzzzz", ""),
        ("byName.ann.minerz", "byName.ann.minerz", "miners"),
        (" state", " state", "state"),
        // An empty name shows by its dot.
        ("", "", ""),
        ("state..status", "state.", ""),
        ("state.", "state.", ""),
    ] {
        let hint = match nearest {
            "" => String::new(),
            nearest => format!(", did you mean `{nearest}`?"),
        };
        let said = format!("Round.{place}: no such field{hint}");
        assert_eq!(refused(path, json!(1)), said);
    }
}

#[test]
fn an_unknown_member_of_an_object_is_an_error() {
    let error = refused("state", json!({"status": "active", "minors": 1}));
    let said = "Round.state.minors: no such field, did you mean `miners`?";
    assert_eq!(error, said);
    let error = refused("byName", json!({"a.b": {"x": 1}}));
    assert_eq!(error, "Round.byName.a.b.x: no such field");
}

#[test]
fn types_replaced_whole_are_compared_whole() {
    let error = filter::<Round>("place.x", json!(1)).unwrap_err();
    let within = FilterError::WithinWhole {
        entity: "Round",
        path: "place".to_owned(),
        name: "x".to_owned(),
    };
    assert_eq!(error, within);
    let said = "Round.place: cannot filter by `x` alone, because the field is compared as a whole \
                (filter by `place` and a complete value)";
    assert_eq!(error.to_string(), said);
    for (path, whole) in [
        ("roundId.x", "roundId"),
        ("winners.0", "winners"),
        ("ordered.0.x", "ordered"),
        ("pair.0", "pair"),
        ("address.x.y", "address"),
        ("state.status.x", "state.status"),
        ("prices.7.x", "prices.7"),
    ] {
        let error = refused(path, json!(null));
        let start = format!("Round.{whole}: cannot filter by ");
        assert!(error.starts_with(&start), "{error}");
    }
}

#[test]
fn a_value_that_does_not_fit_is_an_error() {
    for (path, value, said) in [
        (
            "state.miners",
            json!("many"),
            "state.miners: invalid value: string \"many\", expected u64",
        ),
        (
            "state",
            json!(5),
            "state: invalid type: integer `5`, expected an object",
        ),
        (
            "byName",
            json!([]),
            "byName: invalid type: sequence, expected an object",
        ),
        (
            "prices.x",
            json!(1),
            "prices.x: invalid key \"x\", expected u64",
        ),
        ("phase", json!("Closed"), "phase: unknown variant `Closed`"),
        (
            "winners",
            json!([1]),
            "winners[0]: invalid type: integer `1`",
        ),
        ("place", json!({"y": 1}), "place.x: missing"),
        ("address", json!("home"), "address: invalid IPv4 address"),
    ] {
        let error = filter::<Round>(path, value).unwrap_err();
        assert!(matches!(error, FilterError::Value(_)), "{error:?}");
        let start = format!("Round.{said}");
        assert!(error.to_string().starts_with(&start), "{error}");
    }
}

/// A section that holds itself, and has a parameter.
#[derive(Clone, Debug, PartialEq, Section)]
struct Chain<T: Clone> {
    value: T,
    next: Option<Box<Chain<T>>>,
}

#[test]
fn a_path_may_be_long() {
    let chain: Chain<u8> =
        crate::value(json!({"value": 1, "next": {"value": 2, "next": {"value": 3}}}));
    let kept = |path, value| Chain::holds(&chain, &filter::<Chain<u8>>(path, value).unwrap());
    assert!(kept("next.next.value", json!(3)));
    assert!(!kept("next.next.value", json!(2)));
    assert!(!kept("next.next.next.value", json!(3)));
    let error = filter::<Chain<u8>>("next.next.values", json!(3)).unwrap_err();
    let said = "Chain.next.next.values: no such field, did you mean `value`?";
    assert_eq!(error.to_string(), said);
}
