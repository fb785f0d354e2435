//! Resolves the type and origin of a field.

use std::collections::HashMap;

use serde_json::Value;

use super::event::segments;
use super::origin::Origins;
use super::text::{self, Text};
use super::types::{Transform, Types};
use crate::model::{Field, Type};
use crate::names::snake;
use crate::spec;

/// The sources of an entity's fields, by path.
pub(super) struct Sources<'s> {
    spec: &'s spec::Entity,
    mappings: HashMap<&'s str, Vec<Source<'s>>>,
    /// The paths that handlers fill, in the file's order.
    targets: Vec<&'s str>,
    pub(super) origins: Origins<'s>,
}

/// A source that fills a field.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    /// The name of the source, such as `ore::RoundState`, `ore::DeployIxState` or `pump::TradeEventCpiEvent`.
    pub(super) from: &'s str,
    pub(super) mapping: Mapped<'s>,
}

/// The part of a mapping that concerns clients. Hooks have no others.
#[derive(Clone, Copy)]
pub(super) struct Mapped<'s> {
    pub(super) source: &'s Value,
    transform: Option<&'s Value>,
    pub(super) population: &'s str,
    pub(super) emit: bool,
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
        [inner, self.mapping.transform]
            .into_iter()
            .flatten()
            .find_map(Value::as_str)
    }

    /// Returns what the source takes from the update around the data: `slot`, `timestamp` or `signature`.
    pub(super) fn context(&self) -> Option<&'s str> {
        self.is("FromContext")?["field"].as_str()
    }

    /// Returns the path that the source reads.
    pub(super) fn path(&self) -> Option<Vec<&'s str>> {
        segments(&self.is("FromSource")?["path"])
    }

    /// Returns the transformations of a captured account's fields.
    pub(super) fn field_transforms(&self) -> Vec<Transform> {
        let capture = self.is("AsCapture");
        let fields = capture.and_then(|capture| capture["field_transforms"].as_object());
        let fields = fields.into_iter().flatten();
        fields
            .filter_map(|(name, transform)| Some((name.clone(), transform.as_str()?.to_owned())))
            .collect()
    }

    /// Returns the type of the value at the source's path, after its transformation.
    pub(super) fn arriving(&self, types: &mut Types<'_>) -> Option<Type> {
        let at = types.at(self.from, &self.path()?);
        let ty = types.type_at(&at);
        let transform = self.transform().unwrap_or_default();
        match ty {
            Some(ty) => Some(transformed(transform, ty)),
            None => makes_text(transform).then_some(Type::Text),
        }
    }

    /// Returns whether the source may lack the value, for which the file has no default.
    fn may_miss(&self, types: &Types<'_>) -> bool {
        self.is("FromSource").is_some_and(|from| {
            let path = self.path().unwrap_or_default();
            from["default"].is_null() && !types.at(self.from, &path).is_sure
        })
    }

    /// Returns whether the source may set the field to null.
    fn may_be_null(&self, types: &Types<'_>) -> bool {
        // Only this population writes null. The others leave out a value that is missing.
        if !matches!(self.mapping.population, "LastWrite" | "") {
            return false;
        }
        if let Some(constant) = self.is("Constant") {
            return constant.is_null();
        }
        if self.is("FromSource").is_some() {
            return self.may_miss(types);
        }
        ["FromContext", "FromState", "FromExpr", "Computed"]
            .iter()
            .any(|kind| self.is(kind).is_some())
    }
}

/// Returns the events among the sources, each with its mapping.
pub(super) fn events<'s>(sources: &[Source<'s>]) -> Vec<(&'s str, &'s Value)> {
    let events = sources.iter();
    let events = events.filter_map(|source| Some((source.from, source.is("AsEvent")?)));
    events.collect()
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

/// Returns an integer type that holds what the sources send. The server sends the number of its source, even if the
/// field is declared as a shorter integer or as text.
fn as_sent(ty: Type, sources: &[Source<'_>], types: &Types<'_>) -> Type {
    let plain = |source: &Source<'_>| {
        let kept = ["", "LastWrite", "SetOnce", "Max", "Min"];
        source.is("FromSource").is_some()
            && source.transform().is_none()
            && kept.contains(&source.mapping.population)
    };
    if !sources.iter().all(plain) {
        return ty;
    }
    let sent = sources.iter().map(|source| {
        let at = types.at(source.from, &source.path()?);
        types.integer_at(&at)
    });
    let mut known: Vec<_> = sent.flatten().collect();
    let all_known = known.len() == sources.len();
    let sent = match ty {
        Type::Int(declared) if known.iter().all(|sent| text::holds(declared, sent)) => None,
        Type::Int(_) | Type::Text if all_known => text::narrowest(&known),
        // An unknown source sends what is declared.
        Type::Int(declared) => {
            known.push(declared);
            text::narrowest(&known)
        }
        _ => None,
    };
    sent.map_or(ty, Type::Int)
}

/// Returns what a number means, if the name and the type of its field agree. A time is signed in programs. An unsigned
/// number with the name of a time is often a slot.
pub(super) fn unit(name: &str, ty: &Type, known: &[String]) -> Option<String> {
    let unit = text::unit(name, ty)?;
    let is_known = known.iter().any(|sentence| {
        sentence.ends_with(", in Unix seconds.") || sentence.starts_with("The slot ")
    });
    (!is_known).then(|| unit.to_owned())
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
        let mut targets = Vec::new();
        for handler in &spec.handlers {
            let from = handler.source["Source"]["type_name"].as_str();
            for mapping in &handler.mappings {
                mappings
                    .entry(&*mapping.target_path)
                    .or_default()
                    .push(Source {
                        from: from.unwrap_or_default(),
                        mapping: Mapped {
                            source: &mapping.source,
                            transform: mapping.transform.as_ref(),
                            population: &mapping.population,
                            emit: mapping.emit,
                        },
                    });
                targets.push(&*mapping.target_path);
            }
        }
        for hook in &spec.instruction_hooks {
            for set in hook
                .actions
                .iter()
                .filter_map(|action| action.set_field.as_ref())
            {
                mappings
                    .entry(&*set.target_field)
                    .or_default()
                    .push(Source {
                        from: &hook.instruction_type,
                        mapping: Mapped {
                            source: &set.source,
                            transform: None,
                            population: "LastWrite",
                            emit: true,
                        },
                    });
                targets.push(&*set.target_field);
            }
        }
        Sources {
            spec,
            mappings,
            targets,
            origins: Origins::new(spec),
        }
    }

    /// Returns the paths that handlers fill, in the file's order, some of them several times.
    pub(super) fn targets(&self) -> impl Iterator<Item = &'s str> + '_ {
        self.targets.iter().copied()
    }

    /// Returns the sources of a path.
    pub(super) fn of(&self, path: &str) -> &[Source<'s>] {
        self.mappings.get(path).map_or(&[], Vec::as_slice)
    }

    /// Returns whether the path is a key of the entity.
    pub(super) fn is_key(&self, path: &str) -> bool {
        self.spec
            .identity
            .primary_keys
            .iter()
            .any(|key| key == path)
    }

    /// Returns whether the file lists the entity's own field `name`, sent or not.
    pub(super) fn lists(&self, name: &str) -> bool {
        let roots = self
            .spec
            .sections
            .iter()
            .filter(|section| super::is_root(section));
        let mut fields = roots.flat_map(|section| &section.fields);
        fields.any(|field| field.field_name == name)
    }

    /// Returns whether a handler fills a part of the field.
    pub(super) fn is_piecewise(&self, path: &str) -> bool {
        let mut targets = self.mappings.keys();
        targets
            .any(|target| matches!(target.strip_prefix(path), Some(rest) if rest.starts_with('.')))
    }

    pub(super) fn field(&self, path: &str, spec: &spec::Field, types: &mut Types<'_>) -> Field {
        let sources = self.of(path);
        let text = Text::parse(&spec.rust_type_name);
        let (text, optional) = match text.option() {
            Some(inner) => (inner, true),
            None => (text, false),
        };
        let append = sources.iter().any(Source::appends);
        // Unless the server appends, each account or event replaces the last one, even in a field declared as a list.
        let wraps = |source: &Source<'_>| {
            source.is("AsEvent").is_some() || source.is("AsCapture").is_some()
        };
        let replaced = !append && sources.iter().any(wraps);
        let (text, list) = match text.list() {
            Some(element) if replaced => (element, None),
            Some(element) => (text, Some(element)),
            None if append => (text.clone(), Some(text)),
            None => (text, None),
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
        let ty = as_sent(ty, sources, types);
        let key = self.is_key(path);
        let mut origin = self.origins.of(path, &ty, sources);
        let unit = unit(&spec.field_name, &ty, &origin);
        origin.extend(unit.filter(|unit| spec.base_type == "Timestamp" || unit != text::SECONDS));
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
            nullable: optional
                || spec.is_optional && !append
                || self.origins.computes(path)
                || !append && !key && sources.iter().any(|source| source.may_be_null(types)),
            origin,
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
        let events = events(self.sources);
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
        let mut captures = self.sources.iter().filter(|s| s.is("AsCapture").is_some());
        if captures.clone().next().is_some() {
            let all = captures.clone().flat_map(Source::field_transforms);
            let mut transforms: Vec<_> = all.collect();
            transforms.sort();
            transforms.dedup();
            let declared = types.of(text, resolved, &transforms);
            // The field may be declared as any JSON, but its source has a type.
            let data = declared.filter(|ty| *ty != Type::Json).or_else(|| {
                let first = captures.next()?;
                captures
                    .all(|other| other.from == first.from)
                    .then(|| types.source(first.from, &transforms))?
            });
            return Some(Type::Capture(Box::new(data.unwrap_or(Type::Json))));
        }
        types.of(text, resolved, &[])
    }

    /// Returns the type of an element of an appended list. It is nullable if a source may lack the value.
    fn appended(&self, ty: Type, types: &Types<'_>) -> Type {
        let mut sources = self.sources.iter();
        match arrives(ty, self.sources) {
            ty @ (Type::Json | Type::Nullable(_)) => ty,
            ty if sources.any(|it| it.transform().is_none() && it.may_miss(types)) => {
                Type::Nullable(Box::new(ty))
            }
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
        text::guessed(&self.spec.base_type, self.spec.integer_kind.as_deref())
    }
}
