//! What is asked about a value and a patch before, or instead of, merging the two.

use super::error::PatchError;
use super::field::{Field, Rule, Value};
use super::Patchable;

/// A question about a field and its slot. It is put to one field after another of those that a patch
/// sets, until one says no.
///
/// A derive writes the fields down once, for all questions: each costs those who compile it, and a
/// question costs nothing but where it is asked.
pub trait Compare {
    /// Whether a list that is kept short is asked about what it would keep, and not about all that is
    /// sent.
    const TRIMS: bool;

    /// Asks the field `name`.
    fn field<F: Field<K>, K>(
        &mut self,
        name: &'static str,
        base: &F,
        slot: &Option<F::Change>,
    ) -> bool;

    /// Asks a field for which its default steps in.
    fn default<F: Value>(&mut self, base: &F, default: impl FnOnce() -> F) -> bool;
}

/// Whether a merge would succeed.
///
/// # Errors
/// Where it would not.
pub(crate) fn merges<T: Patchable>(base: &T, patch: &T::Patch) -> Result<(), PatchError> {
    struct Merges(Result<(), PatchError>);

    impl Compare for Merges {
        const TRIMS: bool = false;

        fn field<F: Field<K>, K>(
            &mut self,
            name: &'static str,
            base: &F,
            slot: &Option<F::Change>,
        ) -> bool {
            match F::Rule::check_slot(base, slot) {
                Ok(()) => true,
                Err(error) => {
                    self.0 = Err(error.at(name));
                    false
                }
            }
        }

        fn default<F: Value>(&mut self, _: &F, _: impl FnOnce() -> F) -> bool {
            true
        }
    }

    let mut merges = Merges(Ok(()));
    T::compare_slots(base, patch, &mut merges);
    merges.0
}

/// Whether a merge would succeed and change nothing: the value holds all that the patch says.
pub(crate) fn holds<T: Patchable>(value: &T, patch: &T::Patch) -> bool {
    struct Holds;

    impl Compare for Holds {
        const TRIMS: bool = true;

        fn field<F: Field<K>, K>(
            &mut self,
            _: &'static str,
            base: &F,
            slot: &Option<F::Change>,
        ) -> bool {
            F::Rule::holds_slot(base, slot)
        }

        fn default<F: Value>(&mut self, base: &F, default: impl FnOnce() -> F) -> bool {
            *base == default()
        }
    }

    T::compare_slots(value, patch, &mut Holds)
}
