//! The JSON of updates, and of the types that the server wraps around data.

use std::fmt::Debug;
use std::sync::Arc;

use hyperstack_sdk::{
    Capture, Entity, Event, Instruction, Leaf, Patchable, RemovalCause, RichUpdate, RowChange,
    SlotHashBytes, TokenMetadata, Update,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

#[derive(Debug, Clone, PartialEq, Entity, Serialize, Deserialize)]
struct Token {
    price: Option<Option<f64>>,
    supply: u128,
}

fn key() -> String {
    "ore".to_owned()
}

fn token(price: Option<Option<f64>>) -> Token {
    let supply = u128::MAX;
    Token { price, supply }
}

fn to_json(value: impl Serialize) -> String {
    serde_json::to_string(&value).unwrap()
}

#[track_caller]
fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, json: &str) {
    assert_eq!(to_json(value), json);
    assert_eq!(&serde_json::from_str::<T>(json).unwrap(), value);
}

#[test]
fn an_update_round_trips() {
    let data = token(Some(Some(1.5)));
    let upsert = Update::Upsert { key: key(), data };
    round_trip(
        &upsert,
        r#"{"op":"upsert","key":"ore","data":{"price":1.5,"supply":340282366920938463463374607431768211455}}"#,
    );
    let json = r#"{"op":"patch","key":"ore","data":[1,null]}"#;
    round_trip(
        &Update::Patch {
            key: key(),
            data: [Some(1), None],
        },
        json,
    );
    round_trip(
        &Update::<Token>::Delete { key: key() },
        r#"{"op":"delete","key":"ore"}"#,
    );
}

#[test]
fn a_row_can_be_null() {
    let json = r#"{"op":"patch","key":"ore","data":null}"#;
    round_trip(
        &Update::Patch {
            key: key(),
            data: Value::Null,
        },
        json,
    );
    round_trip(
        &Update::Patch {
            key: key(),
            data: None::<u8>,
        },
        json,
    );
}

#[test]
fn the_members_of_an_update_have_any_order() {
    let json = r#"{"data":7,"other":1,"key":"ore","op":"patch"}"#;
    let update: Update<u8> = serde_json::from_str(json).unwrap();
    assert_eq!(
        update,
        Update::Patch {
            key: key(),
            data: 7
        }
    );
}

#[test]
fn an_invalid_update_is_an_error() {
    for (json, message) in [
        (r#"{"op":"upsert","key":"ore"}"#, "missing field `data`"),
        (r#"{"op":"delete"}"#, "missing field `key`"),
        (r#"{"key":"ore","data":1}"#, "missing field `op`"),
        (
            r#"{"op":"put","key":"ore","data":1}"#,
            "unknown variant `put`",
        ),
    ] {
        let error = serde_json::from_str::<Update<u8>>(json).unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
    }
}

#[test]
fn never_sent_and_null_are_null_in_a_row() {
    for price in [None, Some(None)] {
        let json = serde_json::from_str::<Value>(&to_json(token(price))).unwrap();
        assert_eq!(json["price"], Value::Null);
    }
}

#[test]
fn a_rich_update_has_the_row_or_the_patch() {
    let updated = |patch| RichUpdate::Updated {
        key: key(),
        before: 1,
        after: 2,
        patch,
    };
    let created = RichUpdate::Created {
        key: key(),
        data: 1,
    };
    let deleted = RichUpdate::Deleted {
        key: key(),
        last_known: Some(1),
    };
    assert_eq!(to_json(created), r#"{"op":"created","key":"ore","data":1}"#);
    let json = r#"{"op":"updated","key":"ore","patch":{"a":null}}"#;
    assert_eq!(to_json(updated(Some(json!({"a": null})))), json);
    assert_eq!(
        to_json(updated(None)),
        r#"{"op":"updated","key":"ore","data":2}"#
    );
    assert_eq!(to_json(deleted), r#"{"op":"deleted","key":"ore"}"#);
}

#[test]
fn a_row_change_has_the_row_or_the_typed_patch() {
    let (before, after) = (
        Arc::new(token(Some(Some(1.5)))),
        Arc::new(token(Some(None))),
    );
    let patch = Box::new(before.diff(&after));
    let row = Arc::clone(&before);
    assert_eq!(
        to_json(RowChange::Added { key: key(), row }),
        r#"{"op":"added","key":"ore","row":{"price":1.5,"supply":340282366920938463463374607431768211455}}"#
    );
    let last = Arc::clone(&after);
    let changed = RowChange::Changed {
        key: key(),
        before,
        after,
        patch,
    };
    assert_eq!(
        to_json(changed),
        r#"{"op":"changed","key":"ore","patch":{"price":null}}"#
    );
    let cause = RemovalCause::NotInResult;
    assert_eq!(
        to_json(RowChange::Removed {
            key: key(),
            last,
            cause
        }),
        r#"{"op":"removed","key":"ore","cause":"not_in_result"}"#
    );
}

#[derive(Debug, Clone, PartialEq, Leaf, Serialize, Deserialize)]
struct Data {
    amount: Option<u64>,
}

/// A row's JSON and a patch's JSON must agree, so that a receiver can merge one into the other.
#[track_caller]
fn in_row_and_patch<T>(value: T, json: &str)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug + Clone,
    Row<T>: Patchable,
{
    round_trip(&value, json);
    let before = Row { value: None };
    let after = Row { value: Some(value) };
    assert_eq!(
        to_json(before.diff(&after)),
        format!(r#"{{"value":{json}}}"#)
    );
}

#[derive(Debug, Clone, PartialEq, Entity)]
struct Row<T> {
    value: Option<T>,
}

#[test]
fn shapes_have_the_names_and_nulls_of_patches() {
    let data = Data { amount: None };
    let capture = Capture {
        timestamp: 1,
        account_address: "So1".to_owned(),
        data: data.clone(),
        slot: Some(2),
        signature: None,
    };
    in_row_and_patch(
        capture,
        r#"{"timestamp":1,"account_address":"So1","data":{"amount":null},"slot":2,"signature":null}"#,
    );
    let instruction = Instruction {
        accounts: None::<Data>,
        data: Some(data),
    };
    let event = Event {
        timestamp: 1,
        data: instruction,
        slot: None,
        signature: None,
        event_index: Some(3),
        ix_path: Some("0.1".to_owned()),
    };
    in_row_and_patch(
        event,
        r#"{"timestamp":1,"data":{"accounts":null,"data":{"amount":null}},"slot":null,"signature":null,"event_index":3,"ix_path":"0.1"}"#,
    );
    let bytes = [0; 32];
    let json = format!(r#"{{"bytes":[0{}]}}"#, ",0".repeat(31));
    in_row_and_patch(SlotHashBytes { bytes }, &json);
}

#[test]
fn token_metadata_round_trips() {
    let metadata = TokenMetadata {
        mint: "So1".to_owned(),
        decimals: Some(9),
        ..TokenMetadata::default()
    };
    round_trip(
        &metadata,
        r#"{"mint":"So1","name":null,"symbol":null,"decimals":9,"logo_uri":null}"#,
    );
    assert_eq!(
        serde_json::from_str::<TokenMetadata>("{}").unwrap(),
        TokenMetadata::default()
    );
}
