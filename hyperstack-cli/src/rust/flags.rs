//! The flags of `hs sdk create rust` that the header of a crate or module records, so that the next run repeats them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Layout;
use crate::output::{self, Error};

/// What the line of the flags starts with.
const START: &str = "// Flags, which the next run repeats: ";

/// Flags of `hs sdk create rust` that a run without them repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Flags {
    /// `--crate-name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crate_name: Option<String>,
    /// `--module` or `--no-module`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<bool>,
    /// `--sdk-path`, relative to the directory of the generated files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk_path: Option<String>,
    /// `--url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `--flat-options`.
    #[serde(skip_serializing_if = "is_false")]
    pub flat_options: bool,
    /// `--serde`.
    #[serde(skip_serializing_if = "is_false")]
    pub serde: bool,
}

impl Flags {
    /// Reads the flags that the generated files in a directory record. Returns no flags if there are no generated
    /// files.
    ///
    /// If both a crate and a module are there, the flags are those of the crate, without [`module`](Flags::module).
    ///
    /// # Errors
    /// If a file cannot be read, or its flags are not valid.
    pub fn read(directory: &Path) -> Result<Flags, Error> {
        let mut all = Vec::new();
        for layout in [Layout::Crate, Layout::Module] {
            all.extend(recorded(&directory.join(layout.root()))?);
        }
        let several = all.len() > 1;
        let mut flags = all.into_iter().next().unwrap_or_default();
        if several {
            flags.module = None;
        }
        Ok(flags)
    }

    /// Returns the line for the header, or no text if there are no flags.
    pub(super) fn line(&self) -> String {
        match serde_json::to_string(self) {
            Ok(json) if *self != Flags::default() => format!("{START}{json}\n"),
            _ => String::new(),
        }
    }
}

/// Returns the flags in the header of a file, or `None` if the file does not exist or was not generated.
fn recorded(path: &Path) -> Result<Option<Flags>, Error> {
    let text = output::read(path)?.and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(text) = text.filter(|text| text.lines().next().is_some_and(super::is_generated))
    else {
        return Ok(None);
    };
    let header = text.lines().take_while(|line| line.starts_with("//"));
    let Some(json) = header.filter_map(|line| line.strip_prefix(START)).next() else {
        return Ok(Some(Flags::default()));
    };
    match serde_json::from_str(json) {
        Ok(flags) => Ok(Some(flags)),
        Err(source) => Err(Error::Flags {
            path: path.into(),
            source,
        }),
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}
