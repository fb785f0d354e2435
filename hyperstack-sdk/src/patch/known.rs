//! Whether a type is a field, asked without looking inside of the structs it mentions.
//!
//! [`Field`](super::field::Field) asks for the fields of a section as well, so that one wrong field
//! makes a wrong field of every section around it. This is what the derives check instead, to report
//! it once: what it knows, `Field` knows too, as soon as the structs inside are right.

use super::field::Value;
use super::{Entity, Patchable};
use serde::de::DeserializeOwned;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

/// A type that can be a field, or would be, were it not for what is wrong elsewhere.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field: it is not said how it merges",
    label = "neither a section nor a leaf",
    note = "derive `Section` for it, to merge it field by field",
    note = "or derive `Leaf` for it, to replace it whole",
    note = "or put `#[field(serde)]` on the field, to replace it whole by its serde impls"
)]
pub trait Known {}

/// A type that can be a field with `#[field(serde)]`.
#[diagnostic::on_unimplemented(
    message = "`#[field(serde)]` needs serde impls, which `{Self}` lacks",
    label = "not both `Serialize` and `Deserialize`",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it",
    note = "or derive `Section` or `Leaf` for it, and leave `serde` out"
)]
pub trait KnownForeign {}

#[diagnostic::do_not_recommend]
impl<T: Value + Serialize + DeserializeOwned> KnownForeign for T {}

macro_rules! known {
    ($($ty:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Known for $ty {}
    )*};
}

known! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 }
known! { bool char String serde_json::Value }

impl<T: Known> Known for Option<T> {}
impl<T: Known> Known for Box<T> {}
impl<T: Known> Known for Arc<T> {}
impl<T: Known> Known for Vec<T> {}
impl<T: Known, const N: usize> Known for [T; N] {}
impl<T: Known + Ord> Known for BTreeSet<T> {}
impl<T: Known + Eq + Hash, H: BuildHasher + Default + Clone> Known for HashSet<T, H> {}
impl<K: super::Key, V: Known> Known for BTreeMap<K, V> {}
impl<K: super::Key, V: Known, H: BuildHasher + Default + Clone> Known for HashMap<K, V, H> {}

macro_rules! tuples {
    ($first:ident $($rest:ident)*) => {
        #[diagnostic::do_not_recommend]
        impl<$first: Known, $($rest: Known),*> Known for ($first, $($rest,)*) {}
        tuples! { $($rest)* }
    };
    () => {};
}

tuples! { A B C D E F G H I J K L }

/// A list, for `#[field(append(max = N))]`, asked in the same way.
#[diagnostic::on_unimplemented(
    message = "`#[field(append(..))]` needs a `Vec`, not `{Self}`",
    label = "not a list"
)]
pub trait KnownList {}

impl<T: Known> KnownList for Vec<T> {}
impl<T: KnownList> KnownList for Option<T> {}

/// What derives `Entity`, whatever may be wrong with its fields.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no views: it is no entity",
    label = "not an entity",
    note = "derive `Entity` beside `Views`"
)]
pub trait KnownEntity {}

/// A type with a default, for `#[field(default)]` and `#[field(skip)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no default value",
    label = "needs the default of `{Self}`",
    note = "derive `Default` for it, or say which value: `#[field(default = ..)]`"
)]
pub trait KnownDefault {
    /// The default.
    fn known_default() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> KnownDefault for T {
    fn known_default() -> Self {
        T::default()
    }
}

/// An entity's struct, with a lifetime that carries nothing, so that a bound by it may be false.
pub trait Streamed<'x>: Entity<Data = Self> + Patchable {}

impl<E: Entity<Data = E> + Patchable> Streamed<'_> for E {}
