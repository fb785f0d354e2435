//! Checks that what `hs sdk infer` makes of the recordings equals the code in `fixtures/inferred`, which the workspace
//! compiles. `BLESS=1` updates that code.
#![cfg(feature = "hs")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use hyperstack_cli::infer::{generate, Observer};
use hyperstack_cli::model::{Shape, Stack, Type};
use hyperstack_cli::rust::{Layout, Options};
use hyperstack_sdk::testing::{Recording, Side};
use serde_json::{json, Value};

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
    let odd = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/inferred/recordings/odd.jsonl");
    recordings.push(("odd".to_owned(), "odd.jsonl".to_owned(), odd));
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

/// Random JSON, mostly with names and values that have a meaning.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }

    fn name(&mut self) -> String {
        let names = [
            "a",
            "b",
            "data",
            "timestamp",
            "slot",
            "bytes",
            "mint",
            "1",
            "2",
            "type",
            "",
        ];
        names[usize::try_from(self.below(11)).unwrap_or(0)].to_owned()
    }

    fn value(&mut self, depth: u64) -> Value {
        let n = self.below(40);
        match self.below(if depth == 0 { 8 } else { 12 }) {
            0 => Value::Null,
            1 => json!(n % 2 == 0),
            2 => json!(n),
            3 => json!(-20 + i64::try_from(n).unwrap_or(0)),
            4 => json!(0.5),
            5 => json!(n.to_string()),
            6 => json!((u128::from(u64::MAX) * u128::from(n)).to_string()),
            7 => json!(["", "x", "007", "+1"][usize::try_from(n % 4).unwrap_or(0)]),
            8 => (0..n % 4).map(|_| self.value(depth - 1)).collect(),
            _ => self.object(depth - 1),
        }
    }

    fn object(&mut self, depth: u64) -> Value {
        let members = self.below(5);
        let members = (0..members).map(|_| (self.name(), self.value(depth)));
        Value::Object(members.collect())
    }
}

/// Returns whether the SDK decodes a value as this type.
fn fits(value: &Value, ty: &Type, stack: &Stack) -> bool {
    let text = match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    };
    let parses = |ty| {
        let text = text.as_deref().unwrap_or_default();
        match ty {
            "u64" => text.parse::<u64>().is_ok(),
            "i64" => text.parse::<i64>().is_ok(),
            "u128" => text.parse::<u128>().is_ok(),
            "i128" => text.parse::<i128>().is_ok(),
            _ => text.parse::<f64>().is_ok(),
        }
    };
    let all = |ty: &Type| match value {
        Value::Array(elements) => elements.iter().all(|it| fits(it, ty, stack)),
        // Null removes the key from a map.
        Value::Object(values) => values
            .values()
            .all(|it| it.is_null() || fits(it, ty, stack)),
        _ => false,
    };
    // A missing member of a struct is `None`.
    let has = |name: &str, ty: &Type| value[name].is_null() || fits(&value[name], ty, stack);
    match ty {
        Type::Json => true,
        Type::Bool => value.is_boolean(),
        Type::Int(name) | Type::Float(name) => parses(name),
        Type::Text => value.is_string(),
        Type::List(ty) => value.is_array() && all(ty),
        Type::Map(_, ty) => value.is_object() && all(ty),
        Type::Nullable(ty) => value.is_null() || fits(value, ty, stack),
        Type::Capture(data) | Type::Event(data) => {
            fits(&value["timestamp"], &Type::Int("i64"), stack)
                && fits(&value["data"], data, stack)
                && has("slot", &Type::Int("u64"))
                && has("signature", &Type::Text)
        }
        Type::TokenMetadata => value.is_object() && has("mint", &Type::Text),
        Type::SlotHash => value["bytes"].as_array().is_some_and(|it| it.len() == 32),
        Type::Defined(index) => {
            let Shape::Struct(members) = &stack.types[*index].shape else {
                return false;
            };
            let is_known = |name: &String| members.iter().any(|member| member.name == *name);
            value.as_object().is_some_and(|it| it.keys().all(is_known))
                && members.iter().all(|member| has(&member.name, &member.ty))
        }
        _ => false,
    }
}

/// Each value of random rows and patches fits the field that was inferred, and the code is valid.
#[test]
fn random_rows_fit_the_inferred_types() -> Result {
    for seed in 0..500 {
        let mut random = Random(seed);
        let mut observer = Observer::new();
        let mut sent = Vec::new();
        for _ in 0..random.below(9) + 1 {
            let key = random.below(3).to_string();
            let (op, data) = (
                ["upsert", "patch"][usize::from(seed % 2 == 0)],
                random.object(4),
            );
            let mut frame = json!({"op": op, "entity": "A/list", "key": key, "data": data});
            if random.below(2) == 0 {
                frame["protocolVersion"] = json!(2);
            }
            observer.server_message(&frame.to_string());
            sent.push(data);
        }
        let stack = observer.stack("A");
        let types = types(&stack, "A");
        let sections = &stack.entities[0].sections;
        for data in &sent {
            let members = data.as_object().into_iter().flatten();
            for (name, value) in members.filter(|(name, _)| !name.is_empty()) {
                let mut fields = vec![(name.clone(), value)];
                if sections.iter().any(|section| section.name == *name) {
                    assert!(
                        value.is_object() || value.is_null(),
                        "{seed}: {name} {value}"
                    );
                    let inner = value.as_object().into_iter().flatten();
                    fields = inner
                        .map(|(it, value)| (format!("{name}.{it}"), value))
                        .collect();
                }
                for (path, value) in fields {
                    let (ty, is_nullable) = types.get(&path).ok_or(path.clone())?;
                    let fits = match value {
                        Value::Null => *is_nullable,
                        value => fits(value, ty, &stack),
                    };
                    assert!(fits, "{seed}: {path} is {ty:?}, not {value}");
                }
            }
        }
        for file in generate(&stack, &Options::new(&stack), "a test") {
            if file.path.extension().is_some_and(|it| it == "rs") {
                assert!(!file.text.contains("rename = \"\""), "{seed}");
                syn::parse_file(&file.text).map_err(|error| format!("{seed}: {error}"))?;
            }
        }
    }
    Ok(())
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
