//! The form of a type on the wire, from which its values and patches are generated as JSON.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Number, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// How a type merges, and its parts.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Required, and replaced whole.
    Whole(BoxedStrategy<Value>),
    /// Replaced, or appended to.
    List(Box<Kind>),
    /// Merged by key.
    Map(BoxedStrategy<String>, Box<Kind>),
    /// An `Option`.
    Nullable(Box<Kind>),
    /// Merged by field.
    Section(Vec<Field>),
    /// Raw JSON.
    Raw,
}

/// A field of a section, by its name on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Whether null and absence mean a default.
    pub(crate) default: bool,
}

impl Field {
    pub(crate) fn new(name: &'static str, kind: Kind) -> Self {
        let default = false;
        Self {
            name,
            kind,
            default,
        }
    }

    pub(crate) fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    pub(crate) fn defaulted(self) -> Self {
        let default = true;
        Self { default, ..self }
    }
}

/// A type that is described.
pub(crate) trait Described {
    fn kind() -> Kind;
}

/// The kind of the field that a function borrows.
pub(crate) fn of<S, T: Described>(_: fn(&S) -> &T) -> Kind {
    T::kind()
}

impl Kind {
    /// Whether the type accepts null, as a value or as its default.
    fn knows_null(&self) -> bool {
        matches!(self, Self::Nullable(_) | Self::Raw)
    }

    /// Whether the field may be missing.
    fn knows_absence(&self) -> bool {
        !matches!(self, Self::Whole(_) | Self::Section(_))
    }

    /// Generates whole values.
    pub(crate) fn value(&self) -> BoxedStrategy<Value> {
        match self {
            Self::Whole(strategy) => strategy.clone(),
            Self::List(item) => proptest::collection::vec(item.value(), 0..3)
                .prop_map(Value::Array)
                .boxed(),
            Self::Map(keys, item) => {
                let items = proptest::collection::btree_map(keys.clone(), item.value(), 0..3);
                items.prop_map(object).boxed()
            }
            Self::Nullable(inner) => {
                prop_oneof![1 => Just(Value::Null), 4 => inner.value()].boxed()
            }
            Self::Section(fields) => record(fields.iter().map(|field| {
                let (name, value) = (field.name, field.kind.value());
                let optional = field.default || field.kind.knows_absence();
                if optional {
                    (name, proptest::option::weighted(0.8, value).boxed())
                } else {
                    (name, value.prop_map(Some).boxed())
                }
            })),
            Self::Raw => raw(),
        }
    }

    /// Generates patches, apart from null.
    pub(crate) fn patch(&self) -> BoxedStrategy<Value> {
        match self {
            Self::Map(keys, item) => {
                let null = Just(Value::Null);
                let slot = prop_oneof![2 => item.value(), 2 => item.patch(), 1 => null];
                proptest::collection::btree_map(keys.clone(), slot, 0..3)
                    .prop_map(object)
                    .boxed()
            }
            Self::Nullable(inner) => inner.patch(),
            Self::Section(fields) => {
                let slots = record(fields.iter().map(|field| {
                    let null = if field.default || field.kind.knows_null() {
                        8
                    } else {
                        1
                    };
                    let slot = prop_oneof![
                        24 => Just(None),
                        24 => field.kind.patch().prop_map(Some),
                        null => Just(Some(Value::Null)),
                    ];
                    (field.name, slot.boxed())
                }));
                prop_oneof![3 => slots, 1 => self.value()].boxed()
            }
            _ => self.value(),
        }
    }

    /// Returns the paths in a patch at which a frame may append.
    pub(crate) fn append_paths(&self, patch: &Value) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect(patch, String::new(), &mut paths);
        paths
    }

    fn collect(&self, patch: &Value, path: String, paths: &mut Vec<String>) {
        match (self, patch) {
            (Self::Nullable(inner), _) => inner.collect(patch, path, paths),
            (Self::List(_) | Self::Raw, Value::Array(_)) => paths.push(path),
            (_, Value::Object(patch)) => {
                for (key, patch) in patch {
                    if let Some(kind) = self.under(key) {
                        kind.collect(patch, crate::merge::join(&path, key), paths);
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns the kind under a key, if objects of this kind are merged.
    fn under(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Whole(_) | Self::List(_) => None,
            Self::Map(_, item) => Some(item),
            Self::Nullable(inner) => inner.under(key),
            Self::Section(fields) => fields
                .iter()
                .find_map(|field| (field.name == key).then_some(&field.kind)),
            Self::Raw => Some(self),
        }
    }

    /// Whether objects of this kind are merged.
    fn merges(&self) -> bool {
        match self {
            Self::Whole(_) | Self::List(_) => false,
            Self::Nullable(inner) => inner.merges(),
            Self::Map(..) | Self::Section(_) | Self::Raw => true,
        }
    }

    /// Removes from `second` what it would merge into something that `first` nulls, removes or replaces by
    /// another kind. No patch can express "null, then merge this".
    pub(crate) fn prune(&self, first: &Value, second: &mut Value) {
        if let (Value::Object(first), Value::Object(second)) = (first, second) {
            for (key, first) in first {
                let (Some(kind), Some(slot)) = (self.under(key), second.get_mut(key)) else {
                    continue;
                };
                if kind.merges() && slot.is_object() && !first.is_object() {
                    second.remove(key);
                } else {
                    kind.prune(first, slot);
                }
            }
        }
    }
}

/// An object of the fields that are there.
fn record(
    fields: impl Iterator<Item = (&'static str, BoxedStrategy<Option<Value>>)>,
) -> BoxedStrategy<Value> {
    let (names, slots): (Vec<_>, Vec<_>) = fields.unzip();
    let set = move |slots: Vec<Option<Value>>| {
        let set = names.iter().zip(slots);
        object(set.filter_map(|(name, slot)| Some(((*name).to_owned(), slot?))))
    };
    slots.prop_map(set).boxed()
}

fn object(entries: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::Object(entries.into_iter().collect::<Map<_, _>>())
}

/// A leaf with named fields. All of them are present, so replacing equals merging.
pub(crate) fn leaf(fields: Vec<Field>) -> Kind {
    let fields = fields.into_iter();
    let fields = fields.map(|field| (field.name, field.kind.value().prop_map(Some).boxed()));
    Kind::Whole(record(fields))
}

/// One of these texts.
pub(crate) fn texts(texts: &'static [&'static str]) -> Kind {
    Kind::Whole(select(texts).prop_map(Value::from).boxed())
}

/// An array of these.
pub(crate) fn array(kinds: Vec<Kind>) -> Kind {
    let elements: Vec<_> = kinds.iter().map(Kind::value).collect();
    Kind::Whole(elements.prop_map(Value::Array).boxed())
}

/// Keys: one that begins another, and a dotted one, which is one key and reads like a path of two.
///
/// There is no "c", because a frame's path "c.d" is ambiguous between the key "c.d" and "d" in "c". In raw
/// JSON, two frames could then not be distinguished once they are joined.
fn keys() -> BoxedStrategy<String> {
    select(vec!["a", "b", "ab", "c.d\"é\\"])
        .prop_map(str::to_owned)
        .boxed()
}

fn raw() -> BoxedStrategy<Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        finite().prop_map(Value::from),
        keys().prop_map(Value::from),
    ];
    let array = |item| proptest::collection::vec(item, 0..3).prop_map(Value::Array);
    let log = array((0..3).prop_map(Value::from).boxed()).boxed();
    let wild = prop_oneof![scalar, log.clone()].prop_recursive(3, 8, 2, move |inner| {
        let objects = proptest::collection::btree_map(keys(), inner.clone(), 0..4);
        prop_oneof![1 => array(inner.boxed()), 3 => objects.prop_map(object)]
    });
    // Random keys are seldom alike. These are, and their paths begin alike too.
    let slot = |value| proptest::option::weighted(0.7, value).boxed();
    let inner = record([("b", slot(log.clone())), ("a", slot(wild.clone().boxed()))].into_iter());
    let document = [
        ("a", slot(inner)),
        ("ab", slot(log)),
        ("b", slot(wild.clone().boxed())),
    ];
    prop_oneof![wild, record(document.into_iter())].boxed()
}

/// A finite float, of any size.
fn finite() -> impl Strategy<Value = f64> {
    use proptest::num::f64::ANY;
    prop_oneof![
        select(vec![
            0.0,
            0.5,
            -1.0,
            0.1 + 0.2,
            1e17,
            f64::MAX,
            f64::MIN_POSITIVE
        ]),
        ANY.prop_map(|float| if float.is_finite() { float } else { 0.25 }),
    ]
}

/// An integer as the server may write it: as a number, as a string, or with `.0` after it.
fn spelled(value: impl ToString, spelling: u8) -> Value {
    const EXACT: u128 = (1 << 53) - 1;
    let text = value.to_string();
    let digits = text.trim_start_matches('-').parse::<u128>();
    let small = digits.is_ok_and(|digits| digits <= EXACT);
    let number = text.parse::<i64>().map(Number::from);
    match number.or_else(|_| text.parse::<u64>().map(Number::from)) {
        Ok(number) if spelling < 4 || (small && spelling == 6) => number.into(),
        Ok(number) if small && spelling == 7 => number.as_f64().into(),
        _ => text.into(),
    }
}

macro_rules! integers {
    ($($int:ident)*) => {$(
        impl Described for $int {
            fn kind() -> Kind {
                let edges = select(vec![0, 1, 2, $int::MIN, $int::MAX, $int::MAX - 1]);
                let value = prop_oneof![4 => edges, 1 => any::<$int>()];
                let spelled = (value, 0..8_u8).prop_map(|(value, how)| spelled(value, how));
                Kind::Whole(spelled.boxed())
            }
        }

        impl Keyed for $int {
            fn keys() -> BoxedStrategy<String> {
                select(vec![0, 1, $int::MIN, $int::MAX])
                    .prop_map(|key| key.to_string())
                    .boxed()
            }
        }
    )*};
}

integers! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize }

impl Described for f64 {
    fn kind() -> Kind {
        let whole = (any::<i64>(), 0..8_u8).prop_map(|(value, how)| spelled(value, how));
        Kind::Whole(prop_oneof![finite().prop_map(Value::from), whole].boxed())
    }
}

impl Described for f32 {
    fn kind() -> Kind {
        let narrow = any::<f32>().prop_map(f64::from).prop_map(Value::from);
        let whole = (any::<i64>(), 0..8_u8).prop_map(|(value, how)| spelled(value, how));
        let fraction = (-1e38..1e38).prop_map(Value::from);
        Kind::Whole(prop_oneof![narrow, whole, fraction].boxed())
    }
}

impl Described for bool {
    fn kind() -> Kind {
        Kind::Whole(any::<bool>().prop_map(Value::from).boxed())
    }
}

impl Described for char {
    fn kind() -> Kind {
        texts(&["a", "\"", "é", "\u{10ffff}"])
    }
}

impl Described for String {
    fn kind() -> Kind {
        texts(&["", "a", "1", "null", "é\"\\\n", "\u{0}"])
    }
}

impl Described for Value {
    fn kind() -> Kind {
        Kind::Raw
    }
}

impl<T: Described> Described for Option<T> {
    fn kind() -> Kind {
        Kind::Nullable(Box::new(T::kind()))
    }
}

impl<T: Described> Described for Box<T> {
    fn kind() -> Kind {
        T::kind()
    }
}

impl<T: Described> Described for std::sync::Arc<T> {
    fn kind() -> Kind {
        T::kind()
    }
}

macro_rules! lists {
    ($($list:ident)*) => {$(
        impl<T: Described> Described for $list<T> {
            fn kind() -> Kind {
                Kind::List(Box::new(T::kind()))
            }
        }
    )*};
}

lists! { Vec BTreeSet HashSet }

/// A type that is the key of a map.
pub(crate) trait Keyed {
    fn keys() -> BoxedStrategy<String>;
}

impl Keyed for String {
    fn keys() -> BoxedStrategy<String> {
        keys()
    }
}

impl Keyed for char {
    fn keys() -> BoxedStrategy<String> {
        select(vec!["a", "é", "."]).prop_map(str::to_owned).boxed()
    }
}

impl Keyed for bool {
    fn keys() -> BoxedStrategy<String> {
        any::<bool>().prop_map(|key| key.to_string()).boxed()
    }
}

macro_rules! maps {
    ($($map:ident)*) => {$(
        impl<K: Keyed, T: Described> Described for $map<K, T> {
            fn kind() -> Kind {
                Kind::Map(K::keys(), Box::new(T::kind()))
            }
        }
    )*};
}

maps! { BTreeMap HashMap }

impl<T: Described, const N: usize> Described for [T; N] {
    fn kind() -> Kind {
        array(vec![T::kind(); N])
    }
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {$(
        impl<$($name: Described),*> Described for ($($name,)*) {
            fn kind() -> Kind {
                array(vec![$($name::kind()),*])
            }
        }
    )*};
}

tuples! { A; A B; A B C; }
