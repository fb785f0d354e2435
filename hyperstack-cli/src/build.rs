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

use std::env;
use std::path::PathBuf;

use crate::find;
use crate::load::{self, load, Settings};
use crate::names::{ident, snake};
use crate::output;
use crate::rust::Layout;

/// Generates one Rust file from a stack.
#[derive(Debug, Clone)]
#[must_use = "call `write` to write the file"]
pub struct Build {
    stack: PathBuf,
    url: Option<String>,
    flat: bool,
    serde: bool,
    settings: Settings,
    directory: Option<PathBuf>,
}

/// Why the file could not be generated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stack cannot be found or read.
    #[error(transparent)]
    Find(#[from] find::Error),
    /// The stack cannot be loaded.
    #[error(transparent)]
    Load(#[from] load::Error),
    /// The code cannot be written.
    #[error(transparent)]
    Write(#[from] output::Error),
    /// Cargo did not set `OUT_DIR`, because this is not a build script.
    #[error("`OUT_DIR` is not set: run this in a build script, or set a directory with `out_dir`")]
    NoOutDir,
}

impl Build {
    /// Creates a build for a stack-manifest, a live-spec, a stack file, or a directory with one of them. A relative
    /// path starts at the package, where Cargo runs build scripts.
    pub fn new(stack: impl Into<PathBuf>) -> Self {
        Build {
            stack: stack.into(),
            url: None,
            flat: false,
            serde: false,
            settings: Settings::default(),
            directory: None,
        }
    }

    /// Sets the URL of the stack's server. Default: none, and the stack has only `connect_to(url)`, not
    /// `connect()`.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Sets whether a nullable field has one `Option` instead of two, as in
    /// [`Options::flat`](crate::rust::Options::flat). Default: `false`.
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

    /// Adds a directory with live-specs and program-specs, as in [`Settings::artifacts`]. Default: only that of the
    /// stack-manifest.
    pub fn artifacts(mut self, directory: impl Into<PathBuf>) -> Self {
        self.settings.artifacts.push(directory.into());
        self
    }

    /// Sets whether an artifact's hash must match its content. Default: `true`.
    pub fn verify(mut self, verify: bool) -> Self {
        self.settings.verify = verify;
        self
    }

    /// Sets whether a missing program-spec is an error instead of a warning. Default: `false`.
    pub fn strict(mut self, strict: bool) -> Self {
        self.settings.strict = strict;
        self
    }

    /// Sets the alias of the only live-spec to generate. Default: all of a stack-manifest's, each in a module.
    pub fn live(mut self, alias: impl Into<String>) -> Self {
        self.settings.live = Some(alias.into());
        self
    }

    /// Sets the directory of the generated file. Default: Cargo's `OUT_DIR`.
    pub fn out_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Writes the file and returns its path. Its name is the stack's in snake case: `settlement_game.rs`.
    ///
    /// Also tells Cargo to rerun the build script when one of the files changes, and prints warnings about them.
    ///
    /// # Errors
    /// If the stack cannot be found or loaded, if `OUT_DIR` is needed and not set, or if the file cannot be
    /// written.
    pub fn write(&self) -> Result<PathBuf, Error> {
        println!("cargo::rerun-if-changed={}", self.stack.display());
        let found = find::at(&self.stack)?;
        let loaded = load(&found, &self.settings)?;
        for file in loaded.files.iter().filter(|file| **file != self.stack) {
            println!("cargo::rerun-if-changed={}", file.display());
        }
        let broken = found.broken.iter().map(ToString::to_string);
        for warning in loaded.warnings.iter().cloned().chain(broken) {
            println!("cargo::warning={}", warning.replace('\n', " "));
        }
        let mut options = loaded.options();
        options.url.clone_from(&self.url);
        options.layout = Layout::Single;
        options.flat = self.flat;
        options.serde = self.serde;
        let directory: PathBuf = match &self.directory {
            Some(directory) => directory.clone(),
            None => env::var_os("OUT_DIR").ok_or(Error::NoOutDir)?.into(),
        };
        let name = ident(&snake(&loaded.name)).replace("r#", "") + ".rs";
        let mut files = loaded.generate(&options);
        files
            .iter_mut()
            .for_each(|file| file.path = name.clone().into());
        output::write(&directory, &files, true)?;
        Ok(directory.join(name))
    }
}
