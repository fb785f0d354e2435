//! From what a user calls a stack to the text of its file.
//!
//! A name is, in this order: `-`, standard input; the path of a file; a stack of the configuration; a
//! stack that is found under the project's directory, in `.hyperstack/*.stack.json` and
//! `.hyperstack/*.ast.json`. The latter is the old format, a file for each entity.

mod discovery;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use crate::config::{self, Config};
use crate::names::{kebab, wire_snake};
use crate::nearest::did_you_mean;

use discovery::root;
pub use discovery::{discover, Broken, Candidate, Discovery};

/// A stack file that was found. That it can be read as a stack is not yet said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// The text.
    pub json: String,
    /// Where it is from.
    pub origin: Origin,
    /// What the configuration says of it: of the stack that was asked for, or of the file that was found,
    /// where exactly one entry names that by its path.
    pub entry: Option<config::Stack>,
    /// Files that were passed by, because they cannot be read.
    pub broken: Vec<Broken>,
}

/// Where a stack file is from.
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
    /// A file that was named does not exist. Perhaps not yet: the build of a stack's crate writes it.
    #[error(
        "there is no file `{}`\n  Build the stack's crate, which writes it, or pass the path of one.",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file, or standard input, is there and cannot be read.
    #[error("cannot read {origin}")]
    Read {
        /// What was to be read.
        origin: Origin,
        /// Why.
        source: io::Error,
    },
    /// Several stacks have the name. The path of one says which.
    #[error(
        "several stacks are called `{name}`:{}\n  Pass the path of one of them.",
        listed(candidates)
    )]
    Ambiguous {
        /// What was looked for.
        name: String,
        /// The stacks.
        candidates: Vec<Candidate>,
    },
    /// Several stacks of the configuration are `name`. Their own names say which.
    #[error(
        "several stacks of the configuration are `{name}`: {}\n  Pass the name of one of them.",
        aliases.join(", ")
    )]
    AmbiguousEntry {
        /// What was looked for.
        name: String,
        /// What they are called.
        aliases: Vec<String>,
    },
    /// No stack has the name.
    #[error("{0}")]
    NotFound(Box<NotFound>),
    /// A stack of the configuration is not where that says.
    #[error("the stack `{alias}` of the configuration")]
    Entry {
        /// What it is called.
        alias: String,
        /// Why.
        source: Box<Error>,
    },
}

/// What there is, where a stack is not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotFound {
    /// What was looked for.
    pub name: String,
    /// The configuration, if there is one.
    pub config: Option<PathBuf>,
    /// What the stacks of the configuration are called.
    pub aliases: Vec<String>,
    /// The directory that was searched.
    pub directory: PathBuf,
    /// What was found in it.
    pub discovery: Discovery,
}

/// Finds the stack that a user calls `name`.
///
/// # Errors
/// Where no stack, or more than one, is called so, or its file cannot be read.
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
    if is_path(name) {
        return read(Path::new(name), None);
    }
    named(name, config, None)
}

/// Finds the stack of an entry of the configuration.
///
/// # Errors
/// Where it is not what and where the entry says.
pub fn find_entry(entry: &config::Stack, config: &Config) -> Result<Found, Error> {
    let path = config.path(&entry.stack);
    let found = match path.is_file() || is_path(&entry.stack) {
        true => read(&path, Some(entry.clone())),
        false => named(&entry.stack, config, Some(entry.clone())),
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
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Error::Missing { path: path.into() })
        }
        Err(source) => Err(Error::Read { origin, source }),
    }
}

/// The stack called `name` under the project's directory.
fn named(name: &str, config: &Config, entry: Option<config::Stack>) -> Result<Found, Error> {
    let mut discovery = discover(config);
    // A broken file that is called so is what is meant: who reads it says why it is broken.
    let is_meant = |broken: &Broken| closeness(name, broken.name()).is_some();
    let (meant, broken) = discovery.broken.into_iter().partition(is_meant);
    let meant: Vec<Broken> = meant;
    discovery.broken = broken;
    discovery
        .found
        .extend(meant.into_iter().map(Candidate::from));
    let mut candidates = closest(name, &discovery.found, |candidate| &candidate.name);
    match candidates.len() {
        0 => Err(Error::NotFound(Box::new(NotFound {
            name: name.to_owned(),
            config: config.file.clone(),
            aliases: config
                .stacks
                .iter()
                .map(|entry| entry.alias().to_owned())
                .collect(),
            directory: root(config),
            discovery,
        }))),
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

/// The stack of the configuration that is called `name`, or else the one that is for the stack `name`.
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

/// The entry whose `stack` is the path of this file, where exactly one is.
fn same_file(path: &Path, config: &Config) -> Option<config::Stack> {
    let path = path.canonicalize().ok()?;
    let is_it = |entry: &&config::Stack| {
        let stack = config.path(&entry.stack).canonicalize();
        stack.is_ok_and(|stack| stack == path)
    };
    let mut entries = config.stacks.iter().filter(is_it);
    let entry = entries.next()?;
    entries.next().is_none().then(|| entry.clone())
}

/// Those of `all` whose name is closest to `name`.
fn closest<'a, T>(name: &str, all: &'a [T], name_of: impl Fn(&'a T) -> &'a str) -> Vec<&'a T> {
    let close = |one: &'a T| Some((closeness(name, name_of(one))?, one));
    let close: Vec<_> = all.iter().filter_map(close).collect();
    let best = close.iter().map(|(closeness, _)| *closeness).min();
    let best = close
        .into_iter()
        .filter(|(closeness, _)| Some(*closeness) == best);
    best.map(|(_, one)| one).collect()
}

/// How a wanted name is that of a stack: 0, exactly; 1, but for case; 2, in kebab case.
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

/// `HTTPServer`: `h-t-t-p-server`, as others write it.
fn each_upper(name: &str) -> String {
    wire_snake(name).replace('_', "-")
}

/// Whether no stack can be called so.
fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || name.ends_with(".json")
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
        let known = self.aliases.iter().chain(&kebabs).map(String::as_str);
        let near = did_you_mean(&self.name, known.chain(names));
        write!(f, "no stack is called `{}`{near}", self.name)?;
        if let Some(config) = &self.config {
            let aliases: Vec<String> = self
                .aliases
                .iter()
                .map(|name| format!("`{name}`"))
                .collect();
            let aliases = match aliases.is_empty() {
                true => "no stack".to_owned(),
                false => aliases.join(", "),
            };
            write!(f, "\n  in `{}`: {aliases}", config.display())?;
        }
        write!(
            f,
            "\n  in `.hyperstack` under `{}`:",
            self.directory.display()
        )?;
        match found.is_empty() {
            true => write!(f, " no `*.stack.json` and no `*.ast.json`")?,
            false => write!(f, "{}", listed(found))?,
        }
        for broken in &self.discovery.broken {
            write!(f, "\n  {broken}")?;
        }
        write!(
            f,
            "\n  Build the stack's crate, which writes that file, or pass the path of one, or `-` for \
             standard input."
        )
    }
}

/// A line for each.
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
    fn a_name_is_exact_or_close() {
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
