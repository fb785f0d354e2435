//! Derives what a client sees from a stack file.
//!
//! Five places of the file determine a field's type on the wire:
//!
//! - the tokens of its Rust type
//! - the override of a resolver
//! - the handlers that fill it: they wrap whole accounts and instructions, and append to lists
//! - the programs' IDLs
//! - a copy of the IDL's type, one level deep

mod cycle;
mod event;
mod field;
mod interface;
mod origin;
mod path;
mod program;
mod root;
mod source;
mod text;
mod types;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::artifact::hex;
use crate::model::{Entity, Field, Section, Stack, Type};
use crate::spec::{self, ParseError, StackFile};
use field::Sources;
use types::Types;

impl Stack {
    /// Reads a stack file in either format.
    ///
    /// # Errors
    /// If the text is not JSON or not a stack file, or if its version is not supported.
    pub fn from_json(json: &str) -> Result<Stack, ParseError> {
        let file = spec::read(json)?;
        Ok(Stack::resolve(&file, &mut Vec::new()))
    }

    /// Derives what a client sees. Adds a warning for each part of the file that is left out.
    pub(crate) fn resolve(file: &StackFile, warnings: &mut Vec<String>) -> Stack {
        let of_entities = file
            .entities
            .iter()
            .filter_map(|entity| entity.idl.as_ref());
        let idls = file.idls.iter().chain(&file.idl).chain(of_entities);
        let mut types = Types::new(idls.collect(), file.program_ids.len());
        let mut entities = Vec::new();
        for spec in &file.entities {
            warnings.extend(duplicates(spec));
            if let Some(views) = view::offered(spec, file, warnings) {
                entities.push(Entity {
                    views,
                    ..entity(spec, &mut types)
                });
            }
        }
        Stack {
            entities,
            programs: program::programs(file),
            types: types.into_defs(),
            name: file.stack_name.clone(),
            served: file.served.clone(),
        }
    }

    /// Returns the hash of everything that a client sees of the stack, in hex. Server internals, such as the
    /// order of hooks, do not affect it.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256(&serde_json::to_vec(&self.without_docs()).unwrap_or_default())
    }

    /// Returns the stack without its documentation, and without its version, which also changes with the server's
    /// internals.
    fn without_docs(&self) -> Stack {
        let mut stack = self.clone();
        stack.served = None;
        for entity in &mut stack.entities {
            let sections = entity
                .sections
                .iter_mut()
                .map(|section| &mut section.fields);
            for fields in sections.chain([&mut entity.fields]) {
                fields.iter_mut().for_each(|field| field.origin.clear());
            }
        }
        for def in &mut stack.types {
            def.docs.clear();
            let members = def.shape.members_mut().into_iter().flatten();
            members.for_each(|member| member.note.clear());
        }
        stack
    }
}

/// Returns a SHA-256 hash in hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Returns whether the section's fields belong to the entity itself.
fn is_root(section: &spec::Section) -> bool {
    section.name.eq_ignore_ascii_case("root")
}

fn entity(spec: &spec::Entity, types: &mut Types<'_>) -> Entity {
    let sources = Sources::new(spec);
    let mut entity = Entity {
        name: spec.state_name.clone(),
        key: None,
        key_required: false,
        sections: Vec::new(),
        fields: Vec::new(),
        views: Vec::new(),
    };
    for section in &spec.sections {
        let root = is_root(section);
        let mut fields = Vec::new();
        // A struct cannot have a field without a name.
        let named = |field: &&spec::Field| field.emit && !field.field_name.is_empty();
        for field in section.fields.iter().filter(named) {
            let path = if root {
                field.field_name.clone()
            } else {
                format!("{}.{}", section.name, field.field_name)
            };
            fields.push(sources.field(&path, field, types));
        }
        if root {
            entity.fields.extend(fields);
        } else if !fields.is_empty() && !section.name.is_empty() {
            match entity.sections.iter_mut().find(|s| s.name == section.name) {
                Some(known) => known.fields.extend(fields),
                None => entity.sections.push(Section {
                    name: section.name.clone(),
                    fields,
                }),
            }
        }
    }
    sources.add_missing(&mut entity, types);
    // A duplicate name in the file is one field on the wire.
    dedup(&mut entity.sections, |section| &section.name);
    for section in &mut entity.sections {
        dedup(&mut section.fields, |field| &field.name);
    }
    dedup(&mut entity.fields, |field| &field.name);
    let Entity {
        sections, fields, ..
    } = &mut entity;
    fields.retain(|field| sections.iter().all(|section| section.name != field.name));
    if let Some(field) = key(spec, &entity) {
        entity.key_required = !field.nullable && every_row_has(spec, &field.ty);
        entity.key = key_path(spec).map(str::to_owned);
    }
    entity
}

/// Returns a warning for each field that its section has twice.
fn duplicates(spec: &spec::Entity) -> Vec<String> {
    let mut seen = BTreeMap::new();
    let mut warnings = Vec::new();
    for section in &spec.sections {
        for field in section.fields.iter().filter(|field| field.emit) {
            let ty = field.rust_type_name.as_str();
            let Some(first) = seen.insert((&section.name, &field.field_name), ty) else {
                continue;
            };
            seen.insert((&section.name, &field.field_name), first);
            warnings.push(format!(
                "entity `{}`: section `{}` declares `{}` twice: using `{first}`, ignoring `{ty}`",
                spec.state_name, section.name, field.field_name
            ));
        }
    }
    warnings
}

/// Removes items with a name that an earlier item has.
fn dedup<T>(all: &mut Vec<T>, name: impl Fn(&T) -> &String) {
    let mut seen = BTreeSet::new();
    all.retain(|item| seen.insert(name(item).clone()));
}

/// Returns the path of the key field. A row has one key: if there are several key fields, the view `state` says which
/// one it is.
fn key_path(spec: &spec::Entity) -> Option<&str> {
    let (key, others) = spec.identity.primary_keys.split_first()?;
    let state = format!("{}/state", spec.state_name);
    let is_key = || {
        let mut views = spec.views.iter();
        let view = views.find(|view| view.id == state);
        let path = view.and_then(|view| event::segments(&view.output["Keyed"]["key_field"]));
        path.is_some_and(|path| path.join(".") == *key)
    };
    (others.iter().all(|other| other == key) || is_key()).then_some(key)
}

/// Returns the key field, if its type can be a key.
fn key<'e>(spec: &spec::Entity, entity: &'e Entity) -> Option<&'e Field> {
    let field = find(entity, key_path(spec)?)?;
    matches!(field.ty, Type::Text | Type::Int(_) | Type::Bool).then_some(field)
}

/// Returns whether every row has the key field.
///
/// A row lacks it if it comes from an instruction that names the row without filling the field. An example is
/// the sale of a token that was created before the server started.
fn every_row_has(spec: &spec::Entity, ty: &Type) -> bool {
    let key = key_path(spec);
    let source = |handler: &spec::Handler| handler.source["Source"]["type_name"].clone();
    let fills = |handler: &&spec::Handler| {
        let mut mappings = handler.mappings.iter();
        mappings.any(|mapping| Some(&*mapping.target_path) == key)
    };
    // Several handlers may describe one kind of event.
    let filling: Vec<_> = spec.handlers.iter().filter(fills).map(source).collect();
    let mut others = spec
        .handlers
        .iter()
        .filter(|handler| !filling.is_empty() && !filling.contains(&source(handler)));
    others.all(|handler| {
        let by = &handler.key_resolution["Embedded"]["primary_field"]["segments"];
        // A lookup finds only rows that were filled before. An account's address cannot be a numeric key.
        by[0].is_null() || by[0] == "accounts" && *ty != Type::Text
    })
}

fn find<'e>(entity: &'e Entity, path: &str) -> Option<&'e Field> {
    let (fields, name) = match path.split_once('.') {
        Some((section, name)) => {
            let section = entity.sections.iter().find(|s| s.name == section)?;
            (&section.fields, name)
        }
        None => (&entity.fields, path),
    };
    fields.iter().find(|field| field.name == name)
}
