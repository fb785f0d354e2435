//! What the derives ask of a type before they use it, so that what it lacks is reported well, and once.

use super::field::Value;
use super::{Entity, Record};

/// What derives `Entity`, whatever may be wrong with its fields.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no views: it is no entity",
    label = "not an entity",
    note = "derive `Entity` beside `Views`"
)]
#[doc(hidden)]
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

/// What is to be a section or a leaf.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of an entity",
    note = "entities and what they hold are `Clone + Debug + PartialEq + Send + Sync + 'static`"
)]
pub trait CheckedPart {
    /// What cannot has none.
    const CHECKED: bool = true;
}

impl<T: Value> CheckedPart for T {}

/// Anything. The constant is that of [`CheckedPart`] or [`CheckedEntity`]: a clause that names one which
/// is an error is erroneous too, and so is what rests on the clause.
pub trait Checked<const CHECKED: bool> {}

impl<T, const CHECKED: bool> Checked<CHECKED> for T {}

/// What is to be an entity. Only there is `Send` and `Sync` asked for: the compiler looks through all
/// that it is made of.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an entity",
    note = "entities and what they hold are `Clone + Debug + PartialEq + Send + Sync + 'static`"
)]
pub trait CheckedEntity {
    /// What cannot has none.
    const CHECKED: bool = true;
}

impl<T: Value + Send + Sync> CheckedEntity for T {}

/// An entity's struct, with a lifetime that carries nothing: a bound by this may be false without an
/// error, and makes what it stands at unusable.
pub trait Streamed<'x>: Entity<Data = Self> + Record {}

impl<E: Entity<Data = E> + Record> Streamed<'_> for E {}
