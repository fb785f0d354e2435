//! Decides what a file is by its content.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::discovery::{Broken, Candidate, Form};
use crate::artifact::{head, Hash, Head, Kind};

/// The ends of the names of files that should be stacks, or parts of one.
const SUFFIXES: [&str; 5] = [
    ".stack.json",
    ".ast.json",
    ".stack-manifest.json",
    ".live-spec.json",
    ".program-spec.json",
];

/// What a file is.
pub(super) enum Content {
    Stack(Candidate),
    Program,
    Other,
}

/// Reads a file. Any other JSON is an error only if the file's name ends like that of a stack.
pub(super) fn read(path: &Path) -> Result<Content, Broken> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let claims = SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
    match classify(path) {
        Err(_) if !claims => Ok(Content::Other),
        content => content,
    }
}

fn classify(path: &Path) -> Result<Content, Broken> {
    let broken = |reason: &dyn std::fmt::Display| Broken::new(path, reason);
    let json = fs::read_to_string(path).map_err(|error| broken(&error))?;
    let mut candidate = Candidate {
        name: stem(path).to_owned(),
        path: path.into(),
        entities: Vec::new(),
        form: Form::StackFile,
        hash: None,
        live: Vec::new(),
    };
    match head(&json).map_err(|error| broken(&error))? {
        Head::Artifact {
            kind: Kind::Program,
            ..
        } => return Ok(Content::Program),
        Head::Artifact {
            kind: Kind::Live,
            hash,
            ..
        } => {
            candidate.form = Form::Live;
            candidate.hash = hash;
        }
        Head::Artifact {
            kind: Kind::Manifest,
            hash,
            name,
            live,
        } => {
            candidate.name = name.unwrap_or(candidate.name);
            candidate.form = Form::Manifest;
            candidate.hash = hash;
            candidate.live = live;
        }
        Head::Unknown(_) => return Ok(Content::Other),
        Head::Old(head) => {
            candidate.name = head.name().map_err(|error| broken(&error))?.to_owned();
            candidate.entities = head.entities().map(str::to_owned).collect();
        }
    }
    Ok(Content::Stack(candidate))
}

/// Removes live-specs that belong to a stack-manifest, and copies of an artifact.
pub(super) fn drop_parts(candidates: &mut Vec<Candidate>) {
    let parts: HashSet<Hash> = candidates
        .iter()
        .flat_map(|one| one.live.iter().cloned())
        .collect();
    let mut seen = HashSet::new();
    candidates.retain(|one| match &one.hash {
        Some(hash) => !parts.contains(hash) && seen.insert(hash.clone()),
        None => true,
    });
}

/// Returns `OreStream` for `.hyperstack/OreStream.stack.json`, and `ore` for `ore.json`.
pub(crate) fn stem(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or_default();
    let stem = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
    stem.or(name.strip_suffix(".json")).unwrap_or(name)
}
