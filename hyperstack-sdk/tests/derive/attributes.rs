//! The attributes of `#[field]` and of serde.

use crate::{appending, patch, refused, value};
use hyperstack_sdk::{Entity, Leaf, Patch, Patchable, Section};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(name = "OreRound", key(id.round_id: u64), rename_all = "camelCase")]
struct Round {
    id: Id,
    best_bet: Option<u64>,
    #[field(rename = "TheName", alias = "old_name", alias = "older")]
    name: Option<String>,
    r#type: Option<String>,
    #[field(skip)]
    local: u64,
    #[field(skip, default = 7)]
    seven: u64,
    #[field(default)]
    count: u64,
    #[field(append(max = 3))]
    log: Vec<u64>,
    #[field(append(max = 2))]
    maybe_log: Option<Vec<u64>>,
    #[field(serde)]
    address: Option<Ipv4Addr>,
    #[field(serde)]
    home: Option<Option<Ipv4Addr>>,
    #[field(serde, default = Ipv4Addr::LOCALHOST)]
    last: Ipv4Addr,
}

#[derive(Clone, Debug, PartialEq, Default, Section)]
struct Id {
    round_id: u64,
}

fn round() -> Round {
    value(json!({"id": {"round_id": 1}}))
}

#[test]
fn wire_names_are_used() {
    let a: Round = value(json!({
        "id": {"round_id": 1}, "bestBet": "5", "older": "x", "type": "t", "local": 9, "best_bet": 1,
    }));
    assert_eq!(a.best_bet, Some(5));
    assert_eq!(a.name.as_deref(), Some("x"));
    assert_eq!(a.r#type.as_deref(), Some("t"));
    assert_eq!((a.local, a.seven, a.count), (0, 7, 0));
    let patch = patch::<Round>(json!({"older": "x"}));
    assert_eq!(
        serde_json::to_value(patch).unwrap(),
        json!({"TheName": "x"})
    );
    assert!(refused::<Round>(r#"{"bestBet": []}"#).starts_with("OreRound.bestBet: "));
    assert!(refused::<Round>(r#"{"old_name": 1}"#).starts_with("OreRound.old_name: "));
}

#[test]
fn an_entity_has_a_marker_and_its_struct() {
    use hyperstack_sdk::Entity;
    fn name<E: Entity<Data = Round>>() -> &'static str {
        E::NAME
    }
    assert_eq!(
        (name::<Round>(), name::<RoundEntity>()),
        ("OreRound", "OreRound")
    );
    assert_eq!(format!("{:?}", RoundEntity), "RoundEntity");
}

#[test]
fn append_lists_keep_their_newest_elements() {
    let mut a = round();
    let append = ["log", "maybeLog"];
    for n in 0..5 {
        let json = json!({"log": [n], "maybeLog": [n]});
        a.apply(appending::<Round>(json, &append)).unwrap();
    }
    assert_eq!(
        (a.log.clone(), a.maybe_log.clone()),
        (vec![2, 3, 4], Some(vec![3, 4]))
    );
    let replace = json!({"log": [9, 2, 3, 4]});
    assert_eq!(
        Round::merge_patch(&mut a, &mut patch::<Round>(replace)),
        Ok(false)
    );
    let built: Round = value(json!({"id": {"round_id": 1}, "log": [1, 2, 3, 4]}));
    assert_eq!(built.log, [2, 3, 4]);
}

#[test]
fn elements_that_are_trimmed_away_again_change_nothing() {
    let mut a = round();
    let append =
        |n: u64| appending::<Round>(json!({"log": [n], "maybeLog": [n]}), &["log", "maybeLog"]);
    for changed in [true, true, true, false] {
        assert_eq!(Round::merge_patch(&mut a, &mut append(1)), Ok(changed));
    }
    assert_eq!(
        (a.log.as_slice(), a.maybe_log.as_deref()),
        (&[1; 3][..], Some(&[1; 2][..]))
    );
    assert_eq!(Round::merge_patch(&mut a, &mut append(2)), Ok(true));
    // Replaces the list by the same elements, and by others of the same length.
    let replace = |log: [u64; 4]| patch::<Round>(json!({ "log": log }));
    assert_eq!(
        Round::merge_patch(&mut a, &mut replace([9, 1, 1, 2])),
        Ok(false)
    );
    assert_eq!(
        Round::merge_patch(&mut a, &mut replace([9, 3, 3, 3])),
        Ok(true)
    );
    assert_eq!(a.log, [3, 3, 3]);
}

#[derive(Clone, Debug, PartialEq, Entity)]
struct Logs {
    all: Vec<u64>,
    #[field(append(max = 60))]
    few: Vec<u64>,
    #[field(append(max = 200))]
    many: Option<Vec<u64>>,
    by_name: BTreeMap<String, Vec<u64>>,
    set: BTreeSet<u64>,
    raw: serde_json::Value,
}

/// Returns a patch of a v2 server that appends these elements to every list.
fn capped(elements: Vec<u64>) -> LogsPatch {
    let json = json!({
        "all": elements, "few": elements, "many": elements, "by_name": {"a": elements},
        "set": elements, "raw": {"log": elements},
    });
    let append = ["all", "few", "many", "by_name.a", "set", "raw.log"];
    let mut patch = LogsPatch::default();
    let json = json.to_string();
    patch.decode_update(&json, &append, true).unwrap();
    patch
}

#[test]
fn an_append_of_a_v2_server_keeps_the_newest_hundred_elements() {
    let newest = |count: u64, last: u64| (last - count..last).collect::<Vec<_>>();
    let logs_are = |logs: &Logs, last: u64| {
        assert_eq!(logs.all, newest(100, last));
        assert_eq!(logs.few, newest(60, last));
        assert_eq!(logs.many, Some(newest(100, last)));
        assert_eq!(logs.by_name["a"], newest(100, last));
        assert_eq!(logs.set.len() as u64, last);
        assert_eq!(logs.raw, json!({"log": newest(100, last)}));
    };
    let first = newest(99, 99);
    let mut logs: Logs = value(json!({
        "all": first, "few": first, "many": first, "by_name": {"a": first}, "set": first,
        "raw": {"log": first},
    }));
    let before = logs.clone();
    for last in [100, 101, 102] {
        let append = capped(vec![last - 1]);
        assert_eq!(Logs::merge_patch(&mut logs, &mut append.clone()), Ok(true));
    }
    logs_are(&logs, 102);
    logs.apply(capped(newest(90, 192))).unwrap();
    logs_are(&logs, 192);
    logs.apply(capped(newest(130, 322))).unwrap();
    logs_are(&logs, 322);

    // The same elements as one patch, and as the first patch.
    let patches = [newest(3, 102), newest(90, 192), newest(130, 322)].map(capped);
    let all = patches.into_iter().reduce(Patch::then).unwrap();
    let mut at_once = before;
    at_once.apply(all).unwrap();
    assert_eq!(at_once.all, logs.all);
    assert_eq!(at_once.few, logs.few);
    assert_eq!(at_once.raw, logs.raw);
    assert_eq!(
        Logs::try_from(capped(newest(130, 130))).unwrap().all,
        newest(100, 130)
    );
}

#[test]
fn an_append_that_leaves_a_full_list_as_it_was_changes_nothing() {
    let sevens = |count: usize| vec![7; count];
    let mut logs: Logs = value(json!({
        "all": sevens(100), "few": sevens(60), "many": sevens(100),
        "by_name": {"a": sevens(100)}, "set": [7], "raw": {"log": sevens(100)},
    }));
    let append = || capped(sevens(70));
    assert_eq!(Logs::merge_patch(&mut logs, &mut append()), Ok(false));
    logs.few = vec![6; 60];
    assert_eq!(Logs::merge_patch(&mut logs, &mut append()), Ok(true));
    assert_eq!(logs.few, sevens(60));
}

#[test]
fn skipped_fields_are_left_alone() {
    let mut a = round();
    a.local = 5;
    a.apply(patch::<Round>(json!({"local": 1, "count": 3})))
        .unwrap();
    assert_eq!((a.local, a.count), (5, 3));
    a.apply(patch::<Round>(json!({"count": null}))).unwrap();
    assert_eq!(a.count, 0);
}

#[test]
fn foreign_types_use_their_serde_impls() {
    let mut a = round();
    assert_eq!(
        (a.address, a.home, a.last),
        (None, None, Ipv4Addr::LOCALHOST)
    );
    a.apply(patch::<Round>(
        json!({"address": "1.2.3.4", "home": null, "last": "1.1.1.1"}),
    ))
    .unwrap();
    assert_eq!(
        (a.address, a.home),
        (Some(Ipv4Addr::new(1, 2, 3, 4)), Some(None))
    );
    a.apply(patch::<Round>(json!({"address": null, "last": null})))
        .unwrap();
    assert_eq!((a.address, a.last), (None, Ipv4Addr::LOCALHOST));
    assert!(refused::<Round>(r#"{"address": "x"}"#).starts_with("OreRound.address: "));
}

/// A type that is read by its serde impls, and replaced whole.
#[derive(Clone, Debug, PartialEq)]
struct Text(String);

impl Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(Self)
    }
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Generic<T: Clone> {
    #[field(serde)]
    inner: T,
    #[field(serde)]
    list: Vec<Text>,
    leaf: Log,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Log {
    log: Vec<u64>,
}

#[test]
fn types_replaced_whole_ignore_append_paths() {
    let mut a: Generic<Text> = value(json!({"inner": "a", "list": ["x"], "leaf": {"log": [1]}}));
    a.apply(appending::<Generic<Text>>(
        json!({"list": ["y"], "leaf": {"log": [2]}}),
        &["list", "leaf.log"],
    ))
    .unwrap();
    assert_eq!(a.list, [Text("y".to_owned())]);
    assert_eq!(a.leaf.log, [2]);
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Defaults {
    #[field(default = vec![1])]
    log: Vec<u64>,
    #[field(default = vec![1, 2, 3], append(max = 2))]
    short: Vec<u64>,
    #[field(default = Limits { low: 1, high: 2 })]
    limits: Limits,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Limits {
    low: u64,
    high: u64,
}

#[test]
fn a_default_is_merged_into() {
    let some = || appending::<Defaults>(json!({"log": [2], "limits": {"low": 9}}), &["log"]);
    let mut a: Defaults = value(json!({}));
    a.apply(some()).unwrap();
    assert_eq!(
        (a.log.as_slice(), a.limits.low, a.limits.high),
        (&[1, 2][..], 9, 2)
    );
    // The result does not depend on the patch that it was built from.
    assert_eq!(Defaults::try_from(some()), Ok(a));
    let replaced: Defaults = value(json!({"log": [2]}));
    assert_eq!(replaced.log, [2]);
}

#[test]
fn a_default_is_no_longer_than_its_list() {
    let mut a: Defaults = value(json!({}));
    assert_eq!(a.short, [2, 3]);
    let null = patch::<Defaults>(json!({"short": null}));
    assert_eq!(Defaults::merge_patch(&mut a, &mut null.clone()), Ok(false));
    let more = appending::<Defaults>(json!({"short": [4]}), &["short"]);
    assert_eq!(Defaults::merge_patch(&mut a, &mut more.clone()), Ok(true));
    assert_eq!(a.short, [3, 4]);
    assert_eq!(Defaults::merge_patch(&mut a, &mut null.clone()), Ok(true));
    assert_eq!(a.short, [2, 3]);
}

#[test]
fn the_key_is_of_its_own_type() {
    use hyperstack_sdk::RowKey;
    let round = round();
    let key: Option<&u64> = round.key();
    assert_eq!(key, Some(&1));
}
