//! The structs that rows of an entity are written with, and the names that JSON may use.

use std::any::TypeId;
use std::fmt;

use serde_json::Value;

use crate::patch::record::Fields;
use crate::patch::{Patchable, Record, Survey, Unknown};

/// The structs of one entity.
#[derive(Debug, Default)]
pub(super) struct Shapes(Vec<Shape>);

/// The names of one struct's fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    id: TypeId,
    root: &'static str,
    unknown: fn(&str) -> Vec<Unknown>,
}

/// JSON with a name that no struct of the entity has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnknownName {
    root: &'static str,
    unknown: Unknown,
}

impl Shape {
    pub(super) fn of<T: Record>() -> Self {
        Shape {
            id: TypeId::of::<T>(),
            root: <T::Patch as Fields>::ROOT,
            unknown: unknown::<T>,
        }
    }
}

fn unknown<T: Patchable>(json: &str) -> Vec<Unknown> {
    if <T::Patch as Fields>::KEEPS_UNKNOWN {
        return Vec::new();
    }
    let mut survey = Survey::default();
    survey.read::<T::Patch>(json);
    survey.unknown()
}

impl Shapes {
    pub(super) fn add(&mut self, shape: Shape) {
        if self.0.iter().all(|known| known.id != shape.id) {
            self.0.push(shape);
        }
    }

    /// Checks the names in JSON. If there are several structs, one of them must have the name.
    pub(super) fn check(&self, json: &Value) -> Result<(), UnknownName> {
        if self.0.is_empty() {
            return Ok(());
        }
        let json = json.to_string();
        let mut by_shape = self.0.iter().map(|shape| {
            let unknown = (shape.unknown)(&json).into_iter();
            let named = unknown.map(|unknown| UnknownName {
                root: shape.root,
                unknown,
            });
            named.collect::<Vec<_>>()
        });
        // The names that every struct so far lacks.
        let mut unknown = by_shape.next().unwrap_or_default();
        for of_shape in by_shape {
            let mut lacking = Vec::new();
            for name in unknown {
                let mut others = of_shape.iter();
                if let Some(other) = others.find(|it| it.unknown.path == name.unknown.path) {
                    let has_nearest = name.unknown.nearest.is_some();
                    lacking.push(if has_nearest { name } else { other.clone() });
                }
            }
            unknown = lacking;
        }
        unknown.into_iter().next().map_or(Ok(()), Err)
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unknown { path, nearest } = &self.unknown;
        write!(f, "{}.{path}: no such field", self.root)?;
        if let Some(nearest) = nearest {
            write!(f, ", did you mean `{nearest}`?")?;
        }
        Ok(())
    }
}
