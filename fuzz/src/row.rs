//! An entity with a field of every kind.

use hyperstack_sdk::{Entity, Leaf, Section, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Debug, Clone, PartialEq, Entity)]
pub(crate) struct Row {
    id: u64,
    numbers: Numbers,
    text: Option<String>,
    flag: Option<bool>,
    letter: Option<char>,
    never: Option<Option<i64>>,
    #[field(default)]
    count: u32,
    #[field(default = vec![7])]
    scores: Vec<u8>,
    #[field(append(max = 3))]
    log: Vec<String>,
    #[field(append(max = 2))]
    maybe_log: Option<Option<Vec<Part>>>,
    rows: Vec<Vec<Option<i32>>>,
    set: BTreeSet<String>,
    map: BTreeMap<String, u64>,
    nullable: BTreeMap<String, Option<i64>>,
    lists: BTreeMap<String, Vec<u8>>,
    by_number: HashMap<i32, Part>,
    part: Part,
    maybe: Option<Part>,
    maybe_never: Option<Option<Box<Part>>>,
    phase: Option<Phase>,
    slot: Option<Slot>,
    pair: Option<(i64, String)>,
    bytes: Option<[u8; 3]>,
    raw: Value,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct Numbers {
    i8: Option<i8>,
    i16: Option<i16>,
    i32: Option<i32>,
    i64: Option<i64>,
    i128: Option<i128>,
    u8: Option<u8>,
    u16: Option<u16>,
    u32: Option<u32>,
    u64: Option<Option<u64>>,
    u128: Option<u128>,
    usize: Option<usize>,
    f32: Option<f32>,
    f64: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Section)]
#[section(rename_all = "camelCase")]
struct Part {
    first_of: u8,
    b: Option<String>,
    inner: Option<Inner>,
    list: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct Inner {
    c: Option<Option<f64>>,
    raw: Value,
}

#[derive(Debug, Clone, PartialEq, Leaf)]
enum Phase {
    Open,
    #[leaf(rename = "CLOSED")]
    Closed,
    #[leaf(other)]
    Unknown(String),
}

#[derive(Debug, Clone, PartialEq, Leaf)]
struct Slot(u64);
