//! Foreign types that implement only serde, such as dates.

use crate::{appending, patch, refused, value};
use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use hyperstack_sdk::{Entity, Leaf, Patchable, Section};
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(name = "OreRound")]
struct Round {
    times: Times,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Times {
    #[field(serde)]
    started: DateTime<Utc>,
    #[field(serde)]
    ended: Option<Option<DateTime<Utc>>>,
    #[field(serde)]
    day: Option<NaiveDate>,
    // The field's serde impls read it, so it counts as required, even if it is a list.
    #[field(serde, default)]
    days: Vec<NaiveDate>,
    #[field(serde)]
    by_day: Option<BTreeMap<NaiveDate, u64>>,
    #[field(serde, default = epoch())]
    last: DateTime<Utc>,
    at: Option<At>,
}

/// A leaf around a date, for places where no attribute can stand.
#[derive(Clone, Copy, Debug, PartialEq, Leaf)]
struct At(#[field(serde)] DateTime<Utc>);

fn epoch() -> DateTime<Utc> {
    at(0)
}

fn at(seconds: i64) -> DateTime<Utc> {
    Utc.timestamp_opt(seconds, 0).unwrap()
}

fn day(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 2, number).unwrap()
}

#[test]
fn dates_are_read_by_their_serde_impls() {
    let round: Round = value(json!({"times": {"started": "1970-01-01T01:00:01+01:00"}}));
    let times = round.times;
    assert_eq!((times.started, times.last), (at(1), epoch()));
    assert_eq!((times.ended, times.day, times.at), (None, None, None));
    let round: Round = value(json!({"times": {
        "started": "1970-01-01T00:00:01Z", "ended": null, "day": "2024-02-29",
        "days": ["2024-02-01"], "by_day": {"2024-02-02": 1}, "at": "1970-01-01T00:00:02Z",
    }}));
    let times = round.times;
    assert_eq!((times.ended, times.day), (Some(None), Some(day(29))));
    assert_eq!((times.days, times.at), (vec![day(1)], Some(At(at(2)))));
    assert_eq!(times.by_day, Some(BTreeMap::from([(day(2), 1)])));
}

#[test]
fn dates_are_replaced_whole() {
    let mut round: Round = value(json!({"times": {
        "started": "1970-01-01T00:00:01Z", "days": ["2024-02-01"], "by_day": {"2024-02-02": 1},
    }}));
    let before = round.clone();
    let json = json!({"times": {"days": ["2024-02-03"], "by_day": {"2024-02-04": 2}}});
    round
        .apply(appending::<Round>(json.clone(), &["times.days"]))
        .unwrap();
    assert_eq!(round.times.days, [day(3)]);
    assert_eq!(round.times.by_day, Some(BTreeMap::from([(day(4), 2)])));
    let difference = before.diff(&round);
    assert_eq!(serde_json::to_value(difference).unwrap(), json);
}

#[test]
fn errors_have_the_path() {
    for (json, path) in [
        (json!({"started": "soon"}), "started"),
        (json!({"ended": 5}), "ended"),
        (json!({"day": "2023-02-29"}), "day"),
        (json!({"at": "soon"}), "at"),
    ] {
        let text = refused::<Round>(&json!({ "times": json }).to_string());
        let here = format!("OreRound.times.{path}: ");
        assert!(text.starts_with(&here), "{text}");
    }
    let error = Round::try_from(patch::<Round>(json!({"times": {}}))).unwrap_err();
    assert_eq!(error.path(), "times.started");
}
