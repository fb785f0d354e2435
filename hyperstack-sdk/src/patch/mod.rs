//! Typed patches: decoded from bytes, merged into values, taken from the difference of two.
//!
//! The derives implement [`Patchable`] for a struct and [`Patch`] for the patch type they make
//! beside it. A field of a patch is a [`Slot`]: absent, null or a value. What each type of field
//! makes of these is its own affair, by the hidden trait `Field`:
//!
//! | field | never sent | null | value |
//! |---|---|---|---|
//! | scalars, tuples, arrays, leaves | an error | an error | replaces |
//! | `Option<T>` | `None` | `None` | merges into what is there |
//! | `Option<Option<T>>` | `None` | `Some(None)` | merges into what is there |
//! | sections | built from the empty patch | an error | merges field by field |
//! | `Vec<T>`, sets | empty | an error | replaces, or is appended: [`ListPatch`] |
//! | maps | empty | an error | merges by key: [`MapPatch`] |
//! | `serde_json::Value` | `Null` | `Null` | merges as the server does: [`JsonPatch`] |
//!
//! A frame that appends to a list names it and holds only the new elements. `Vec`s and sets take
//! them in, in fields, as values of a map and in raw JSON. What is replaced whole, a leaf or the type
//! of a `#[field(serde)]`, is so by such a frame too, with all that is inside of it, and then has the
//! new elements alone: a list that the server appends to is best a `Vec` of leaves.
//!
//! A v2 server keeps the newest 100 elements of each array, and so does its append here.
//!
//! A default is a value like any other, and what comes merges into it, the first time too: of a section
//! of which a part is sent the rest is the default's, and elements are added behind those of a default
//! list, of which the server knows nothing.
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
pub use field::{FieldPatch, Slot};
#[doc(inline)]
pub use filter::FilterError;
pub use json::JsonPatch;
pub use key::Key;
pub use keyed::Keyed;
pub use list::ListPatch;
pub use map::MapPatch;

pub(crate) use paths::is_within;
pub(crate) use record::check;
pub(crate) use survey::{Missing, Survey};
pub(crate) use units::{BadUnit, Units};

use compare::Compare;
use field::{Field, Value};
use record::Fields;
use serde::de::DeserializeOwned;
use serde::Serialize;

/// A value that merges patches: every entity and section. Derived; `serde_json::Value` is one too, as
/// the row of an entity of which nothing is known: see [`HyperStack::raw`](crate::HyperStack::raw).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no entity and no section",
    label = "merges no patches",
    note = "derive `Entity` or `Section` for it"
)]
pub trait Patchable: Field {
    /// What can be merged into it.
    type Patch: Patch;

    /// Merges a patch.
    ///
    /// # Errors
    /// Where the patch is null at a field that knows no null, or where it begins something new (a
    /// section that was `None`, a key of a map) without all that this requires. `self` is then
    /// unchanged.
    fn apply(&mut self, mut patch: Self::Patch) -> Result<(), PatchError> {
        Self::merge_patch(self, &mut patch).map(drop)
    }

    /// The least patch that turns `self` into `later`, as far as a patch can say it: none takes a
    /// value back to "never received", nor a key out of raw JSON or of a map of nullable values. A
    /// section that was not there is said whole.
    #[must_use]
    fn diff(&self, later: &Self) -> Self::Patch {
        Self::diff_slots(self, later, false)
    }

    /// [`apply`](Self::apply), and says whether a field has changed. Like all hidden methods that take
    /// `&mut Self::Patch`, it leaves the patch in no particular state.
    #[doc(hidden)]
    fn merge_patch(value: &mut Self, patch: &mut Self::Patch) -> Result<bool, PatchError> {
        record::apply(value, patch)
    }

    /// Builds a value from a patch alone: what `TryFrom` does.
    #[doc(hidden)]
    fn build_slots(patch: &mut Self::Patch) -> Result<Self, PatchError>;

    /// Whether `value` holds all that `patch` says: to merge it would succeed and change nothing. An
    /// append is read as a replacement.
    #[doc(hidden)]
    fn holds(value: &Self, patch: &Self::Patch) -> bool {
        compare::holds(value, patch)
    }

    /// Asks the fields about their slots, and says whether all said yes.
    #[doc(hidden)]
    fn compare_slots<C: Compare>(base: &Self, patch: &Self::Patch, compare: &mut C) -> bool;

    /// Merges a patch that `compare_slots` has said will merge, and says whether that changed anything.
    #[doc(hidden)]
    fn merge_slots(value: &mut Self, patch: &mut Self::Patch) -> Result<bool, PatchError>;

    /// The least patch that turns `value` into `later`; with `all`, one that sets every field.
    #[doc(hidden)]
    fn diff_slots(value: &Self, later: &Self, all: bool) -> Self::Patch;
}

/// What the rows of a view are: every entity's struct, and raw JSON. The bound for what is written over
/// the rows of any entity, such as `fn show<T: Record>(updates: EntityStream<T>)`.
pub trait Record: Patchable<Patch: Send + Sync> + Send + Sync {}

#[diagnostic::do_not_recommend]
impl<T: Patchable<Patch: Send + Sync> + Send + Sync> Record for T {}

/// A patch as a value in its own right: the `FooPatch` that a derive makes beside `Foo`.
pub trait Patch: Fields + Value + Serialize + DeserializeOwned {
    /// Both patches in one, this one first.
    ///
    /// One thing no patch can say is "null, and then merge this": where this one nulls a section and
    /// `second` merges into it, what remains is the merge.
    #[must_use]
    fn then(mut self, mut second: Self) -> Self {
        Self::then_fields(&mut self, &mut second);
        self
    }

    /// Whether it sets nothing.
    #[must_use]
    fn is_empty(&self) -> bool {
        walk::none_set(self)
    }

    /// What it sets: dotted paths of names on the wire, such as `state.motherlode`, in the order of
    /// the struct's fields.
    ///
    /// A path leads as far as the patch merges: through sections, maps and raw JSON, to what is
    /// replaced, removed or appended to there. The patch of an empty section, which makes one where
    /// there was none, is that section's path.
    ///
    /// Whether one field is set its slot says, and the compiler knows its name. Of two values,
    /// [`RichUpdate::changed`](crate::RichUpdate::changed) asks the same.
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

    /// Reads a patch from its JSON, in one pass. `append` names the paths at which
    /// arrays are appended.
    #[doc(hidden)]
    fn decode(json: &str, append: &[impl AsRef<str>]) -> Result<Self, DecodeError> {
        let mut patch = Self::default();
        patch.decode_into(json, append)?;
        Ok(patch)
    }

    /// As [`decode`](Self::decode), into a patch that sets nothing yet. After an error it may set some.
    #[doc(hidden)]
    fn decode_into(&mut self, json: &str, append: &[impl AsRef<str>]) -> Result<(), DecodeError> {
        self.decode_update(json, append, false)
    }

    /// As [`decode_into`](Self::decode_into). `is_capped` says whether the arrays that are appended to keep
    /// as many elements as a v2 server does.
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

/// Returns the dotted paths of what a patch replaces or removes. [`Patch::changed_fields`] also has the sections and
/// maps of which it sets nothing.
pub(crate) fn replaced_fields(patch: &impl Patch) -> Vec<String> {
    let mut paths = paths::Paths::of_replaced();
    walk::paths(patch, &mut paths);
    paths.into_found()
}

/// Reads some units of a patch, and leaves out those that do not decode.
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

/// What the server knows by name: the struct that derives `Entity`, or its marker `FooEntity`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no entity",
    label = "not an entity",
    note = "derive `Entity` for the struct"
)]
pub trait Entity: Send + Sync + 'static {
    /// The struct.
    type Data: Record;

    /// The entity's name on the wire.
    const NAME: &'static str;
}

/// What the expansions of the derives refer to. No part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use super::checked::{
        Checked, CheckedEntity, CheckedPart, KnownDefault, KnownEntity, Streamed,
    };
    pub use super::compare::Compare;
    pub use super::context::Context;
    pub use super::field::{Field, FieldPatch, Native, Slot, Value, Whole};
    pub use super::foreign::{CheckedForeign, Foreign, ForeignOption, SerdeImpls};
    pub use super::keyed::{step, AnyStep, HasField, Is};
    pub use super::leaf;
    pub use super::list::Appendable;
    pub use super::record::{self, ByField, Fields};
    pub use super::walk::{self, Walk};
    pub use super::Record;
    pub use serde;
    pub use std::primitive::{bool, str, usize};
    pub use std::string::String;
}
