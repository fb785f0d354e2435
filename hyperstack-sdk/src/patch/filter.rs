//! A field and its value, by a dotted path, as a patch that rows hold or do not.

use super::context::Context;
use super::error::{prepend_field, DecodeError};
use super::field::{Field, Rule, Slot};
use super::nearest::nearest;
use super::record::{self, Fields};
use super::walk::Walk;
use super::{Patch, Patchable};
use serde_json::{json, Value};

/// A field and a value by which no rows can be told apart.
///
/// Paths are as in [`PatchError::path`](crate::PatchError::path): names on the wire, joined by dots.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// The struct has no such field.
    #[error("{entity}.{path}: no such field{}", did_you_mean(.nearest))]
    UnknownField {
        /// The struct of the rows.
        entity: &'static str,
        /// The path, up to the name that is unknown.
        path: String,
        /// The name of a field that may be meant instead.
        nearest: Option<&'static str>,
    },
    /// The path leads into a field that is only ever replaced whole: a list, a leaf or a scalar.
    #[error("{entity}.{path}: compared whole, never by its `{name}` alone: filter by `{path}` and a whole value")]
    WithinWhole {
        /// The struct of the rows.
        entity: &'static str,
        /// The path, up to that field.
        path: String,
        /// The name that the path goes on with.
        name: String,
    },
    /// The field cannot have this value.
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

    /// The same error, seen from what holds `name`.
    fn at(mut self, name: &str) -> Self {
        match &mut self {
            // Where a name is empty, its dot shows it.
            Self::UnknownField { path, .. } => *path = format!("{name}.{path}"),
            Self::WithinWhole { path, .. } => prepend_field(path, name),
            Self::Value(_) => {}
        }
        self
    }

    /// The same error, seen from the entity `root`.
    fn under(mut self, root: &'static str) -> Self {
        if let Self::UnknownField { entity, .. } | Self::WithinWhole { entity, .. } = &mut self {
            *entity = root;
        }
        self
    }
}

/// The patch that a row [holds](Patchable::holds) whose field at `path` has this value. Where the value
/// is an object for a section or a map, or the path leads into raw JSON, what it does not mention may be
/// anything.
///
/// A key of a map that has a dot in it cannot be part of a path; in an object, it can.
///
/// # Errors
/// Where the path, or a name in an object, leads nowhere, or the value does not fit.
pub fn filter<T: Patchable>(path: &str, value: Value) -> Result<T::Patch, FilterError> {
    let nest = |value, name: &str| json!({ name: value });
    let value = path.rsplit('.').fold(value, nest);
    let asked = Asked {
        value: &value,
        names: path.split('.').count(),
    };
    // To decode skips in silence what is not known.
    asked
        .within_fields::<T::Patch>()
        .map_err(|error| error.under(T::Patch::ROOT))?;
    Ok(T::Patch::decode(&value.to_string(), &[""; 0])?)
}

/// What a filter asks of one field.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'f> {
    value: &'f Value,
    /// How many names of the filter's path lead further in.
    names: usize,
}

impl<'f> Asked<'f> {
    /// What it asks of each part, by their names. Where an object was expected and is none, decoding says
    /// so.
    fn parts(self) -> impl Iterator<Item = (&'f str, Self)> {
        let names = self.names.saturating_sub(1);
        let parts = self.value.as_object().into_iter().flatten();
        parts.map(move |(name, value)| (name.as_str(), Self { value, names }))
    }

    /// Whether a field that is compared whole can answer.
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

    /// Whether a map with values of this rule can answer.
    pub(crate) fn of_items<T, P, R: Rule<T, P>>(self) -> Result<(), FilterError> {
        self.parts()
            .try_for_each(|(key, asked)| R::answers(asked).map_err(|error| error.at(key)))
    }

    /// Whether a section with these fields can answer.
    pub(crate) fn within_fields<P: Fields>(self) -> Result<(), FilterError> {
        self.parts().try_for_each(|(name, asked)| {
            let mut named = Named {
                asked,
                found: false,
            };
            P::walk(&only::<P>(name), &mut named).map_err(|error| error.at(name))?;
            match named.found {
                true => Ok(()),
                false => Err(FilterError::unknown::<P>(name)),
            }
        })
    }
}

/// Fields of which the one is set that is read by this name, be it an alias.
fn only<P: Fields>(name: &str) -> P {
    // Whatever null means to a field, its slot can be null.
    record::decode(json!({ name: null }), &mut Context::default()).unwrap_or_default()
}

/// Asks the field that is set.
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
