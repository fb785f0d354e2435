//! From a stack file to what a client sees of it.
//!
//! What a field is on the wire stands in five places of the file: the tokens of its Rust type, the entry
//! that a resolver puts over it, the handlers that fill it (whole accounts and instructions are wrapped,
//! lists are appended to), the programs' interfaces, and a copy of these that is one level deep.

mod event;
mod field;
mod interface;
mod origin;
mod source;
mod text;
mod types;
mod view;

use std::collections::BTreeSet;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::model::{Entity, Field, Section, Shape, Stack, Type};
use crate::spec::{self, ParseError};
use field::Sources;
use types::Types;

impl Stack {
    /// Reads a stack file, of either format.
    ///
    /// # Errors
    /// Where it is no JSON, no stack file, or of a version that is not known.
    pub fn from_json(json: &str) -> Result<Stack, ParseError> {
        let file = spec::read(json)?;
        let mut types = Types::new(
            file.idls
                .iter()
                .chain(&file.idl)
                .chain(
                    file.entities
                        .iter()
                        .filter_map(|entity| entity.idl.as_ref()),
                )
                .collect(),
        );
        let entities = file
            .entities
            .iter()
            .map(|spec| entity(spec, &mut types))
            .collect();
        Ok(Stack {
            entities,
            types: types.into_defs(),
            programs: file.program_ids,
            name: file.stack_name,
        })
    }

    /// The hash of all that a client sees of the stack, in hex. What the server does inside, the order of
    /// its hooks say, is not in it.
    #[must_use]
    pub fn hash(&self) -> String {
        let json = serde_json::to_vec(&self.silent()).unwrap_or_default();
        let mut hex = String::new();
        for byte in Sha256::digest(json) {
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }

    /// The stack without what is only said of it.
    fn silent(&self) -> Stack {
        let mut stack = self.clone();
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
            if let Shape::Struct(members) = &mut def.shape {
                members.iter_mut().for_each(|member| member.note.clear());
            }
        }
        stack
    }
}

/// The section whose fields are the entity's own.
fn is_root(section: &spec::Section) -> bool {
    section.name.eq_ignore_ascii_case("root")
}

fn entity(spec: &spec::Entity, types: &mut Types<'_>) -> Entity {
    let sources = Sources::new(spec);
    let mut entity = Entity {
        name: spec.state_name.clone(),
        key: None,
        sections: Vec::new(),
        fields: Vec::new(),
        views: view::views(spec),
    };
    for section in &spec.sections {
        let root = is_root(section);
        let mut fields = Vec::new();
        // What has no name is nothing that a struct could have.
        let named = |field: &&spec::Field| field.emit && !field.field_name.is_empty();
        for field in section.fields.iter().filter(named) {
            let path = match root {
                true => field.field_name.clone(),
                false => format!("{}.{}", section.name, field.field_name),
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
    // What stands there twice is one thing on the wire.
    once(&mut entity.sections, |section| &section.name);
    for section in &mut entity.sections {
        once(&mut section.fields, |field| &field.name);
    }
    once(&mut entity.fields, |field| &field.name);
    let Entity {
        sections, fields, ..
    } = &mut entity;
    fields.retain(|field| sections.iter().all(|section| section.name != field.name));
    entity.key = key(spec, &entity);
    entity
}

fn once<T>(all: &mut Vec<T>, name: impl Fn(&T) -> &String) {
    let mut seen = BTreeSet::new();
    all.retain(|item| seen.insert(name(item).clone()));
}

/// The one field that is the key of every row. Of more than one, none is: a row has one.
fn key(spec: &spec::Entity, entity: &Entity) -> Option<String> {
    let (key, others) = spec.identity.primary_keys.split_first()?;
    if others.iter().any(|other| other != key) {
        return None;
    }
    let field = find(entity, key)?;
    let ty = matches!(field.ty, Type::Text | Type::Int(_) | Type::Bool);
    (ty && !field.nullable && every_row_has(spec, key, &field.ty)).then(|| key.clone())
}

/// Whether every row has the field that is its key: not those that come of an instruction which names the
/// row and does not fill the field, as a sale of a token that was created before the server was there.
fn every_row_has(spec: &spec::Entity, key: &str, ty: &Type) -> bool {
    let source = |handler: &spec::Handler| handler.source["Source"]["type_name"].clone();
    let fills = |handler: &&spec::Handler| {
        let mut mappings = handler.mappings.iter();
        mappings.any(|mapping| mapping.target_path == key)
    };
    // What one kind of event does may be said in more than one place.
    let filling: Vec<_> = spec.handlers.iter().filter(fills).map(source).collect();
    let mut others = spec
        .handlers
        .iter()
        .filter(|handler| !filling.is_empty() && !filling.contains(&source(handler)));
    others.all(|handler| {
        let by = &handler.key_resolution["Embedded"]["primary_field"]["segments"];
        // What is looked up was filled before, and an address is no number.
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
