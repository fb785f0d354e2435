//! `hyperstack.toml`: the stacks of a project, and how to generate code for each.
//!
//! Paths in the file are relative to its directory.

use std::path::{Component, Path, PathBuf};
use std::{env, fs, io};

use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};
use toml::Spanned;

use crate::nearest::did_you_mean;

/// The file that is read by default.
pub const FILE: &str = "hyperstack.toml";

/// A project's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Config {
    /// The file, if there is one.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// The base of relative paths, and the directory that is searched for stacks.
    #[serde(skip)]
    pub directory: PathBuf,
    /// One warning for each unknown key.
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// `[project]`
    pub project: Project,
    /// `[sdk]`
    pub sdk: Sdk,
    /// `[[stacks]]`
    pub stacks: Vec<Stack>,
    /// `[build]`
    pub build: Build,
}

/// `[project]`: information for readers of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Project {
    /// The project's name.
    pub name: Option<String>,
    /// The project's description.
    pub description: Option<String>,
    /// The project's version.
    pub version: Option<String>,
}

/// `[sdk]`: settings for all stacks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Sdk {
    /// The directory for generated crates, each in its own subdirectory. Default: `generated`.
    pub output_dir: Option<String>,
    /// Overrides `output_dir` for Rust.
    pub rust_output_dir: Option<String>,
    /// Whether to generate modules instead of crates. Default: `false`.
    pub rust_module_mode: bool,
    /// A prefix for crate names that are not set explicitly.
    pub rust_crate_prefix: Option<String>,
    /// The directory of the package `hyperstack-sdk`, to depend on it by path.
    pub rust_sdk_path: Option<String>,
    /// Whether a nullable field has one `Option` instead of two. Default: `false`.
    pub flat_options: bool,
    /// Whether the generated types derive serde's traits. Default: `false`.
    pub serde: bool,
    /// Accepted and ignored.
    pub typescript_output_dir: Option<String>,
    /// Accepted and ignored.
    pub typescript_package: Option<String>,
}

/// An entry of `[[stacks]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stack {
    /// The name on the command line. Default: the value of `stack`.
    pub name: Option<String>,
    /// The path of the stack file, or the name of a stack to search for.
    #[serde(alias = "ast")]
    pub stack: String,
    /// A description for readers of the file.
    pub description: Option<String>,
    /// The URL of the stack's server.
    pub url: Option<String>,
    /// The name of the generated crate.
    pub rust_crate: Option<String>,
    /// The directory of the generated crate.
    pub rust_output_crate: Option<String>,
    /// Whether to generate a module instead of a crate. Default: the value of `sdk.rust_module_mode`.
    pub rust_module: Option<bool>,
    /// Accepted and ignored.
    pub typescript_output_file: Option<String>,
}

/// `[build]`: accepted and ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Build {
    /// Accepted and ignored.
    pub watch_by_default: bool,
}

/// Why the configuration could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read. A file that you name explicitly must exist.
    #[error("cannot read `{}`", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not valid TOML, or a value has the wrong type.
    #[error("`{}`, line {line}, column {column}: {message}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The column in characters, counted from 1.
        column: usize,
        /// The TOML parser's message.
        message: String,
    },
    /// Two stacks have the same name.
    #[error(
        "`{}`: two stacks are named `{name}`, on lines {first} and {second}",
        file.display()
    )]
    Duplicate {
        /// The file.
        file: PathBuf,
        /// The name.
        name: String,
        /// The line of the first stack.
        first: usize,
        /// The line of the second stack.
        second: usize,
    },
}

impl Config {
    /// Reads `file`. If it is `None`, reads the [`FILE`] of the current directory or of the closest directory above
    /// that has one, or returns the default configuration if none has.
    ///
    /// # Errors
    /// If the file cannot be read, is not a valid configuration, or is named and does not exist.
    pub fn load(file: Option<&Path>) -> Result<Config, Error> {
        let Some(path) = file.map(Path::to_owned).or_else(closest) else {
            return Ok(Config::default());
        };
        match fs::read_to_string(&path) {
            Ok(text) => Config::parse(&text, &path),
            Err(source) => Err(Error::Read { file: path, source }),
        }
    }

    /// Parses `text`, the content of `file`.
    ///
    /// # Errors
    /// If `text` is not a valid configuration.
    pub fn parse(text: &str, file: &Path) -> Result<Config, Error> {
        let syntax = |error: toml::de::Error| {
            let (line, column) = position(text, error.span().map_or(0, |span| span.start));
            Error::Syntax {
                file: file.into(),
                line,
                column,
                message: error.message().to_owned(),
            }
        };
        let table = DeTable::parse(text).map_err(syntax)?.into_inner();
        let config: Config = toml::from_str(text).map_err(syntax)?;
        check_unique(&table, text, file)?;
        Ok(Config {
            file: Some(file.into()),
            directory: file.parent().unwrap_or(Path::new("")).into(),
            warnings: unknown_keys(&table, text, file),
            ..config
        })
    }

    /// Resolves a path of the file against its directory.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        let path = self.directory.join(relative);
        path.components()
            .filter(|part| *part != Component::CurDir)
            .collect()
    }

    /// Returns the name of a stack's crate: its `rust_crate`, or else `default` after the common prefix.
    pub fn crate_name(&self, entry: Option<&Stack>, default: &str) -> String {
        if let Some(name) = entry.and_then(|entry| entry.rust_crate.as_ref()) {
            return name.clone();
        }
        match self.sdk.rust_crate_prefix.as_deref() {
            None | Some("") => default.to_owned(),
            Some(prefix) if prefix.ends_with(['-', '_']) => format!("{prefix}{default}"),
            Some(prefix) => format!("{prefix}-{default}"),
        }
    }

    /// Returns the directory of a stack's crate: its `rust_output_crate`, or else `crate_name` below the
    /// common output directory.
    pub fn output(&self, entry: Option<&Stack>, crate_name: &str) -> PathBuf {
        if let Some(directory) = entry.and_then(|entry| entry.rust_output_crate.as_ref()) {
            return self.path(directory);
        }
        let sdk = &self.sdk;
        let all = sdk.rust_output_dir.as_ref().or(sdk.output_dir.as_ref());
        self.path(all.map_or("generated", String::as_str))
            .join(crate_name)
    }

    /// Returns whether to generate a module for a stack instead of a crate.
    pub fn is_module(&self, entry: Option<&Stack>) -> bool {
        entry
            .and_then(|entry| entry.rust_module)
            .unwrap_or(self.sdk.rust_module_mode)
    }
}

impl Stack {
    /// Returns the stack's name on the command line.
    pub fn alias(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.stack)
    }
}

/// Returns the path of the closest [`FILE`], relative to the current directory: `../../hyperstack.toml`.
fn closest() -> Option<PathBuf> {
    let current = env::current_dir().ok()?;
    let mut path = PathBuf::from(FILE);
    for directory in current.ancestors() {
        if directory.join(FILE).exists() {
            return Some(path);
        }
        path = Path::new("..").join(path);
    }
    None
}

/// Returns the line and column of a byte, counted from 1.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Checks that no two stacks have the same name.
fn check_unique(table: &DeTable<'_>, text: &str, file: &Path) -> Result<(), Error> {
    let mut names: Vec<(&str, usize)> = Vec::new();
    for stack in tables(table, "stacks") {
        let Some(value) = stack.get("name") else {
            continue;
        };
        let Some(name) = value.get_ref().as_str() else {
            continue;
        };
        let (second, _) = position(text, value.span().start);
        if let Some((_, first)) = names.iter().find(|(known, _)| *known == name) {
            return Err(Error::Duplicate {
                file: file.into(),
                name: name.to_owned(),
                first: *first,
                second,
            });
        }
        names.push((name, second));
    }
    Ok(())
}

/// Returns one warning for each unknown key, in the order of the file.
fn unknown_keys(table: &DeTable<'_>, text: &str, file: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |table: &DeTable<'_>, at: &str, known: &[String]| {
        for key in table
            .keys()
            .filter(|key| !known.contains(&key.get_ref().to_string()))
        {
            found.push((
                key.span().start,
                format!("{at}{}", key.get_ref()),
                did_you_mean(key.get_ref(), known.iter().map(String::as_str)),
            ));
        }
    };
    check(table, "", &keys::<Config>(&[]));
    for (name, known) in [
        ("project", keys::<Project>(&[])),
        ("sdk", keys::<Sdk>(&[])),
        ("stacks", keys::<Stack>(&["ast"])),
        ("build", keys::<Build>(&[])),
    ] {
        for table in tables(table, name) {
            check(table, &format!("{name}."), &known);
        }
    }
    found.sort();
    let sentence = |(byte, key, hint): (usize, String, String)| {
        let (line, _) = position(text, byte);
        format!(
            "`{}`, line {line}: unknown key `{key}`{hint}",
            file.display()
        )
    };
    found.into_iter().map(sentence).collect()
}

/// Returns the table `name`, or the tables of the array `name`.
fn tables<'t>(table: &'t DeTable<'t>, name: &str) -> Vec<&'t DeTable<'t>> {
    match table.get(name).map(Spanned::get_ref) {
        Some(DeValue::Table(table)) => vec![table],
        Some(DeValue::Array(array)) => {
            let tables = array.iter().filter_map(|value| value.get_ref().as_table());
            tables.collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the keys of `T`, and `others`.
fn keys<T: Default + Serialize>(others: &[&str]) -> Vec<String> {
    let value = serde_json::to_value(T::default()).unwrap_or_default();
    let own = value
        .as_object()
        .into_iter()
        .flat_map(|object| object.keys());
    own.map(String::as_str)
        .chain(others.iter().copied())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, Error> {
        Config::parse(text, Path::new("game/hyperstack.toml"))
    }

    #[test]
    fn every_documented_key_is_known() {
        let config = parse(
            r#"
            [project]
            name = "game"
            description = "A game"
            version = "1.0"
            [sdk]
            output_dir = "./out"
            rust_output_dir = "./rust"
            rust_module_mode = true
            rust_crate_prefix = "acme"
            rust_sdk_path = "../sdk"
            flat_options = true
            serde = true
            typescript_output_dir = "./ts"
            typescript_package = "@acme/game"
            [[stacks]]
            name = "game"
            stack = "SettlementGame"
            description = "The game"
            url = "wss://game.example"
            rust_crate = "game-sdk"
            rust_output_crate = "./crates/game"
            rust_module = false
            typescript_output_file = "game.ts"
            [[stacks]]
            ast = "old.ast.json"
            [build]
            watch_by_default = true
            "#,
        )
        .unwrap();
        assert_eq!(config.warnings, [""; 0]);
        let (game, old) = (Some(&config.stacks[0]), Some(&config.stacks[1]));
        assert_eq!(config.crate_name(game, "x-stack"), "game-sdk");
        assert_eq!(config.crate_name(old, "x-stack"), "acme-x-stack");
        assert_eq!(
            config.output(game, "game-sdk"),
            Path::new("game/crates/game")
        );
        assert_eq!(config.output(old, "x"), Path::new("game/rust/x"));
        assert!(!config.is_module(game) && config.is_module(old));
        assert_eq!(old.map(Stack::alias), Some("old.ast.json"));
    }

    #[test]
    fn an_empty_file_has_defaults() {
        let config = parse("").unwrap();
        assert_eq!(config.crate_name(None, "x-stack"), "x-stack");
        assert_eq!(config.output(None, "x"), Path::new("game/generated/x"));
        assert!(!config.is_module(None));
    }

    #[test]
    fn an_unknown_key_is_a_warning() {
        let config =
            parse("[sdk]\noutptu_dir = \"x\"\n[[stacks]]\nstack = \"A\"\nxyzzy = 1\n[skd]\n");
        assert_eq!(
            config.unwrap().warnings,
            [
                "`game/hyperstack.toml`, line 2: unknown key `sdk.outptu_dir`, did you mean `output_dir`?",
                "`game/hyperstack.toml`, line 5: unknown key `stacks.xyzzy`",
                "`game/hyperstack.toml`, line 6: unknown key `skd`, did you mean `sdk`?",
            ]
        );
    }

    #[test]
    fn an_error_names_file_line_and_column() {
        let error = |text| parse(text).unwrap_err().to_string();
        assert_eq!(
            error("[sdk]\noutput_dir = 5\n"),
            "`game/hyperstack.toml`, line 2, column 14: invalid type: integer `5`, expected a string"
        );
        assert_eq!(
            error("[[stacks]]\nname = \"a\"\n"),
            "`game/hyperstack.toml`, line 1, column 1: missing field `stack`"
        );
        assert_eq!(
            error(
                "[[stacks]]\nname = \"a\"\nstack = \"A\"\n[[stacks]]\nname = \"a\"\nstack = \"B\""
            ),
            "`game/hyperstack.toml`: two stacks are named `a`, on lines 2 and 5"
        );
    }
}
