//! Finds a stack by the name that the user gives.
//!
//! A name means, in this order:
//!
//! 1. `-`: standard input
//! 2. the path of a file
//! 3. a stack of the configuration
//! 4. the path of a directory with a stack, or with one in its `.arete` or `.hyperstack`
//! 5. a stack in any `.arete` or `.hyperstack` directory under the project's directory
//! 6. a stack in `arete.toml`. Those from the registry must be in the cache of `a4`

mod arete;
mod content;
mod directory;
mod discovery;
mod places;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use crate::config::{self, Config};
use crate::names::{kebab, quoted, wire_snake};
use crate::nearest::did_you_mean;

pub(crate) use content::stem;
pub(crate) use directory::json_files;
use discovery::root;
pub use discovery::{discover, Broken, Candidate, Discovery};
pub use places::{places, stack_at, Place};

/// A stack that was found: the text of a stack-manifest, a live-spec or a stack file. It is not parsed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// The text of the file.
    pub json: String,
    /// Where the text comes from.
    pub origin: Origin,
    /// The configuration's entry for the requested stack, or the only entry that has the path of the file.
    pub entry: Option<config::Stack>,
    /// Files that were skipped because they cannot be read.
    pub broken: Vec<Broken>,
    /// Directories that may have the artifacts that a stack-manifest needs, besides the directory of the file.
    pub roots: Vec<PathBuf>,
}

/// Where a stack file comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A file.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

/// Why no stack file was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The named file does not exist. Building the stack's crate may create it.
    #[error(
        "stack file `{}` not found\n  build the stack's crate to create it, or pass another path",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file or standard input cannot be read.
    #[error("cannot read {origin}")]
    Read {
        /// The file or standard input.
        origin: Origin,
        /// The cause.
        source: io::Error,
    },
    /// Several stacks have the name. Use a path instead.
    #[error(
        "several stacks are named `{name}`:{}\n  pass the path of one of them",
        listed(candidates)
    )]
    Ambiguous {
        /// The requested name.
        name: String,
        /// The stacks.
        candidates: Vec<Candidate>,
    },
    /// Several stacks of the configuration match the name. Use one of their own names instead.
    #[error(
        "several stacks of the configuration match `{name}`: {}\n  pass one of these names",
        aliases.join(", ")
    )]
    AmbiguousEntry {
        /// The requested name.
        name: String,
        /// The names of the matching stacks.
        aliases: Vec<String>,
    },
    /// No stack has the name.
    #[error("{0}")]
    NotFound(Box<NotFound>),
    /// The directory has several stacks. Use the path of one instead.
    #[error(
        "`{}` has several stacks:{}\n  pass the path of one of them",
        directory.display(),
        listed(candidates)
    )]
    Several {
        /// The directory.
        directory: PathBuf,
        /// The stacks.
        candidates: Vec<Candidate>,
    },
    /// The directory has no stack.
    #[error("{}", directory::nothing(directory, *has_programs, broken))]
    Nothing {
        /// The directory.
        directory: PathBuf,
        /// Whether there is a program-spec.
        has_programs: bool,
        /// Files that cannot be read.
        broken: Vec<Broken>,
    },
    /// A stack of `arete.toml` cannot be used.
    #[error("cannot load stack `{name}` of `{}`: {reason}", file.display())]
    Project {
        /// The file.
        file: PathBuf,
        /// The stack's name in the file.
        name: String,
        /// What is missing, and what to do.
        reason: String,
    },
    /// `arete.toml` or `arete.lock` cannot be read.
    #[error("cannot read `{}`: {reason}", file.display())]
    ProjectFile {
        /// The file.
        file: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The stack file of a configured stack cannot be found or read.
    #[error("cannot load stack `{alias}` of the configuration")]
    Entry {
        /// The stack's name.
        alias: String,
        /// The cause.
        source: Box<Error>,
    },
}

/// Where a stack was searched for, and what was found instead.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotFound {
    /// The requested name.
    pub name: String,
    /// The configuration file, if there is one.
    pub config: Option<PathBuf>,
    /// The names of the configured stacks.
    pub aliases: Vec<String>,
    /// `arete.toml`, if there is one.
    pub project: Option<PathBuf>,
    /// The names of the stacks in `arete.toml`.
    pub declared: Vec<String>,
    /// The directory that was searched.
    pub directory: PathBuf,
    /// The stacks in that directory.
    pub discovery: Discovery,
}

/// Finds the stack `name`.
///
/// # Errors
/// If no stack or several stacks have the name, or if the file cannot be read.
pub fn find(name: &str, config: &Config) -> Result<Found, Error> {
    if name == "-" {
        return stdin();
    }
    if Path::new(name).is_file() {
        return read(Path::new(name), same_file(Path::new(name), config));
    }
    if let Some(entry) = entry(name, config)? {
        return find_entry(entry, config);
    }
    path_or_name(name, Path::new(name), config, None)
}

/// Finds a stack by a path, or else by its name.
fn path_or_name(
    name: &str,
    path: &Path,
    config: &Config,
    entry: Option<config::Stack>,
) -> Result<Found, Error> {
    if path.is_dir() {
        match at(path) {
            // The name of a stack can be that of a directory, too.
            Err(Error::Nothing { .. }) if !is_path(name) => {}
            Err(error) => return Err(error),
            Ok(found) => {
                let same = || same_file(found.origin.path()?, config);
                let entry = entry.or_else(same);
                return Ok(Found { entry, ..found });
            }
        }
    } else if is_path(name) {
        return read(path, entry);
    }
    named(name, config, entry)
}

/// Finds the stack in a file or a directory.
///
/// # Errors
/// If the file cannot be read, or if the directory has no stack or several stacks.
pub fn at(path: &Path) -> Result<Found, Error> {
    if !path.is_dir() {
        return read(path, None);
    }
    let (stack, broken) = directory::only(path)?;
    Ok(Found {
        broken,
        ..read(&stack, None)?
    })
}

/// Returns the names of the project's stacks: those of the configuration, and the others in kebab case.
pub fn names(config: &Config) -> Vec<String> {
    let aliases = config.stacks.iter().map(|entry| entry.alias().to_owned());
    let mut names: Vec<String> = aliases.collect();
    for candidate in discover(config).found {
        if same_file(&candidate.path, config).is_none() {
            names.push(kebab(&candidate.name));
        }
    }
    names.sort();
    names.dedup();
    names
}

/// Finds the stack of a configuration entry.
///
/// # Errors
/// If the entry's stack cannot be found or read.
pub fn find_entry(entry: &config::Stack, config: &Config) -> Result<Found, Error> {
    let path = config.path(&entry.stack);
    let found = if path.is_file() {
        read(&path, Some(entry.clone()))
    } else {
        path_or_name(&entry.stack, &path, config, Some(entry.clone()))
    };
    found.map_err(|source| Error::Entry {
        alias: entry.alias().to_owned(),
        source: Box::new(source),
    })
}

fn stdin() -> Result<Found, Error> {
    let mut json = String::new();
    match io::stdin().lock().read_to_string(&mut json) {
        Ok(_) => Ok(Found {
            json,
            origin: Origin::Stdin,
            entry: None,
            broken: Vec::new(),
            roots: Vec::new(),
        }),
        Err(source) => Err(Error::Read {
            origin: Origin::Stdin,
            source,
        }),
    }
}

fn read(path: &Path, entry: Option<config::Stack>) -> Result<Found, Error> {
    let origin = Origin::Path(path.into());
    match fs::read_to_string(path) {
        Ok(json) => Ok(Found {
            json,
            origin,
            entry,
            broken: Vec::new(),
            roots: Vec::new(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Error::Missing { path: path.into() })
        }
        Err(source) => Err(Error::Read { origin, source }),
    }
}

/// Finds the stack `name` under the project's directory.
fn named(name: &str, config: &Config, entry: Option<config::Stack>) -> Result<Found, Error> {
    let mut discovery = discover(config);
    // A broken file with this name is a candidate, so that the user sees why it is broken.
    let has_name = |broken: &Broken| closeness(name, broken.name()).is_some();
    let (named, broken) = discovery.broken.into_iter().partition(has_name);
    let named: Vec<Broken> = named;
    discovery.broken = broken;
    discovery
        .found
        .extend(named.into_iter().map(Candidate::from));
    let mut candidates = closest(name, &discovery.found, |candidate| &candidate.name);
    // A stack-manifest wins over a stack file of an older build.
    let best = candidates.iter().map(|candidate| candidate.form).min();
    candidates.retain(|candidate| Some(candidate.form) == best);
    match candidates.len() {
        0 => {
            let project = arete::Project::above(&root(config))?;
            if let Some((stack, roots)) = project
                .as_ref()
                .and_then(|project| project.find(name))
                .transpose()?
            {
                let entry = entry.or_else(|| same_file(&stack, config));
                return Ok(Found {
                    broken: discovery.broken,
                    roots,
                    ..read(&stack, entry)?
                });
            }
            Err(Error::NotFound(Box::new(NotFound {
                name: name.to_owned(),
                config: config.file.clone(),
                aliases: config
                    .stacks
                    .iter()
                    .map(|entry| entry.alias().to_owned())
                    .collect(),
                declared: project.iter().flat_map(arete::Project::names).collect(),
                project: project.map(|project| project.file),
                directory: root(config),
                discovery,
            })))
        }
        1 => {
            let path = &candidates.remove(0).path;
            let entry = entry.or_else(|| same_file(path, config));
            Ok(Found {
                broken: discovery.broken,
                ..read(path, entry)?
            })
        }
        _ => Err(Error::Ambiguous {
            name: name.to_owned(),
            candidates: candidates.into_iter().cloned().collect(),
        }),
    }
}

/// Returns the configured stack named `name`, or else the entry whose `stack` is `name`.
fn entry<'c>(name: &str, config: &'c Config) -> Result<Option<&'c config::Stack>, Error> {
    let mut entries = closest(name, &config.stacks, config::Stack::alias);
    if entries.is_empty() {
        entries = closest(name, &config.stacks, |entry| &entry.stack);
    }
    match entries[..] {
        [] => Ok(None),
        [entry] => Ok(Some(entry)),
        _ => Err(Error::AmbiguousEntry {
            name: name.to_owned(),
            aliases: entries
                .iter()
                .map(|entry| format!("`{}`", entry.alias()))
                .collect(),
        }),
    }
}

/// Returns the only entry whose `stack` is the path of this file.
fn same_file(path: &Path, config: &Config) -> Option<config::Stack> {
    let path = path.canonicalize().ok()?;
    let has_path = |entry: &&config::Stack| {
        let stack = config.path(&entry.stack).canonicalize();
        stack.is_ok_and(|stack| stack == path)
    };
    let mut entries = config.stacks.iter().filter(has_path);
    let entry = entries.next()?;
    entries.next().is_none().then(|| entry.clone())
}

/// Returns the items of `all` whose name is closest to `name`.
fn closest<'a, T>(name: &str, all: &'a [T], name_of: impl Fn(&'a T) -> &'a str) -> Vec<&'a T> {
    let close = |one: &'a T| Some((closeness(name, name_of(one))?, one));
    let close: Vec<_> = all.iter().filter_map(close).collect();
    let best = close.iter().map(|(closeness, _)| *closeness).min();
    let best = close
        .into_iter()
        .filter(|(closeness, _)| Some(*closeness) == best);
    best.map(|(_, one)| one).collect()
}

/// Returns how closely a requested name matches a stack's: 0 exactly, 1 ignoring case, 2 in kebab case.
fn closeness(wanted: &str, name: &str) -> Option<u8> {
    if wanted == name {
        Some(0)
    } else if wanted.to_lowercase() == name.to_lowercase() {
        Some(1)
    } else {
        let wanted = [kebab(wanted), wanted.to_lowercase()];
        let is_name = wanted.contains(&kebab(name)) || wanted.contains(&each_upper(name));
        is_name.then_some(2)
    }
}

/// Returns `h-t-t-p-server` for `HTTPServer`, as other tools write it.
fn each_upper(name: &str) -> String {
    wire_snake(name).replace('_', "-")
}

/// Returns whether `name` can only be a path.
fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || name.ends_with(".json") || matches!(name, "." | "..")
}

impl Origin {
    /// Returns the path of a file. `None` for standard input.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Origin::Path(path) => Some(path),
            Origin::Stdin => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Path(path) => write!(f, "`{}`", path.display()),
            Origin::Stdin => f.write_str("standard input"),
        }
    }
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.discovery.found;
        let names = found.iter().map(|candidate| candidate.name.as_str());
        let kebabs: Vec<String> = names.clone().map(kebab).collect();
        let known = self.aliases.iter().chain(&self.declared).chain(&kebabs);
        let known = known.map(String::as_str);
        let near = did_you_mean(&self.name, known.chain(names));
        write!(f, "no stack is named `{}`{near}", self.name)?;
        if let Some(config) = &self.config {
            write!(
                f,
                "\n  in `{}`: {}",
                config.display(),
                stacks(&self.aliases)
            )?;
        }
        if let Some(project) = &self.project {
            write!(
                f,
                "\n  in `{}`: {}",
                project.display(),
                stacks(&self.declared)
            )?;
        }
        write!(
            f,
            "\n  in `.arete` and `.hyperstack` under `{}`:",
            self.directory.display()
        )?;
        if found.is_empty() {
            write!(f, " no stacks")?;
        } else {
            write!(f, "{}", listed(found))?;
        }
        for broken in &self.discovery.broken {
            write!(f, "\n  {broken}")?;
        }
        write!(
            f,
            "\n  build the stack's crate to create its files, or pass a path, or `-` for standard input"
        )
    }
}

fn stacks(names: &[String]) -> String {
    match names {
        [] => "no stacks".to_owned(),
        names => quoted(names),
    }
}

/// Returns one line for each candidate.
fn listed(candidates: &[Candidate]) -> String {
    let width = candidates.iter().map(|one| one.name.chars().count()).max();
    let width = width.unwrap_or_default();
    let line = |one: &Candidate| format!("\n    {:width$}  {}", one.name, one.path.display());
    candidates.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_exactly_or_in_another_case() {
        assert_eq!(closeness("OreStream", "OreStream"), Some(0));
        assert_eq!(closeness("orestream", "OreStream"), Some(1));
        assert_eq!(closeness("ore-stream", "OreStream"), Some(2));
        assert_eq!(closeness("ore_stream", "OreStream"), Some(2));
        assert_eq!(closeness("h-t-t-p-server", "HTTPServer"), Some(2));
        assert_eq!(closeness("ore", "OreStream"), None);
        assert_eq!(closest("A", &["a", "A"], |name| name), [&"A"]);
        assert_eq!(closest("a", &["A", "b"], |name| name), [&"A"]);
    }
}
