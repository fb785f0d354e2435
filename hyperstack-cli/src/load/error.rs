//! Why a stack cannot be loaded.

use std::io;
use std::path::PathBuf;

use crate::artifact::{short, Invalid};
use crate::find::Origin;
use crate::names::quoted;
use crate::nearest::did_you_mean;
use crate::spec::ParseError;

/// Why a stack cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or a directory cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file is not JSON, or not what it should be.
    #[error("{origin} is not a valid {what}")]
    Invalid {
        /// The file.
        origin: Origin,
        /// What the file should be, such as `stack file` or `live-spec`.
        what: &'static str,
        /// The cause.
        source: ParseError,
    },
    /// A file has a version that is not supported.
    #[error("{origin} has {key} `{found}`, expected {expected}\n  update `hs`, or build the stack with a release of Arete that writes the expected version")]
    Version {
        /// The file.
        origin: Origin,
        /// The key of the version, such as `artifactVersion` or `schema`.
        key: &'static str,
        /// The version in the file.
        found: String,
        /// The supported versions.
        expected: String,
    },
    /// An artifact's hash does not match its content.
    #[error(
        "{origin} says sha256 {}, and its content gives {}: it was edited or cut\n  \
         build the stack's crate again, or pass `--no-verify` if you changed the file yourself",
        short(says),
        short(is)
    )]
    Hash {
        /// The file.
        origin: Origin,
        /// The SHA-256 that the file names, in hex.
        says: String,
        /// The SHA-256 of the file's content, in hex.
        is: String,
    },
    /// The file is a program-spec.
    #[error(
        "{origin} is a program-spec, which has no entities\n  \
         pass the stack-manifest or the live-spec of a stack that uses this program"
    )]
    Program {
        /// The file.
        origin: Origin,
    },
    /// The file is an artifact of an unknown kind.
    #[error("{origin} is a `{kind}`, expected a `stack-manifest`, a `live-spec` or a stack file")]
    Kind {
        /// The file.
        origin: Origin,
        /// The kind.
        kind: String,
    },
    /// A live-spec of the stack-manifest is missing.
    #[error(
        "{origin} needs the live-spec `{alias}` (sha256 {}), and {reason}",
        short(hash)
    )]
    MissingLive {
        /// The stack-manifest.
        origin: Origin,
        /// The alias of the live-spec.
        alias: String,
        /// The SHA-256 of the live-spec, in hex.
        hash: String,
        /// Where it was searched for, and what to do.
        reason: String,
    },
    /// Program-specs are missing, and [`Settings::strict`](super::Settings::strict) is set.
    #[error("{message}")]
    MissingPrograms {
        /// Which are missing, where they were searched for, and which fields need them.
        message: String,
    },
    /// The stack-manifest has no live-spec.
    #[error(
        "{origin} has only programs and no live-spec: there is nothing to stream\n  \
         pass the stack-manifest of a stack with entities"
    )]
    NoLive {
        /// The stack-manifest.
        origin: Origin,
    },
    /// The stack-manifest selects no view of the loaded live-specs.
    #[error(
        "{origin} selects no view of {}: there is nothing to stream",
        quoted(aliases)
    )]
    NoViews {
        /// The stack-manifest.
        origin: Origin,
        /// The aliases of the live-specs.
        aliases: Vec<String>,
    },
    /// The live-spec has other aliases than [`Settings::live`](super::Settings::live) in its stack-manifest.
    #[error(
        "{origin} is not the live-spec `{alias}`: its stack-manifest names it {}\n  \
         pass the path of the stack-manifest for another live-spec",
        quoted(known)
    )]
    OtherLive {
        /// The live-spec.
        origin: Origin,
        /// The requested alias.
        alias: String,
        /// The aliases of the live-spec.
        known: Vec<String>,
    },
    /// No live-spec has the alias of [`Settings::live`](super::Settings::live).
    #[error("{origin} has no live-spec `{alias}`{}", choices(alias, known))]
    UnknownLive {
        /// The file.
        origin: Origin,
        /// The requested alias.
        alias: String,
        /// The aliases of the live-specs.
        known: Vec<String>,
    },
    /// The stack-manifest selects a view that does not exist.
    #[error(
        "{origin} selects the view `{view}` of the live-spec `{alias}`, which has no such view{}",
        did_you_mean(view, known.iter().map(String::as_str))
    )]
    UnknownView {
        /// The stack-manifest.
        origin: Origin,
        /// The alias of the live-spec.
        alias: String,
        /// The id of the selected view.
        view: String,
        /// The ids of the live-spec's views.
        known: Vec<String>,
    },
    /// Several stack-manifests refer to the live-spec.
    #[error(
        "several stack-manifests refer to {origin}:{}\n  pass the path of one of them",
        lines(manifests)
    )]
    Ambiguous {
        /// The live-spec.
        origin: Origin,
        /// The stack-manifests.
        manifests: Vec<PathBuf>,
    },
}

impl Error {
    /// Adds the file to the reason why an artifact is invalid.
    pub(super) fn of(origin: Origin, what: &'static str, invalid: Invalid) -> Error {
        match invalid {
            Invalid::Parse(source) => Error::Invalid {
                origin,
                what,
                source,
            },
            Invalid::Version {
                key,
                found,
                expected,
            } => Error::Version {
                origin,
                key,
                found,
                expected,
            },
            Invalid::Hash { says, is } => Error::Hash {
                origin,
                says: says.hex().to_owned(),
                is: is.hex().to_owned(),
            },
        }
    }
}

fn choices(alias: &str, known: &[String]) -> String {
    if known.is_empty() {
        return ": only a stack-manifest has aliases".to_owned();
    }
    let near = did_you_mean(alias, known.iter().map(String::as_str));
    format!("{near}\n  expected {}", quoted(known))
}

fn lines(paths: &[PathBuf]) -> String {
    let line = |path: &PathBuf| format!("\n    {}", path.display());
    paths.iter().map(line).collect()
}
