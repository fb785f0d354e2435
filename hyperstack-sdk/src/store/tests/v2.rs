//! Rows under protocol v2: versions, positions, snapshots that replace.

use super::*;
use crate::patch::Record;
use crate::store::rows::{Input, Rows};

impl Fixture {
    /// Starts a v2 subscription.
    fn begins_v2(&mut self, sort: &str) {
        self.begins_whole(sort, false);
    }

    fn begins_whole(&mut self, sort: &str, rolls_back: bool) {
        let json = format!(
            r#"{{"op":"subscribed","subscriptionId":"1","query":{{"view":"{}"}},{sort}}}"#,
            self.view
        );
        let Ok(Incoming::Routed {
            frame: Frame::Subscribed { sort, .. },
            ..
        }) = Incoming::decode(json.as_bytes())
        else {
            panic!("{json}")
        };
        self.step(Step::Begin {
            target: Target::All,
            window: Window::default(),
            sort,
            resync: false,
            protocol: Protocol::V2,
            whole_entities: true,
            positions: true,
            rolls_back,
            limits_rows: true,
        });
    }

    /// Starts a snapshot that the server sends on its own.
    fn restarts(&mut self, rows: &str) {
        let json = format!(r#"{{"entity":"Coin/list","op":"snapshot","data":[{rows}]}}"#);
        let Ok(Incoming::Frame(Frame::Snapshot {
            rows, malformed, ..
        })) = Incoming::decode(json.as_bytes())
        else {
            panic!("{json}")
        };
        self.step(Step::Snapshot {
            rows,
            malformed,
            restarts: true,
        });
    }

    fn completes(&mut self) {
        let (target, absent) = (Target::All, Absent::Remove);
        self.step(Step::Complete { target, absent });
    }
}

/// Rows a and b of a snapshot, each with its position and version.
const ROWS: &str = concat!(
    r#""op":"snapshot","data":[{"key":"b","data":{"_seq":"20:1","_version":"ab:7","name":"b","log":[]}},"#,
    r#"{"key":"a","data":{"_seq":"10:1","_version":"ab:5","name":"a","log":[]}}]"#
);

fn list() -> Fixture {
    let mut f = fixture("Coin/list", None);
    f.begins_v2(RECENCY);
    f.apply(&[ROWS]);
    f.completes();
    assert_eq!(f.names(), ["b", "a"]);
    f.read();
    f
}

#[test]
fn a_change_that_the_snapshot_has_is_dropped() {
    let mut f = list();
    let append = |version: &str| {
        format!(
            r#""op":"patch","key":"a","append":["log"],"seq":"10:1","data":{{"_seq":"10:1","_version":"{version}","log":[1]}}"#
        )
    };
    f.apply(&[&append("ab:5"), &append("ab:4")]);
    assert_eq!(f.read(), [""; 0]);
    f.apply(&[&append("ab:6"), &append("ab:6")]);
    assert_eq!(f.read(), ["patch a"]);
    // Another epoch says nothing about this one.
    f.apply(&[&append("cd:1")]);
    assert_eq!(f.cache.get("a").unwrap().log, [1, 1]);
}

#[test]
fn an_upsert_can_set_a_row_back() {
    for rolls_back in [false, true] {
        let mut f = fixture("Coin/list", None);
        f.begins_whole(RECENCY, rolls_back);
        f.apply(&[ROWS]);
        f.completes();
        f.apply(&[
            r#""op":"upsert","key":"a","data":{"_version":"ab:3","name":"old","log":[]}"#,
            r#""op":"patch","key":"a","data":{"_version":"ab:3","name":"older"}"#,
        ]);
        let name = if rolls_back { "old" } else { "a" };
        assert_eq!(f.cache.get("a").unwrap().name, name);
    }
}

#[test]
fn a_patch_of_a_row_that_is_not_held_is_dropped() {
    let mut f = list();
    f.apply(&[r#""op":"patch","key":"c","data":{"_version":"ab:9","name":"c"}"#]);
    assert_eq!((f.read().len(), f.caches.counts().rows), (0, 2));
    f.apply(&[r#""op":"upsert","key":"c","data":{"_seq":"30:0","_version":"ab:9","name":"c"}"#]);
    assert_eq!(f.names(), ["c", "b", "a"]);
}

/// Rows that show their version, and one that shows all of its JSON.
#[test]
fn a_type_may_have_a_field_for_the_version() {
    #[derive(Debug, Clone, PartialEq, Entity)]
    struct Versioned {
        #[field(rename = "_version")]
        version: String,
        price: u64,
    }

    fn patched<T: Record>() -> Option<Arc<T>> {
        let mut rows = Rows::<T>::new();
        rows.begin(true, None, Protocol::V2, true, true, false);
        for (version, price) in [(1, 7), (2, 8)] {
            let data =
                format!(r#"{{"_seq":"1:0","_version":"0000000a:{version}","price":{price}}}"#);
            let (seq, version, fields) = rows.guard_mut().stamps(&data, None, true);
            let input = Input {
                key: "k",
                data: &data,
                live: true,
                seq,
                version,
                fields,
                keep_before: false,
            };
            let changed = if price == 7 {
                rows.upsert(&input)
            } else {
                rows.patch(&input, &[])
            };
            assert!(changed.is_ok_and(|changed| changed.is_some()));
        }
        rows.get("k").cloned()
    }

    let versioned = Versioned {
        version: "0000000a:2".into(),
        price: 8,
    };
    assert_eq!(patched::<Versioned>().as_deref(), Some(&versioned));
    let json = serde_json::json!({"_seq": "1:0", "_version": "0000000a:2", "price": 8});
    assert_eq!(patched::<serde_json::Value>().as_deref(), Some(&json));
}

#[test]
fn rows_are_in_the_order_of_their_positions() {
    let mut f = list();
    let patch = |key: &str, seq: &str, version: u32| {
        format!(
            r#""op":"patch","key":"{key}","data":{{"_seq":"{seq}","_version":"ab:{version}","price":{version}}}"#
        )
    };
    f.apply(&[&patch("a", "15:0", 10)]);
    assert_eq!(f.names(), ["b", "a"], "its position is still the lower one");
    f.apply(&[&patch("a", "100:0", 11)]);
    assert_eq!(f.names(), ["a", "b"], "slots are numbers");
    f.apply(&[&patch("b", "100:0", 12)]);
    assert_eq!(f.names(), ["a", "b"], "ties go by key");
    f.apply(&[&patch("a", "50:0", 13)]);
    assert_eq!(f.names(), ["b", "a"], "a position may go back");
}

#[test]
fn an_unsolicited_snapshot_replaces_the_rows() {
    let mut f = list();
    f.restarts(r#"{"key":"a","data":{"_seq":"9:1","_version":"ab:3","name":"A"}}"#);
    f.completes();
    // Rows of a snapshot replace earlier ones, whatever their version.
    let resynced = format!("error {}", StreamError::Resynced);
    let read = f.read();
    assert!(read.contains(&"upsert a".to_owned()), "{read:?}");
    assert!(read.contains(&"delete b".to_owned()), "{read:?}");
    assert!(read.contains(&resynced), "{read:?}");
    assert_eq!(f.names(), ["A"]);
}

#[test]
fn missing_values_come_last_in_both_directions() {
    for (order, expected) in [("asc", ["a", "b", "c"]), ("desc", ["b", "a", "c"])] {
        let mut f = fixture("Coin/top", None);
        f.begins_v2(&format!(
            r#""sort":{{"field":["price"],"order":"{order}"}}"#
        ));
        f.apply(&[concat!(
            r#""op":"snapshot","data":[{"key":"c","data":{"name":"c","price":null}},"#,
            r#"{"key":"b","data":{"name":"b","price":2}},{"key":"a","data":{"name":"a","price":1.5}}]"#
        )]);
        f.completes();
        assert_eq!(f.names(), expected, "{order}");
    }
}

/// A view whose rows come as upserts of this JSON, named after their places in `rows`.
fn sorted(sort: &str, rows: &[&str]) -> Fixture {
    let mut f = fixture("Coin/top", None);
    f.begins_v2(sort);
    f.completes();
    for (name, fields) in rows.iter().enumerate() {
        let row =
            format!(r#""op":"upsert","key":"{name}","data":{{"name":"{name}","log":[],{fields}}}"#);
        assert_eq!(f.apply(&[&row]), []);
    }
    f
}

#[test]
fn values_of_every_kind_have_their_place() {
    let rows = [
        r#""n":null"#,
        r#""n":"bob""#,
        r#""n":"18446744073709551617""#,
        r#""n":18446744073709551615"#,
        r#""n":"9""#,
        r#""n":{"x":1}"#,
        r#""n":true"#,
        r#""n":1.5"#,
        r#""n":"Alice""#,
        r#""other":1"#,
        r#""n":"9""#,
    ];
    let ascending = r#""sort":{"field":["n"],"order":"asc"}"#;
    let expected = ["6", "7", "3", "10", "4", "2", "8", "1", "0", "5", "9"];
    assert_eq!(sorted(ascending, &rows).names(), expected);
    let descending = r#""sort":{"field":["n"],"order":"desc"}"#;
    // Equal values and rows without one go by key in both directions.
    let expected = ["1", "8", "2", "10", "4", "3", "7", "6", "0", "5", "9"];
    assert_eq!(sorted(descending, &rows).names(), expected);
}

#[test]
fn a_sort_value_inside_an_object_moves_the_row_and_may_be_removed() {
    let rows = [
        r#""id":{"n":"10"}"#,
        r#""id":{"n":"9"}"#,
        r#""id":{"n":"8"}"#,
    ];
    let mut f = sorted(r#""sort":{"field":["id","n"],"order":"desc"}"#, &rows);
    assert_eq!(f.names(), ["0", "1", "2"]);
    f.apply(&[r#""op":"patch","key":"2","data":{"id":{"n":"11"}}"#]);
    assert_eq!(f.names(), ["2", "0", "1"]);
    f.apply(&[r#""op":"patch","key":"2","data":{"id":{"other":1}}"#]);
    assert_eq!(f.names(), ["2", "0", "1"]);
    f.apply(&[r#""op":"patch","key":"2","data":{"id":null}"#]);
    assert_eq!(f.names(), ["0", "1", "2"]);
    f.apply(&[r#""op":"upsert","key":"0","data":{"name":"0","log":[]}"#]);
    assert_eq!(f.names(), ["1", "0", "2"]);
}

#[test]
fn positions_may_ascend_and_may_be_missing() {
    let rows = [
        r#""_seq":"100000000:0""#,
        r#""_seq":"99999999:9999999999999""#,
        r#""price":1"#,
        r#""_seq":"99999999:000000000002""#,
    ];
    let mut f = sorted(r#""sort":{"field":["_seq"],"order":"asc"}"#, &rows);
    assert_eq!(f.names(), ["3", "1", "0", "2"]);
    f.apply(&[r#""op":"patch","key":"2","data":{"_seq":"5:0"}"#]);
    f.apply(&[r#""op":"patch","key":"1","data":{"price":2}"#]);
    assert_eq!(f.names(), ["2", "3", "1", "0"]);
    let mut f = sorted(RECENCY, &rows);
    assert_eq!(f.names(), ["0", "1", "3", "2"]);
    // A patch without a position leaves the row in its place, a whole row has none.
    f.apply(&[r#""op":"patch","key":"0","data":{"price":2}"#]);
    assert_eq!(f.names(), ["0", "1", "3", "2"]);
    f.apply(&[r#""op":"upsert","key":"0","data":{"name":"0","log":[]}"#]);
    assert_eq!(f.names(), ["1", "3", "0", "2"]);
}

#[test]
fn rows_that_a_damaged_snapshot_lacks_stay_in_their_places() {
    let mut f = list();
    f.restarts(r#"{"key":"b","data":{"_seq":"5:0","name":"b"}},{"key":7}"#);
    f.completes();
    assert_eq!(f.names(), ["a", "b"]);
    f.apply(&[r#""op":"patch","key":"b","data":{"_seq":"11:0","price":1}"#]);
    assert_eq!(f.names(), ["b", "a"]);
}

#[test]
fn rows_of_another_generation_keep_their_places_until_they_are_sent_again() {
    let mut f = fixture("Coin/list", None);
    f.begin(RECENCY);
    f.apply(&[ROWS]);
    f.completes();
    f.begins_v2(RECENCY);
    f.apply(&[
        r#""op":"snapshot","data":[{"key":"b","data":{"_seq":"5:0","name":"b"}},{"key":7}]"#,
    ]);
    f.completes();
    f.apply(&[r#""op":"upsert","key":"c","data":{"_seq":"3:0","name":"c"}"#]);
    assert_eq!(f.names().len(), 3);
    f.apply(&[r#""op":"upsert","key":"a","data":{"_seq":"4:0","name":"a"}"#]);
    assert_eq!(f.names(), ["b", "a", "c"]);
}

#[test]
fn a_list_that_grows_beyond_the_servers_limit_equals_the_servers() {
    let mut f = list();
    for n in 0..130 {
        let append = format!(
            r#""op":"patch","key":"a","append":["log"],"data":{{"_version":"ab:{}","log":[{n}]}}"#,
            n + 10
        );
        f.apply(&[&append]);
    }
    let newest: Vec<u32> = (30..130).collect();
    assert_eq!(f.cache.get("a").unwrap().log, newest);
    f.read();
    let log = serde_json::to_string(&newest).unwrap();
    f.restarts(&format!(
        r#"{{"key":"a","data":{{"_seq":"10:1","name":"a","log":{log}}}}},{{"key":"b","data":{{"_seq":"20:1","name":"b","log":[]}}}}"#
    ));
    f.completes();
    assert_eq!(f.read(), [format!("error {}", StreamError::Resynced)]);
}

#[test]
fn a_v1_list_grows_without_a_limit() {
    let mut f = fixture("Coin/list", None);
    f.begin(RECENCY);
    f.apply(&[ROWS]);
    f.completes();
    for n in 0..130 {
        let append = format!(
            r#""op":"patch","key":"a","append":["log"],"seq":"{}:0","data":{{"log":[{n}]}}"#,
            n + 30
        );
        f.apply(&[&append]);
    }
    assert_eq!(f.cache.get("a").unwrap().log.len(), 130);
}
