//! Searches directories for artifacts by their hash.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::artifact::{head, Hash, Head, Invalid, Kind};
use crate::find::Origin;

use super::Error;

/// Larger files are not artifacts.
const MAX_BYTES: u64 = 64 << 20;
/// A search ends after this number of JSON files, in case it began in a huge directory.
const MAX_FILES: usize = 10_000;

/// A search that reads directories only until all artifacts are found.
pub(super) struct Search {
    /// The directories where the search began, for messages.
    roots: Vec<PathBuf>,
    directories: VecDeque<PathBuf>,
    seen: HashSet<PathBuf>,
    files: VecDeque<PathBuf>,
    read: usize,
    artifacts: Vec<Artifact>,
    broken: Vec<Broken>,
}

/// An artifact that the search has read.
pub(super) struct Artifact {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    pub(super) hash: Hash,
    pub(super) json: String,
}

/// A file that is not valid JSON.
struct Broken {
    path: PathBuf,
    json: String,
    error: Invalid,
}

impl Search {
    /// Creates a search. It reads the directories in this order, each with all directories below it.
    pub(super) fn new(roots: Vec<PathBuf>) -> Search {
        Search {
            directories: roots.iter().cloned().collect(),
            roots,
            seen: HashSet::new(),
            files: VecDeque::new(),
            read: 0,
            artifacts: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// Finds an artifact and opens it. If several files have the hash, the first that opens counts.
    ///
    /// # Errors
    /// If all files with the hash fail to open.
    pub(super) fn find<T>(
        &mut self,
        hash: &Hash,
        open: impl Fn(&str) -> Result<T, Invalid>,
    ) -> Result<Option<(PathBuf, T)>, Error> {
        let what = hash.kind().name();
        let mut first_error = None;
        // A cache names files by hash.
        let named = format!("{hash}.json");
        for path in self
            .roots
            .iter()
            .map(|root| root.join(&named))
            .collect::<Vec<_>>()
        {
            self.read_file(path);
        }
        let mut next = 0;
        loop {
            while let Some(artifact) = self.artifacts.get(next) {
                next += 1;
                if artifact.hash != *hash {
                    continue;
                }
                match open(&artifact.json) {
                    Ok(opened) => return Ok(Some((artifact.path.clone(), opened))),
                    Err(invalid) => {
                        let origin = Origin::Path(artifact.path.clone());
                        first_error.get_or_insert_with(|| Error::of(origin, what, invalid));
                    }
                }
            }
            if !self.advance() {
                break;
            }
        }
        if let Some(error) = first_error {
            return Err(error);
        }
        let is_cut = |broken: &&Broken| begins_with_hash(&broken.json, hash);
        match self.broken.iter().find(is_cut) {
            Some(broken) => {
                let origin = Origin::Path(broken.path.clone());
                Err(Error::of(origin, what, broken.error.clone()))
            }
            None => Ok(None),
        }
    }

    /// Returns the artifacts that were read so far.
    pub(super) fn artifacts(&self) -> &[Artifact] {
        &self.artifacts
    }

    /// Describes where the search was, for a sentence such as "no file under `a` has that hash".
    pub(super) fn places(&self) -> String {
        if self.roots.is_empty() {
            return "no directory was searched for it".to_owned();
        }
        let roots = self.roots.iter();
        let roots: Vec<String> = roots
            .map(|root| format!("`{}`", shown(root).display()))
            .collect();
        let limit = match self.read >= MAX_FILES {
            true => format!(" among the first {MAX_FILES} JSON files"),
            false => String::new(),
        };
        format!("no file under {}{limit} has that hash", roots.join(" or "))
    }

    /// Reads the next file or directory. Returns `false` at the end.
    fn advance(&mut self) -> bool {
        if self.read >= MAX_FILES {
            return false;
        }
        if let Some(path) = self.files.pop_front() {
            self.read += 1;
            self.read_file(path);
            return true;
        }
        let Some(directory) = self.directories.pop_front() else {
            return false;
        };
        let real = directory.canonicalize().unwrap_or(directory.clone());
        if self.seen.insert(real) {
            // A directory that cannot be read has no artifacts. The message about a missing artifact names it.
            let _ = self.read_directory(&directory);
        }
        true
    }

    fn read_file(&mut self, path: PathBuf) {
        let is_small = |path: &Path| {
            path.metadata()
                .is_ok_and(|found| found.is_file() && found.len() <= MAX_BYTES)
        };
        let Some(json) = Some(&path)
            .filter(|path| is_small(path))
            .and_then(|path| fs::read_to_string(path).ok())
        else {
            return;
        };
        match head(&json) {
            Ok(Head::Artifact {
                kind,
                hash: Some(hash),
                ..
            }) => self.artifacts.push(Artifact {
                path,
                kind,
                hash,
                json,
            }),
            Ok(_) => {}
            Err(error) => self.broken.push(Broken {
                path,
                json,
                error: error.into(),
            }),
        }
    }

    fn read_directory(&mut self, directory: &Path) -> io::Result<()> {
        let mut entries: Vec<fs::DirEntry> =
            fs::read_dir(shown(directory))?.collect::<Result<_, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        let mut below = Vec::new();
        for entry in entries {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let path = directory.join(entry.file_name());
            // Links to directories could form a cycle.
            if entry.file_type().is_ok_and(|found| found.is_dir()) {
                if !is_skipped(&name) {
                    below.push(path);
                }
            } else if name.to_ascii_lowercase().ends_with(".json") {
                self.files.push_back(path);
            }
        }
        // The directories below come before the next root.
        let after = self
            .directories
            .iter()
            .position(|next| self.roots.contains(next));
        let rest = self
            .directories
            .split_off(after.unwrap_or(self.directories.len()));
        self.directories.extend(below);
        self.directories.extend(rest);
        Ok(())
    }
}

/// Returns whether the first `artifactHash` of a broken file is this hash. The hashes of other artifacts follow it.
fn begins_with_hash(json: &str, hash: &Hash) -> bool {
    let after = || {
        let (_, rest) = json.split_once("\"artifactHash\"")?;
        let rest = rest.trim_start().strip_prefix(':')?;
        rest.trim_start().strip_prefix('"')
    };
    let hash = hash.to_string();
    let found = after().and_then(|rest| rest.get(..hash.len()));
    found.is_some_and(|found| found.eq_ignore_ascii_case(&hash))
}

/// Returns whether a directory below a root cannot have artifacts.
fn is_skipped(name: &str) -> bool {
    let is_hidden = name.starts_with('.') && !matches!(name, ".arete" | ".hyperstack");
    is_hidden || matches!(name, "node_modules" | "target")
}

/// Returns `.` for an empty path.
fn shown(path: &Path) -> &Path {
    match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
    }
}
