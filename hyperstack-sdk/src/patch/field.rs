//! The two traits of a field type: [`Field`] for the wire format and [`Rule`] for the merge.

use super::compare::Compare;
use super::context::Context;
use super::error::PatchError;
use super::filter::{Asked, FilterError};
use super::leaf;
use super::paths::Paths;
use super::slot::{SlotRead, SlotRef, SlotSeed};
use super::walk::Walk;
use serde::de::MapAccess;
use serde::{Deserializer, Serialize, Serializer};
use std::fmt::Debug;

/// The content of a patch for one field: absent, null, or a value.
pub type Slot<P> = Option<Option<P>>;

/// The type of a patch's field for a field of type `T`: absent (`None`), null (`Some(None)`), or
/// `Some(Some(change))`.
///
/// | `T` | type of the change |
/// |---|---|
/// | a scalar, a tuple, an array, a leaf | `T`, which replaces the value |
/// | a section or an entity | its patch |
/// | `Vec<U>`, a set of `U` | [`ListPatch<U>`](crate::ListPatch) |
/// | a map | [`MapPatch`](crate::MapPatch) with the changes of its values |
/// | `serde_json::Value` | [`JsonPatch`](crate::JsonPatch) |
/// | `Option<U>` | as for `U` |
/// | `Box<U>`, `Arc<U>` | as for `U`, in a `Box` |
pub type FieldPatch<T> = Slot<<T as Field>::Change>;

/// The bounds of every entity, section, leaf and field.
pub trait Value: Clone + Debug + PartialEq + 'static {}

impl<T: Clone + Debug + PartialEq + 'static> Value for T {}

/// [`Value`] for a field of some kind. An error in the kind makes this an error too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of an entity",
    note = "entities and their fields must be `Clone + Debug + PartialEq + Send + Sync + 'static`"
)]
pub trait Part<Kind>: Value {}

impl<T: Value, Kind> Part<Kind> for T {}

/// The kind of a field that uses the type's own implementation of [`Field`].
///
/// The constant is [`Field::IS_FIELD`]. If that is an error, the kind is one too.
#[derive(Debug)]
pub enum Native<const IS_FIELD: bool = true> {}

/// A type that can be a field of an entity, a section or a leaf.
///
/// `Section`, `Entity` and `Leaf` implement it. Its items are for generated code only. It appears in the bounds of
/// generated code for structs with type parameters.
///
/// `Kind` separates a type's own implementation from the one for `#[field(serde)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field: it derives neither `Section` nor `Leaf`",
    label = "neither a section nor a leaf",
    note = "derive `Section` for it to merge it field by field",
    note = "or derive `Leaf` for it to replace it as a whole",
    note = "or put `#[field(serde)]` on the field to decode it with its serde impls and replace it as a whole"
)]
pub trait Field<Kind = Native>: Part<Kind> {
    #[doc(hidden)]
    /// The type of a change in a patch.
    type Change: Value;

    #[doc(hidden)]
    /// Used as a constant argument: if the type is not a field, using it is an error.
    const IS_FIELD: bool = true;

    #[doc(hidden)]
    /// How patches merge into it.
    type Rule: Rule<Self, Self::Change>;

    #[doc(hidden)]
    /// Decodes a change. The value is not null.
    ///
    /// # Errors
    /// The deserializer's error. The context then has the path.
    fn decode_field<'de, D: Deserializer<'de>>(
        deserializer: D,
        cx: &mut Context<'_>,
    ) -> Result<Self::Change, D::Error>;

    #[doc(hidden)]
    /// Encodes a change.
    ///
    /// # Errors
    /// The serializer's error.
    fn encode_field<S: Serializer>(patch: &Self::Change, serializer: S) -> Result<S::Ok, S::Error>;

    #[doc(hidden)]
    /// Decodes the slot of the field, after its name.
    fn read_field<'de, A: MapAccess<'de>>(
        slot: &mut Slot<Self::Change>,
        map: &mut A,
        cx: &mut Context<'_>,
    ) -> Result<(), A::Error> {
        map.next_value_seed(SlotRead::<Self, Kind>::new(slot, cx))
    }

    #[doc(hidden)]
    /// Passes the slot of field `number` to `walk`.
    fn show_field<W: Walk>(
        slot: &Slot<Self::Change>,
        number: usize,
        walk: &mut W,
    ) -> Result<(), W::Error> {
        walk.slot::<Self, Kind>(number, slot)
    }

    #[doc(hidden)]
    /// Combines both slots into the first, in that order. Takes the second one.
    fn then_field(first: &mut Slot<Self::Change>, second: &mut Slot<Self::Change>) {
        Self::Rule::then_slot(first, second);
    }

    #[doc(hidden)]
    /// Builds the field `name`.
    fn build_field(name: &'static str, slot: &mut Slot<Self::Change>) -> Result<Self, PatchError> {
        Self::Rule::build_slot(slot.take()).map_err(|error| error.at(name))
    }

    #[doc(hidden)]
    /// Builds the field `name`, which has a default.
    fn build_field_or(
        name: &'static str,
        slot: &mut Slot<Self::Change>,
        default: impl FnOnce() -> Self,
    ) -> Result<Self, PatchError> {
        let mut value = default();
        if !Self::field_defaults(slot) {
            Self::merge_field(name, &mut value, slot)?;
        }
        Ok(value)
    }

    #[doc(hidden)]
    /// Compares the field `name` with its slot, if the slot is set.
    #[inline]
    fn compare_field<C: Compare>(
        name: &'static str,
        base: &Self,
        slot: &Slot<Self::Change>,
        compare: &mut C,
    ) -> bool {
        match slot {
            None => true,
            Some(slot) => compare.field(name, base, slot),
        }
    }

    #[doc(hidden)]
    /// Compares the field `name`, which has a default, with its slot.
    #[inline]
    fn compare_field_or<C: Compare>(
        name: &'static str,
        base: &Self,
        slot: &Slot<Self::Change>,
        compare: &mut C,
        default: impl FnOnce() -> Self,
    ) -> bool {
        if Self::field_defaults(slot) {
            compare.default(base, default)
        } else {
            Self::compare_field(name, base, slot, compare)
        }
    }

    #[doc(hidden)]
    /// Merges into the field `name`, and returns whether it changed.
    fn merge_field(
        name: &'static str,
        value: &mut Self,
        slot: &mut Slot<Self::Change>,
    ) -> Result<bool, PatchError> {
        Self::Rule::merge_slot(value, slot).map_err(|error| error.at(name))
    }

    #[doc(hidden)]
    /// Merges into the field `name`, which has a default, and returns whether it changed.
    fn merge_field_or(
        name: &'static str,
        value: &mut Self,
        slot: &mut Slot<Self::Change>,
        default: impl FnOnce() -> Self,
    ) -> Result<bool, PatchError> {
        if Self::field_defaults(slot) {
            Ok(replace(value, default()))
        } else {
            Self::merge_field(name, value, slot)
        }
    }

    #[doc(hidden)]
    /// Returns the smallest change that turns `value` into `later`. With `all`, it sets everything.
    fn diff_field(value: &Self, later: &Self, all: bool) -> Slot<Self::Change> {
        if all {
            Self::Rule::whole(later)
        } else {
            Self::Rule::diff(value, later)
        }
    }

    #[doc(hidden)]
    /// Returns the change that sets the whole field.
    fn whole_field(value: &Self) -> Slot<Self::Change> {
        Self::Rule::whole(value)
    }

    #[doc(hidden)]
    /// Whether the slot is null and the field is not nullable, so that its default is used.
    fn field_defaults(slot: &Slot<Self::Change>) -> bool {
        matches!(slot, Some(None)) && Self::Rule::null().is_none()
    }

    #[doc(hidden)]
    /// Decodes a field without a slot: the content of a newtype or an element of a tuple struct.
    fn decode_field_alone<'de, D: Deserializer<'de>>(
        deserializer: D,
        cx: &mut Context<'_>,
    ) -> Result<Self, D::Error> {
        let patch = cx.whole(|cx| Self::decode_field(deserializer, cx))?;
        Self::Rule::make(patch).map_err(|error| cx.fail(&error))
    }

    #[doc(hidden)]
    /// Encodes a field without a slot.
    fn encode_field_alone<S: Serializer>(value: &Self, serializer: S) -> Result<S::Ok, S::Error> {
        SlotRef::<Self, Kind>(&Self::Rule::whole(value).flatten()).serialize(serializer)
    }

    #[doc(hidden)]
    /// Decodes the data of an enum's variant, which is the next value of `map`.
    fn read_payload<'de, A: MapAccess<'de>>(
        map: &mut A,
        cx: &mut Context<'_>,
    ) -> Result<Self, A::Error> {
        let slot = cx.whole(|cx| map.next_value_seed(SlotSeed::<Self, Kind>::new(cx)))?;
        Self::Rule::build_slot(Some(slot)).map_err(|error| cx.fail(&error))
    }

    #[doc(hidden)]
    /// Encodes a variant with its data.
    fn write_payload<S: Serializer>(
        name: &'static str,
        value: &Self,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let payload = Self::Rule::whole(value).flatten();
        leaf::write_payload(name, &SlotRef::<Self, Kind>(&payload), serializer)
    }
}

/// How patches of type `P` merge into values of type `T`.
///
/// The required functions handle a patch. The provided ones handle a whole [`Slot`].
pub trait Rule<T, P> {
    /// Returns the value of a field that was never sent.
    fn absent() -> Result<T, PatchError>;

    /// Returns the value that null stands for, or `None` if null is an error.
    fn null() -> Option<T> {
        None
    }

    /// Returns the value that an `Option` around this type holds after null, or `None` if the `Option` itself becomes
    /// `None`.
    fn null_inside() -> Option<T> {
        None
    }

    /// Builds a value from a patch alone.
    fn make(patch: P) -> Result<T, PatchError>;

    /// Checks whether `merge` into `base` (or `make`, without a base) would succeed.
    fn check(base: Option<&T>, patch: &P) -> Result<(), PatchError>;

    /// Whether `merge` would succeed and change nothing. An append counts as a replacement.
    fn holds(value: &T, patch: &P) -> bool;

    /// Merges a patch that passed `check`, and returns whether anything changed.
    fn merge(value: &mut T, patch: P) -> Result<bool, PatchError>;

    /// Combines both patches into `first`, in that order.
    fn then(first: &mut P, second: P);

    /// Converts a patch that has no earlier value to merge with.
    fn fresh(patch: P) -> P {
        patch
    }

    /// Returns the smallest change that turns `value` into `later`.
    fn diff(value: &T, later: &T) -> Slot<P>;

    /// Returns the change that sets the whole value.
    fn whole(value: &T) -> Slot<P>;

    /// Checks whether this type supports a filter. A value that is replaced as a whole has no parts to filter by.
    fn answers(asked: Asked<'_>) -> Result<(), FilterError> {
        asked.of_whole()
    }

    /// Collects the paths that a patch sets: this path, or deeper ones if the patch merges.
    fn paths(patch: &P, at: &mut Paths) {
        let _ = patch;
        at.here();
    }

    /// `paths` for a slot that is set.
    fn slot_paths(slot: &Option<P>, at: &mut Paths) {
        match slot {
            None => at.here(),
            Some(patch) => Self::paths(patch, at),
        }
    }

    /// `make` for a slot.
    fn build_slot(slot: Slot<P>) -> Result<T, PatchError> {
        match slot {
            None => Self::absent(),
            Some(None) => Self::null().ok_or_else(PatchError::null::<T>),
            Some(Some(patch)) => Self::make(patch),
        }
    }

    /// `check` for a slot that is set.
    fn check_slot(base: &T, slot: &Option<P>) -> Result<(), PatchError> {
        match slot {
            None if Self::null().is_some() => Ok(()),
            None => Err(PatchError::null::<T>()),
            Some(patch) => Self::check(Some(base), patch),
        }
    }

    /// `holds` for a slot that is set.
    fn holds_slot(value: &T, slot: &Option<P>) -> bool
    where
        T: PartialEq,
    {
        match slot {
            None => Self::null().is_some_and(|null| *value == null),
            Some(patch) => Self::holds(value, patch),
        }
    }

    /// `merge` for a slot.
    fn merge_slot(value: &mut T, slot: &mut Slot<P>) -> Result<bool, PatchError>
    where
        T: PartialEq,
    {
        match slot {
            None => Ok(false),
            Some(None) => Self::merge_null(value),
            Some(slot) => match slot.take() {
                None => Ok(false),
                Some(patch) => Self::merge(value, patch),
            },
        }
    }

    /// `merge` for null.
    fn merge_null(value: &mut T) -> Result<bool, PatchError>
    where
        T: PartialEq,
    {
        match Self::null() {
            Some(null) => Ok(replace(value, null)),
            None => Err(PatchError::null::<T>()),
        }
    }

    /// `then` for slots. Takes the second one.
    fn then_slot(first: &mut Slot<P>, second: &mut Slot<P>) {
        match (&mut *first, second) {
            (_, None) => {}
            (Some(Some(first)), Some(second @ Some(_))) => {
                if let Some(second) = second.take() {
                    Self::then(first, second);
                }
            }
            (Some(first), Some(second)) => *first = second.take().map(Self::fresh),
            (None, second) => *first = second.take(),
        }
    }
}

/// Replaces `value`, and returns whether it changed.
pub(crate) fn replace<T: PartialEq>(value: &mut T, later: T) -> bool {
    let changed = *value != later;
    if changed {
        *value = later;
    }
    changed
}

/// The rule of scalars, leaves, tuples, arrays and `#[field(serde)]` types: required, and replaced as a whole.
#[derive(Debug)]
pub enum Whole {}

impl<T: Value> Rule<T, T> for Whole {
    fn absent() -> Result<T, PatchError> {
        Err(PatchError::missing::<T>())
    }

    fn make(patch: T) -> Result<T, PatchError> {
        Ok(patch)
    }

    fn check(_: Option<&T>, _: &T) -> Result<(), PatchError> {
        Ok(())
    }

    fn holds(value: &T, patch: &T) -> bool {
        value == patch
    }

    fn merge(value: &mut T, patch: T) -> Result<bool, PatchError> {
        Ok(replace(value, patch))
    }

    fn then(first: &mut T, second: T) {
        *first = second;
    }

    fn diff(value: &T, later: &T) -> Slot<T> {
        (value != later).then(|| Some(later.clone()))
    }

    fn whole(value: &T) -> Slot<T> {
        Some(Some(value.clone()))
    }
}
