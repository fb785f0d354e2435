//! `arete.toml` and `arete.lock`: the stacks of a project of Arete.

use std::collections::BTreeMap;
use std::path::{absolute, Path, PathBuf};
use std::{env, fs};

use serde::de::DeserializeOwned;
use serde::Deserialize;

use super::{closest, directory, Error};
use crate::artifact::{Hash, Kind};
use crate::names::quoted;

/// The project's file.
const FILE: &str = "arete.toml";
/// The file beside it with the artifacts of each dependency.
const LOCK: &str = "arete.lock";

/// A project of Arete.
pub(super) struct Project {
    pub(super) file: PathBuf,
    manifest: Manifest,
}

/// The directories that may have the artifacts of a stack-manifest, after the manifest itself.
type Stack = (PathBuf, Vec<PathBuf>);

#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    manifest_version: Option<u32>,
}

#[derive(Default, Deserialize)]
struct Manifest {
    #[serde(default)]
    authoring: Authoring,
    #[serde(default)]
    dependencies: Dependencies,
}

#[derive(Default, Deserialize)]
struct Authoring {
    #[serde(default)]
    stacks: BTreeMap<String, Authored>,
}

#[derive(Deserialize)]
struct Authored {
    /// `None` if the stack is composed by `a4`.
    #[serde(default)]
    manifest: Option<PathBuf>,
    #[serde(default)]
    artifact_roots: Vec<PathBuf>,
}

#[derive(Default, Deserialize)]
struct Dependencies {
    #[serde(default)]
    stacks: BTreeMap<String, Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    source: Source,
}

#[derive(Deserialize)]
struct Source {
    #[serde(default)]
    path: Option<PathBuf>,
    #[serde(default)]
    workspace: Option<String>,
    #[serde(default)]
    registry: Option<String>,
}

#[derive(Deserialize)]
struct Lock {
    lock_version: u32,
    #[serde(default)]
    dependency: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    alias: String,
    #[serde(default)]
    stack_manifest_hash: Option<String>,
}

impl Project {
    /// Reads the `arete.toml` in a directory or in the nearest one above it.
    pub(super) fn above(directory: &Path) -> Result<Option<Project>, Error> {
        let all = absolute(directory).unwrap_or_default();
        let Some(above) = all.ancestors().find(|above| above.join(FILE).is_file()) else {
            return Ok(None);
        };
        // A relative path is shorter in messages.
        let file = match directory.join(FILE).is_file() {
            true => directory
                .join(FILE)
                .strip_prefix(".")
                .map_or(directory.join(FILE), Into::into),
            false => above.join(FILE),
        };
        // A file of an older release of Arete has no version and no stacks of these kinds.
        let Some(version) = read::<Version>(&file)?.manifest_version else {
            return Ok(None);
        };
        check_version(&file, "manifest_version", version)?;
        let manifest: Manifest = read(&file)?;
        Ok(Some(Project { file, manifest }))
    }

    /// Returns the names of all stacks.
    pub(super) fn names(&self) -> Vec<String> {
        let authored = self.manifest.authoring.stacks.keys();
        let mut names: Vec<String> = authored
            .chain(self.manifest.dependencies.stacks.keys())
            .cloned()
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Finds the stack-manifest of a stack. Returns `None` if no stack has the name.
    pub(super) fn find(&self, name: &str) -> Option<Result<Stack, Error>> {
        let names = self.names();
        let alias = match closest(name, &names, |name| name)[..] {
            [] => return None,
            [alias] => alias,
            ref several => {
                let several: Vec<String> = several.iter().copied().cloned().collect();
                let reason = format!(
                    "several stacks match: {}\n  pass one of these names",
                    quoted(&several)
                );
                return Some(Err(self.error(name, reason)));
            }
        };
        let Some(dependency) = self
            .manifest
            .dependencies
            .stacks
            .get(alias)
            .filter(|_| !self.manifest.authoring.stacks.contains_key(alias))
        else {
            return Some(self.authored(alias, alias));
        };
        let source = &dependency.source;
        Some(match (&source.path, &source.workspace, &source.registry) {
            (Some(path), _, _) => self.file(alias, path, Vec::new()),
            (_, Some(authored), _) => self.authored(alias, authored),
            (_, _, Some(_)) => self.registry(alias),
            _ => Err(self.error(
                alias,
                "its `source` has no `path`, `workspace` or `registry`".to_owned(),
            )),
        })
    }

    fn authored(&self, name: &str, authored: &str) -> Result<Stack, Error> {
        let Some(stack) = self.manifest.authoring.stacks.get(authored) else {
            return Err(self.error(name, format!("there is no `[authoring.stacks.{authored}]`")));
        };
        let Some(manifest) = &stack.manifest else {
            let reason = "it has no `manifest`, because `a4` composes it\n  \
                          write it with `a4 stack compose … --output FILE`, and pass the path of the file";
            return Err(self.error(name, reason.to_owned()));
        };
        let roots = stack.artifact_roots.iter().map(|root| self.path(root));
        self.file(name, manifest, roots.collect())
    }

    fn file(&self, name: &str, path: &Path, roots: Vec<PathBuf>) -> Result<Stack, Error> {
        let path = self.path(path);
        if path.is_dir() {
            return directory::only(&path).map(|(stack, _)| (stack, roots));
        }
        if !path.is_file() {
            let reason = format!(
                "`{}` not found\n  build the stack's crate to create it",
                path.display()
            );
            return Err(self.error(name, reason));
        }
        Ok((path, roots))
    }

    /// Finds a stack of the registry in the cache of `a4`.
    fn registry(&self, alias: &str) -> Result<Stack, Error> {
        let install = format!("run `a4 install stack {alias}`: `hs` does not use the network");
        let file = self.file.with_file_name(LOCK);
        if !file.is_file() {
            let reason = format!(
                "it comes from the registry, and there is no `{}`\n  {install}",
                file.display()
            );
            return Err(self.error(alias, reason));
        }
        let lock: Lock = read(&file)?;
        check_version(&file, "lock_version", lock.lock_version)?;
        let is_stack = |locked: &&Locked| locked.kind == "stack" && locked.alias == alias;
        let locked = lock.dependency.iter().find(is_stack);
        let Some(hash) = locked.and_then(|locked| locked.stack_manifest_hash.as_ref()) else {
            let reason = format!("`{}` has no stack `{alias}`\n  {install}", file.display());
            return Err(self.error(alias, reason));
        };
        let hash = Hash::parse(Kind::Manifest, hash)
            .map_err(|reason| Error::ProjectFile { file, reason })?;
        let Some(cache) = cache() else {
            let reason = "the home directory is unknown: set `HOME` or `ARETE_HOME`";
            return Err(self.error(alias, reason.to_owned()));
        };
        let path = cache
            .join(Kind::Manifest.name())
            .join(format!("{hash}.json"));
        if !path.is_file() {
            let reason = format!(
                "`{LOCK}` names the stack-manifest `{hash}`, which is not in the cache `{}`\n  {install}",
                cache.display()
            );
            return Err(self.error(alias, reason));
        }
        let roots = [Kind::Live, Kind::Program].map(|kind| cache.join(kind.name()));
        Ok((path, roots.into()))
    }

    fn path(&self, relative: &Path) -> PathBuf {
        let path = self.file.with_file_name("").join(relative);
        let parts = path.components();
        parts
            .filter(|part| *part != std::path::Component::CurDir)
            .collect()
    }

    fn error(&self, name: &str, reason: String) -> Error {
        Error::Project {
            file: self.file.clone(),
            name: name.to_owned(),
            reason,
        }
    }
}

/// Returns the cache of `a4`, in `ARETE_HOME` or else in `.arete` of the home directory.
fn cache() -> Option<PathBuf> {
    let variable = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let home = || {
        Some(
            variable("HOME")
                .or_else(|| variable("USERPROFILE"))?
                .join(".arete"),
        )
    };
    Some(
        variable("ARETE_HOME")
            .or_else(home)?
            .join("cache/registry/v1"),
    )
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T, Error> {
    let error = |reason: String| Error::ProjectFile {
        file: file.into(),
        reason,
    };
    let text = fs::read_to_string(file).map_err(|cause| error(cause.to_string()))?;
    toml::from_str(&text).map_err(|cause| error(cause.to_string().trim_end().to_owned()))
}

fn check_version(file: &Path, key: &str, found: u32) -> Result<(), Error> {
    if found == 1 {
        return Ok(());
    }
    Err(Error::ProjectFile {
        file: file.into(),
        reason: format!("{key} is {found}, expected 1"),
    })
}
