//! The format of stack files: `.stack.json`, and the older `.ast.json` with one entity. The entities of Arete's
//! live-specs have the same format.
//!
//! These types contain only what a client can see. Optional parts have defaults and unknown keys are ignored, as
//! in the server's own loader.

mod error;
mod idl;
mod read;

pub use error::ParseError;
pub(crate) use idl::{Account, Idl, Instruction, TypeEntry};
pub(crate) use read::{check_entities, head, parse, read, without_bom, Head};

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::artifact;
pub(crate) use crate::model::Served;

/// The versions of the format that this crate reads. Each only adds keys.
pub(crate) const VERSIONS: [&str; 5] = ["0.0.1", "0.0.2", "0.0.3", "0.0.4", "0.0.5"];

/// A whole file, or a live-spec with its manifest and program-specs.
#[derive(Debug, Deserialize)]
#[serde(expecting = "a stack")]
pub(crate) struct StackFile {
    pub(crate) stack_name: String,
    #[serde(default)]
    pub(crate) program_ids: Vec<String>,
    #[serde(default)]
    pub(crate) idls: Vec<Idl>,
    /// The IDL in the first stack files, which had one program.
    #[serde(default)]
    pub(crate) idl: Option<Idl>,
    /// The programs since 0.0.5.
    #[serde(default)]
    pub(crate) program_specs: Vec<artifact::ProgramPayload>,
    pub(crate) entities: Vec<Entity>,
    /// The manifest hash and live alias of the deployed version. `None` for stack files.
    #[serde(skip)]
    pub(crate) served: Option<Served>,
    /// The ids of the views that the stack offers. `None` if it offers all of them.
    #[serde(skip)]
    pub(crate) selected: Option<BTreeSet<String>>,
}

/// An entity, or a whole `.ast.json`.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an entity")]
pub(crate) struct Entity {
    pub(crate) state_name: String,
    #[serde(default)]
    pub(crate) program_id: Option<String>,
    #[serde(default)]
    pub(crate) idl: Option<Idl>,
    #[serde(default)]
    pub(crate) identity: Identity,
    pub(crate) sections: Vec<Section>,
    #[serde(default)]
    pub(crate) field_mappings: BTreeMap<String, Override>,
    #[serde(default)]
    pub(crate) handlers: Vec<Handler>,
    #[serde(default)]
    pub(crate) instruction_hooks: Vec<Hook>,
    #[serde(default)]
    pub(crate) computed_field_specs: Vec<Computed>,
    #[serde(default)]
    pub(crate) resolver_specs: Vec<Resolver>,
    #[serde(default)]
    pub(crate) views: Vec<View>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Identity {
    #[serde(default)]
    pub(crate) primary_keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Field {
    pub(crate) field_name: String,
    #[serde(default)]
    pub(crate) rust_type_name: String,
    #[serde(default)]
    pub(crate) base_type: String,
    #[serde(default)]
    pub(crate) integer_kind: Option<String>,
    #[serde(default)]
    pub(crate) is_optional: bool,
    #[serde(default)]
    pub(crate) is_array: bool,
    #[serde(default)]
    pub(crate) resolved_type: Option<ResolvedType>,
    #[serde(default = "yes")]
    pub(crate) emit: bool,
}

/// What a field's entry in `field_mappings` adds to its section.
#[derive(Debug, Deserialize)]
pub(crate) struct Override {
    #[serde(default)]
    pub(crate) inner_type: Option<String>,
}

/// A copy of an IDL type, one level deep.
#[derive(Debug, Deserialize)]
pub(crate) struct ResolvedType {
    pub(crate) type_name: String,
    #[serde(default)]
    pub(crate) fields: Vec<ResolvedField>,
    #[serde(default)]
    pub(crate) is_instruction: bool,
    #[serde(default)]
    pub(crate) is_account: bool,
    #[serde(default)]
    pub(crate) is_event: bool,
    #[serde(default)]
    pub(crate) is_enum: bool,
    #[serde(default)]
    pub(crate) enum_variants: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ResolvedField {
    pub(crate) field_name: String,
    #[serde(default)]
    pub(crate) field_type: String,
    #[serde(default)]
    pub(crate) base_type: String,
    #[serde(default)]
    pub(crate) integer_kind: Option<String>,
    #[serde(default)]
    pub(crate) is_optional: bool,
    #[serde(default)]
    pub(crate) is_array: bool,
}

/// How the server handles one kind of account, instruction or event.
#[derive(Debug, Deserialize)]
pub(crate) struct Handler {
    #[serde(default)]
    pub(crate) source: Value,
    #[serde(default)]
    pub(crate) key_resolution: Value,
    #[serde(default)]
    pub(crate) mappings: Vec<Mapping>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Mapping {
    pub(crate) target_path: String,
    #[serde(default)]
    pub(crate) source: Value,
    #[serde(default)]
    pub(crate) transform: Option<Value>,
    #[serde(default)]
    pub(crate) population: String,
    #[serde(default = "yes")]
    pub(crate) emit: bool,
}

/// What the server does after an instruction, besides its handlers.
#[derive(Debug, Deserialize)]
pub(crate) struct Hook {
    #[serde(default)]
    pub(crate) instruction_type: String,
    #[serde(default)]
    pub(crate) actions: Vec<Action>,
}

/// An action of a hook. Only those that set a field concern clients.
#[derive(Debug, Deserialize)]
pub(crate) struct Action {
    #[serde(default, rename = "SetField")]
    pub(crate) set_field: Option<SetField>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct SetField {
    pub(crate) target_field: String,
    #[serde(default)]
    pub(crate) source: Value,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Computed {
    pub(crate) target_path: String,
    #[serde(default)]
    pub(crate) expression: Value,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Resolver {
    #[serde(default)]
    pub(crate) resolver: Value,
    #[serde(default)]
    pub(crate) input_path: Option<String>,
    #[serde(default)]
    pub(crate) input_value: Option<Value>,
    #[serde(default)]
    pub(crate) extracts: Vec<Extract>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Extract {
    pub(crate) target_path: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct View {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) source: Value,
    #[serde(default)]
    pub(crate) pipeline: Vec<Value>,
    #[serde(default)]
    pub(crate) output: Value,
}

/// Splits a view's id, such as `Round/latest`, into the names of an entity and a view.
pub(crate) fn view_parts(id: &str) -> Option<(&str, &str)> {
    let (entity, name) = id.split_once('/')?;
    (!entity.is_empty() && !name.is_empty() && !name.contains('/')).then_some((entity, name))
}

fn yes() -> bool {
    true
}
