//! A stub: the names in a stack file, and no more of it.

use std::fmt;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::model::{Entity, Field, Output, Section, Stack, Type, View};

/// Why a text is not a stack file.
#[derive(Debug)]
pub struct ParseError {
    message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseError {}

#[derive(Deserialize)]
struct File {
    stack_name: String,
    entities: Vec<FileEntity>,
}

#[derive(Deserialize)]
struct FileEntity {
    state_name: String,
    sections: Vec<FileSection>,
    #[serde(default)]
    views: Vec<FileView>,
}

#[derive(Deserialize)]
struct FileSection {
    name: String,
    fields: Vec<FileField>,
}

#[derive(Deserialize)]
struct FileField {
    field_name: String,
    is_optional: bool,
}

#[derive(Deserialize)]
struct FileView {
    id: String,
}

impl Stack {
    /// Reads a stack file.
    pub fn from_json(json: &str) -> Result<Stack, ParseError> {
        let read = &mut serde_json::Deserializer::from_str(json);
        let value: serde_json::Value = serde_path_to_error::deserialize(read).map_err(said)?;
        let file: File = if value.get("stack_name").is_some() {
            serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(json))
                .map_err(said)?
        } else {
            let entity: FileEntity =
                serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(json))
                    .map_err(said)?;
            File {
                stack_name: entity.state_name.clone(),
                entities: vec![entity],
            }
        };
        Ok(Stack {
            name: file.stack_name,
            programs: Vec::new(),
            entities: file.entities.into_iter().map(entity).collect(),
            types: Vec::new(),
        })
    }

    /// Of what a client sees.
    pub fn hash(&self) -> String {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        let hex = Sha256::digest(bytes);
        hex.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn entity(entity: FileEntity) -> Entity {
    let section = |section: FileSection| Section {
        name: section.name,
        fields: section.fields.into_iter().map(field).collect(),
    };
    let view = |view: FileView| View {
        id: view.id,
        output: Output::Collection,
        steps: Vec::new(),
    };
    Entity {
        name: entity.state_name,
        key: None,
        sections: entity.sections.into_iter().map(section).collect(),
        fields: Vec::new(),
        views: entity.views.into_iter().map(view).collect(),
    }
}

fn field(field: FileField) -> Field {
    Field {
        name: field.field_name,
        ty: Type::Json,
        nullable: field.is_optional,
        append: false,
        origin: Vec::new(),
    }
}

fn said(error: serde_path_to_error::Error<serde_json::Error>) -> ParseError {
    let path = error.path().to_string();
    let inner = error.into_inner();
    let (line, column) = (inner.line(), inner.column());
    let text = inner.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    ParseError {
        message: match inner.classify() {
            serde_json::error::Category::Data => {
                format!("`{path}`: {text} (line {line}, column {column})")
            }
            _ => format!("line {line}, column {column}: {text}"),
        },
    }
}
