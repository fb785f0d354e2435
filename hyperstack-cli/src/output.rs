//! Writes generated files. Each file is replaced atomically and only if it differs. Files that were not
//! generated are not overwritten unless forced.

use std::path::{Path, PathBuf};
use std::{fs, io, process};

use serde::Serialize;
use similar::TextDiff;

use crate::rust::{self, File, Layout};

/// What [`write()`] does with the files in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The files, in the given order.
    pub files: Vec<Planned>,
    /// Files that an earlier run generated in another layout, and that are no longer needed.
    pub leftovers: Vec<PathBuf>,
}

/// What [`write()`] does with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Planned {
    /// The path, including the directory.
    pub path: PathBuf,
    /// What [`write()`] does with the file.
    pub status: Status,
}

/// What [`write()`] does with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// Creates the file.
    Created,
    /// Replaces the file, because its text differs.
    Updated,
    /// Leaves the file alone.
    Unchanged,
}

/// A file that differs from the generated text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stale {
    /// The path, including the directory.
    pub path: PathBuf,
    /// Whether the file does not exist.
    pub missing: bool,
    /// The changes as a unified diff.
    pub diff: String,
}

/// Why files cannot be planned, written or checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// These files were not generated. Nothing was written.
    #[error("refusing to overwrite files that were not generated:{}", lines(paths))]
    Foreign {
        /// The files.
        paths: Vec<PathBuf>,
    },
    /// A file or a directory cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The flags in the header of a generated file are not valid.
    #[error("cannot read the flags in the header of `{}`: restore the file, or pass `--reset`", path.display())]
    Flags {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: serde_json::Error,
    },
    /// A file or a directory cannot be written. The files before it were written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// Returns what [`write()`] would do.
///
/// # Errors
/// If a file that was not generated would be overwritten without `force`, or if a file cannot be read.
pub fn plan(directory: &Path, files: &[File], force: bool) -> Result<Plan, Error> {
    let mut planned = Vec::new();
    let mut foreign = Vec::new();
    for file in files {
        let path = directory.join(&file.path);
        let status = match read(&path)? {
            None => Status::Created,
            Some(bytes) if is_same(&bytes, &file.text) => Status::Unchanged,
            Some(bytes) => {
                if !is_generated(&bytes) {
                    foreign.push(path.clone());
                }
                Status::Updated
            }
        };
        planned.push(Planned { path, status });
    }
    if !foreign.is_empty() && !force {
        return Err(Error::Foreign { paths: foreign });
    }
    Ok(Plan {
        files: planned,
        leftovers: leftovers(directory, files),
    })
}

/// Writes the files that differ, each atomically. With `force`, also overwrites files that were not generated.
///
/// # Errors
/// If [`plan`] fails, in which case nothing is written, or if a file cannot be written.
pub fn write(directory: &Path, files: &[File], force: bool) -> Result<Plan, Error> {
    let plan = plan(directory, files, force)?;
    for (planned, file) in plan.files.iter().zip(files) {
        if planned.status != Status::Unchanged {
            replace(&planned.path, &file.text)?;
        }
    }
    Ok(plan)
}

/// Returns the files that are missing or differ.
///
/// A file that differs only in the hash of the stack-manifest is up to date: that hash also changes with parts of the
/// server that clients do not see. [`other_manifest`] finds such files.
///
/// # Errors
/// If a file cannot be read.
pub fn check(directory: &Path, files: &[File]) -> Result<Vec<Stale>, Error> {
    let mut stale = Vec::new();
    for file in files {
        let path = directory.join(&file.path);
        let found = text(&path)?;
        let is_fresh = |text: &String| without_hash(text) == without_hash(&file.text);
        if found.as_ref().is_some_and(is_fresh) {
            continue;
        }
        let name = path.display().to_string();
        let before = match found {
            Some(_) => name.as_str(),
            None => "/dev/null",
        };
        let diff = TextDiff::from_lines(found.as_deref().unwrap_or_default(), &file.text);
        let diff = diff.unified_diff().header(before, &name).to_string();
        stale.push(Stale {
            path,
            missing: found.is_none(),
            diff,
        });
    }
    Ok(stale)
}

/// Returns the files that are up to date apart from the hash of the stack-manifest.
///
/// # Errors
/// If a file cannot be read.
pub fn other_manifest(directory: &Path, files: &[File]) -> Result<Vec<PathBuf>, Error> {
    let mut others = Vec::new();
    for file in files {
        let path = directory.join(&file.path);
        let is_other =
            |text: String| text != file.text && without_hash(&text) == without_hash(&file.text);
        if text(&path)?.is_some_and(is_other) {
            others.push(path);
        }
    }
    Ok(others)
}

/// Returns a generated text without the hash of the stack-manifest.
fn without_hash(text: &str) -> String {
    const HASH: &str = "arete:h1:stack-manifest:sha256:";
    let mut parts = text.split(HASH);
    let mut without = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        without.push_str(HASH);
        without.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    }
    without
}

/// Reads a text to compare. Git may convert line ends to `\r\n` on checkout.
fn text(path: &Path) -> Result<Option<String>, Error> {
    let bytes = read(path)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).replace("\r\n", "\n")))
}

/// Reads a file, if it exists.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        // `NotADirectory` means that a parent in the path is a file. Writing reports that.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(source) => Err(Error::Read {
            path: path.into(),
            source,
        }),
    }
}

/// Returns whether a file has the text. Git may convert line ends to `\r\n` on checkout.
fn is_same(bytes: &[u8], text: &str) -> bool {
    let found = bytes.split(|byte| *byte == b'\n');
    let found = found.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    found.eq(text.split('\n').map(str::as_bytes))
}

/// Returns whether the first line has the mark of generated files.
fn is_generated(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').next();
    rust::is_generated(&String::from_utf8_lossy(first.unwrap_or_default()))
}

/// Returns the generated files of all layouts that are not in `files`.
fn leftovers(directory: &Path, files: &[File]) -> Vec<PathBuf> {
    let all = [Layout::Crate, Layout::Module].map(Layout::paths).concat();
    let unneeded = |path: &&str| !files.iter().any(|file| file.path == Path::new(path));
    let paths = all.into_iter().filter(unneeded);
    paths
        .map(|path| directory.join(path))
        .filter(|path| fs::read(path).is_ok_and(|bytes| is_generated(&bytes)))
        .collect()
}

/// Writes a temporary file beside the target and renames it. Follows a symbolic link to a file.
fn replace(path: &Path, text: &str) -> Result<(), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    let path = &path.canonicalize().unwrap_or(path.to_owned());
    let directory = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(directory).map_err(failed(directory))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = directory.join(format!(".{name}.{}.tmp", process::id()));
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|source| {
            // The caller needs the first error, not one of this cleanup.
            let _ = fs::remove_file(&beside);
            failed(path)(source)
        })
}

fn lines(paths: &[PathBuf]) -> String {
    let line = |path: &PathBuf| format!("\n    {}", path.display());
    paths.iter().map(line).collect()
}
