//! Keys of every type, each written as text and read back.

use crate::value;
use hyperstack_sdk::{Entity, Key, Keyed, Leaf, Patchable, RowKey, Section};
use serde_json::{json, Value};
use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Debug};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(key(key: K))]
struct Row<K: Key> {
    key: K,
    others: HashMap<K, Option<u64>>,
}

/// Reads a row's key from its text, and as a key of a map.
fn keyed<K>(key: K, json: Value)
where
    K: Key,
    Row<K>: Keyed<Key = K> + Patchable + TryFrom<<Row<K> as Patchable>::Patch, Error: Debug>,
{
    let text = key.text().into_owned();
    let row: Row<K> = value(json!({"key": json, "others": { text.clone(): 1 }}));
    assert_eq!(row.key(), Some(&key));
    assert_eq!(K::parse(&text), Some(key.clone()));
    assert_eq!(row.others[&key], Some(1));
}

macro_rules! integers {
    ($($ty:ident)*) => {$(
        keyed($ty::MIN, json!($ty::MIN.to_string()));
        keyed($ty::MAX, json!($ty::MAX.to_string()));
    )*};
}

#[test]
fn every_type_that_is_a_key() {
    integers! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize }
    keyed('é', json!("é"));
    keyed(true, json!(true));
    keyed("So1.a/b \"c\"".to_owned(), json!("So1.a/b \"c\""));
    keyed(Slot(u64::MAX), json!(u64::MAX));
    keyed(Pair { left: 1, right: 2 }, json!({"left": 1, "right": "2"}));
}

/// A newtype.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Leaf)]
struct Slot(u64);

impl Key for Slot {
    fn parse(text: &str) -> Option<Self> {
        Key::parse(text).map(Self)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A key of two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Leaf)]
struct Pair {
    left: u8,
    right: u8,
}

impl Key for Pair {
    fn parse(text: &str) -> Option<Self> {
        let (left, right) = text.split_once(':')?;
        let (left, right) = (Key::parse(left)?, Key::parse(right)?);
        Some(Self { left, right })
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.left, self.right)
    }
}

type Id = u64;
type Nested<T> = Around<T>;

#[derive(Clone, Debug, PartialEq, Section)]
struct Around<T> {
    id: T,
    next: Option<Box<Around<T>>>,
}

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(key(outer.id.id: T))]
struct Far<T> {
    outer: Arc<Nested<Box<Nested<T>>>>,
}

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(key(r#type.left: u8))]
struct ThroughLeaf {
    r#type: Pair,
    by_slot: BTreeMap<Slot, Aliased>,
}

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(key(id: Id))]
struct Aliased {
    id: Id,
    inside: Vec<Aliased>,
}

#[test]
fn paths_lead_through_pointers_aliases_parameters_and_leaves() {
    let far: Far<Id> = value(json!({"outer": {"id": {"id": 1, "next": {"id": 2}}}}));
    let key: Option<&Id> = far.key();
    assert_eq!(key, Some(&1));
    let far: Far<Slot> = value(json!({"outer": {"id": {"id": "3"}}}));
    assert_eq!(far.key(), Some(&Slot(3)));
    let leaf: ThroughLeaf = value(json!({
        "type": {"left": 7, "right": 8},
        "by_slot": {"5": {"id": 9, "inside": [{"id": 10}]}},
    }));
    let key: Option<&u8> = leaf.key();
    assert_eq!(key, Some(&7));
    assert_eq!(leaf.by_slot[&Slot(5)].key(), Some(&9));
    assert_eq!(leaf.by_slot[&Slot(5)].inside[0].key(), Some(&10));
}

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(key(inner.id: u64))]
struct Maybe {
    inner: Option<Option<Inner>>,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Inner {
    id: Option<Option<u64>>,
}

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(key = "r#type.mint")]
struct Text {
    r#type: Option<Mint>,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Mint {
    mint: Option<String>,
}

#[test]
fn a_key_in_an_option_may_be_missing() {
    let key = |json| value::<Maybe>(json).key().copied();
    assert_eq!(key(json!({})), None);
    assert_eq!(key(json!({"inner": null})), None);
    assert_eq!(key(json!({"inner": {}})), None);
    assert_eq!(key(json!({"inner": {"id": null}})), None);
    assert_eq!(key(json!({"inner": {"id": "7"}})), Some(7));
    let text: Text = value(json!({"type": {"mint": "So1"}}));
    assert_eq!(text.key().map(String::as_str), Some("So1"));
    assert_eq!(value::<Text>(json!({})).key(), None);
}
