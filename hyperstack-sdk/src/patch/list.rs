//! `Vec`: replaced, or appended to if the frame says so.

use super::compare::Compare;
use super::context::Context;
use super::error::PatchError;
use super::field::{replace, Field, Rule, Slot, Value};
use super::slot::{decode_list, encode_list};
use serde::{Deserializer, Serializer};
use std::borrow::Cow;

/// The number of newest elements that a v2 server keeps of each array.
const SERVER_KEEPS: usize = 100;

/// A change of a list.
///
/// JSON cannot express an append. An append serializes as its elements, and deserializes as a replacement.
#[derive(Clone, Debug, PartialEq)]
pub enum ListPatch<T> {
    /// Replaces the list.
    Replace(Vec<T>),
    /// Appends these elements.
    Append(Vec<T>),
    /// Appends these elements and keeps the newest 100 of the list, as a v2 server does.
    ///
    /// [`then`](crate::Patch::then) keeps the limit, even if the second patch is an [`Append`](Self::Append). Sets keep
    /// all elements, because they have no order of age.
    AppendCapped(Vec<T>),
}

impl<T> ListPatch<T> {
    /// Returns the elements that replace the list or are appended.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::Replace(list) | Self::Append(list) | Self::AppendCapped(list) => list,
        }
    }

    /// Converts into the elements that replace the list or are appended.
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

    /// Converts into a new list.
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

/// Appends elements and keeps the newest ones, as a v2 server does. Returns whether the list changed.
pub(super) fn append_capped<T: PartialEq>(list: &mut Vec<T>, elements: Vec<T>) -> bool {
    let before = list.len();
    list.extend(elements);
    let dropped = list.len().saturating_sub(SERVER_KEEPS);
    let changed = list.get(..before) != list.get(dropped..);
    list.drain(..dropped);
    changed
}

impl<T> From<Vec<T>> for ListPatch<T> {
    /// Creates a replacement.
    fn from(list: Vec<T>) -> Self {
        Self::Replace(list)
    }
}

impl<T: PartialEq> PartialEq<Vec<T>> for ListPatch<T> {
    /// Whether this is a replacement with `list`.
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

/// The rule of lists: empty if never sent.
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

/// A field that `#[field(append(max = N))]` can trim: a `Vec`, also inside `Option`s.
///
/// Its items are for generated code only. It appears in the bounds of generated code for structs with type parameters.
#[diagnostic::on_unimplemented(
    message = "`#[field(append(..))]` requires a `Vec`, found `{Self}`",
    label = "not a list"
)]
pub trait Appendable: Field {
    #[doc(hidden)]
    /// Returns the number of elements.
    fn count(&self) -> usize;

    #[doc(hidden)]
    /// Drops all but the newest `max` elements. Returns whether the rest differs from the first `before` elements,
    /// which are the list before an append.
    fn trim(&mut self, max: usize, before: usize) -> bool;

    #[doc(hidden)]
    /// Drops the elements of a patch that [`trim`](Self::trim) would drop.
    fn trim_patch(patch: &mut Self::Change, max: usize);

    #[doc(hidden)]
    /// Returns the list after [`trim`](Self::trim).
    fn trimmed(mut self, max: usize) -> Self {
        self.trim(max, 0);
        self
    }

    #[doc(hidden)]
    /// Returns the slot that [`Compare`] uses.
    fn compared<C: Compare>(slot: &Slot<Self::Change>, max: usize) -> Cow<'_, Slot<Self::Change>> {
        if C::TRIMS && slot.is_some() {
            let mut slot = slot.clone();
            Self::trim_slot(&mut slot, max);
            Cow::Owned(slot)
        } else {
            Cow::Borrowed(slot)
        }
    }

    #[doc(hidden)]
    /// Applies [`trim_patch`](Self::trim_patch) to a slot.
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
        // A replacement was trimmed before it was merged, so nothing is dropped from it.
        let changed = dropped == 0 || self.get(..before) != self.get(dropped..);
        self.drain(..dropped);
        changed
    }

    fn trim_patch(patch: &mut ListPatch<T>, max: usize) {
        patch.elements().trim(max, 0);
        // Only one of the two limits applies, so that `trim` knows which elements it drops.
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
