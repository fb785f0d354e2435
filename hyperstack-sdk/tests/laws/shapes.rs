//! The shapes: structs, each with a line that names its fields.

use crate::kind::{array, leaf, of, texts, Described, Field, Kind};
use crate::laws::{Shape, P};
use hyperstack_sdk::{Entity, Leaf, PatchError, Patchable, Section, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The fields of a struct, by the types they have.
macro_rules! fields {
    ($ty:ty { $($field:ident $(. $change:ident($($to:literal)?))*),* }) => {
        vec![$(
            Field::new(stringify!($field), of(|it: &$ty| &it.$field))$(.$change($($to)?))*
        ),*]
    };
}

/// Implements the traits of structs that merge by field.
macro_rules! shapes {
    ($($ty:ty { $($fields:tt)* })*) => {$(
        impl Described for $ty {
            fn kind() -> Kind {
                Kind::Section(fields!($ty { $($fields)* }))
            }
        }

        impl Shape for $ty {
            fn onto_nothing(patch: P<Self>) -> Result<Option<Self>, PatchError> {
                #[derive(Clone, Debug, PartialEq, Section)]
                struct Around {
                    it: Option<$ty>,
                }

                let mut around = Around { it: None };
                let it = Some(Some(patch));
                around.apply(AroundPatch { it })?;
                Ok(around.it)
            }
        }
    )*};
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Scalars {
    tiny: u8,
    small: u16,
    medium: u32,
    large: u64,
    huge: u128,
    size: usize,
    double: f64,
    single: f32,
    flag: bool,
    letter: char,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Signed {
    tiny: i8,
    small: i16,
    medium: i32,
    large: Option<i64>,
    huge: Option<i128>,
    size: Option<isize>,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Options {
    number: Option<u64>,
    float: Option<f64>,
    text: Option<String>,
    list: Option<Vec<u64>>,
    map: Option<BTreeMap<String, u64>>,
    section: Option<Inner>,
    raw: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Nullables {
    number: Option<Option<i64>>,
    deep: Option<Option<Option<u8>>>,
    list: Option<Option<Vec<u64>>>,
    map: Option<Option<BTreeMap<String, u64>>>,
    section: Option<Option<Inner>>,
    boxed: Option<Box<Option<Inner>>>,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Inner {
    a: u64,
    b: Option<String>,
    c: Option<Option<f64>>,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Sections {
    inner: Inner,
    maybe: Option<Inner>,
    boxed: Box<Inner>,
    maybe_boxed: Option<Box<Inner>>,
    shared: Option<Arc<Inner>>,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Empty {}

#[derive(Clone, Debug, PartialEq, Entity)]
pub(crate) struct Nested {
    id: u64,
    list: Vec<u64>,
    middle: Middle,
    maybe: Option<Middle>,
    empty: Empty,
    maybe_empty: Option<Empty>,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Middle {
    inner: Inner,
    maybe: Option<Option<Inner>>,
    list: Vec<Inner>,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Lists {
    numbers: Vec<u64>,
    nullable: Vec<Option<i64>>,
    sections: Vec<Inner>,
    nested: Vec<Vec<u8>>,
    maps: Vec<BTreeMap<String, u64>>,
    raws: Vec<Value>,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Appended {
    #[field(append(max = 3))]
    log: Vec<u64>,
    #[field(append(max = 2))]
    maybe: Option<Vec<Inner>>,
    #[field(append(max = 1))]
    never: Option<Option<Vec<u64>>>,
    free: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Maps {
    numbers: BTreeMap<String, u64>,
    nullable: HashMap<String, Option<u64>>,
    deep: BTreeMap<String, Option<Option<u64>>>,
    lists: BTreeMap<String, Vec<u64>>,
    maps: HashMap<String, BTreeMap<String, u64>>,
    raws: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Keys {
    bytes: BTreeMap<u8, u64>,
    longs: HashMap<i64, Option<String>>,
    wide: BTreeMap<u128, Inner>,
    letters: BTreeMap<char, u8>,
    flags: BTreeMap<bool, f64>,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct SectionMaps {
    sections: BTreeMap<String, Inner>,
    optional: BTreeMap<i32, Option<Inner>>,
    boxed: HashMap<String, Box<Middle>>,
    maybe: Option<Option<BTreeMap<String, Inner>>>,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Leaves {
    point: Point,
    maybe: Option<Point>,
    slot: Option<Option<Slot>>,
    range: Option<Range>,
    phase: Phase,
    side: Option<Side>,
    points: Vec<Point>,
    by_name: BTreeMap<String, Point>,
    #[field(serde)]
    address: Ipv4Addr,
    #[field(serde)]
    home: Option<Option<Ipv4Addr>>,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
#[leaf(rename_all = "camelCase")]
struct Point {
    x: u64,
    long_name: Option<i64>,
    #[field(default = 1)]
    rest: u8,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Slot(u64);

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Range(i128, Option<String>);

#[derive(Clone, Debug, PartialEq, Leaf)]
#[leaf(rename_all = "SCREAMING_SNAKE_CASE")]
enum Phase {
    WideOpen,
    #[leaf(rename = "shut")]
    Closed,
    #[leaf(other)]
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Side {
    Long,
    Short,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Sets {
    numbers: BTreeSet<u8>,
    texts: HashSet<String>,
    maybe: Option<BTreeSet<i64>>,
    nullable: Option<Option<HashSet<bool>>>,
    by_name: BTreeMap<String, BTreeSet<u8>>,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Fixed {
    pair: (u64, Option<String>),
    deep: Option<((i64, f64), Two, Vec<u64>)>,
    bytes: [u8; 3],
    sections: Option<Option<[Inner; 1]>>,
    none: [u64; 0],
}

type Two = [Option<u8>; 2];

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Raw {
    raw: Value,
    maybe: Option<Value>,
    inner: RawInner,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct RawInner {
    raw: Value,
    by_name: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Section)]
pub(crate) struct Pair<T, U: Clone = u64, const N: usize = 2> {
    one: T,
    two: Option<U>,
    list: Vec<T>,
    map: BTreeMap<String, U>,
    array: Option<[T; N]>,
}

pub(crate) type Generic = Pair<Option<Inner>, Pair<u64, String, 1>>;

/// The lists are empty by default, because the server appends to a missing list and has no defaults. No
/// section is optional, because after null its default is lost.
#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(name = "OreRound", rename_all = "camelCase")]
pub(crate) struct Renamed {
    round_id: u64,
    #[field(rename = "TheName")]
    name: Option<String>,
    #[field(default)]
    count: u64,
    #[field(default = 2.5)]
    price: f64,
    #[field(default = Some(7))]
    maybe: Option<u8>,
    #[field(default)]
    list: Vec<u64>,
    #[field(default)]
    by_name: BTreeMap<String, Inner>,
    #[field(default = Inner { a: 1, b: Some("b".to_owned()), c: Some(None) })]
    inner: Inner,
    #[field(default = BTreeMap::from([("a".to_owned(), 1)]))]
    numbers: BTreeMap<String, u64>,
}

shapes! {
    Scalars { tiny, small, medium, large, huge, size, double, single, flag, letter, text }
    Signed { tiny, small, medium, large, huge, size }
    Options { number, float, text, list, map, section, raw }
    Nullables { number, deep, list, map, section, boxed }
    Inner { a, b, c }
    Sections { inner, maybe, boxed, maybe_boxed, shared }
    Empty {}
    Nested { id, list, middle, maybe, empty, maybe_empty }
    Middle { inner, maybe, list }
    Lists { numbers, nullable, sections, nested, maps, raws }
    Appended { log, maybe, never, free }
    Maps { numbers, nullable, deep, lists, maps, raws }
    Keys { bytes, longs, wide, letters, flags }
    SectionMaps { sections, optional, boxed, maybe }
    Leaves { point, maybe, slot, range, phase, side, points, by_name, address, home }
    Sets { numbers, texts, maybe, nullable, by_name }
    Fixed { pair, deep, bytes, sections, none }
    Raw { raw, maybe, inner }
    RawInner { raw, by_name }
    Pair<u64, String, 1> { one, two, list, map, array }
    Generic { one, two, list, map, array }
    Renamed {
        round_id.named("roundId"), name.named("TheName"), count.defaulted(), price.defaulted(),
        maybe.defaulted(), list.defaulted(), by_name.named("byName").defaulted(),
        inner.defaulted(), numbers.defaulted()
    }
}

impl Described for Point {
    fn kind() -> Kind {
        leaf(fields!(Self { x, long_name.named("longName"), rest }))
    }
}

impl Described for Slot {
    fn kind() -> Kind {
        of(|it: &Self| &it.0)
    }
}

impl Described for Range {
    fn kind() -> Kind {
        array(vec![of(|it: &Self| &it.0), of(|it: &Self| &it.1)])
    }
}

impl Described for Phase {
    fn kind() -> Kind {
        texts(&["WIDE_OPEN", "shut", "half", ""])
    }
}

impl Described for Side {
    fn kind() -> Kind {
        texts(&["Long", "Short"])
    }
}

impl Described for Ipv4Addr {
    fn kind() -> Kind {
        texts(&["127.0.0.1", "1.2.3.4"])
    }
}
