//! Generates code in a `build.rs`, so that you need not commit it.
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), hyperstack_cli::build::Error> {
//!     hyperstack_cli::build::Build::new("stacks/SettlementGame.stack.json").write()?;
//!     Ok(())
//! }
//! ```
//!
//! ```ignore
//! // src/lib.rs
//! pub mod game {
//!     include!(concat!(env!("OUT_DIR"), "/settlement_game.rs"));
//! }
//! ```
//!
//! Add this crate as a build dependency with `default-features = false`. The default features are only for
//! the command.

use std::path::PathBuf;
use std::{env, fs, io};

use crate::model::Stack;
use crate::names::{ident, snake};
use crate::output;
use crate::rust::{generate, Layout, Options};
use crate::spec::ParseError;

/// Generates one Rust file from a stack file.
#[derive(Debug, Clone)]
#[must_use = "call `write` to write the file"]
pub struct Build {
    stack: PathBuf,
    url: Option<String>,
    flat: bool,
    serde: bool,
    directory: Option<PathBuf>,
}

/// Why the file could not be generated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stack file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The stack file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not a valid stack file.
    #[error("`{}` is not a valid stack file", path.display())]
    Parse {
        /// The stack file.
        path: PathBuf,
        /// The cause.
        source: ParseError,
    },
    /// The code cannot be written.
    #[error(transparent)]
    Write(#[from] output::Error),
    /// Cargo did not set `OUT_DIR`, because this is not a build script.
    #[error("`OUT_DIR` is not set: run this in a build script, or set a directory with `out_dir`")]
    NoOutDir,
}

impl Build {
    /// Creates a build for a stack file. A relative path starts at the package, where Cargo runs build
    /// scripts.
    pub fn new(stack: impl Into<PathBuf>) -> Self {
        Build {
            stack: stack.into(),
            url: None,
            flat: false,
            serde: false,
            directory: None,
        }
    }

    /// Sets the URL of the stack's server. Default: none, and the stack has only `connect_to(url)`, not
    /// `connect()`.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Sets whether a nullable field has one `Option` instead of two, as in [`Options::flat`]. Default:
    /// `false`.
    pub fn flat_options(mut self, flat: bool) -> Self {
        self.flat = flat;
        self
    }

    /// Sets whether the types also derive `serde::Serialize` and `serde::Deserialize`. Default: `false`. Your crate
    /// then needs serde with the feature `derive`.
    pub fn serde(mut self, serde: bool) -> Self {
        self.serde = serde;
        self
    }

    /// Sets the directory of the generated file. Default: Cargo's `OUT_DIR`.
    pub fn out_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Writes the file and returns its path. Its name is the stack's in snake case: `settlement_game.rs`.
    ///
    /// Also tells Cargo to rerun the build script when the stack file changes.
    ///
    /// # Errors
    /// If the stack file cannot be read or parsed, if `OUT_DIR` is needed and not set, or if the file cannot
    /// be written.
    pub fn write(&self) -> Result<PathBuf, Error> {
        println!("cargo::rerun-if-changed={}", self.stack.display());
        let path = || self.stack.clone();
        let json = fs::read_to_string(&self.stack).map_err(|source| Error::Read {
            path: path(),
            source,
        })?;
        let stack = Stack::from_json(&json).map_err(|source| Error::Parse {
            path: path(),
            source,
        })?;
        let mut options = Options::new(&stack);
        options.url.clone_from(&self.url);
        options.layout = Layout::Single;
        options.flat = self.flat;
        options.serde = self.serde;
        let directory: PathBuf = match &self.directory {
            Some(directory) => directory.clone(),
            None => env::var_os("OUT_DIR").ok_or(Error::NoOutDir)?.into(),
        };
        let name = ident(&snake(&stack.name)).replace("r#", "") + ".rs";
        let mut files = generate(&stack, &options);
        files
            .iter_mut()
            .for_each(|file| file.path = name.clone().into());
        output::write(&directory, &files, true)?;
        Ok(directory.join(name))
    }
}
