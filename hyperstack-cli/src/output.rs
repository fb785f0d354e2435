//! Generated files on disk: written only where they differ, never half, and never over what a person
//! wrote.

use std::path::{Path, PathBuf};
use std::{fs, io, process};

use serde::Serialize;
use similar::TextDiff;

use crate::rust::{File, Layout, MARK};

/// What becomes of the files in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The files, as they were given.
    pub files: Vec<Planned>,
    /// Files that an earlier run made in another layout, and that nothing needs now.
    pub leftovers: Vec<PathBuf>,
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Planned {
    /// With the directory.
    pub path: PathBuf,
    /// What becomes of it.
    pub status: Status,
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// There was none.
    Created,
    /// It had another text.
    Updated,
    /// It is as it was.
    Unchanged,
}

/// A file that is not what would be generated now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stale {
    /// With the directory.
    pub path: PathBuf,
    /// Whether there is no file.
    pub missing: bool,
    /// What would change, as a unified diff.
    pub diff: String,
}

/// Why files are not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Somebody else wrote these. Nothing was written.
    #[error(
        "these files were not generated, and are not overwritten:{}",
        lines(paths)
    )]
    Foreign {
        /// The files.
        paths: Vec<PathBuf>,
    },
    /// A file or a directory cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or a directory cannot be written. Those before it were.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What [`write()`] would do.
///
/// # Errors
/// Where it would overwrite what was not generated, or cannot see what is there.
pub fn plan(directory: &Path, files: &[File], force: bool) -> Result<Plan, Error> {
    let mut planned = Vec::new();
    let mut foreign = Vec::new();
    for file in files {
        let path = directory.join(&file.path);
        let status = match read(&path)? {
            None => Status::Created,
            Some(bytes) if bytes == file.text.as_bytes() => Status::Unchanged,
            Some(bytes) => {
                if !is_ours(&bytes) {
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

/// Writes the files that differ, each whole or not at all. With `force`, over anybody's.
///
/// # Errors
/// As [`plan`], when nothing was written, or where a file cannot be written.
pub fn write(directory: &Path, files: &[File], force: bool) -> Result<Plan, Error> {
    let plan = plan(directory, files, force)?;
    for (planned, file) in plan.files.iter().zip(files) {
        if planned.status != Status::Unchanged {
            replace(&planned.path, &file.text)?;
        }
    }
    Ok(plan)
}

/// The files that are missing or have another text; none where all is fresh.
///
/// # Errors
/// Where a file cannot be read.
pub fn check(directory: &Path, files: &[File]) -> Result<Vec<Stale>, Error> {
    let mut stale = Vec::new();
    for file in files {
        let path = directory.join(&file.path);
        let there = read(&path)?;
        if there.as_deref() == Some(file.text.as_bytes()) {
            continue;
        }
        let text = String::from_utf8_lossy(there.as_deref().unwrap_or_default());
        let name = path.display().to_string();
        let before = match there {
            Some(_) => name.as_str(),
            None => "/dev/null",
        };
        let diff = TextDiff::from_lines(text.as_ref(), &file.text);
        let diff = diff.unified_diff().header(before, &name).to_string();
        stale.push(Stale {
            path,
            missing: there.is_none(),
            diff,
        });
    }
    Ok(stale)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        // The latter where a directory of the path is a file: to write it will fail, and say so.
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

/// Whether the first line bears the mark.
fn is_ours(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').next();
    String::from_utf8_lossy(first.unwrap_or_default()).contains(MARK)
}

/// Each layout's files, but for those of `files`, where they are ours.
fn leftovers(directory: &Path, files: &[File]) -> Vec<PathBuf> {
    let all = [Layout::Crate, Layout::Module].map(Layout::paths).concat();
    let unneeded = |path: &&str| !files.iter().any(|file| file.path == Path::new(path));
    let paths = all.into_iter().filter(unneeded);
    paths
        .map(|path| directory.join(path))
        .filter(|path| fs::read(path).is_ok_and(|bytes| is_ours(&bytes)))
        .collect()
}

/// Writes beside the file, then renames. Where the path is a symbolic link to a file, that is written.
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
            // What it was for has failed, and that is what is said.
            let _ = fs::remove_file(&beside);
            failed(path)(source)
        })
}

fn lines(paths: &[PathBuf]) -> String {
    let line = |path: &PathBuf| format!("\n    {}", path.display());
    paths.iter().map(line).collect()
}
