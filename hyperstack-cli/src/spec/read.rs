//! From the text of a file to a [`StackFile`].

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::Deserialize;

use super::{Entity, ParseError, StackFile, VERSION};

/// What tells the two formats apart, and the versions.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    ast_version: Option<String>,
    #[serde(default)]
    stack_name: Option<String>,
    #[serde(default)]
    state_name: Option<String>,
    #[serde(default)]
    entities: Option<IgnoredAny>,
}

/// The name of the stack in the text of a stack file, and whether the file is of the older format: the
/// rest of it is not looked at.
///
/// # Errors
/// Where the text is no JSON, or has no name of a stack.
pub fn peek(json: &str) -> Result<(String, bool), ParseError> {
    let head: Head = parse(json)?;
    match (head.stack_name, head.state_name) {
        (Some(name), _) => Ok((name, false)),
        (None, Some(name)) => Ok((name, true)),
        (None, None) => Err(ParseError::whole(
            "no stack file: it has neither `stack_name` nor, as the older files of one entity do, `state_name`",
        )),
    }
}

/// Reads a file of either format.
pub(crate) fn read(json: &str) -> Result<StackFile, ParseError> {
    // What is no JSON is looked at again, for the path at which it ends.
    let head: Head = parse(json).map_err(|error| match parse::<StackFile>(json) {
        Err(again) if again.line == error.line => again,
        _ => error,
    })?;
    if let Some(version) = head.ast_version.filter(|version| version != VERSION) {
        return Err(ParseError::at(
            "ast_version",
            format!("version `{version}` of the format is not known: this is a reader of {VERSION}, which the files of Hyperstack 0.6 have"),
        ));
    }
    let (_, old) = peek(json)?;
    let file = match (old, head.entities) {
        (true, None) => alone(parse(json)?),
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
