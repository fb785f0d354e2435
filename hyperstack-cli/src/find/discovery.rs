//! Searches a project for stacks.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use serde::Serialize;

use super::content::{self, Content};
use crate::artifact::{Hash, Kind};
use crate::config::Config;

/// A stack under the project's directory: a stack-manifest, a live-spec without one, or a stack file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Candidate {
    /// The stack's name, such as `OreStream`. In the older format, the entity's name.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The names of the entities of a stack file.
    #[serde(skip)]
    pub(super) entities: Vec<String>,
    #[serde(skip)]
    pub(super) form: Form,
    /// The hash of an artifact.
    #[serde(skip)]
    pub(super) hash: Option<Hash>,
    /// The hashes of a stack-manifest's live-specs.
    #[serde(skip)]
    pub(super) live: Vec<Hash>,
}

/// What a [`Candidate`] is. The first has precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Manifest,
    Live,
    StackFile,
}

/// A file that cannot be read as a stack file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broken {
    /// The file.
    pub path: PathBuf,
    /// The reason.
    pub reason: String,
}

/// The stack files of a project, sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Discovery {
    /// Readable stack files.
    pub found: Vec<Candidate>,
    /// Stack files and directories that cannot be read.
    pub broken: Vec<Broken>,
}

/// Searches for stacks: those that the configuration names by path, and those in every `.arete` and `.hyperstack`
/// directory under the project's directory.
///
/// Skips `target`, `node_modules`, other directories whose names begin with a dot, and symbolic links to
/// directories.
pub fn discover(config: &Config) -> Discovery {
    let mut discovery = Discovery::default();
    let named = config.stacks.iter().map(|entry| config.path(&entry.stack));
    let mut files: Vec<PathBuf> = named.filter(|path| path.is_file()).collect();
    walk(&root(config), &mut files, &mut discovery.broken);
    files.sort();
    let mut seen = HashSet::new();
    files.retain(|file| seen.insert(file.canonicalize().unwrap_or(file.clone())));
    for file in files {
        match content::read(&file) {
            Ok(Content::Stack(candidate)) => discovery.found.push(candidate),
            Ok(Content::Program | Content::Other) => {}
            Err(broken) => discovery.broken.push(broken),
        }
    }
    discovery.drop_leftovers();
    content::drop_parts(&mut discovery.found);
    discovery
}

/// Returns the directory where the search begins.
pub(super) fn root(config: &Config) -> PathBuf {
    if config.directory.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        config.directory.clone()
    }
}

/// Collects the stack files under a directory.
fn walk(directory: &Path, files: &mut Vec<PathBuf>, broken: &mut Vec<Broken>) {
    for (name, path) in entries(directory, broken) {
        if matches!(name.as_str(), ".arete" | ".hyperstack") {
            if path.is_dir() {
                files.extend(stack_files(&path, broken));
            }
        } else if is_searched(&name, &path) {
            walk(&path, files, broken);
        }
    }
}

/// Returns whether a search looks into an entry of a directory.
pub(super) fn is_searched(name: &str, path: &Path) -> bool {
    !name.starts_with('.')
        && !matches!(name, "node_modules" | "target")
        && path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

/// Returns the JSON files in an `.arete` or `.hyperstack` directory.
pub(super) fn stack_files(directory: &Path, broken: &mut Vec<Broken>) -> Vec<PathBuf> {
    let entries = entries(directory, broken).into_iter();
    entries
        .filter(|(name, _)| name.ends_with(".json"))
        .map(|(_, path)| path)
        .collect()
}

/// Returns the names and paths in a directory, the paths without a leading `./`.
///
/// Skips names that are not Unicode, because no stack file has one. A directory that no longer exists counts
/// as empty.
pub(super) fn entries(directory: &Path, broken: &mut Vec<Broken>) -> Vec<(String, PathBuf)> {
    let named = |entry: fs::DirEntry| {
        let (name, path) = (entry.file_name().into_string().ok()?, entry.path());
        let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
        Some((name, path))
    };
    let directory = match directory.as_os_str().is_empty() {
        true => Path::new("."),
        false => directory,
    };
    let entries = fs::read_dir(directory).and_then(|entries| entries.collect());
    let entries: Vec<fs::DirEntry> = entries.unwrap_or_else(|error: io::Error| {
        if error.kind() != io::ErrorKind::NotFound {
            broken.push(Broken::new(directory, error));
        }
        Vec::new()
    });
    entries.into_iter().filter_map(named).collect()
}

impl Candidate {
    fn is_old(&self) -> bool {
        self.path.to_string_lossy().ends_with(".ast.json")
    }

    /// Returns whether `newer` replaced this file when its package moved to the newer format: both files are in
    /// one `.hyperstack` directory and have one name, and this file's entity is part of the newer stack.
    fn is_leftover_of(&self, newer: &Candidate) -> bool {
        self.is_old()
            && !newer.is_old()
            && self.name == newer.name
            && self.path.parent() == newer.path.parent()
            && newer.entities.contains(&self.name)
    }
}

impl Discovery {
    fn drop_leftovers(&mut self) {
        let all = self.found.clone();
        self.found
            .retain(|old| !all.iter().any(|newer| old.is_leftover_of(newer)));
    }
}

/// Takes the stack's name and form from the file name.
impl From<Broken> for Candidate {
    fn from(broken: Broken) -> Candidate {
        Candidate {
            name: broken.name().to_owned(),
            form: broken.form(),
            path: broken.path,
            entities: Vec::new(),
            hash: None,
            live: Vec::new(),
        }
    }
}

impl Broken {
    /// Returns the stack's name according to the file name.
    pub fn name(&self) -> &str {
        content::stem(&self.path)
    }

    /// Returns the form that the file name claims.
    pub(super) fn form(&self) -> Form {
        match Kind::claimed(&self.path) {
            Some(Kind::Manifest) => Form::Manifest,
            Some(Kind::Live) => Form::Live,
            Some(Kind::Program) | None => Form::StackFile,
        }
    }

    pub(super) fn new(path: &Path, reason: impl fmt::Display) -> Broken {
        Broken {
            path: path.into(),
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read `{}`: {}", self.path.display(), self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_file_is_a_leftover_only_beside_the_new_file_of_its_package() {
        let of = |path: &str, entities: &[&str]| Candidate {
            name: "Token".into(),
            path: path.into(),
            entities: entities.iter().map(|name| (*name).to_owned()).collect(),
            form: Form::StackFile,
            hash: None,
            live: Vec::new(),
        };
        let new = of("a/.hyperstack/Token.stack.json", &["Token", "Other"]);
        let old = of("a/.hyperstack/Token.ast.json", &[]);
        assert!(old.is_leftover_of(&new) && !new.is_leftover_of(&old));
        assert!(!of("b/.hyperstack/Token.ast.json", &[]).is_leftover_of(&new));
        assert!(!old.is_leftover_of(&of("a/.hyperstack/Token.stack.json", &["Other"])));
    }
}
