//! What is asked about a value and a patch before, or instead of, merging the two.

use super::error::PatchError;
use super::field::{Field, Rule, Slot, Value};

/// A question about a field and its slot. It is put to one field after another, until one says no.
///
/// A derive writes the fields down once, for all questions: each costs those who compile it, and a
/// question costs nothing but where it is asked.
pub trait Compare {
    /// What a no says.
    type No;

    /// Whether a list that is kept short is asked about what it would keep, and not about all that is
    /// sent.
    const TRIMS: bool;

    /// Asks the field `name`.
    fn field<F: Field<K>, K>(
        name: &'static str,
        base: &F,
        slot: &Slot<F::Change>,
    ) -> Result<(), Self::No>;

    /// Asks a field for which its default steps in.
    fn default<F: Value>(base: &F, default: impl FnOnce() -> F) -> Result<(), Self::No>;
}

/// Whether a merge would succeed.
#[derive(Debug)]
pub(crate) enum Merges {}

impl Compare for Merges {
    type No = PatchError;

    const TRIMS: bool = false;

    fn field<F: Field<K>, K>(
        name: &'static str,
        base: &F,
        slot: &Slot<F::Change>,
    ) -> Result<(), PatchError> {
        F::Rule::check_slot(Some(base), slot).map_err(|error| error.at(name))
    }

    fn default<F: Value>(_: &F, _: impl FnOnce() -> F) -> Result<(), PatchError> {
        Ok(())
    }
}

/// Whether a merge would succeed and change nothing: the value holds all that the patch says.
#[derive(Debug)]
pub(crate) enum Holds {}

impl Compare for Holds {
    type No = ();

    const TRIMS: bool = true;

    fn field<F: Field<K>, K>(_: &'static str, base: &F, slot: &Slot<F::Change>) -> Result<(), ()> {
        match slot {
            None => Ok(()),
            Some(slot) => held(F::Rule::holds_slot(base, slot)),
        }
    }

    fn default<F: Value>(base: &F, default: impl FnOnce() -> F) -> Result<(), ()> {
        held(*base == default())
    }
}

fn held(held: bool) -> Result<(), ()> {
    match held {
        true => Ok(()),
        false => Err(()),
    }
}
