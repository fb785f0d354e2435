//! Filters: the dotted path of a field and a value, turned into a patch that a row either holds or not.

use super::context::Context;
use super::error::{prepend_field, DecodeError};
use super::field::{Field, Rule, Slot};
use super::nearest::nearest;
use super::record::{self, Fields};
use super::walk::Walk;
use super::{Patch, Patchable};
use serde_json::{json, Map, Number, Value};
use std::borrow::Cow;

/// The error of a filter whose path or value does not fit the row type.
///
/// Paths are as in [`PatchError::path`](crate::PatchError::path): names on the wire, joined by dots.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// The struct has no such field.
    #[error("{entity}.{path}: no such field{}", did_you_mean(.nearest))]
    UnknownField {
        /// The name of the row's struct.
        entity: &'static str,
        /// The path, up to the unknown name.
        path: String,
        /// The nearest name of a field.
        nearest: Option<&'static str>,
    },
    /// The path leads into a field that is replaced as a whole: a list, a leaf or a scalar.
    #[error("{entity}.{path}: cannot filter by `{name}` alone, because the field is compared as a whole (filter by `{path}` and a complete value)")]
    WithinWhole {
        /// The name of the row's struct.
        entity: &'static str,
        /// The path, up to that field.
        path: String,
        /// The next name in the path.
        name: String,
    },
    /// The field's type does not allow this value.
    #[error(transparent)]
    Value(#[from] DecodeError),
}

/// A path that a view handle's `filter` takes: a reference to text, such as `"state.status"` or `&string`. Sealed.
#[diagnostic::on_unimplemented(
    message = "`filter` takes the path of a field and a value",
    label = "not a path, such as `\"state.status\"`",
    note = "to filter with a closure, use `filter_rows`"
)]
pub trait FieldPath: sealed::FieldPath {}

mod sealed {
    pub trait FieldPath {
        /// Returns the path.
        fn as_text(&self) -> &str;
    }
}

#[diagnostic::do_not_recommend]
impl<S: AsRef<str> + ?Sized> FieldPath for &S {}

impl<S: AsRef<str> + ?Sized> sealed::FieldPath for &S {
    fn as_text(&self) -> &str {
        (*self).as_ref()
    }
}

/// A value that a view handle's `filter` compares a field with.
///
/// These are the types that a field can have (strings, numbers, `bool`, leaves, lists, and `Option`s of these, where
/// `None` is null), and also `&str`, references to keys, and `json!(..)`.
#[diagnostic::on_unimplemented(
    message = "a filter cannot compare a field with `{Self}`",
    label = "not a value of a field",
    note = "use text, a number, a `bool`, a leaf, `None::<T>` for null, or `json!(..)`",
    note = "if it is your own type, derive `Leaf` for it; to filter with a closure, use `filter_rows`"
)]
pub trait FilterValue {
    /// Returns the value as JSON.
    fn into_json(self) -> Value;
}

#[diagnostic::do_not_recommend]
impl<T: Field> FilterValue for T {
    fn into_json(self) -> Value {
        // What the server sends decodes from a JSON value, so it also encodes as one.
        T::encode_field_alone(&self, serde_json::value::Serializer).unwrap_or_default()
    }
}

macro_rules! values {
    ($($value:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl FilterValue for $value {
            fn into_json(self) -> Value {
                json!(self)
            }
        }
    )*};
}

values! { &str &String Cow<'_, str> Option<&str> Number Map<String, Value> }
values! { &u8 &u16 &u32 &u64 &u128 &usize &i8 &i16 &i32 &i64 &i128 &isize &char &bool }

fn did_you_mean(nearest: &Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
}

impl FilterError {
    fn unknown<P: Fields>(name: &str) -> Self {
        Self::UnknownField {
            entity: "",
            path: name.to_owned(),
            nearest: nearest(name, P::NAMES),
        }
    }

    /// Prepends the field `name` to the path.
    fn at(mut self, name: &str) -> Self {
        match &mut self {
            // Always adds the dot, so that an empty name is visible.
            Self::UnknownField { path, .. } => *path = format!("{name}.{path}"),
            Self::WithinWhole { path, .. } => prepend_field(path, name),
            Self::Value(_) => {}
        }
        self
    }

    /// Sets the name of the row's struct.
    fn under(mut self, root: &'static str) -> Self {
        if let Self::UnknownField { entity, .. } | Self::WithinWhole { entity, .. } = &mut self {
            *entity = root;
        }
        self
    }
}

/// Returns the object that has this value at this path.
pub fn nested(path: &str, value: Value) -> Value {
    let nest = |value, name: &str| json!({ name: value });
    path.rsplit('.').fold(value, nest)
}

/// Returns a patch that a row [holds](Patchable::holds) if its field at `path` equals `value`.
///
/// For sections, maps and raw JSON, an object as `value` matches if the fields it contains are equal; other fields are
/// ignored. A map key with a dot cannot be part of a path, but can be a key of the object.
///
/// # Errors
/// If the path or a name in an object is unknown, or if the value does not decode.
pub fn filter<T: Patchable>(path: &str, value: Value) -> Result<T::Patch, FilterError> {
    let value = nested(path, value);
    let asked = Asked {
        value: &value,
        names: path.split('.').count(),
    };
    // Decoding skips unknown names silently, so check them first.
    asked
        .within_fields::<T::Patch>()
        .map_err(|error| error.under(T::Patch::ROOT))?;
    Ok(T::Patch::decode(&value.to_string(), &[""; 0])?)
}

/// The part of a filter that concerns one field.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'f> {
    value: &'f Value,
    /// The number of remaining names in the filter's path.
    names: usize,
}

impl<'f> Asked<'f> {
    /// Returns the filter for each part of the field, with its name. If the value is not an object but must be one,
    /// decoding reports it.
    fn parts(self) -> impl Iterator<Item = (&'f str, Self)> {
        let names = self.names.saturating_sub(1);
        let parts = self.value.as_object().into_iter().flatten();
        parts.map(move |(name, value)| (name.as_str(), Self { value, names }))
    }

    /// Checks the filter for a field that is compared as a whole.
    pub(crate) fn of_whole(self) -> Result<(), FilterError> {
        match self.parts().next() {
            Some((name, _)) if self.names > 0 => Err(FilterError::WithinWhole {
                entity: "",
                path: String::new(),
                name: name.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Checks the filter for a map with values of this rule.
    pub(crate) fn of_items<T, P, R: Rule<T, P>>(self) -> Result<(), FilterError> {
        self.parts()
            .try_for_each(|(key, asked)| R::answers(asked).map_err(|error| error.at(key)))
    }

    /// Checks the filter for a section with these fields.
    pub(crate) fn within_fields<P: Fields>(self) -> Result<(), FilterError> {
        self.parts().try_for_each(|(name, asked)| {
            let mut named = Named {
                asked,
                found: false,
            };
            P::walk(&only::<P>(name), &mut named).map_err(|error| error.at(name))?;
            if named.found {
                Ok(())
            } else {
                Err(FilterError::unknown::<P>(name))
            }
        })
    }
}

/// Returns fields with only the field of this name or alias set.
fn only<P: Fields>(name: &str) -> P {
    // Every slot can be null, also if the field is not nullable.
    record::decode(json!({ name: null }), &mut Context::default()).unwrap_or_default()
}

/// Checks the filter for the field that is set.
struct Named<'f> {
    asked: Asked<'f>,
    found: bool,
}

impl Walk for Named<'_> {
    type Error = FilterError;

    fn slot<F: Field<K>, K>(
        &mut self,
        _: usize,
        slot: &Slot<F::Change>,
    ) -> Result<(), FilterError> {
        match slot {
            None => Ok(()),
            Some(_) => {
                self.found = true;
                F::Rule::answers(self.asked)
            }
        }
    }
}
