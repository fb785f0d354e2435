//! Checks that what `hs sdk infer` makes of the recordings equals the code in `fixtures/inferred`, which the workspace
//! compiles. `BLESS=1` updates that code.
#![cfg(feature = "hs")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use hyperstack_cli::infer::{generate, Observer};
use hyperstack_cli::model::{Stack, Type};
use hyperstack_cli::rust::{Layout, Options};
use hyperstack_sdk::testing::{Recording, Side};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The texts of files, by path below `fixtures/inferred/src`.
type Files = BTreeMap<PathBuf, String>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/inferred/src")
}

/// Returns the recordings as the names of their modules, their files and their paths.
fn recordings() -> Result<Vec<(String, String, PathBuf)>> {
    let mut recordings = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../recordings");
    for (prefix, folder) in [("v1", folder.clone()), ("v2", folder.join("v2"))] {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            if let Some(name) = file.strip_suffix(".jsonl.gz") {
                let module = format!("{prefix}_{}", name.replace('-', "_"));
                recordings.push((module, file.to_string(), path.clone()));
            }
        }
    }
    recordings.sort();
    Ok(recordings)
}

fn observed(path: &Path) -> Result<Observer> {
    let mut observer = Observer::new();
    for entry in &Recording::open(path)? {
        match entry.from {
            Side::Client => observer.client_message(&entry.text),
            Side::Server => observer.server_message(&entry.text),
        }
    }
    Ok(observer)
}

/// Returns the expected content of `fixtures/inferred/src`.
fn expected() -> Result<Files> {
    let mut files = Files::new();
    let mut lib = String::from(
        "//! Inferred from the recordings. Do not edit: see CONTRIBUTING.md.\n\n\
         #![deny(warnings, missing_docs, clippy::all)]\n\n",
    );
    for (module, file, path) in recordings()? {
        let stack = observed(&path)?.stack(file.split('.').next().unwrap_or_default());
        let mut options = Options::new(&stack);
        options.layout = Layout::Module;
        for file in generate(&stack, &options, &format!("`{file}`")) {
            files.insert(Path::new(&module).join(file.path), file.text);
        }
        lib += &format!("pub mod {module};\n");
    }
    files.insert("lib.rs".into(), lib);
    Ok(files)
}

#[test]
fn inferred_code_equals_the_committed_code() -> Result {
    let expected = expected()?;
    if env::var_os("BLESS").is_some() {
        let _ = fs::remove_dir_all(root());
        for (path, text) in &expected {
            let path = root().join(path);
            fs::create_dir_all(path.parent().ok_or("no folder")?)?;
            fs::write(path, text)?;
        }
    }
    for (path, text) in &expected {
        let committed = fs::read_to_string(root().join(path))?;
        assert!(
            committed == *text,
            "{} is stale; if this is intended, run BLESS=1 cargo test -p hyperstack-cli --test infer",
            path.display()
        );
    }
    let folders = fs::read_dir(root())?.count();
    assert_eq!(folders, recordings()?.len() + 1);
    Ok(())
}

#[test]
fn inferred_code_is_formatted_as_by_rustfmt() -> Result {
    let mut rustfmt = Command::new(env::var_os("RUSTFMT").unwrap_or_else(|| "rustfmt".into()));
    rustfmt.args(["--edition", "2021", "--check"]);
    for folder in fs::read_dir(root())? {
        let path = folder?.path();
        match path.is_dir() {
            true => rustfmt.args(["mod.rs", "types.rs", "entity.rs"].map(|file| path.join(file))),
            false => rustfmt.arg(path),
        };
    }
    let output = rustfmt.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    Ok(())
}

/// Returns the types of an entity's fields, by path.
fn types(stack: &Stack, entity: &str) -> BTreeMap<String, (Type, bool)> {
    let entities = stack.entities.iter().filter(|it| it.name == entity);
    let mut types = BTreeMap::new();
    for entity in entities {
        for field in &entity.fields {
            types.insert(field.name.clone(), (field.ty.clone(), field.nullable));
        }
        for section in &entity.sections {
            for field in &section.fields {
                let path = format!("{}.{}", section.name, field.name);
                types.insert(path, (field.ty.clone(), field.nullable));
            }
        }
    }
    types
}

/// The real generations differ in how they send integers, but not in what is inferred.
#[test]
fn both_generations_of_servers_have_the_same_types() -> Result {
    let recordings = recordings()?;
    let of = |module: &str| -> Result<Stack> {
        let (_, _, path) = recordings
            .iter()
            .find(|(name, ..)| name == module)
            .ok_or("no recording")?;
        Ok(observed(path)?.stack("Ore"))
    };
    let (v1, v2) = (of("v1_ore")?, of("v2_ore")?);
    let (old, new) = (types(&v1, "OreRound"), types(&v2, "OreRound"));
    assert_eq!(old.keys().collect::<BTreeSet<_>>(), new.keys().collect());
    let int = |nullable| (Type::Int("u64"), nullable);
    for types in [&old, &new] {
        assert_eq!(types["id.round_id"], int(false));
        assert_eq!(types["results.rng"], int(true));
        assert_eq!(types["id.round_address"], (Type::Text, false));
        assert_eq!(types["state.total_deployed"], (Type::Float("f64"), false));
        assert_eq!(types["ore_metadata"], (Type::TokenMetadata, false));
        let list = Type::List(Box::new(Type::Int("u64")));
        assert_eq!(types["state.count_per_square"], (list, false));
    }
    for stack in [&v1, &v2] {
        let round = stack.entities.iter().find(|it| it.name == "OreRound");
        let round = round.ok_or("no entity")?;
        assert_eq!(round.key.as_deref(), Some("id.round_id"));
        let views: Vec<_> = round.views.iter().map(|view| view.id.as_str()).collect();
        assert!(views.contains(&"OreRound/latest"), "{views:?}");
        let latest = &round.views[views
            .iter()
            .position(|id| *id == "OreRound/latest")
            .unwrap_or(0)];
        assert_eq!(latest.steps[0], "sorted by `id.round_id`, descending");
    }
    Ok(())
}
