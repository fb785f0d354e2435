//! Typed patches: decode them from bytes, merge them into values, compute them from two values.
//!
//! The derives implement [`Patchable`] for your struct and [`Patch`] for the generated patch type. Each field of a
//! patch is a [`Slot`]: absent, null or a value. The type of the field decides what these do, through the trait
//! [`Field`]:
//!
//! | field | never sent | null | value |
//! |---|---|---|---|
//! | scalars, tuples, arrays, leaves | an error | an error | replaces |
//! | `Option<T>` | `None` | `None` | merges into the present value |
//! | `Option<Option<T>>` | `None` | `Some(None)` | merges into the present value |
//! | sections | built from the empty patch | an error | merges field by field |
//! | `Vec<T>`, sets | empty | an error | replaces or appends: [`ListPatch`] |
//! | maps | empty | an error | merges by key: [`MapPatch`] |
//! | `serde_json::Value` | `Null` | `Null` | merges as the server does: [`JsonPatch`] |
//!
//! A frame that appends to a list names the list and has only the new elements. `Vec`s and sets append them: in
//! fields, as values of a map, and in raw JSON. A leaf or a `#[field(serde)]` type is replaced as a whole even by such
//! a frame, so a list inside it then has only the new elements. Make a list that the server appends to a `Vec` of
//! leaves.
//!
//! A v2 server keeps the newest 100 elements of each array, and so does an append from a v2 frame here.
//!
//! Values merge into a field's default, the first one too. If the server sends a part of a section, the rest comes from
//! the default. If it appends to a list, the elements follow those of the default list, although the server does not
//! have these.
//!
//! ```
//! use hyperstack_sdk::{Entity, Patch, Patchable};
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! struct Round {
//!     id: u64,
//!     motherlode: Option<f64>,
//!     winners: Vec<String>,
//! }
//!
//! let first: RoundPatch = serde_json::from_str(r#"{"id": "7", "motherlode": 1.5}"#)?;
//! let mut round = Round::try_from(first)?;
//! let before = round.clone();
//!
//! let won = RoundPatch {
//!     winners: Some(Some(vec!["ann".to_owned()].into())),
//!     ..RoundPatch::default()
//! };
//! let lost: RoundPatch = serde_json::from_str(r#"{"motherlode": null}"#)?;
//! round.apply(won.then(lost))?;
//!
//! assert_eq!((round.id, round.motherlode), (7, None));
//! let json = serde_json::to_string(&before.diff(&round))?;
//! assert_eq!(json, r#"{"motherlode":null,"winners":["ann"]}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod checked;
mod compare;
mod context;
mod entry;
mod error;
mod field;
#[doc(hidden)]
pub mod filter;
mod fixed;
mod foreign;
mod json;
mod key;
mod keyed;
#[doc(hidden)]
pub mod leaf;
mod list;
mod map;
mod nearest;
mod number;
mod option;
mod paths;
mod pointer;
mod raw;
#[doc(hidden)]
pub mod record;
mod scalar;
mod set;
mod slot;
mod survey;
mod units;
#[doc(hidden)]
pub mod walk;

pub use error::{DecodeError, PatchError, PatchErrorKind};
pub use field::{Field, FieldPatch, Slot};
#[doc(inline)]
pub use filter::{FieldPath, FilterError, FilterValue};
pub use json::JsonPatch;
pub use key::Key;
pub use keyed::{Keyed, RowKey};
pub use list::{Appendable, ListPatch};
pub use map::MapPatch;

pub(crate) use paths::is_within;
pub(crate) use record::check;
#[cfg(feature = "testing")]
pub(crate) use survey::Unknown;
pub(crate) use survey::{Missing, Survey};
pub(crate) use units::{BadUnit, Units};

use compare::Compare;
use field::Value;
use record::Fields;
use serde::de::DeserializeOwned;
use serde::Serialize;

/// A value that merges patches: every entity and section.
///
/// Implemented by the derives, and by `serde_json::Value`, which is the row type of
/// [`HyperStack::raw`](crate::HyperStack::raw).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither an entity nor a section",
    label = "cannot merge patches",
    note = "derive `Entity` or `Section` for it"
)]
pub trait Patchable: Field {
    /// The patch type.
    type Patch: Patch;

    /// Merges a patch into the value.
    ///
    /// # Errors
    /// If the patch sets a field to null that is not nullable, or if it creates a value (a section that was `None`, a
    /// new key of a map) without all its required fields. `self` is then unchanged.
    fn apply(&mut self, mut patch: Self::Patch) -> Result<(), PatchError> {
        Self::merge_patch(self, &mut patch).map(drop)
    }

    /// Returns the smallest patch that turns `self` into `later`, as far as a patch can express it.
    ///
    /// A patch cannot set a value back to "never received", and cannot remove a key from raw JSON or from a map with
    /// nullable values. If a section was `None`, the patch sets all its fields.
    #[must_use]
    fn diff(&self, later: &Self) -> Self::Patch {
        Self::diff_slots(self, later, false)
    }

    /// Merges like [`apply`](Self::apply), and returns whether a field changed. Like all hidden methods that take
    /// `&mut Self::Patch`, it leaves the patch in an unspecified state.
    #[doc(hidden)]
    fn merge_patch(value: &mut Self, patch: &mut Self::Patch) -> Result<bool, PatchError> {
        record::apply(value, patch)
    }

    /// Builds a value from a patch alone, for `TryFrom`.
    #[doc(hidden)]
    fn build_slots(patch: &mut Self::Patch) -> Result<Self, PatchError>;

    /// Returns whether merging the patch would succeed and change nothing. An append counts as a replacement.
    #[doc(hidden)]
    fn holds(value: &Self, patch: &Self::Patch) -> bool {
        compare::holds(value, patch)
    }

    /// Compares each field with its slot, and returns whether all comparisons were true.
    #[doc(hidden)]
    fn compare_slots<C: Compare>(base: &Self, patch: &Self::Patch, compare: &mut C) -> bool;

    /// Merges a patch that `compare_slots` has checked, and returns whether anything changed.
    #[doc(hidden)]
    fn merge_slots(value: &mut Self, patch: &mut Self::Patch) -> Result<bool, PatchError>;

    /// Returns the smallest patch that turns `value` into `later`. With `all`, it sets every field.
    #[doc(hidden)]
    fn diff_slots(value: &Self, later: &Self, all: bool) -> Self::Patch;
}

/// The row type of a view: an entity's struct, or `serde_json::Value`.
///
/// Use it as the bound in code that is generic over entities, such as `fn show<T: Record>(updates: EntityStream<T>)`.
pub trait Record: Patchable<Patch: Send + Sync> + Send + Sync {}

#[diagnostic::do_not_recommend]
impl<T: Patchable<Patch: Send + Sync> + Send + Sync> Record for T {}

/// A patch type: the `FooPatch` that a derive generates for `Foo`.
pub trait Patch: Fields + Value + Serialize + DeserializeOwned {
    /// Combines this patch and `second`, in that order.
    ///
    /// A patch cannot set a section to null and then merge into it. If this patch sets a section to null and `second`
    /// merges into it, only the merge remains.
    #[must_use]
    fn then(mut self, mut second: Self) -> Self {
        Self::then_fields(&mut self, &mut second);
        self
    }

    /// Returns whether the patch sets nothing.
    #[must_use]
    fn is_empty(&self) -> bool {
        walk::none_set(self)
    }

    /// Returns the dotted wire paths of the fields that the patch sets, such as `state.motherlode`, in the order of the
    /// struct's fields.
    ///
    /// A path leads through sections, maps and raw JSON to the value that the patch replaces, removes or appends to. If
    /// the patch sets no field of a section, which creates the section if it was `None`, the path is the section's.
    ///
    /// To test a single field, look at its slot. To compare a field of two rows, use
    /// [`RichUpdate::changed`](crate::RichUpdate::changed).
    ///
    /// ```
    /// use hyperstack_sdk::prelude::*;
    ///
    /// #[derive(Debug, Clone, PartialEq, Entity)]
    /// struct Round {
    ///     id: u64,
    ///     state: State,
    /// }
    ///
    /// #[derive(Debug, Clone, PartialEq, Section)]
    /// struct State {
    ///     motherlode: Option<f64>,
    ///     winners: Vec<String>,
    /// }
    ///
    /// let patch: RoundPatch = serde_json::from_str(r#"{"state": {"motherlode": null}}"#)?;
    /// assert_eq!(patch.changed_fields(), ["state.motherlode"]);
    ///
    /// assert!(patch.id.is_none());
    /// let motherlode = patch.state.iter().flatten().any(|state| state.motherlode.is_some());
    /// assert!(motherlode);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    fn changed_fields(&self) -> Vec<String> {
        let mut paths = paths::Paths::default();
        walk::paths(self, &mut paths);
        paths.into_found()
    }

    /// Decodes a patch from JSON in one pass. `append` lists the paths of the arrays that are appended to.
    #[doc(hidden)]
    fn decode(json: &str, append: &[impl AsRef<str>]) -> Result<Self, DecodeError> {
        let mut patch = Self::default();
        patch.decode_into(json, append)?;
        Ok(patch)
    }

    /// Like [`decode`](Self::decode), but decodes into an empty patch. After an error the patch may set some fields.
    #[doc(hidden)]
    fn decode_into(&mut self, json: &str, append: &[impl AsRef<str>]) -> Result<(), DecodeError> {
        self.decode_update(json, append, false)
    }

    /// Like [`decode_into`](Self::decode_into). `is_capped` says whether appended arrays keep only as many elements as
    /// a v2 server does.
    #[doc(hidden)]
    fn decode_update(
        &mut self,
        json: &str,
        append: &[impl AsRef<str>],
        is_capped: bool,
    ) -> Result<(), DecodeError> {
        let mut cx = context::Context::new(append).capped(is_capped);
        let mut json = serde_json::Deserializer::from_str(json);
        record::decode_into(self, &mut json, &mut cx)
            .and_then(|()| json.end())
            .map_err(|cause| DecodeError::new(Self::ROOT, cx.into_failed(), &cause))
    }
}

/// Returns a patch that sets every field to that of `row`, as far as a patch can express it.
#[cfg(feature = "testing")]
pub(crate) fn whole<T: Patchable>(row: &T) -> T::Patch {
    T::diff_slots(row, row, true)
}

/// Builds a row from JSON, if it is complete and fits.
#[cfg(feature = "testing")]
pub(crate) fn from_json<T: Patchable>(json: &str) -> Option<T> {
    let mut patch = T::Patch::decode(json, &[""; 0]).ok()?;
    T::build_slots(&mut patch).ok()
}

/// Returns the dotted paths of the values that a patch replaces or removes. Unlike [`Patch::changed_fields`], leaves
/// out empty sections and maps.
pub(crate) fn replaced_fields(patch: &impl Patch) -> Vec<String> {
    let mut paths = paths::Paths::of_replaced();
    walk::paths(patch, &mut paths);
    paths.into_found()
}

/// Decodes some units of a patch, and leaves out those that fail.
///
/// # Errors
///
/// If the text is not a JSON object.
pub(crate) fn decode_units<P: Patch>(
    json: &str,
    append: &[impl AsRef<str>],
    is_capped: bool,
    units: Units<'_>,
) -> Result<(Box<P>, Vec<BadUnit>), DecodeError> {
    let mut patch = Box::<P>::default();
    let cx = context::Context::new(append).capped(is_capped);
    let mut cx = cx.by_units(P::ROOT, units);
    let mut json = serde_json::Deserializer::from_str(json);
    let read = record::decode_into(&mut *patch, &mut json, &mut cx).and_then(|()| json.end());
    match read {
        Ok(()) => {
            let bad = cx.into_units().map(units::Reading::into_bad);
            Ok((patch, bad.unwrap_or_default()))
        }
        Err(cause) => Err(DecodeError::new(P::ROOT, cx.into_failed(), &cause)),
    }
}

#[diagnostic::do_not_recommend]
impl<P: Fields + Value + Serialize + DeserializeOwned> Patch for P {}

/// An entity of the server: a struct that derives `Entity`, or its marker type `FooEntity`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity",
    label = "not an entity",
    note = "derive `Entity` for the struct"
)]
pub trait Entity: Send + Sync + 'static {
    /// The entity's struct.
    type Data: Record;

    /// The entity's name on the wire.
    const NAME: &'static str;
}

/// Items that the generated code of the derives uses. Not part of the public API.
#[doc(hidden)]
pub mod __private {
    pub use super::checked::{
        Checked, CheckedEntity, CheckedPart, KnownDefault, KnownEntity, Streamed,
    };
    pub use super::compare::Compare;
    pub use super::context::Context;
    pub use super::field::{Field, FieldPatch, Native, Slot, Value, Whole};
    pub use super::foreign::{CheckedForeign, Foreign, ForeignOption, SerdeImpls};
    pub use super::keyed::{text_key, typed_key, AnyStep, Step};
    pub use super::leaf;
    pub use super::list::Appendable;
    pub use super::record::{self, ByField, Fields};
    pub use super::walk::{self, Walk};
    pub use super::Record;
    pub use serde;
    pub use serde_json::Value as Json;
    pub use std::primitive::{bool, str, usize};
    pub use std::string::String;
}
