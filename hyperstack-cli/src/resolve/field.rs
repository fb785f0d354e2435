//! A field, from all that the file says of it.

use std::collections::HashMap;

use serde_json::Value;

use super::origin::Origins;
use super::text::{self, Text};
use super::types::Types;
use crate::model::{Field, Type};
use crate::names::snake;
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

/// Whether a transformation makes a text, whatever it is given.
pub(super) fn makes_text(transform: &str) -> bool {
    matches!(transform, "HexEncode" | "Base58Encode" | "ToString")
}

/// What a transformation makes of a value of this type.
pub(super) fn transformed(transform: &str, ty: Type) -> Type {
    match (transform, ty) {
        (transform, _) if makes_text(transform) => Type::Text,
        ("HexDecode" | "Base58Decode", _) => Type::List(Box::new(Type::Int("u8"))),
        ("ToNumber", Type::Text) => Type::Int("i64"),
        ("ToNumber", Type::Nullable(ty)) => Type::Nullable(Box::new(transformed(transform, *ty))),
        (_, ty) => ty,
    }
}

/// Whether a field is a time, or a slot, by its name. The file's writer takes more for one, such as the
/// amount that was settled.
fn is_time(spec: &spec::Field) -> bool {
    let name = snake(&spec.field_name);
    let named = name.ends_with("_at") || name.ends_with("_time") || name.contains("timestamp");
    named && spec.base_type == "Timestamp"
}

/// Servers have been recorded to send signed times where the stack declares unsigned ones: the type that
/// has both.
fn signed(ty: Type) -> Type {
    match ty {
        Type::Int("u8" | "u16" | "u32") => Type::Int("i64"),
        Type::Int("u64") => Type::Int("i128"),
        ty => ty,
    }
}

/// What arrives of a value that is declared as `ty`: of bytes a text, where they are encoded on the way,
/// and the other way round. The number that a text of digits stands for is read from either.
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

    /// Whether something in a field is filled on its own.
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
        let ty = match is_time(spec) && !key {
            true => signed(ty),
            false => ty,
        };
        Field {
            name: spec.field_name.clone(),
            append: append && matches!(ty, Type::List(_)),
            ty,
            // What is computed of a field that is not there yet is null.
            nullable: optional || spec.is_optional && !append || self.origins.computes(path),
            origin: self.origins.of(path, sources),
        }
    }
}

/// What a field is made of.
struct Shape<'a, 's> {
    path: &'a str,
    spec: &'a spec::Field,
    sources: &'a [Source<'s>],
    /// Whether it is filled piece by piece, too.
    piecewise: bool,
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
            let once = |source: &Source<'_>| source.mapping.population == "SetOnce";
            // Then the pieces are there when the event comes, which is not set again.
            return Some(match self.piecewise && self.sources.iter().all(once) {
                true => data,
                false => Type::Event(Box::new(data)),
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

    /// Whether a source may have nothing for it.
    fn may_miss(&self, types: &Types<'_>) -> bool {
        self.sources.iter().any(|source| {
            let from = source.is("FromSource");
            let missing = from.is_some_and(|from| types.may_miss(source.from, &from["path"]));
            missing && source.transform().is_none()
        })
    }

    /// An element of a list that is appended to: null, where a source has none.
    fn appended(&self, ty: Type, types: &Types<'_>) -> Type {
        match arrives(ty, self.sources) {
            ty @ (Type::Json | Type::Nullable(_)) => ty,
            ty if self.may_miss(types) => Type::Nullable(Box::new(ty)),
            ty => ty,
        }
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
