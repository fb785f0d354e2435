//! What a type must know to be a field: two traits, [`Field`] for its wire and [`Rule`] for its
//! merge.

use super::compare::Compare;
use super::context::Context;
use super::error::PatchError;
use super::filter::{Asked, FilterError};
use super::paths::Paths;
use super::slot::{SlotRead, SlotRef};
use super::walk::Walk;
use serde::de::MapAccess;
use serde::{Deserializer, Serialize, Serializer};
use std::fmt::Debug;

/// What a patch says about one field: nothing, null, or a value.
pub type Slot<P> = Option<Option<P>>;

/// The type of a patch's field, for a field of type `T`: absent (`None`), null (`Some(None)`), or
/// `Some(Some(change))`.
///
/// | `T` | a change |
/// |---|---|
/// | a scalar, a tuple, an array, a leaf | `T`, which replaces |
/// | a section or an entity | its patch |
/// | `Vec<U>`, a set of `U` | [`ListPatch<U>`](crate::ListPatch) |
/// | a map | [`MapPatch`](crate::MapPatch) of the changes of its values |
/// | `serde_json::Value` | [`JsonPatch`](crate::JsonPatch) |
/// | `Option<U>` | that of `U` |
/// | `Box<U>`, `Arc<U>` | that of `U`, in a `Box` |
pub type FieldPatch<T> = Slot<<T as Field>::Change>;

/// What every entity, section, leaf and field is.
pub trait Value: Clone + Debug + PartialEq + 'static {}

impl<T: Clone + Debug + PartialEq + 'static> Value for T {}

/// [`Value`], of a field of some kind: erroneous where that is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of an entity",
    note = "entities and what they hold are `Clone + Debug + PartialEq + Send + Sync + 'static`"
)]
pub trait Part<Kind>: Value {}

impl<T: Value, Kind> Part<Kind> for T {}

/// A kind of field: by the type's own implementation of [`Field`]. The constant is
/// [`Field::IS_FIELD`]: where that is an error, the kind is one too.
#[derive(Debug)]
pub enum Native<const IS_FIELD: bool = true> {}

/// A type that can be a field of an entity, a section or a leaf.
///
/// `Kind` tells the type's own implementation apart from the one that `#[field(serde)]` asks for.
/// What a derive writes for each field is calls to the provided functions.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field: it is not said how it merges",
    label = "neither a section nor a leaf",
    note = "derive `Section` for it, to merge it field by field",
    note = "or derive `Leaf` for it, to replace it whole",
    note = "or put `#[field(serde)]` on the field, to replace it whole by its serde impls"
)]
#[doc(hidden)]
pub trait Field<Kind = Native>: Part<Kind> {
    /// What a patch holds for it.
    type Change: Value;

    /// What is no field has none.
    const IS_FIELD: bool = true;

    /// How patches merge into it.
    type Rule: Rule<Self, Self::Change>;

    /// Reads a patch from anything but null.
    ///
    /// # Errors
    /// The deserializer's; the context then holds the path.
    fn decode_field<'de, D: Deserializer<'de>>(
        deserializer: D,
        cx: &mut Context<'_>,
    ) -> Result<Self::Change, D::Error>;

    /// Writes a patch.
    ///
    /// # Errors
    /// The serializer's.
    fn encode_field<S: Serializer>(patch: &Self::Change, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads the slot of the field whose name was just read.
    fn read_field<'de, A: MapAccess<'de>>(
        slot: &mut Slot<Self::Change>,
        map: &mut A,
        cx: &mut Context<'_>,
    ) -> Result<(), A::Error> {
        map.next_value_seed(SlotRead::<Self, Kind>::new(slot, cx))
    }

    /// Shows the slot of field `number`.
    fn show_field<W: Walk>(
        slot: &Slot<Self::Change>,
        number: usize,
        walk: &mut W,
    ) -> Result<(), W::Error> {
        walk.slot::<Self, Kind>(number, slot)
    }

    /// Makes one slot mean both, in that order. Takes the second one.
    fn then_field(first: &mut Slot<Self::Change>, second: &mut Slot<Self::Change>) {
        Self::Rule::then_slot(first, second);
    }

    /// Builds the field `name`.
    fn build_field(name: &'static str, slot: &mut Slot<Self::Change>) -> Result<Self, PatchError> {
        Self::Rule::build_slot(slot.take()).map_err(|error| error.at(name))
    }

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

    /// Asks the field `name` about its slot, where that is set.
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

    /// Asks the field `name`, which has a default.
    #[inline]
    fn compare_field_or<C: Compare>(
        name: &'static str,
        base: &Self,
        slot: &Slot<Self::Change>,
        compare: &mut C,
        default: impl FnOnce() -> Self,
    ) -> bool {
        match Self::field_defaults(slot) {
            true => compare.default(base, default),
            false => Self::compare_field(name, base, slot, compare),
        }
    }

    /// Merges into the field `name`, and says whether that changed it.
    fn merge_field(
        name: &'static str,
        value: &mut Self,
        slot: &mut Slot<Self::Change>,
    ) -> Result<bool, PatchError> {
        Self::Rule::merge_slot(value, slot).map_err(|error| error.at(name))
    }

    /// Merges into the field `name`, which has a default.
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

    /// The least that turns one field into another; with `all`, what sets it whole.
    fn diff_field(value: &Self, later: &Self, all: bool) -> Slot<Self::Change> {
        match all {
            true => Self::Rule::whole(later),
            false => Self::Rule::diff(value, later),
        }
    }

    /// What sets the field whole.
    fn whole_field(value: &Self) -> Slot<Self::Change> {
        Self::Rule::whole(value)
    }

    /// Whether a slot is null where the field knows none: there the field's default steps in.
    fn field_defaults(slot: &Slot<Self::Change>) -> bool {
        matches!(slot, Some(None)) && Self::Rule::null().is_none()
    }

    /// Reads the field as all there is: as what a newtype or a tuple struct holds.
    fn decode_field_alone<'de, D: Deserializer<'de>>(
        deserializer: D,
        cx: &mut Context<'_>,
    ) -> Result<Self, D::Error> {
        let patch = cx.whole(|cx| Self::decode_field(deserializer, cx))?;
        Self::Rule::make(patch).map_err(|error| cx.fail(&error))
    }

    /// Writes the field as all there is.
    fn encode_field_alone<S: Serializer>(value: &Self, serializer: S) -> Result<S::Ok, S::Error> {
        SlotRef::<Self, Kind>(&Self::Rule::whole(value).flatten()).serialize(serializer)
    }
}

/// How patches of type `P` merge into values of type `T`.
///
/// A rule says what to do with a patch; what to do with a whole [`Slot`] follows from that.
pub trait Rule<T, P> {
    /// The value of a field that was never sent.
    fn absent() -> Result<T, PatchError>;

    /// The value that null stands for; `None` where null is an error.
    fn null() -> Option<T> {
        None
    }

    /// The value that null stands for one `Option` further out.
    fn null_inside() -> Option<T> {
        None
    }

    /// A value from a patch alone.
    fn make(patch: P) -> Result<T, PatchError>;

    /// Whether `merge` into `base` (or, without one, `make`) would succeed.
    fn check(base: Option<&T>, patch: &P) -> Result<(), PatchError>;

    /// Whether `merge` would succeed and change nothing. An append is read as a replacement.
    fn holds(value: &T, patch: &P) -> bool;

    /// Merges a patch that `check` has passed, and says whether that changed anything.
    fn merge(value: &mut T, patch: P) -> Result<bool, PatchError>;

    /// Makes `first` mean both, in that order.
    fn then(first: &mut P, second: P);

    /// What `patch` means where nothing is left to merge with.
    fn fresh(patch: P) -> P {
        patch
    }

    /// The least that turns `value` into `later`.
    fn diff(value: &T, later: &T) -> Slot<P>;

    /// What sets `value` whole.
    fn whole(value: &T) -> Slot<P>;

    /// Whether a filter asks what can be answered: of what is replaced whole, nothing about its parts.
    fn answers(asked: Asked<'_>) -> Result<(), FilterError> {
        asked.of_whole()
    }

    /// The paths of what a patch sets: its own, unless it merges into what is further in.
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

/// Puts `later` into `value`, and says whether that changed it.
pub(crate) fn replace<T: PartialEq>(value: &mut T, later: T) -> bool {
    let changed = *value != later;
    if changed {
        *value = later;
    }
    changed
}

/// The rule of scalars, leaves, tuples, arrays, and of what is read by its serde impls: required, and
/// replaced whole.
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
