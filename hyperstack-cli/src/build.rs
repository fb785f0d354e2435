//! Generated code that no repository has to hold: made by a `build.rs`.
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
//! The build needs this crate as a build dependency, best without its default features: those are the
//! command.

use std::path::PathBuf;
use std::{env, fs, io};

use crate::model::Stack;
use crate::names::{ident, snake};
use crate::output;
use crate::rust::{generate, Layout, Options};
use crate::spec::ParseError;

/// One file of Rust from a stack file.
#[derive(Debug, Clone)]
#[must_use = "nothing is written without `write`"]
pub struct Build {
    stack: PathBuf,
    url: Option<String>,
    flat: bool,
    directory: Option<PathBuf>,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stack file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The stack file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no stack file.
    #[error("`{}` is no stack file", path.display())]
    Parse {
        /// The stack file.
        path: PathBuf,
        /// Why.
        source: ParseError,
    },
    /// The code cannot be written.
    #[error(transparent)]
    Write(#[from] output::Error),
    /// Cargo, which says where the code goes, does not run this.
    #[error(
        "`OUT_DIR` is not set: this runs in a build script, or is told a directory by `out_dir`"
    )]
    NoOutDir,
}

impl Build {
    /// From the stack file at a path, which is relative to the package: that is where Cargo runs a build
    /// script.
    pub fn new(stack: impl Into<PathBuf>) -> Self {
        Build {
            stack: stack.into(),
            url: None,
            flat: false,
            directory: None,
        }
    }

    /// Where the stack's server is: without it the stack has no `connect()`, only `connect_to(url)`.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// One `Option` for a field that may be null, as of [`Options::flat`].
    pub fn flat_options(mut self, flat: bool) -> Self {
        self.flat = flat;
        self
    }

    /// Where the file goes, in place of Cargo's `OUT_DIR`.
    pub fn out_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Writes the file, whose name is the stack's in snake case: `settlement_game.rs`. Tells Cargo to come
    /// again when the stack file changes.
    ///
    /// # Errors
    /// Where the stack file cannot be read, or the file cannot be written.
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
