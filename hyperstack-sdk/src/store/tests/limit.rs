//! The row limit, and rows that are exempt from it.

use super::*;

#[test]
fn a_row_that_loses_its_exemption_leaves_as_a_delete() {
    let mut f = fixture("Coin/top", Some(1));
    f.begin(BY_PRICE);
    f.finish();
    f.cache.pin(&"b".into());
    f.apply(&[
        r#""op":"upsert","key":"a","data":{"name":"a","price":2.0}"#,
        r#""op":"upsert","key":"b","data":{"name":"b","price":1.0}"#,
    ]);
    assert_eq!(f.names(), ["a", "b"]);
    f.read();
    f.cache.unpin("b");
    f.apply(&[r#""op":"patch","key":"b","data":{"log":[1]}"#]);
    assert_eq!(f.names(), ["a"]);
    assert_eq!(f.read().last().unwrap(), "delete b");
}

#[test]
fn a_row_that_waits_for_its_successor_may_be_evicted_first() {
    let mut f = fixture("Coin/top", Some(2));
    f.begin(BY_PRICE);
    f.finish();
    f.apply(&[
        r#""op":"upsert","key":"a","data":{"name":"a","price":2.0}"#,
        r#""op":"upsert","key":"b","data":{"name":"b","price":1.0}"#,
        r#""op":"delete","key":"a","data":null"#,
        r#""op":"delete","key":"b","data":null"#,
        r#""op":"upsert","key":"c","data":{"name":"c","price":9.0}"#,
        r#""op":"upsert","key":"d","data":{"name":"d","price":8.0}"#,
    ]);
    assert_eq!(f.names(), ["c", "d"]);
    f.begin(BY_PRICE);
    f.apply(&[r#""op":"upsert","key":"e","data":{"name":"e","price":7.0}"#]);
    assert_eq!(f.names(), ["c", "d", "e"]);
}

#[test]
fn a_source_that_fetches_a_row_does_not_resume() {
    let mut f = fixture("Coin/list", Some(1));
    f.begin(RECENCY);
    f.apply(&[r#""op":"snapshot","data":[{"key":"a","data":{"name":"a","_seq":"900:2"}},{"key":"b","data":{"name":"b","_seq":"900:1"}}]"#]);
    f.finish();
    assert_eq!(f.names(), ["a"]);
    assert!(f.caches.cursor(f.source).is_some());
    let key: Arc<str> = "b".into();
    assert!(f.cache.pin(&key));
    // A second reader starts no second fetch.
    assert!(!f.cache.pin(&key));
    assert_eq!(f.outcome(Target::Key(key)), None);
    assert_eq!(f.caches.cursor(f.source), None);
}
