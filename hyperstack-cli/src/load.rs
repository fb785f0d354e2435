//! Loads a stack: a stack file of Hyperstack, or the artifacts of Arete that belong together.
//!
//! The content of a file decides what it is, not its name:
//!
//! - A *stack-manifest* names live-specs and program-specs by hash. They are searched for in the manifest's directory
//!   and below, and then in [`Settings::artifacts`].
//! - A *live-spec* has a server's entities. It is loaded as part of the stack-manifest beside it that refers to it. If
//!   there is none, all its views are generated, and the file's name is the stack's.
//! - A *stack file* has everything.

mod artifacts;
mod error;
mod search;
mod untyped;

use std::path::PathBuf;

use crate::artifact::{self, Head, Kind};
use crate::find::Found;
use crate::model::Stack;
use crate::rust::{self, File, Options};
use crate::spec;

pub use error::Error;

/// How to load a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Directories with live-specs and program-specs, which are searched after the manifest's. Default: none.
    pub artifacts: Vec<PathBuf>,
    /// Whether an artifact's hash must match its content. Default: `true`.
    pub verify: bool,
    /// Whether a missing program-spec is an error instead of a warning. Default: `false`.
    pub strict: bool,
    /// The alias of the only live-spec to load. Default: `None`, which loads all of a stack-manifest's.
    pub live: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            artifacts: Vec::new(),
            verify: true,
            strict: false,
            live: None,
        }
    }
}

/// A loaded stack.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// The stack's name. With [`Settings::live`], the alias if the stack has several live-specs.
    pub name: String,
    /// What a client sees of each live-spec, in the manifest's order. Never empty, and one for a stack file.
    pub parts: Vec<Part>,
    /// What is wrong with the files, one sentence each.
    pub warnings: Vec<String>,
    /// What you may want to know about the files, one sentence each.
    pub notes: Vec<String>,
    /// The files that the stack was loaded from.
    pub files: Vec<PathBuf>,
}

/// What a client sees of a live-spec, or of a stack file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// The name of the generated stack: the alias of the live-spec if there are several, else the stack's name.
    pub title: String,
    /// The entities and their types.
    pub stack: Stack,
}

/// Loads the stack that was found.
///
/// # Errors
/// If the file is not a stack, if its format is not supported, if a live-spec is missing, or if a hash is wrong.
pub fn load(found: &Found, settings: &Settings) -> Result<Loaded, Error> {
    let origin = &found.origin;
    let invalid = |what: &'static str| {
        move |source| Error::Invalid {
            origin: origin.clone(),
            what,
            source,
        }
    };
    let claimed = origin.path().and_then(Kind::claimed);
    let what = claimed.map_or("stack file", Kind::name);
    match artifact::head(&found.json).map_err(invalid(what))? {
        Head::Artifact { kind, .. } => match kind {
            Kind::Manifest => artifacts::manifest(found, settings),
            Kind::Live => artifacts::live(found, settings),
            Kind::Program => Err(Error::Program {
                origin: origin.clone(),
            }),
        },
        Head::Unknown(kind) => Err(Error::Kind {
            origin: origin.clone(),
            kind,
        }),
        Head::Old(_) => {
            let file = spec::read(&found.json).map_err(invalid("stack file"))?;
            let mut warnings = Vec::new();
            let stack = Stack::resolve(&file, &mut warnings);
            if let Some(live) = &settings.live {
                return Err(Error::UnknownLive {
                    origin: origin.clone(),
                    alias: live.clone(),
                    known: Vec::new(),
                });
            }
            Ok(Loaded {
                name: stack.name.clone(),
                parts: vec![Part {
                    title: stack.name.clone(),
                    stack,
                }],
                warnings,
                notes: Vec::new(),
                files: origin.path().into_iter().map(Into::into).collect(),
            })
        }
    }
}

impl Loaded {
    /// Creates the default options of the generator: a crate that depends on the SDK by version.
    pub fn options(&self) -> Options {
        Options::named(&self.name)
    }

    /// Generates the files of the stack. If it has several live-specs, each becomes a module.
    #[must_use]
    pub fn generate(&self, options: &Options) -> Vec<File> {
        let parts = self.parts.iter();
        let parts: Vec<_> = parts.map(|part| (&*part.title, &part.stack)).collect();
        rust::generate_parts(&self.name, &parts, options)
    }

    /// Returns the hash of everything that a client sees of the stack, in hex. See [`Stack::hash`].
    #[must_use]
    pub fn hash(&self) -> String {
        rust::hash(self.parts.iter().map(|part| &part.stack))
    }

    /// Returns the entities of all live-specs.
    pub fn entities(&self) -> impl Iterator<Item = &crate::model::Entity> {
        self.parts.iter().flat_map(|part| &part.stack.entities)
    }
}
