//! Rows as protocol v2 brings them: versions, positions, snapshots that replace.

use super::*;

impl Fixture {
    /// A v2 subscription begins.
    fn begins_v2(&mut self, sort: &str) {
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
fn a_patch_of_a_row_that_is_not_held_is_dropped() {
    let mut f = list();
    f.apply(&[r#""op":"patch","key":"c","data":{"_version":"ab:9","name":"c"}"#]);
    assert_eq!((f.read().len(), f.caches.counts().rows), (0, 2));
    f.apply(&[r#""op":"upsert","key":"c","data":{"_seq":"30:0","_version":"ab:9","name":"c"}"#]);
    assert_eq!(f.names(), ["c", "b", "a"]);
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
fn a_snapshot_that_comes_unasked_replaces_what_is_held() {
    let mut f = list();
    let json = r#"{"entity":"Coin/list","op":"snapshot","data":[{"key":"a","data":{"_seq":"9:1","_version":"ab:3","name":"A"}}]}"#;
    let Ok(Incoming::Frame(Frame::Snapshot { rows, .. })) = Incoming::decode(json.as_bytes())
    else {
        panic!("{json}")
    };
    f.step(Step::Snapshot {
        rows,
        malformed: Vec::new(),
        restarts: true,
    });
    f.completes();
    // Rows of a snapshot replace whatever their version.
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
