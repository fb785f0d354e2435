//! Bounds that the derives check before they use a type, so that the compiler reports a missing one clearly and only
//! once.

use super::field::Value;
use super::{Entity, Record};

/// A type that derives `Entity`, even if its fields have errors.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot have views, because it is not an entity",
    label = "not an entity",
    note = "derive `Entity` in addition to `Views`"
)]
#[doc(hidden)]
pub trait KnownEntity {}

/// A type with a default, for `#[field(default)]` and `#[field(skip)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no default value",
    label = "requires `{Self}` to implement `Default`",
    note = "derive `Default` for it, or set a value: `#[field(default = ..)]`"
)]
pub trait KnownDefault {
    /// Returns the default.
    fn known_default() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> KnownDefault for T {
    fn known_default() -> Self {
        T::default()
    }
}

/// The bounds of a section or a leaf.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of an entity",
    note = "entities and their fields must be `Clone + Debug + PartialEq + Send + Sync + 'static`"
)]
pub trait CheckedPart {
    /// Used as a constant argument: if a bound does not hold, using it is an error.
    const CHECKED: bool = true;
}

impl<T: Value> CheckedPart for T {}

/// Implemented for every type. The constant comes from [`CheckedPart`] or [`CheckedEntity`]. If it is an error, a bound
/// with it is an error too, and the compiler reports no further errors that depend on the bound.
pub trait Checked<const CHECKED: bool> {}

impl<T, const CHECKED: bool> Checked<CHECKED> for T {}

/// The bounds of an entity. Only entities require `Send` and `Sync`, because the compiler derives these from all fields
/// inside.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an entity",
    note = "entities and their fields must be `Clone + Debug + PartialEq + Send + Sync + 'static`"
)]
pub trait CheckedEntity {
    /// Used as a constant argument: if a bound does not hold, using it is an error.
    const CHECKED: bool = true;
}

impl<T: Value + Send + Sync> CheckedEntity for T {}

/// An entity's struct.
///
/// The lifetime is unused. It only makes the compiler accept a bound with this trait that does not hold. The item with
/// the bound is then unusable.
pub trait Streamed<'x>: Entity<Data = Self> + Record {}

impl<E: Entity<Data = E> + Record> Streamed<'_> for E {}
