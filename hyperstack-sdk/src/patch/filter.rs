//! Filters: the dotted path of a field and a value, turned into a patch that a row either holds or not.

use super::context::Context;
use super::error::{prepend_field, DecodeError};
use super::field::{Field, Rule, Slot};
use super::nearest::nearest;
use super::record::{self, Fields};
use super::walk::Walk;
use super::{Patch, Patchable};
use serde_json::{json, Value};

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

/// Returns a patch that a row [holds](Patchable::holds) if its field at `path` equals `value`.
///
/// For sections, maps and raw JSON, an object as `value` matches if the fields it contains are equal; other fields are
/// ignored. A map key with a dot cannot be part of a path, but can be a key of the object.
///
/// # Errors
/// If the path or a name in an object is unknown, or if the value does not decode.
pub fn filter<T: Patchable>(path: &str, value: Value) -> Result<T::Patch, FilterError> {
    let nest = |value, name: &str| json!({ name: value });
    let value = path.rsplit('.').fold(value, nest);
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
