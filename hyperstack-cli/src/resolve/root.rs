//! Finds the fields that only the handlers of an entity have. The macro lists a field of the entity itself in no
//! section, unless a program, a resolver or an account gives it its type.

use serde_json::Value;

use super::field::{self, Source, Sources};
use super::text::Text;
use super::types::Types;
use crate::model::{Entity, Field, Type};

impl Sources<'_> {
    /// Adds the fields of the entity itself that the file lists in no section.
    pub(super) fn add_missing(&self, entity: &mut Entity, types: &mut Types<'_>) {
        for path in self.targets() {
            let is_listed = entity.sections.iter().any(|section| section.name == path)
                || entity.fields.iter().any(|field| field.name == path);
            let is_section = self.is_piecewise(path);
            if path.is_empty() || path.contains('.') || is_listed || is_section || self.lists(path)
            {
                continue;
            }
            let sources = self.of(path);
            let is_sent = sources.iter().all(|source| source.mapping.emit);
            if sources.is_empty() || path.starts_with("__") || !is_sent {
                continue;
            }
            entity.fields.push(self.missing(path, sources, types));
        }
    }

    fn missing(&self, path: &str, sources: &[Source<'_>], types: &mut Types<'_>) -> Field {
        let events = field::events(sources);
        let mut found = Vec::new();
        if !events.is_empty() {
            let data = types.event(path, &Text::parse(""), None, &events);
            found.push(Type::Event(Box::new(data)));
        }
        let others = sources
            .iter()
            .filter(|source| source.is("AsEvent").is_none());
        found.extend(others.map(|source| made(source, types)));
        found.dedup();
        let ty = match found.pop() {
            Some(ty) if found.is_empty() => ty,
            _ => Type::Json,
        };
        let append = sources.iter().any(Source::appends);
        let ty = if append { Type::List(Box::new(ty)) } else { ty };
        let mut origin = self.origins.of(path, &ty, sources);
        origin.extend(field::unit(path, &ty, &origin));
        Field {
            name: path.to_owned(),
            append,
            nullable: !append && !self.is_key(path),
            origin,
            ty,
        }
    }
}

/// Returns the type of what a source fills the field with.
fn made(source: &Source<'_>, types: &mut Types<'_>) -> Type {
    let whole = source.is("AsCapture").is_some();
    if whole || source.mapping.source == "WholeSource" {
        let data = types.source(source.from, &source.field_transforms());
        let data = data.unwrap_or(Type::Json);
        return if whole {
            Type::Capture(Box::new(data))
        } else {
            data
        };
    }
    if let Some(constant) = source.is("Constant") {
        return match constant {
            Value::Bool(_) => Type::Bool,
            Value::String(_) => Type::Text,
            Value::Number(number) if number.is_f64() => Type::Float("f64"),
            _ => Type::Json,
        };
    }
    let ty = match source.context() {
        Some("slot") => Type::Int("u64"),
        Some("timestamp") => Type::Int("i64"),
        Some("signature") => Type::Text,
        Some(_) => Type::Json,
        None => source.arriving(types).unwrap_or(Type::Json),
    };
    match (source.mapping.population, ty) {
        ("Count" | "UniqueCount", _) => Type::Int("u64"),
        // A sum can exceed the type of its parts.
        ("Sum", Type::Int(name)) if name.starts_with('u') => Type::Int("u128"),
        ("Sum", Type::Int(_)) => Type::Int("i128"),
        (_, ty) => ty,
    }
}
