//! Resolves the type and origin of a field.

use std::collections::HashMap;

use serde_json::Value;

use super::origin::Origins;
use super::text::{self, Text};
use super::types::Types;
use crate::model::{Field, Type};
use crate::names::snake;
use crate::spec;

/// The sources of an entity's fields, by path.
pub(super) struct Sources<'s> {
    spec: &'s spec::Entity,
    mappings: HashMap<&'s str, Vec<Source<'s>>>,
    origins: Origins<'s>,
}

/// A source that fills a field.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    /// The name of the source, such as `ore::RoundState`, `ore::DeployIxState` or `pump::TradeEventCpiEvent`.
    pub(super) from: &'s str,
    pub(super) mapping: &'s spec::Mapping,
}

impl<'s> Source<'s> {
    /// Returns the mapping's data if its variant is `kind`. The file uses externally tagged enums.
    pub(super) fn is(&self, kind: &str) -> Option<&'s Value> {
        self.mapping.source.get(kind)
    }

    pub(super) fn appends(&self) -> bool {
        self.mapping.population == "Append"
    }

    /// Returns the transformation, which the file has in one of two places.
    fn transform(&self) -> Option<&'s str> {
        let inner = self.is("FromSource").and_then(|from| from.get("transform"));
        [inner, self.mapping.transform.as_ref()]
            .into_iter()
            .flatten()
            .find_map(Value::as_str)
    }
}

/// Returns whether a transformation always produces text.
pub(super) fn makes_text(transform: &str) -> bool {
    matches!(transform, "HexEncode" | "Base58Encode" | "ToString")
}

/// Returns the type of a transformed value.
pub(super) fn transformed(transform: &str, ty: Type) -> Type {
    match (transform, ty) {
        (transform, _) if makes_text(transform) => Type::Text,
        ("HexDecode" | "Base58Decode", _) => Type::List(Box::new(Type::Int("u8"))),
        ("ToNumber", Type::Text) => Type::Int("i64"),
        ("ToNumber", Type::Nullable(ty)) => Type::Nullable(Box::new(transformed(transform, *ty))),
        (_, ty) => ty,
    }
}

/// Returns whether the name of a field says that it is a time or a slot. The base type alone is not enough: the
/// file's writer also calls other fields a `Timestamp`, such as the amount that was settled.
fn is_time(spec: &spec::Field) -> bool {
    let name = snake(&spec.field_name);
    let named = name.ends_with("_at") || name.ends_with("_time") || name.contains("timestamp");
    named && spec.base_type == "Timestamp"
}

/// Returns a signed type that also holds all unsigned values. In recordings, servers send signed times that the
/// stack declares as unsigned.
fn signed(ty: Type) -> Type {
    match ty {
        Type::Int("u8" | "u16" | "u32") => Type::Int("i64"),
        Type::Int("u64") => Type::Int("i128"),
        ty => ty,
    }
}

/// Returns the type on the wire of a value that is declared as `ty`. A transformation may encode bytes as text, or
/// decode text to bytes. Numbers need no case, because clients read them from numbers and text alike.
fn arrives(ty: Type, sources: &[Source<'_>]) -> Type {
    if !ty.is_bytes() && ty != Type::Text {
        return ty;
    }
    let mut made = sources
        .iter()
        .map(|source| transformed(source.transform().unwrap_or_default(), ty.clone()));
    match made.next() {
        Some(first) if made.all(|other| other == first) => first,
        _ => ty,
    }
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

    /// Returns whether a handler fills a part of the field.
    fn is_piecewise(&self, path: &str) -> bool {
        let mut targets = self.mappings.keys();
        targets
            .any(|target| matches!(target.strip_prefix(path), Some(rest) if rest.starts_with('.')))
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
            piecewise: self.is_piecewise(path),
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
        let ty = match ty {
            Type::List(element) if append => Type::List(Box::new(shape.appended(*element, types))),
            ty => arrives(ty, sources),
        };
        let key = self
            .spec
            .identity
            .primary_keys
            .iter()
            .any(|key| key == path);
        let ty = if is_time(spec) && !key {
            signed(ty)
        } else {
            ty
        };
        Field {
            name: spec.field_name.clone(),
            append: append && matches!(ty, Type::List(_)),
            ty,
            // A field that is computed from a missing field is null.
            nullable: optional || spec.is_optional && !append || self.origins.computes(path),
            origin: self.origins.of(path, sources),
        }
    }
}

/// What determines the type of a field.
struct Shape<'a, 's> {
    path: &'a str,
    spec: &'a spec::Field,
    sources: &'a [Source<'s>],
    /// Whether a handler also fills parts of the field.
    piecewise: bool,
}

impl Shape<'_, '_> {
    /// Returns the type of the field or of an element of it, wrapped if handlers capture accounts or events.
    fn element(&self, text: &Text, types: &mut Types<'_>) -> Option<Type> {
        let resolved = self.spec.resolved_type.as_ref();
        let events: Vec<_> = self
            .sources
            .iter()
            .filter_map(|source| Some((source.from, source.is("AsEvent")?)))
            .collect();
        if !events.is_empty() {
            let data = types.event(self.path, text, resolved, &events);
            let once = |source: &Source<'_>| source.mapping.population == "SetOnce";
            // If parts already exist when the event arrives, a field that is set once stays unwrapped.
            return Some(if self.piecewise && self.sources.iter().all(once) {
                data
            } else {
                Type::Event(Box::new(data))
            });
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

    /// Returns whether a source may lack the field.
    fn may_miss(&self, types: &Types<'_>) -> bool {
        self.sources.iter().any(|source| {
            let from = source.is("FromSource");
            let missing = from.is_some_and(|from| types.may_miss(source.from, &from["path"]));
            missing && source.transform().is_none()
        })
    }

    /// Returns the type of an element of an appended list. It is nullable if a source may lack the value.
    fn appended(&self, ty: Type, types: &Types<'_>) -> Type {
        match arrives(ty, self.sources) {
            ty @ (Type::Json | Type::Nullable(_)) => ty,
            ty if self.may_miss(types) => Type::Nullable(Box::new(ty)),
            ty => ty,
        }
    }

    /// Returns the type that the file's writer guessed, for a field without better information.
    fn fallback(&self, types: &mut Types<'_>) -> Type {
        let resolved = self.spec.resolved_type.as_ref();
        if let Some(ty) = resolved.map(|resolved| types.resolved(resolved, &[])) {
            return if self.spec.is_array {
                Type::List(Box::new(ty))
            } else {
                ty
            };
        }
        text::guessed(&self.spec.base_type)
    }
}
