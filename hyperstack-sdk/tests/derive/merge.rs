//! The merge table, row by row.

use hyperstack_sdk::{Entity, Leaf, Patch, Patchable, Section};
use serde_json::{json, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    id: RoundId,
    state: Option<State>,
    winners: Vec<String>,
    phase: Phase,
    bets: BTreeMap<String, Bet>,
    marks: HashMap<u64, Option<u64>>,
    raw: Value,
    price: Option<Option<f64>>,
    tags: BTreeSet<String>,
    pair: (u64, String),
    boxed: Box<RoundId>,
    shared: Arc<Option<RoundId>>,
    bytes: [u8; 3],
}

#[derive(Clone, Debug, PartialEq, Default, Section)]
struct RoundId {
    round_id: u64,
    address: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Default, Section)]
struct State {
    total: u128,
    expires_at: Option<Option<i64>>,
    log: Vec<Bet>,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Bet {
    who: String,
    amount: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {
    Open,
    #[leaf(rename = "CLOSED")]
    Closed,
    #[leaf(other)]
    Unknown(String),
}

fn patch(json: Value) -> RoundPatch {
    RoundPatch::decode(json.to_string().as_bytes(), &[] as &[&str]).unwrap()
}

fn round() -> Round {
    Round::try_from(patch(json!({
        "id": {"round_id": "42"},
        "phase": "Open",
        "pair": ["7", "x"],
        "boxed": {"round_id": 1},
        "bytes": [1, 2, 3],
        "_seq": "1:000000000000",
    })))
    .unwrap()
}

#[test]
fn building_needs_what_is_required() {
    let round = round();
    assert_eq!(round.id.round_id, 42);
    assert_eq!(round.state, None);
    assert_eq!(round.raw, Value::Null);
    let error = Round::try_from(patch(json!({"phase": "Open"}))).unwrap_err();
    assert_eq!(error.path(), "id.round_id");
    assert!(error.to_string().starts_with("Round.id.round_id: missing"));
}

#[test]
fn all() {
    let mut r = round();
    r.apply(patch(json!({"state": {"total": 5}}))).unwrap();
    assert_eq!(
        r.state,
        Some(State {
            total: 5,
            ..State::default()
        })
    );
    let p = RoundPatch {
        winners: Some(Some(vec!["a".to_owned()].into())),
        phase: Some(Some(Phase::Unknown("x".to_owned()))),
        ..RoundPatch::default()
    };
    println!("{p:?} {}", serde_json::to_string(&p).unwrap());
    assert!(RoundPatch::default().is_empty());
    let before = r.clone();
    r.apply(p.clone()).unwrap();
    assert_eq!(before.diff(&r), p);
}
