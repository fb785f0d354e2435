//! The structs of the crate decode like any others.

use hyperstack_hygiene::{
    constants, everything, generic, in_bodies, keywords, made_by_macro, neighbours, no_prelude,
    shadowed,
};
use sdk::{Patchable, RowKey};
use serde_json::{json, Value};
use std::fmt::Debug;

fn value<T: Patchable + TryFrom<T::Patch, Error: Debug>>(json: Value) -> T {
    let patch = serde_json::from_value(json).expect("a patch");
    T::try_from(patch).expect("a whole value")
}

#[test]
fn every_shape() {
    let round: everything::Round = value(json!({
        "id": {"number": "7"}, "bestBet": 1, "expires": null, "side": "SHORT", "phase": "half",
        "address": "1.2.3.4", "bets": {"1": {"number": 1}}, "pair": [1, "2"],
    }));
    assert_eq!((round.key(), round.expires_at), (Some(&7), Some(None)));
    assert_eq!(round.side, everything::Side::Short);
    assert_eq!(round.phase, everything::Phase::Other("half".to_owned()));
    assert_eq!(round.pair, Some(everything::Pair(1, 2)));
    assert_eq!(round.slots, 3);
}

#[test]
fn where_names_mean_something_else() {
    let round: shadowed::Round = value(json!({
        "id": {"number": 1, "list": [1, 2, 3, 4]}, "side": "None", "phase": "Some",
        "point": {"x": 1}, "pair": [1, 2], "newtype": 3,
    }));
    assert_eq!((round.key(), &round.id.list), (Some(&1), &vec![2, 3, 4]));
    assert_eq!(round.side, shadowed::Side::None);
    assert_eq!(round.phase, shadowed::Phase::Some("Some".to_owned()));
    let round: no_prelude::Round = value(json!({"id": {"number": 1}, "phase": "Open"}));
    assert_eq!(
        (round.key(), &round.phase),
        (Some(&1), &no_prelude::Phase::Open)
    );
}

#[test]
fn raw_names_are_plain_on_the_wire() {
    let fields: keywords::Keywords = value(json!({"type": 1, "async": 2, "gen": 3, "union": 4}));
    assert_eq!((fields.r#type, fields.r#async), (Some(1), Some(2)));
    assert_eq!((fields.r#gen, fields.union), (Some(3), Some(4)));
    let fields: keywords::Locals = value(json!({"patch": 1, "later": 2, "self_": 3}));
    assert_eq!(
        (fields.patch, fields.later, fields.self_),
        (Some(1), Some(2), Some(3))
    );
    let patch = keywords::KeywordsPatch {
        r#move: Some(Some(1)),
        ..Default::default()
    };
    assert_eq!(
        serde_json::to_value(&patch).expect("JSON"),
        json!({"move": 1})
    );
    assert_eq!(format!("{patch:?}"), "KeywordsPatch { move: Some(1) }");
}

#[test]
fn a_constant_is_no_pattern_of_a_field() {
    let order: constants::Order = value(json!({"amount": 9, "own": [1], "more": [1, 2, 3]}));
    assert_eq!((order.price, order.amount, order.fee), (1, 9, 5));
    assert_eq!((order.own, order.more), (Some([1]), Some([1, 2, 3])));
}

#[test]
fn in_bodies() {
    assert_eq!(in_bodies::key_after(7), Some(7));
    assert!(in_bodies::Around(()).is_empty());
    assert_eq!(in_bodies::NUMBER, 3);
}

#[test]
fn parameters() {
    let row: generic::t::Keyed<String> = value(json!({"key": "a", "section": {"one": "b"}}));
    assert_eq!(
        (row.key().map(String::as_str), row.section.one.as_str()),
        (Some("a"), "b")
    );
    let row: generic::d::KeyedInside<u8> = value(json!({"section": {"one": "3"}}));
    assert_eq!(row.key(), Some(&3));
    let bounded: generic::Bounded<u8> = value(json!({"array": [1, "2"]}));
    assert_eq!((bounded.array, bounded.one), ([1, 2], None));
}

#[test]
fn made_by_a_macro() {
    let round: made_by_macro::Round<u8> = value(json!({
        "roundId": 1, "v": {"slot": 2, "next": {"slot": 3}}, "list": [1, 2, null, 4],
    }));
    assert_eq!((round.key(), round.number), (Some(&1), 7));
    assert_eq!(round.list, [Some(2), None, Some(4)]);
    let next = round
        .viewed
        .and_then(|viewed| viewed.next)
        .expect("the next");
    assert_eq!(next.slot, made_by_macro::Slot(3));
}

#[test]
fn names_that_end_as_generated_ones_do() {
    let mut order: neighbours::OrderEntity = value(json!({"price": {"number": 1}}));
    let patch = neighbours::OrderEntityPatch {
        price: Some(Some(neighbours::PricePatchPatch {
            number: Some(Some(2)),
        })),
    };
    order.apply(patch).expect("applies");
    assert_eq!(order.price.number, 2);
}
