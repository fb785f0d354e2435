//! From what a user calls a stack to the text of its file.
//!
//! A name is, in this order: `-`, standard input; the path of a file; a stack of the configuration; a
//! stack that is found under the project's directory, in `.hyperstack/*.stack.json` and
//! `.hyperstack/*.ast.json`. The latter is the old format, a file for each entity.

use std::collections::HashSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use serde::{Deserialize, Serialize};

use crate::config::{self, Config};
use crate::nearest::did_you_mean;

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

/// `HTTPServer`: `http-server`.
pub(crate) fn kebab(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut kebab = String::new();
    for (i, c) in chars.iter().enumerate() {
        if matches!(c, '-' | '_' | ' ') {
            kebab.push('-');
            continue;
        }
        let before = i.checked_sub(1).and_then(|i| chars.get(i));
        let after_lower = before.is_some_and(|c| c.is_lowercase() || c.is_numeric());
        let before_lower = chars.get(i + 1).is_some_and(|c| c.is_lowercase());
        let after_upper = before.is_some_and(|c| c.is_uppercase());
        if c.is_uppercase() && (after_lower || after_upper && before_lower) {
            kebab.push('-');
        }
        kebab.extend(c.to_lowercase());
    }
    kebab
}

/// `HTTPServer`: `h-t-t-p-server`, as others write it.
fn each_upper(name: &str) -> String {
    let mut kebab = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(c.to_lowercase());
    }
    kebab
}

/// Whether no stack can be called so.
fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || name.ends_with(".json")
}

fn root(config: &Config) -> PathBuf {
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

/// What a JSON error says, behind where.
fn position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let (line, column) = (error.line(), error.column());
    let at = format!(" at line {line} column {column}");
    match text.strip_suffix(&at) {
        Some(message) => format!("line {line}, column {column}: {message}"),
        None => text,
    }
}

/// As much of a stack file as a search needs.
#[derive(Deserialize)]
struct Head {
    stack_name: Option<String>,
    state_name: Option<String>,
    #[serde(default)]
    entities: Vec<HeadEntity>,
}

#[derive(Deserialize)]
struct HeadEntity {
    state_name: Option<String>,
}

impl Candidate {
    fn read(path: &Path) -> Result<Candidate, Broken> {
        let broken = |reason: &dyn fmt::Display| Broken::new(path, reason);
        let json = fs::read_to_string(path).map_err(|error| broken(&error))?;
        let head: Head = serde_json::from_str(&json).map_err(|error| broken(&position(&error)))?;
        let name = head.stack_name.or(head.state_name);
        let entities = head.entities.into_iter();
        Ok(Candidate {
            name: name.ok_or_else(|| broken(&"neither `stack_name` nor `state_name` is in it"))?,
            path: path.into(),
            entities: entities.filter_map(|entity| entity.state_name).collect(),
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
    fn kebab_case_knows_acronyms() {
        for (name, expected) in [
            ("SettlementGame", "settlement-game"),
            ("HTTPServer", "http-server"),
            ("OreV3Stream", "ore-v3-stream"),
            ("TKw", "t-kw"),
            ("my_stack", "my-stack"),
            ("settlement-game", "settlement-game"),
            ("", ""),
        ] {
            assert_eq!(kebab(name), expected);
        }
        assert_eq!(each_upper("HTTPServer"), "h-t-t-p-server");
    }

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
