//! Finds the only stack in a directory.

use std::fs;
use std::path::{Path, PathBuf};

use super::content::{self, Content};
use super::discovery::{stack_files, Broken, Candidate};
use super::Error;

/// Finds the only stack in a directory, or in its `.arete` or `.hyperstack`.
///
/// Also returns the files that cannot be read.
pub(super) fn only(directory: &Path) -> Result<(PathBuf, Vec<Broken>), Error> {
    let mut has_programs = false;
    let mut all_broken = Vec::new();
    for place in [
        directory.to_owned(),
        directory.join(".arete"),
        directory.join(".hyperstack"),
    ] {
        let mut found: Vec<Candidate> = Vec::new();
        let mut broken = Vec::new();
        for file in stack_files(&place, &mut broken) {
            match content::read(&file) {
                Ok(Content::Stack(candidate)) => found.push(candidate),
                Ok(Content::Program) => has_programs = true,
                Ok(Content::Other) => {}
                Err(error) => broken.push(error),
            }
        }
        content::drop_parts(&mut found);
        let Some(best) = found.iter().map(|candidate| candidate.form).min() else {
            all_broken.extend(broken);
            continue;
        };
        // A broken stack-manifest is a candidate if there is no other, so that loading it says why it is broken.
        let (better, mut broken): (Vec<Broken>, Vec<Broken>) =
            broken.into_iter().partition(|broken| broken.form() < best);
        found.extend(better.into_iter().map(Candidate::from));
        let best = found.iter().map(|candidate| candidate.form).min();
        found.retain(|candidate| Some(candidate.form) == best);
        // If a part of the stack cannot be read, loading the stack says so.
        broken.retain(|broken| Some(broken.form()) == best);
        all_broken.extend(broken);
        match &found[..] {
            [stack] => return Ok((stack.path.clone(), all_broken)),
            _ => {
                return Err(Error::Several {
                    directory: directory.into(),
                    candidates: found,
                })
            }
        }
    }
    Err(Error::Nothing {
        directory: directory.into(),
        has_programs,
        broken: all_broken,
    })
}

/// Returns the message for a directory without a stack.
pub(super) fn nothing(directory: &Path, has_programs: bool, broken: &[Broken]) -> String {
    let mut text = format!(
        "`{}` has no stack-manifest, no live-spec and no stack file",
        directory.display()
    );
    if has_programs {
        text += ", only program-specs, which have no entities";
    }
    for broken in broken {
        text += &format!("\n  {broken}");
    }
    text + "\n  build the stack's crate to create its files, or pass another path"
}

/// Returns the JSON files in a directory and their texts, sorted by name. Skips what cannot be read.
pub(crate) fn json_files(directory: &Path) -> Vec<(PathBuf, String)> {
    let mut paths = stack_files(directory, &mut Vec::new());
    paths.sort();
    let files = paths.into_iter();
    files
        .filter_map(|path| Some((fs::read_to_string(&path).ok()?, path)))
        .map(|(json, path)| (path, json))
        .collect()
}
