//! Sets: replaced, or added to if the frame appends.

use super::context::Context;
use super::error::PatchError;
use super::field::{replace, Field, Rule, Slot, Value};
use super::list::{List, ListPatch};
use serde::{Deserializer, Serializer};
use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, Hash};

/// The rule of sets: empty if never sent.
#[derive(Debug)]
pub enum Set {}

macro_rules! sets {
    ($($set:ident<T $(, $hasher:ident)?> where T: $($bound:ident +)*;)*) => {$(
        impl<T, $($hasher)?> Field for $set<T $(, $hasher)?>
        where
            T: Field $(+ $bound)*,
            $($hasher: BuildHasher + Default + Clone + Send + Sync + 'static)?
        {
            type Change = ListPatch<T>;
            type Rule = Set;

            fn decode_field<'de, D: Deserializer<'de>>(
                d: D,
                cx: &mut Context<'_>,
            ) -> Result<Self::Change, D::Error> {
                // A set has no newest elements, so it keeps all.
                Ok(match Vec::<T>::decode_field(d, cx)? {
                    ListPatch::AppendCapped(list) => ListPatch::Append(list),
                    patch => patch,
                })
            }

            fn encode_field<S: Serializer>(patch: &Self::Change, s: S) -> Result<S::Ok, S::Error> {
                Vec::<T>::encode_field(patch, s)
            }
        }

        impl<T, $($hasher)?> Rule<$set<T $(, $hasher)?>, ListPatch<T>> for Set
        where
            T: Value $(+ $bound)*,
            $($hasher: BuildHasher + Default)?
        {
            fn absent() -> Result<$set<T $(, $hasher)?>, PatchError> {
                Ok($set::default())
            }

            fn make(patch: ListPatch<T>) -> Result<$set<T $(, $hasher)?>, PatchError> {
                Ok(patch.into_vec().into_iter().collect())
            }

            fn check(
                _: Option<&$set<T $(, $hasher)?>>,
                _: &ListPatch<T>,
            ) -> Result<(), PatchError> {
                Ok(())
            }

            fn holds(value: &$set<T $(, $hasher)?>, patch: &ListPatch<T>) -> bool {
                let set: $set<&T> = patch.as_slice().iter().collect();
                value.len() == set.len() && set.iter().all(|item| value.contains(*item))
            }

            fn merge(
                value: &mut $set<T $(, $hasher)?>,
                patch: ListPatch<T>,
            ) -> Result<bool, PatchError> {
                Ok(match patch {
                    ListPatch::Replace(list) => replace(value, list.into_iter().collect()),
                    ListPatch::Append(list) | ListPatch::AppendCapped(list) => {
                        let before = value.len();
                        value.extend(list);
                        value.len() != before
                    }
                })
            }

            fn then(first: &mut ListPatch<T>, second: ListPatch<T>) {
                List::then(first, second);
            }

            fn fresh(patch: ListPatch<T>) -> ListPatch<T> {
                List::fresh(patch)
            }

            fn diff(
                value: &$set<T $(, $hasher)?>,
                later: &$set<T $(, $hasher)?>,
            ) -> Slot<ListPatch<T>> {
                if value == later {
                    None
                } else {
                    Self::whole(later)
                }
            }

            fn whole(value: &$set<T $(, $hasher)?>) -> Slot<ListPatch<T>> {
                let list: Vec<T> = value.iter().cloned().collect();
                Some(Some(list.into()))
            }
        }
    )*};
}

sets! {
    BTreeSet<T> where T: Ord +;
    HashSet<T, H> where T: Eq + Hash +;
}
