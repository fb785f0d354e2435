//! Parses a [`StackFile`].

use serde::de::DeserializeOwned;
use serde::Deserialize;

use super::{Entity, ParseError, StackFile, VERSIONS};

/// The part of a file that identifies its format and version.
#[derive(Default, Deserialize)]
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
    /// Returns the name of the stack. In the older format, this is the name of its one entity.
    pub(crate) fn name(&self) -> Result<&str, ParseError> {
        let name = self.stack_name.as_ref().or(self.state_name.as_ref());
        name.map(String::as_str).ok_or_else(|| {
            ParseError::whole(
                "missing field `stack_name` (or `state_name` in the older format with one entity)",
            )
        })
    }

    /// Returns the names of the stack's entities.
    pub(crate) fn entities(&self) -> impl Iterator<Item = &str> {
        let entities = self.entities.iter().flatten();
        entities.filter_map(|entity| entity.state_name.as_deref())
    }
}

/// Reads the part of a file that a search needs.
pub(crate) fn head(json: &str) -> Result<Head, ParseError> {
    parse(json)
}

/// Reads a file in either format.
pub(crate) fn read(json: &str) -> Result<StackFile, ParseError> {
    // The head ignores most of the file. For a syntax error, parsing the whole file yields the JSON path.
    let head = head(json).map_err(|error| match parse::<StackFile>(json) {
        Err(again) if again.line == error.line => again,
        _ => error,
    })?;
    if let Some(version) = head
        .ast_version
        .as_ref()
        .filter(|version| !VERSIONS.contains(&version.as_str()))
    {
        let [first, .., last] = VERSIONS;
        return Err(ParseError::at(
            "ast_version",
            format!("unsupported version `{version}`, expected `{first}` to `{last}`"),
        ));
    }
    head.name()?;
    let mut file = match (&head.stack_name, &head.entities) {
        (None, None) => from_entity(parse(json)?),
        _ => parse::<StackFile>(json)?,
    };
    check_entities(&file.entities)?;
    let specs = std::mem::take(&mut file.program_specs);
    // Both lists have the same IDLs, if both are there.
    if file.idls.is_empty() {
        file.idls = specs.into_iter().map(|spec| spec.idl()).collect();
    }
    Ok(file)
}

/// Checks that there are entities, each with a name.
pub(crate) fn check_entities(entities: &[Entity]) -> Result<(), ParseError> {
    if entities.is_empty() {
        return Err(ParseError::at("entities", "the stack has no entities"));
    }
    let unnamed = |entity: &Entity| entity.state_name.is_empty() || entity.state_name.contains('/');
    match entities.iter().position(unnamed) {
        Some(i) => Err(ParseError::at(
            format!("entities[{i}].state_name"),
            "an entity's name must not be empty or contain `/`",
        )),
        None => Ok(()),
    }
}

/// Converts the older format to a stack with the name of its entity.
fn from_entity(entity: Entity) -> StackFile {
    StackFile {
        stack_name: entity.state_name.clone(),
        program_ids: entity.program_id.iter().cloned().collect(),
        idls: Vec::new(),
        idl: None,
        program_specs: Vec::new(),
        entities: vec![entity],
        served: None,
        selected: None,
    }
}

/// Removes the byte order mark that some editors write.
pub(crate) fn without_bom(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Parses JSON. An error has the JSON path.
pub(crate) fn parse<T: DeserializeOwned>(json: &str) -> Result<T, ParseError> {
    let mut json = serde_json::Deserializer::from_str(without_bom(json));
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| ParseError::json(&error.path().to_string(), error.inner()))?;
    json.end().map_err(|error| ParseError::json("", &error))?;
    Ok(value)
}
