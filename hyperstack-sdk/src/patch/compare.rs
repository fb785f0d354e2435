//! Compares a value with a patch, before merging or instead of it.

use super::error::PatchError;
use super::field::{Field, Rule, Value};
use super::Patchable;

/// A comparison of fields with their slots. It runs for each field that a patch sets, until one comparison is false.
///
/// The derives generate the list of fields once for all comparisons, to keep compile times short.
pub trait Compare {
    /// Whether lists with `append(max = N)` are compared after trimming the patch.
    const TRIMS: bool;

    /// Compares the field `name`.
    fn field<F: Field<K>, K>(
        &mut self,
        name: &'static str,
        base: &F,
        slot: &Option<F::Change>,
    ) -> bool;

    /// Compares a field that null sets to its default.
    fn default<F: Value>(&mut self, base: &F, default: impl FnOnce() -> F) -> bool;
}

/// Checks that a merge would succeed.
///
/// # Errors
/// The error that the merge would return.
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

/// Whether a merge would succeed and change nothing.
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
