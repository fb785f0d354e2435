//! A field, from all that the file says of it.

use std::collections::HashMap;

use serde_json::Value;

use super::origin::Origins;
use super::text::{self, Text};
use super::types::Types;
use crate::model::{Field, Type};
use crate::spec;

/// What fills the fields of an entity, by their paths.
pub(super) struct Sources<'s> {
    spec: &'s spec::Entity,
    mappings: HashMap<&'s str, Vec<Source<'s>>>,
    origins: Origins<'s>,
}

/// One thing that fills a field.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    /// What is read: `ore::RoundState`, `ore::DeployIxState`, `pump::TradeEventCpiEvent`.
    pub(super) from: &'s str,
    pub(super) mapping: &'s spec::Mapping,
}

impl<'s> Source<'s> {
    /// What is done with it, if that is `kind`: the externally tagged enums of the file.
    pub(super) fn is(&self, kind: &str) -> Option<&'s Value> {
        self.mapping.source.get(kind)
    }

    pub(super) fn appends(&self) -> bool {
        self.mapping.population == "Append"
    }

    /// The transformation on the way, wherever it is written.
    fn transform(&self) -> Option<&'s str> {
        let inner = self.is("FromSource").and_then(|from| from.get("transform"));
        [inner, self.mapping.transform.as_ref()]
            .into_iter()
            .flatten()
            .find_map(Value::as_str)
    }
}

/// Whether a transformation makes a text of bytes.
pub(super) fn makes_text(transform: &str) -> bool {
    matches!(transform, "HexEncode" | "Base58Encode" | "ToString")
}

impl<'s> Sources<'s> {
    pub(super) fn new(spec: &'s spec::Entity) -> Self {
        let mut mappings: HashMap<_, Vec<_>> = HashMap::new();
        for handler in &spec.handlers {
            let from = handler.source["Source"]["type_name"].as_str();
            for mapping in &handler.mappings {
                mappings
                    .entry(&*mapping.target_path)
                    .or_default()
                    .push(Source {
                        from: from.unwrap_or_default(),
                        mapping,
                    });
            }
        }
        Sources {
            spec,
            mappings,
            origins: Origins::new(spec),
        }
    }

    pub(super) fn field(&self, path: &str, spec: &spec::Field, types: &mut Types<'_>) -> Field {
        let sources = self.mappings.get(path).map_or(&[][..], Vec::as_slice);
        let text = Text::parse(&spec.rust_type_name);
        let (text, optional) = match text.option() {
            Some(inner) => (inner, true),
            None => (text, false),
        };
        let append = sources.iter().any(Source::appends);
        let list = match text.list() {
            Some(element) => Some(element),
            None if append => Some(text.clone()),
            None => None,
        };
        let shape = Shape {
            path,
            spec,
            sources,
        };
        let over = self.spec.field_mappings.get(path);
        let over = over.and_then(|over| over.inner_type.as_deref());
        let ty = match (over.and_then(text::resolved), list) {
            (Some(resolved), _) => resolved,
            (None, Some(element)) => match shape.element(&element, types) {
                Some(ty) => Type::List(Box::new(ty)),
                None => shape.fallback(types),
            },
            (None, None) => match shape.element(&text, types) {
                Some(ty) => ty,
                None => shape.fallback(types),
            },
        };
        let ty = match ty.is_bytes() && !sources.is_empty() {
            // What is encoded on the way arrives as a text, whatever it was.
            true if sources
                .iter()
                .all(|s| s.transform().is_some_and(makes_text)) =>
            {
                Type::Text
            }
            _ => ty,
        };
        Field {
            name: spec.field_name.clone(),
            append: append && matches!(ty, Type::List(_)),
            ty,
            nullable: optional || spec.is_optional && !append,
            origin: self.origins.of(path, sources),
        }
    }
}

/// What a field is made of.
struct Shape<'a, 's> {
    path: &'a str,
    spec: &'a spec::Field,
    sources: &'a [Source<'s>],
}

impl Shape<'_, '_> {
    /// The field, or an element of it: wrapped, where the handlers say so.
    fn element(&self, text: &Text, types: &mut Types<'_>) -> Option<Type> {
        let resolved = self.spec.resolved_type.as_ref();
        let events: Vec<_> = self
            .sources
            .iter()
            .filter_map(|source| Some((source.from, source.is("AsEvent")?)))
            .collect();
        if !events.is_empty() {
            let data = types.event(self.path, text, resolved, &events);
            return Some(Type::Event(Box::new(data)));
        }
        let captures = self.sources.iter().filter_map(|s| s.is("AsCapture"));
        let mut captured = false;
        let mut transforms = Vec::new();
        for capture in captures {
            captured = true;
            let fields = capture.get("field_transforms").and_then(Value::as_object);
            for (name, transform) in fields.into_iter().flatten() {
                if let Some(transform) = transform.as_str() {
                    transforms.push((name.clone(), transform.to_owned()));
                }
            }
        }
        if captured {
            transforms.sort();
            transforms.dedup();
            let data = types.of(text, resolved, &transforms);
            return Some(Type::Capture(Box::new(data.unwrap_or(Type::Json))));
        }
        types.of(text, resolved, &[])
    }

    /// What the guess of the file's writer says, where nothing else does.
    fn fallback(&self, types: &mut Types<'_>) -> Type {
        let resolved = self.spec.resolved_type.as_ref();
        if let Some(ty) = resolved.map(|resolved| types.resolved(resolved, &[])) {
            return match self.spec.is_array {
                true => Type::List(Box::new(ty)),
                false => ty,
            };
        }
        text::guessed(&self.spec.base_type)
    }
}
