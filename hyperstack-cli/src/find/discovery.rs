//! The stack files of a project.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use serde::Serialize;

use crate::config::Config;
use crate::spec;

/// A stack file under the project's directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Candidate {
    /// The stack's name, or the entity's in the old format: `OreStream`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The names of its entities.
    #[serde(skip)]
    entities: Vec<String>,
}

/// A file that cannot be read as a stack file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broken {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// The stack files of a project, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Discovery {
    /// Stack files.
    pub found: Vec<Candidate>,
    /// Files that should be, and directories that cannot be looked into.
    pub broken: Vec<Broken>,
}

/// Looks for stack files: those that the configuration names by their path, and those under the project's
/// directory, in each `.hyperstack`, however deep. Not in `target`, `node_modules`, other directories
/// whose name begins with a dot, or behind links to directories.
pub fn discover(config: &Config) -> Discovery {
    let mut discovery = Discovery::default();
    let named = config.stacks.iter().map(|entry| config.path(&entry.stack));
    let mut files: Vec<PathBuf> = named.filter(|path| path.is_file()).collect();
    walk(&root(config), &mut files, &mut discovery.broken);
    files.sort();
    let mut seen = HashSet::new();
    files.retain(|file| seen.insert(file.canonicalize().unwrap_or(file.clone())));
    for file in files {
        match Candidate::read(&file) {
            Ok(candidate) => discovery.found.push(candidate),
            Err(broken) => discovery.broken.push(broken),
        }
    }
    discovery.drop_leftovers();
    discovery
}

/// Where the search begins.
pub(super) fn root(config: &Config) -> PathBuf {
    match config.directory.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => config.directory.clone(),
    }
}

/// The stack files under a directory.
fn walk(directory: &Path, files: &mut Vec<PathBuf>, broken: &mut Vec<Broken>) {
    for (name, path) in entries(directory, broken) {
        if name == ".hyperstack" {
            if path.is_dir() {
                files.extend(stack_files(&path, broken));
            }
        } else if !name.starts_with('.')
            && !matches!(name.as_str(), "node_modules" | "target")
            && path.symlink_metadata().is_ok_and(|found| found.is_dir())
        {
            walk(&path, files, broken);
        }
    }
}

/// The stack files in a `.hyperstack`.
fn stack_files(directory: &Path, broken: &mut Vec<Broken>) -> Vec<PathBuf> {
    let is_one = |name: &str| name.ends_with(".stack.json") || name.ends_with(".ast.json");
    let entries = entries(directory, broken).into_iter();
    entries
        .filter(|(name, _)| is_one(name))
        .map(|(_, path)| path)
        .collect()
}

/// What is in a directory: names, and paths without a leading `./`. A name that is not Unicode is no
/// name that we look for; a directory that has gone meanwhile is empty.
fn entries(directory: &Path, broken: &mut Vec<Broken>) -> Vec<(String, PathBuf)> {
    let named = |entry: fs::DirEntry| {
        let (name, path) = (entry.file_name().into_string().ok()?, entry.path());
        let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
        Some((name, path))
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

/// `OreStream`, of `.hyperstack/OreStream.stack.json`.
fn stem(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or_default();
    let stem = name.strip_suffix(".stack.json");
    stem.or(name.strip_suffix(".ast.json")).unwrap_or(name)
}

impl Candidate {
    fn read(path: &Path) -> Result<Candidate, Broken> {
        let broken = |reason: &dyn fmt::Display| Broken::new(path, reason);
        let json = fs::read_to_string(path).map_err(|error| broken(&error))?;
        let head = spec::head(&json).map_err(|error| broken(&error))?;
        Ok(Candidate {
            name: head.name().map_err(|error| broken(&error))?.to_owned(),
            path: path.into(),
            entities: head.entities().map(str::to_owned).collect(),
        })
    }

    fn is_old(&self) -> bool {
        self.path.to_string_lossy().ends_with(".ast.json")
    }

    /// Whether this is what was written before `newer` was: an entity of the stack that is called like
    /// the stack, by the same package, whose `.hyperstack` they are both in. Anywhere else they are two.
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

/// By the name of the file.
impl From<Broken> for Candidate {
    fn from(broken: Broken) -> Candidate {
        Candidate {
            name: broken.name().to_owned(),
            path: broken.path,
            entities: Vec::new(),
        }
    }
}

impl Broken {
    /// What the stack is called, by the name of the file.
    pub fn name(&self) -> &str {
        stem(&self.path)
    }

    fn new(path: &Path, reason: impl fmt::Display) -> Broken {
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
    fn the_old_file_of_a_stack_is_dropped_where_both_are_of_one_package() {
        let of = |path: &str, entities: &[&str]| Candidate {
            name: "Token".into(),
            path: path.into(),
            entities: entities.iter().map(|name| (*name).to_owned()).collect(),
        };
        let new = of("a/.hyperstack/Token.stack.json", &["Token", "Other"]);
        let old = of("a/.hyperstack/Token.ast.json", &[]);
        assert!(old.is_leftover_of(&new) && !new.is_leftover_of(&old));
        assert!(!of("b/.hyperstack/Token.ast.json", &[]).is_leftover_of(&new));
        assert!(!old.is_leftover_of(&of("a/.hyperstack/Token.stack.json", &["Other"])));
    }
}
