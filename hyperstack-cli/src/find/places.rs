//! Finds the crates and modules that were generated in a project.

use std::fs;
use std::path::{Path, PathBuf};

use super::discovery::{entries, is_searched, root};
use crate::config::Config;
use crate::rust::{Layout, MARK, MARK_INFERRED};

/// A directory with a generated crate or module.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The directory.
    pub directory: PathBuf,
    /// The name of the stack.
    pub stack: String,
}

/// Searches a project for generated crates and modules, in the directories that [`discover`](super::discover)
/// searches. Skips what cannot be read.
pub fn places(config: &Config) -> Vec<Place> {
    let mut places = Vec::new();
    walk(&root(config), &mut places);
    places.sort_by(|a, b| a.directory.cmp(&b.directory));
    places
}

fn walk(directory: &Path, places: &mut Vec<Place>) {
    let stack = roots().find_map(|layout| stack(&directory.join(layout.root()), &[MARK]));
    if let Some(stack) = stack {
        places.push(Place {
            directory: directory.strip_prefix(".").unwrap_or(directory).into(),
            stack,
        });
        // A stack with several live-specs has a module for each, which is no place of its own.
        return;
    }
    for (name, path) in entries(directory, &mut Vec::new()) {
        if is_searched(&name, &path) {
            walk(&path, places);
        }
    }
}

/// Returns the name of the stack whose generated or inferred code is in a directory.
pub fn stack_at(directory: &Path) -> Option<String> {
    let marks = [MARK, MARK_INFERRED];
    roots().find_map(|layout| stack(&directory.join(layout.root()), &marks))
}

fn roots() -> impl Iterator<Item = Layout> {
    [Layout::Crate, Layout::Module].into_iter()
}

/// Returns the name of the stack in the header of a file that has one of these marks.
fn stack(path: &Path, marks: &[&str]) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let mut lines = text.lines();
    let first = lines.next()?;
    marks.iter().find(|mark| first.contains(**mark))?;
    let (name, _) = lines
        .next()?
        .strip_prefix("// Stack ")?
        .split_once(", sha256 ")?;
    let name: syn::LitStr = syn::parse_str(name).ok()?;
    Some(name.value())
}
