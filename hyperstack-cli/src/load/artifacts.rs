//! Joins a stack-manifest, its live-specs and their program-specs.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use crate::artifact::{head, Hash, Head, Kind, LiveRef, LiveSpec, Manifest, ProgramSpec};
use crate::find::{stem, Found, Origin};
use crate::model::Stack;
use crate::spec::{Served, StackFile};

use super::search::Search;
use super::untyped::untyped;
use super::{Error, Loaded, Part, Settings};

/// Loads a stack-manifest.
pub(super) fn manifest(found: &Found, settings: &Settings) -> Result<Loaded, Error> {
    let manifest = Manifest::read(&found.json, settings.verify)
        .map_err(|invalid| Error::of(found.origin.clone(), Kind::Manifest.name(), invalid))?;
    let origin = found.origin.clone();
    let directories = origin.path().map(directory).into_iter().collect();
    Loader::new(origin, directories, found, settings).join(&manifest, settings.live.as_deref())
}

/// Loads a live-spec, as part of a stack-manifest beside it if there is one.
pub(super) fn live(found: &Found, settings: &Settings) -> Result<Loaded, Error> {
    let origin = &found.origin;
    let spec = LiveSpec::read(&found.json, settings.verify)
        .map_err(|invalid| Error::of(origin.clone(), Kind::Live.name(), invalid))?;
    let directory = origin.path().map(directory);
    let beside = directory
        .iter()
        .chain(&found.roots)
        .chain(&settings.artifacts);
    let mut warnings = Vec::new();
    let mut referring = Vec::new();
    for directory in beside {
        referring.extend(manifests_of(&spec, directory, settings, &mut warnings));
    }
    // A composed stack beside the live-spec's own is another stack.
    let own = |manifest: &&(PathBuf, Manifest)| manifest.1.live.len() == 1;
    if referring.iter().filter(own).count() == 1 {
        referring.retain(|manifest| own(&manifest));
    }
    let mut seen = HashSet::new();
    referring.retain(|(_, manifest)| seen.insert(manifest.hash.clone()));
    if referring.len() > 1 {
        return Err(Error::Ambiguous {
            origin: origin.clone(),
            manifests: referring.into_iter().map(|(path, _)| path).collect(),
        });
    }
    if let Some((path, manifest)) = referring.pop() {
        let aliases = manifest.live.iter().filter(|live| live.hash == spec.hash);
        let aliases: Vec<&str> = aliases.map(|live| live.alias.as_str()).collect();
        let alias = match settings.live.as_deref() {
            Some(alias) if !aliases.contains(&alias) => {
                return Err(Error::OtherLive {
                    origin: origin.clone(),
                    alias: alias.to_owned(),
                    known: aliases.into_iter().map(str::to_owned).collect(),
                })
            }
            alias => alias.or(aliases.first().copied()),
        };
        let directories = [self::directory(&path)].into_iter().chain(directory);
        let directories = directories.collect();
        let mut loader = Loader::new(Origin::Path(path.clone()), directories, found, settings);
        loader.warnings = warnings;
        loader.note(origin, &spec.notes);
        loader.warn(origin, &spec.warnings);
        loader.given = Some(spec);
        loader.add_file(path);
        return loader.join(&manifest, alias);
    }
    if let Some(alias) = &settings.live {
        return Err(Error::UnknownLive {
            origin: origin.clone(),
            alias: alias.clone(),
            known: Vec::new(),
        });
    }
    let directories = directory.into_iter().collect();
    let mut loader = Loader::new(origin.clone(), directories, found, settings);
    loader.warnings = warnings;
    loader.alone(spec)
}

/// Returns the directory of a file.
fn directory(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_owned()
}

/// Returns the stack-manifests in a directory that refer to a live-spec.
fn manifests_of(
    spec: &LiveSpec,
    directory: &Path,
    settings: &Settings,
    warnings: &mut Vec<String>,
) -> Vec<(PathBuf, Manifest)> {
    let mut manifests = Vec::new();
    for (path, json) in crate::find::json_files(directory) {
        let manifest = match head(&json) {
            Ok(Head::Artifact {
                kind: Kind::Manifest,
                live,
                ..
            }) if live.contains(&spec.hash) => Manifest::read(&json, settings.verify),
            // A broken stack-manifest may refer to the live-spec.
            Err(error) if Kind::claimed(&path) == Some(Kind::Manifest) => Err(error.into()),
            _ => continue,
        };
        match manifest {
            Ok(manifest) => manifests.push((path, manifest)),
            Err(invalid) => {
                let error = Error::of(Origin::Path(path), Kind::Manifest.name(), invalid);
                warnings.push(format!("ignoring a stack-manifest: {}", first_line(&error)));
            }
        }
    }
    manifests
}

/// Returns what is wrong without the advice, and with the cause.
fn first_line(error: &Error) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    match std::error::Error::source(error) {
        Some(cause) => format!("{first}: {cause}"),
        None => first.to_owned(),
    }
}

/// What is known while a stack is joined.
struct Loader<'s> {
    /// The stack-manifest, or the live-spec if there is none.
    origin: Origin,
    settings: &'s Settings,
    search: Search,
    /// The live-spec that was passed, until it is used.
    given: Option<LiveSpec>,
    files: Vec<PathBuf>,
    warnings: Vec<String>,
    notes: Vec<String>,
}

impl<'s> Loader<'s> {
    fn new(
        origin: Origin,
        directories: Vec<PathBuf>,
        found: &Found,
        settings: &'s Settings,
    ) -> Self {
        let roots = directories.into_iter().chain(found.roots.iter().cloned());
        let roots = roots.chain(settings.artifacts.iter().cloned());
        Loader {
            origin,
            settings,
            search: Search::new(roots.collect()),
            given: None,
            files: found.origin.path().into_iter().map(Into::into).collect(),
            warnings: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Loads the live-specs of a stack-manifest, or the one with this alias.
    fn join(mut self, manifest: &Manifest, alias: Option<&str>) -> Result<Loaded, Error> {
        if manifest.live.is_empty() {
            return Err(Error::NoLive {
                origin: self.origin.clone(),
            });
        }
        let aliases = || {
            manifest
                .live
                .iter()
                .map(|live| live.alias.clone())
                .collect()
        };
        let is_wanted = |live: &&LiveRef| alias.is_none_or(|alias| live.alias == alias);
        let wanted: Vec<&LiveRef> = manifest.live.iter().filter(is_wanted).collect();
        if wanted.is_empty() {
            return Err(Error::UnknownLive {
                origin: self.origin.clone(),
                alias: alias.unwrap_or_default().to_owned(),
                known: aliases(),
            });
        }
        self.note(&self.origin.clone(), &manifest.notes);
        let is_composed = manifest.live.len() > 1;
        let mut parts = Vec::new();
        let mut needed = HashSet::new();
        for live in &wanted {
            let title = match is_composed {
                true => &live.alias,
                false => &manifest.name,
            };
            let spec = self.find_live(live)?;
            needed.extend(spec.programs.iter().map(|program| program.hash.clone()));
            self.check_programs(manifest, live, &spec);
            self.check_selected(manifest, live, &spec)?;
            let served = Served {
                manifest_hash: manifest.hash.to_string(),
                live_alias: live.alias.clone(),
            };
            let selected = manifest.selected(&live.alias);
            let stack = self.resolve(&manifest.name, spec, Some((served, selected)))?;
            if stack.entities.is_empty() {
                self.warnings.push(format!(
                    "{} selects no view of the live-spec `{}`: it is left out",
                    self.origin, live.alias
                ));
                continue;
            }
            parts.push(Part {
                title: title.clone(),
                stack,
            });
        }
        if parts.is_empty() {
            return Err(Error::NoViews {
                origin: self.origin.clone(),
                aliases: wanted.iter().map(|live| live.alias.clone()).collect(),
            });
        }
        if alias.is_none() {
            self.note_independent(manifest, &needed);
        }
        let name = match (is_composed, alias) {
            (true, Some(alias)) => alias.to_owned(),
            _ => manifest.name.clone(),
        };
        Ok(self.finish(name, parts))
    }

    /// Loads a live-spec without a stack-manifest.
    fn alone(mut self, spec: LiveSpec) -> Result<Loaded, Error> {
        let name = match self.origin.path() {
            Some(path) => stem(path).to_owned(),
            None => spec
                .entities
                .first()
                .map_or_else(String::new, |entity| entity.state_name.clone()),
        };
        self.notes.push(format!(
            "no stack-manifest refers to {}: the stack is named `{name}`, and all its views are generated",
            self.origin
        ));
        let origin = self.origin.clone();
        self.note(&origin, &spec.notes);
        self.warn(&origin, &spec.warnings);
        let stack = self.resolve(&name, spec, None)?;
        let part = Part {
            title: name.clone(),
            stack,
        };
        Ok(self.finish(name, vec![part]))
    }

    fn finish(self, name: String, parts: Vec<Part>) -> Loaded {
        Loaded {
            name,
            parts,
            warnings: self.warnings,
            notes: self.notes,
            files: self.files,
        }
    }

    fn find_live(&mut self, live: &LiveRef) -> Result<LiveSpec, Error> {
        if let Some(spec) = self.given.take_if(|spec| spec.hash == live.hash) {
            return Ok(spec);
        }
        let verify = self.settings.verify;
        let found = self
            .search
            .find(&live.hash, |json| LiveSpec::read(json, verify))?;
        let Some((path, spec)) = found else {
            return Err(Error::MissingLive {
                origin: self.origin.clone(),
                alias: live.alias.clone(),
                hash: live.hash.hex().to_owned(),
                reason: self.why_missing(),
            });
        };
        let origin = Origin::Path(path.clone());
        self.note(&origin, &spec.notes);
        self.warn(&origin, &spec.warnings);
        self.add_file(path);
        Ok(spec)
    }

    /// Says why a live-spec is missing: a file with the manifest's name is another build, or something else.
    fn why_missing(&self) -> String {
        let path = self.origin.path();
        let is_named = |file: &Path| {
            path.is_some_and(|path| {
                Kind::claimed(file) == Some(Kind::Live)
                    && stem(path) == stem(file)
                    && path.parent() == file.parent()
            })
        };
        let named = self
            .search
            .artifacts()
            .iter()
            .find(|artifact| is_named(&artifact.path));
        match named {
            Some(artifact) if artifact.kind == Kind::Live => format!(
                "`{}` is of another build (sha256 {})\n  build the stack's crate again",
                artifact.path.display(),
                artifact.hash.short()
            ),
            Some(artifact) => format!(
                "{}; `{}` is a {}\n  build the stack's crate again",
                self.search.places(),
                artifact.path.display(),
                artifact.kind.name()
            ),
            None => format!(
                "{}\n  build the stack's crate again, or pass the live-spec's directory with `--artifacts DIR`",
                self.search.places()
            ),
        }
    }

    /// Warns about programs that the manifest does not list, although the live-spec needs them.
    fn check_programs(&mut self, manifest: &Manifest, live: &LiveRef, spec: &LiveSpec) {
        for program in &spec.programs {
            if manifest
                .programs
                .iter()
                .any(|known| known.hash == program.hash)
            {
                continue;
            }
            let what = match manifest.programs.iter().any(|known| known.id == program.id) {
                true => "lists another program-spec",
                false => "lists no program-spec",
            };
            self.warnings.push(format!(
                "{} {what} for the program `{}`, which the live-spec `{}` needs",
                self.origin, program.id, live.alias
            ));
        }
    }

    fn check_selected(
        &mut self,
        manifest: &Manifest,
        live: &LiveRef,
        spec: &LiveSpec,
    ) -> Result<(), Error> {
        let mut known: BTreeSet<String> = BTreeSet::new();
        for entity in &spec.entities {
            let implicit =
                ["list", "state", "append"].map(|view| format!("{}/{view}", entity.state_name));
            known.extend(entity.views.iter().map(|view| view.id.clone()));
            known.extend(implicit);
        }
        let selected = manifest.selected(&live.alias);
        if let Some(view) = selected.iter().find(|view| !known.contains(*view)) {
            return Err(Error::UnknownView {
                origin: self.origin.clone(),
                alias: live.alias.clone(),
                view: view.clone(),
                known: known.into_iter().collect(),
            });
        }
        for entity in &spec.entities {
            let name = &entity.state_name;
            let start = format!("{name}/");
            if !selected.iter().any(|view| view.starts_with(&start)) {
                self.notes.push(format!(
                    "the entity `{name}` is left out, because {} selects none of its views",
                    self.origin
                ));
                continue;
            }
            let has_key = !entity.identity.primary_keys.is_empty();
            for view in ["list", "state"] {
                let is_offered = view == "list" || has_key;
                if is_offered && !selected.contains(&format!("{name}/{view}")) {
                    self.notes.push(format!(
                        "{} does not select `{name}/{view}`: the server may reject `{view}()` of this entity",
                        self.origin
                    ));
                }
            }
        }
        Ok(())
    }

    fn resolve(
        &mut self,
        name: &str,
        spec: LiveSpec,
        manifest: Option<(Served, BTreeSet<String>)>,
    ) -> Result<Stack, Error> {
        let verify = self.settings.verify;
        let mut idls = Vec::new();
        let mut missing = Vec::new();
        for program in &spec.programs {
            match self
                .search
                .find(&program.hash, |json| ProgramSpec::read(json, verify))?
            {
                Some((path, found)) => {
                    idls.push(found.idl);
                    self.add_file(path);
                }
                None => missing.push(format!(
                    "`{}` (sha256 {})",
                    program.id,
                    program.hash.short()
                )),
            }
        }
        let known: HashSet<String> = idls.iter().map(|idl| idl.name.clone()).collect();
        let (served, selected) = manifest.unzip();
        let file = StackFile {
            stack_name: name.to_owned(),
            program_ids: spec
                .programs
                .into_iter()
                .map(|program| program.id)
                .collect(),
            idls,
            idl: None,
            program_specs: Vec::new(),
            entities: spec.entities,
            served,
            selected,
        };
        let stack = Stack::resolve(&file, &mut self.warnings);
        if !missing.is_empty() {
            let untyped = untyped(&stack, &file.entities, &known);
            let effect = match untyped.is_empty() {
                true => "no field needs it".to_owned(),
                false => format!(
                    "without it, these fields are `Value`: {}",
                    untyped.join(", ")
                ),
            };
            let message = format!(
                "{} needs the program-spec of {}: {}\n  {effect}",
                self.origin,
                missing.join(" and "),
                self.search.places()
            );
            if self.settings.strict {
                return Err(Error::MissingPrograms { message });
            }
            self.warnings.push(message);
        }
        Ok(stack)
    }

    /// Notes the programs of the manifest that no live-spec needs.
    fn note_independent(&mut self, manifest: &Manifest, needed: &HashSet<Hash>) {
        let mut independent = Vec::new();
        for program in manifest
            .programs
            .iter()
            .filter(|program| !needed.contains(&program.hash))
        {
            // Only the name is used, so an invalid program-spec is treated as missing.
            let found = self
                .search
                .find(&program.hash, |json| ProgramSpec::read(json, true));
            independent.push(match found {
                Ok(Some((_, spec))) => format!("`{}` ({})", spec.idl.name, program.id),
                _ => format!("`{}`", program.id),
            });
        }
        if !independent.is_empty() {
            self.notes.push(format!(
                "no live-spec needs these programs, so no code is generated for them: {}",
                independent.join(", ")
            ));
        }
    }

    fn add_file(&mut self, path: PathBuf) {
        if !self.files.contains(&path) {
            self.files.push(path);
        }
    }

    fn note(&mut self, origin: &Origin, notes: &[String]) {
        let notes = notes.iter().map(|note| format!("{origin}: {note}"));
        self.notes.extend(notes);
    }

    fn warn(&mut self, origin: &Origin, warnings: &[String]) {
        let warnings = warnings
            .iter()
            .map(|warning| format!("{origin}: {warning}"));
        self.warnings.extend(warnings);
    }
}
