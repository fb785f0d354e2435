//! `Vec`: replaced, or appended to where the frame says so.

use super::compare::Compare;
use super::context::Context;
use super::error::PatchError;
use super::field::{replace, Field, Rule, Slot, Value};
use super::slot::{decode_list, encode_list};
use serde::{Deserializer, Serializer};
use std::borrow::Cow;

/// The number of elements that a v2 server keeps of an array, the newest ones.
const SERVER_KEEPS: usize = 100;

/// What a patch does to a list.
///
/// JSON has no word for appending: an append patch is written as its elements, and read back as a
/// replacement.
#[derive(Clone, Debug, PartialEq)]
pub enum ListPatch<T> {
    /// The list becomes this one.
    Replace(Vec<T>),
    /// These elements are added at the end.
    Append(Vec<T>),
    /// These elements are added at the end, and the list keeps its newest 100: an append of a v2 server,
    /// which does the same.
    ///
    /// [`then`](crate::Patch::then) keeps the limit, also if the second patch is an
    /// [`Append`](Self::Append). Sets have no newest elements: they keep all.
    AppendCapped(Vec<T>),
}

impl<T> ListPatch<T> {
    /// The elements, whatever is done with them.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::Replace(list) | Self::Append(list) | Self::AppendCapped(list) => list,
        }
    }

    /// The elements, whatever was to be done with them.
    pub fn into_vec(self) -> Vec<T> {
        match self {
            Self::Replace(list) | Self::Append(list) | Self::AppendCapped(list) => list,
        }
    }

    fn elements(&mut self) -> &mut Vec<T> {
        match self {
            Self::Replace(list) | Self::Append(list) | Self::AppendCapped(list) => list,
        }
    }

    /// The elements as a list of their own.
    fn into_new(self) -> Vec<T> {
        match self {
            Self::Replace(list) | Self::Append(list) => list,
            Self::AppendCapped(mut list) => {
                keep_newest(&mut list);
                list
            }
        }
    }
}

/// Drops the elements that a v2 server does not keep.
pub(super) fn keep_newest<T>(list: &mut Vec<T>) {
    let dropped = list.len().saturating_sub(SERVER_KEEPS);
    list.drain(..dropped);
}

/// Appends elements and keeps the newest, as a v2 server does. Returns whether that changed the list.
pub(super) fn append_capped<T: PartialEq>(list: &mut Vec<T>, elements: Vec<T>) -> bool {
    let before = list.len();
    list.extend(elements);
    let dropped = list.len().saturating_sub(SERVER_KEEPS);
    let changed = list.get(..before) != list.get(dropped..);
    list.drain(..dropped);
    changed
}

impl<T> From<Vec<T>> for ListPatch<T> {
    /// A replacement.
    fn from(list: Vec<T>) -> Self {
        Self::Replace(list)
    }
}

impl<T: PartialEq> PartialEq<Vec<T>> for ListPatch<T> {
    /// Whether this replaces a list by `list`.
    fn eq(&self, list: &Vec<T>) -> bool {
        matches!(self, Self::Replace(elements) if elements == list)
    }
}

impl<T: Field> Field for Vec<T> {
    type Change = ListPatch<T>;
    type Rule = List;

    fn decode_field<'de, D: Deserializer<'de>>(
        d: D,
        cx: &mut Context<'_>,
    ) -> Result<Self::Change, D::Error> {
        let append = cx.appends();
        let elements = decode_list(d, cx)?;
        Ok(match (append, cx.is_capped()) {
            (true, true) => ListPatch::AppendCapped(elements),
            (true, false) => ListPatch::Append(elements),
            (false, _) => ListPatch::Replace(elements),
        })
    }

    fn encode_field<S: Serializer>(patch: &Self::Change, s: S) -> Result<S::Ok, S::Error> {
        encode_list(patch.as_slice(), s)
    }
}

/// The rule of lists: empty where never sent.
#[derive(Debug)]
pub enum List {}

impl<T: Value> Rule<Vec<T>, ListPatch<T>> for List {
    fn absent() -> Result<Vec<T>, PatchError> {
        Ok(Vec::new())
    }

    fn make(patch: ListPatch<T>) -> Result<Vec<T>, PatchError> {
        Ok(patch.into_new())
    }

    fn check(_: Option<&Vec<T>>, _: &ListPatch<T>) -> Result<(), PatchError> {
        Ok(())
    }

    fn holds(value: &Vec<T>, patch: &ListPatch<T>) -> bool {
        value == patch.as_slice()
    }

    fn merge(value: &mut Vec<T>, patch: ListPatch<T>) -> Result<bool, PatchError> {
        Ok(match patch {
            ListPatch::Replace(list) => replace(value, list),
            ListPatch::Append(list) => {
                let changed = !list.is_empty();
                value.extend(list);
                changed
            }
            ListPatch::AppendCapped(list) => append_capped(value, list),
        })
    }

    fn then(first: &mut ListPatch<T>, second: ListPatch<T>) {
        match second {
            ListPatch::Replace(_) => *first = second,
            ListPatch::Append(list) => first.elements().extend(list),
            ListPatch::AppendCapped(list) => {
                let elements = first.elements();
                elements.extend(list);
                keep_newest(elements);
                if let ListPatch::Append(elements) = first {
                    *first = ListPatch::AppendCapped(std::mem::take(elements));
                }
            }
        }
    }

    fn fresh(patch: ListPatch<T>) -> ListPatch<T> {
        ListPatch::Replace(patch.into_new())
    }

    fn diff(value: &Vec<T>, later: &Vec<T>) -> Slot<ListPatch<T>> {
        (value != later).then(|| Some(later.clone().into()))
    }

    fn whole(value: &Vec<T>) -> Slot<ListPatch<T>> {
        Some(Some(value.clone().into()))
    }
}

/// A field that `#[field(append(max = N))]` can keep short.
#[diagnostic::on_unimplemented(
    message = "`#[field(append(..))]` needs a `Vec`, not `{Self}`",
    label = "not a list"
)]
pub trait Appendable: Field {
    /// How many elements there are.
    fn count(&self) -> usize;

    /// Drops all but the newest `max` elements, and says whether what is left differs from the first
    /// `before`: from what there was, where elements were appended to that.
    fn trim(&mut self, max: usize, before: usize) -> bool;

    /// Drops from a patch what would not survive [`trim`](Self::trim).
    fn trim_patch(patch: &mut Self::Change, max: usize);

    /// A list as [`trim`](Self::trim) leaves it.
    fn trimmed(mut self, max: usize) -> Self {
        self.trim(max, 0);
        self
    }

    /// A slot as [`Compare`] asks about it.
    fn compared<C: Compare>(slot: &Slot<Self::Change>, max: usize) -> Cow<'_, Slot<Self::Change>> {
        match C::TRIMS && slot.is_some() {
            true => {
                let mut slot = slot.clone();
                Self::trim_slot(&mut slot, max);
                Cow::Owned(slot)
            }
            false => Cow::Borrowed(slot),
        }
    }

    /// [`trim_patch`](Self::trim_patch) for a slot.
    fn trim_slot(slot: &mut Slot<Self::Change>, max: usize) -> &mut Slot<Self::Change> {
        if let Some(Some(patch)) = slot {
            Self::trim_patch(patch, max);
        }
        slot
    }
}

impl<T: Field> Appendable for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }

    fn trim(&mut self, max: usize, before: usize) -> bool {
        let dropped = self.len().saturating_sub(max);
        // A replacement was trimmed before it was merged: of that nothing is dropped.
        let changed = dropped == 0 || self.get(..before) != self.get(dropped..);
        self.drain(..dropped);
        changed
    }

    fn trim_patch(patch: &mut ListPatch<T>, max: usize) {
        patch.elements().trim(max, 0);
        // Only one of the two limits is applied, so that `trim` can tell what it drops.
        if let (ListPatch::AppendCapped(elements), 0..=SERVER_KEEPS) = (&mut *patch, max) {
            *patch = ListPatch::Append(std::mem::take(elements));
        }
    }
}

impl<T: Appendable> Appendable for Option<T> {
    fn count(&self) -> usize {
        self.as_ref().map_or(0, T::count)
    }

    fn trim(&mut self, max: usize, before: usize) -> bool {
        self.as_mut().is_none_or(|list| list.trim(max, before))
    }

    fn trim_patch(patch: &mut T::Change, max: usize) {
        T::trim_patch(patch, max);
    }
}
