//! Makes a stack of what was seen.

use serde_json::Value;

use super::kind::Kind;
use super::seen::Seen;
use crate::model::{
    Entity, Field, Member, Output, Role, Section, Shape, Stack, Type, TypeDef, View,
};

/// The types that are replaced as a whole, in order of first use.
pub(super) struct Types {
    defs: Vec<TypeDef>,
    is_v2: bool,
}

pub(super) fn stack(name: &str, entities: Vec<Entity>, types: Types) -> Stack {
    Stack {
        served: None,
        name: name.to_owned(),
        programs: Vec::new(),
        entities,
        types: types.defs,
    }
}

pub(super) fn entity(
    name: &str,
    sections: Vec<Section>,
    fields: Vec<Field>,
    views: Vec<View>,
    key: Option<String>,
) -> Entity {
    Entity {
        name: name.to_owned(),
        key,
        // Rows that were not seen may lack it.
        key_required: false,
        sections,
        fields,
        views,
    }
}

/// Makes a derived view. `sort` is the server's description of it, and `take` its limit, if it is known.
pub(super) fn view(id: &str, sort: Option<&Value>, take: Option<u64>) -> View {
    let path = sort.and_then(|sort| sort["field"].as_array());
    let path = path.into_iter().flatten().filter_map(Value::as_str);
    let path = path.collect::<Vec<_>>().join(".");
    let mut steps = Vec::new();
    if !path.is_empty() {
        let is_descending = sort.is_some_and(|sort| sort["order"] == "desc");
        let order = if is_descending {
            "descending"
        } else {
            "ascending"
        };
        steps.push(format!("sorted by `{path}`, {order}"));
    }
    steps.extend(take.map(|rows| match rows {
        1 => "the first one".to_owned(),
        rows => format!("the first {rows}"),
    }));
    View {
        id: id.to_owned(),
        output: match take {
            Some(1) => Output::Single,
            _ => Output::Collection,
        },
        steps,
    }
}

impl Types {
    pub(super) fn new(is_v2: bool) -> Self {
        Types {
            defs: Vec::new(),
            is_v2,
        }
    }

    pub(super) fn kind(&self, name: &str, seen: &Seen) -> Kind {
        seen.kind(name, self.is_v2)
    }

    /// Makes a section of an object. `path` leads to it: the entity and its name.
    pub(super) fn section(&mut self, path: &[&str], seen: &Seen) -> Section {
        let members = seen.object.iter().flat_map(|object| &object.members);
        let fields = members
            .map(|(name, member)| self.field(&[path, &[name]].concat(), member))
            .collect();
        Section {
            name: last(path).to_owned(),
            fields,
        }
    }

    /// Makes a field of an entity or a section.
    pub(super) fn field(&mut self, path: &[&str], seen: &Seen) -> Field {
        let ty = match self.kind(last(path), seen) {
            Kind::TokenMetadata => Type::TokenMetadata,
            _ => self.ty(path, seen),
        };
        let append = seen.appended && matches!(ty, Type::List(_));
        Field {
            name: last(path).to_owned(),
            // An appended list is empty instead of null.
            nullable: seen.null && !append,
            ty,
            append,
            origin: Vec::new(),
        }
    }

    fn ty(&mut self, path: &[&str], seen: &Seen) -> Type {
        match (self.kind(last(path), seen), &seen.list, &seen.object) {
            (Kind::Bool, ..) => Type::Bool,
            (Kind::Int(name), ..) => Type::Int(name),
            (Kind::Float, ..) => Type::Float("f64"),
            (Kind::Text, ..) => Type::Text,
            (Kind::List, Some(list), _) => Type::List(Box::new(self.inner(path, &list.elements))),
            (Kind::Map, _, Some(object)) => {
                let values = self.inner(path, &object.values());
                Type::Map(Box::new(Type::Text), Box::new(values))
            }
            // A struct is replaced as a whole, but the server merges this one.
            _ if seen.partial => Type::Json,
            (Kind::SlotHash, ..) => Type::SlotHash,
            (kind @ (Kind::Capture | Kind::Event), _, Some(object)) => {
                let data = object.members.get("data").cloned().unwrap_or_default();
                let data = Box::new(self.ty(path, &data));
                match kind {
                    Kind::Capture => Type::Capture(data),
                    _ => Type::Event(data),
                }
            }
            (Kind::Struct | Kind::TokenMetadata, _, Some(_)) => self.define(path, seen),
            _ => Type::Json,
        }
    }

    /// Returns the type of an element of a list or a value of a map.
    fn inner(&mut self, path: &[&str], seen: &Seen) -> Type {
        match self.ty(path, seen) {
            Type::Json => Type::Json,
            ty if seen.null => Type::Nullable(Box::new(ty)),
            ty => ty,
        }
    }

    /// Defines a struct, unless there is an equal one of this name.
    fn define(&mut self, path: &[&str], seen: &Seen) -> Type {
        let members = seen.object.iter().flat_map(|object| &object.members);
        let members = members.map(|(name, member)| Member {
            name: name.clone(),
            declared: name.clone(),
            ty: self.ty(&[path, &[name]].concat(), member),
            note: String::new(),
        });
        let shape = Shape::Struct(members.collect());
        let long = path[path.len().saturating_sub(2)..].join("_");
        // `data` says nothing.
        let short = match last(path) {
            "data" => &long,
            name => name,
        };
        let mut name = None;
        for candidate in [short, &long] {
            let mut known = self.defs.iter();
            match known.position(|def| def.name == candidate) {
                Some(index) if self.defs[index].shape == shape => return Type::Defined(index),
                Some(_) => {}
                None => name = name.or(Some(candidate)),
            }
        }
        self.defs.push(TypeDef {
            name: name.unwrap_or(&long).to_owned(),
            program: None,
            role: Role::Type,
            docs: vec![format!("The objects in `{}`.", path.join("."))],
            shape,
        });
        Type::Defined(self.defs.len() - 1)
    }
}

fn last<'p>(path: &[&'p str]) -> &'p str {
    path.last().copied().unwrap_or_default()
}
