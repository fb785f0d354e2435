//! From the text of a file to a [`StackFile`].

use serde::de::DeserializeOwned;
use serde::Deserialize;

use super::{Entity, ParseError, StackFile, VERSION};

/// What tells the two formats apart, and the versions; the rest of a file is not looked at.
#[derive(Deserialize)]
pub(crate) struct Head {
    #[serde(default)]
    ast_version: Option<String>,
    #[serde(default)]
    stack_name: Option<String>,
    #[serde(default)]
    state_name: Option<String>,
    #[serde(default)]
    entities: Option<Vec<EntityHead>>,
}

#[derive(Deserialize)]
struct EntityHead {
    #[serde(default)]
    state_name: Option<String>,
}

impl Head {
    /// The name of the stack: of an older file, that of its one entity.
    pub(crate) fn name(&self) -> Result<&str, ParseError> {
        let name = self.stack_name.as_ref().or(self.state_name.as_ref());
        name.map(String::as_str).ok_or_else(|| {
            ParseError::whole(
                "it has neither `stack_name` nor, as the older files of one entity do, `state_name`",
            )
        })
    }

    /// The names of its entities.
    pub(crate) fn entities(&self) -> impl Iterator<Item = &str> {
        let entities = self.entities.iter().flatten();
        entities.filter_map(|entity| entity.state_name.as_deref())
    }
}

/// Reads what a search needs to know.
pub(crate) fn head(json: &str) -> Result<Head, ParseError> {
    parse(json)
}

/// Reads a file of either format.
pub(crate) fn read(json: &str) -> Result<StackFile, ParseError> {
    // What is no JSON is looked at again, for the path at which it ends.
    let head = head(json).map_err(|error| match parse::<StackFile>(json) {
        Err(again) if again.line == error.line => again,
        _ => error,
    })?;
    if let Some(version) = head
        .ast_version
        .as_ref()
        .filter(|version| *version != VERSION)
    {
        return Err(ParseError::at(
            "ast_version",
            format!("version `{version}` of the format is not known: this is a reader of {VERSION}, which the files of Hyperstack 0.6 have"),
        ));
    }
    head.name()?;
    let file = match (&head.stack_name, &head.entities) {
        (None, None) => alone(parse(json)?),
        _ => parse::<StackFile>(json)?,
    };
    if file.entities.is_empty() {
        return Err(ParseError::at("entities", "the stack has no entities"));
    }
    let unnamed = |entity: &Entity| entity.state_name.is_empty() || entity.state_name.contains('/');
    match file.entities.iter().position(unnamed) {
        Some(i) => Err(ParseError::at(
            format!("entities[{i}].state_name"),
            "an entity's name is the part of a view's id before the `/`: `OreRound`",
        )),
        None => Ok(file),
    }
}

/// A stack of one entity, which gives it its name.
fn alone(entity: Entity) -> StackFile {
    StackFile {
        stack_name: entity.state_name.clone(),
        program_ids: entity.program_id.iter().cloned().collect(),
        idls: Vec::new(),
        idl: None,
        entities: vec![entity],
    }
}

fn parse<T: DeserializeOwned>(json: &str) -> Result<T, ParseError> {
    // What editors put in front of a text.
    let json = json.strip_prefix('\u{feff}').unwrap_or(json);
    let mut json = serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| ParseError::json(&error.path().to_string(), error.inner()))?;
    json.end().map_err(|error| ParseError::json("", &error))?;
    Ok(value)
}
