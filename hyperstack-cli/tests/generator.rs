//! Checks that the generator's output equals the code in `fixtures/generated`, which the workspace compiles.
//! `BLESS=1` updates that code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::{env, fs, io};

use hyperstack_cli::find;
use hyperstack_cli::load::{load, Loaded, Settings};
use hyperstack_cli::model::{Shape, Stack, Type};
use hyperstack_cli::rust::{generate, File, Layout, Options, Sdk, MARK};
use serde_json::{json, Value};
use similar::TextDiff;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The texts of files, by path below `fixtures/generated/src`.
type Files = BTreeMap<PathBuf, String>;

const ORE: &str = "OreStream@0.6.9.stack.json";
const TOKENS: &str = "PumpfunToken@70dcbde.ast.json";
/// The same stack by another build, with another order of server internals.
const ORE_AGAIN: &str = "OreStream@arete-a4fe006.stack.json";
/// Committed broken: a comma is missing.
const BROKEN: &str = "OreStream@178cffc.INVALID.stack.json";
/// Has an unsupported version.
const NEWER: &str = "defects/unknown_version.stack.json";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn text(spec: &str) -> Result<String> {
    let path = fixtures().join("specs").join(spec);
    Ok(fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?)
}

fn stack(spec: &str) -> Result<Stack> {
    Ok(Stack::from_json(&text(spec)?).map_err(|e| format!("{spec}: {e}"))?)
}

/// Sets that generate the same code as others: see `tests/artifacts.rs`.
const SAME: [&str; 8] = [
    "defects/ast-0.0.5",
    "defects/extra-fields",
    "defects/missing-manifest",
    "defects/missing-program",
    "defects/pretty",
    "defects/same-hash-twice",
    "old-body",
    "schema-v1",
];

/// Loads each other directory of artifacts below `fixtures/v2` that has a valid stack.
fn sets() -> Result<Vec<(String, Loaded)>> {
    let mut sets = Vec::new();
    for folder in ["", "defects/"] {
        for entry in fs::read_dir(fixtures().join("v2").join(folder))? {
            let path = entry?.path();
            let name = path.strip_prefix(fixtures().join("v2"))?.to_string_lossy();
            if SAME.contains(&&*name) {
                continue;
            }
            if let Ok(loaded) = find::at(&path)
                .map_err(Into::into)
                .and_then(|it| loaded(&it))
            {
                sets.push((name.into_owned(), loaded));
            }
        }
    }
    sets.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(sets)
}

fn loaded(found: &find::Found) -> Result<Loaded> {
    Ok(load(found, &Settings::default())?)
}

/// Loads the live-spec of a set without its program-specs.
fn without_programs(set: &str, file: &str) -> Result<Loaded> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("without_programs");
    fs::create_dir_all(&directory)?;
    let alone = directory.join(file);
    fs::copy(fixtures().join("v2").join(set).join(file), &alone)?;
    loaded(&find::at(&alone)?)
}

/// Returns the valid stack files.
fn specs() -> Result<Vec<String>> {
    let mut specs = Vec::new();
    for folder in ["", "defects/"] {
        for entry in fs::read_dir(fixtures().join("specs").join(folder))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let spec = format!("{folder}{name}");
            if name.ends_with(".json") && ![BROKEN, NEWER, ORE_AGAIN].contains(&&*spec) {
                specs.push(spec);
            }
        }
    }
    specs.sort();
    Ok(specs)
}

/// Returns `ore_stream_0_6_9` for `OreStream@0.6.9.stack.json`.
fn module(spec: &str) -> String {
    let name = spec.rsplit('/').next().unwrap_or(spec);
    let name = name.trim_end_matches(".json");
    let name = name.trim_end_matches(".stack").trim_end_matches(".ast");
    let mut module = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !module.is_empty() {
            module.push('_');
        }
        let c = if c.is_ascii_alphanumeric() { c } else { '_' };
        module.push(c.to_ascii_lowercase());
    }
    module
}

fn generated(spec: &str, layout: Layout) -> Result<Vec<File>> {
    generated_with(spec, |options| options.layout = layout)
}

fn generated_with(spec: &str, set: impl FnOnce(&mut Options)) -> Result<Vec<File>> {
    let stack = stack(spec)?;
    let mut options = Options::new(&stack);
    set(&mut options);
    Ok(generate(&stack, &options))
}

/// Returns the expected content of `fixtures/generated/src`.
fn expected() -> Result<Files> {
    let mut files = Files::new();
    let mut modules = BTreeSet::from(["flat".to_owned()]);
    let with_serde = [ORE, TOKENS, "defects/idl_types.stack.json"];
    let mut lib = String::from(
        "//! Generated from the stack files in `fixtures/specs` and `fixtures/v2`. Do not edit: see CONTRIBUTING.md.\n\n\
         #![deny(warnings, missing_docs, clippy::all)]\n\n",
    );
    let mut add = |module: &str, of: Vec<File>| {
        files.extend(
            of.into_iter()
                .map(|file| (Path::new(module).join(file.path), file.text)),
        );
    };
    for spec in specs()? {
        let module = module(&spec);
        add(&module, generated(&spec, Layout::Module)?);
        modules.insert(module);
    }
    let flat = generated_with(ORE, |options| {
        options.layout = Layout::Module;
        options.flat = true;
    })?;
    add("flat", flat);
    for spec in with_serde {
        let module = format!("serde_{}", module(spec));
        let files = generated_with(spec, |options| {
            options.layout = Layout::Module;
            options.serde = true;
        })?;
        add(&module, files);
        modules.insert(module);
    }
    for (set, loaded) in sets()? {
        let name = set.trim_start_matches("defects/").replace('-', "_");
        for (module, serde) in [
            (format!("v2_{name}"), false),
            (format!("v2_serde_{name}"), true),
        ] {
            if serde && !["lending", "enum_data"].contains(&&*name) {
                continue;
            }
            let mut options = loaded.options();
            options.layout = Layout::Module;
            options.serde = serde;
            add(&module, loaded.generate(&options));
            modules.insert(module);
        }
    }
    let alone = without_programs("defects/nested", "TramLine.live-spec.json")?;
    let mut options = alone.options();
    options.layout = Layout::Module;
    add("v2_nested_alone", alone.generate(&options));
    modules.insert("v2_nested_alone".to_owned());
    let single = generated_with(ORE, |options| {
        options.layout = Layout::Single;
        let long = "with/a/path/that/is/too/long/for/one/line/of/the/attribute";
        options.url = Some(format!("wss://ore.example/{long}"));
    })?;
    add("single", single);
    lib.extend(modules.iter().map(|module| format!("pub mod {module};\n")));
    lib.push_str(
        "\n\
         /// A single file, as a `build.rs` generates it.\n\
         pub mod single {\n    include!(\"single/stack.rs\");\n}\n",
    );
    files.insert("lib.rs".into(), lib);
    Ok(files)
}

fn committed() -> Result<Files> {
    static BLESS: Once = Once::new();
    if env::var_os("BLESS").is_some() {
        let expected = expected()?;
        BLESS.call_once(|| bless(&expected).expect("the fixtures are writable"));
    }
    fn read(root: &Path, folder: &Path, files: &mut Files) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                read(root, &path, files)?;
            } else if let Ok(name) = path.strip_prefix(root) {
                files.insert(name.to_owned(), fs::read_to_string(&path)?);
            }
        }
        Ok(())
    }
    let root = fixtures().join("generated/src");
    let mut files = Files::new();
    read(&root, &root, &mut files)?;
    Ok(files)
}

fn bless(expected: &Files) -> io::Result<()> {
    let root = fixtures().join("generated/src");
    fs::remove_dir_all(&root)?;
    for (path, text) in expected {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&root))?;
        fs::write(path, text)?;
    }
    Ok(())
}

#[test]
fn generated_code_equals_the_committed_code() -> Result {
    let expected = expected()?;
    let committed = committed()?;
    let mut difference = String::new();
    let paths = expected.keys().chain(committed.keys());
    for path in paths.collect::<BTreeSet<_>>() {
        let text = |files: &Files| files.get(path).cloned().unwrap_or_default();
        let (old, new) = (text(&committed), text(&expected));
        let diff = TextDiff::from_lines(&old, &new);
        let name = path.display().to_string();
        difference += &diff.unified_diff().header(&name, "generated").to_string();
    }
    assert!(
        difference.is_empty() && expected == committed,
        "{difference}\nif this is intended, run BLESS=1 cargo test -p hyperstack-cli --test generator"
    );
    Ok(())
}

#[test]
fn generated_code_is_formatted_as_by_rustfmt() -> Result {
    let root = fixtures().join("generated/src");
    let files = committed()?;
    let mut rustfmt = Command::new(env::var_os("RUSTFMT").unwrap_or_else(|| "rustfmt".into()));
    rustfmt.args(["--edition", "2021", "--check"]);
    rustfmt.args(files.keys().map(|path| root.join(path)));
    let output = rustfmt.output()?;
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

#[test]
fn generating_is_deterministic() -> Result {
    assert_eq!(expected()?, expected()?);
    Ok(())
}

#[test]
fn builds_that_look_the_same_to_a_client_generate_the_same_code() -> Result {
    assert_ne!(text(ORE)?, text(ORE_AGAIN)?);
    assert_eq!(stack(ORE)?.hash(), stack(ORE_AGAIN)?.hash());
    let of = |spec| generated(spec, Layout::Crate);
    assert_eq!(of(ORE)?, of(ORE_AGAIN)?);
    Ok(())
}

#[test]
fn the_hash_covers_only_what_a_client_sees() -> Result {
    let text = text(ORE)?;
    let hash = |text: &str| Stack::from_json(text).map(|stack| stack.hash());
    let of_server = text.replace("\"content_hash\": \"", "\"content_hash\": \"0");
    let of_client = text.replace("\"deploy_count\"", "\"deploys\"");
    assert!(of_server != text && of_client != text);
    assert_eq!(hash(&of_server)?, hash(&text)?);
    assert_ne!(hash(&of_client)?, hash(&text)?);
    Ok(())
}

/// D1: the crate depends only on the SDK, in the generator's version.
#[test]
fn d01_the_manifest_depends_only_on_the_sdk() -> Result {
    let stack = stack(ORE)?;
    let mut options = Options::new(&stack);
    options.url = Some("wss://ore.example".to_owned());
    let manifest = |options: &Options| -> Result<toml::Table> {
        let files = generate(&stack, options);
        let paths: Vec<_> = files
            .iter()
            .map(|file| file.path.display().to_string())
            .collect();
        assert_eq!(
            paths,
            [
                "Cargo.toml",
                "src/lib.rs",
                "src/types.rs",
                "src/entity.rs",
                "src/programs.rs"
            ]
        );
        Ok(files[0].text.parse()?)
    };
    let found = manifest(&options)?;
    assert_eq!(found["package"]["name"].as_str(), Some("ore-stream-stack"));
    let dependencies = found["dependencies"].as_table().ok_or("no table")?;
    assert_eq!(dependencies.keys().collect::<Vec<_>>(), ["hyperstack-sdk"]);
    let version = dependencies["hyperstack-sdk"]["version"]
        .as_str()
        .ok_or("no version")?;
    let minor = format!("{version}.");
    assert!(env!("CARGO_PKG_VERSION").starts_with(&minor), "{version}");

    options.serde = true;
    let found = manifest(&options)?;
    let dependencies = found["dependencies"].as_table().ok_or("no table")?;
    let serde = &dependencies["serde"];
    assert_eq!(serde["features"], toml::Value::from(vec!["derive"]));
    options.serde = false;

    options.crate_name = "my-own".to_owned();
    options.sdk = Sdk::Path("../\"quoted\"".to_owned());
    let found = manifest(&options)?;
    assert_eq!(found["package"]["name"].as_str(), Some("my-own"));
    let sdk = &found["dependencies"]["hyperstack-sdk"];
    assert_eq!(sdk["path"].as_str(), Some("../\"quoted\""));
    assert!(sdk.get("version").is_none());
    Ok(())
}

#[test]
fn only_the_sdk_and_std_are_imported() -> Result {
    for (path, text) in expected()? {
        let imports = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("use "));
        for import in imports {
            let root = import.split("::").next().unwrap_or(import);
            assert!(
                ["hyperstack_sdk", "std", "super"].contains(&root),
                "{}: {import}",
                path.display()
            );
        }
    }
    Ok(())
}

#[test]
fn every_file_has_the_mark_and_the_hash() -> Result {
    for spec in specs()? {
        let hash = stack(&spec)?.hash();
        for layout in [Layout::Crate, Layout::Module, Layout::Single] {
            for file in generated(&spec, layout)? {
                let path = format!("{spec}: {}", file.path.display());
                assert!(
                    file.text
                        .lines()
                        .next()
                        .is_some_and(|line| line.contains(MARK)),
                    "{path}"
                );
                assert!(file.text.contains(&hash), "{path}");
            }
        }
    }
    Ok(())
}

/// Reads a stack with one section `s`, whose fields are read from the account `vault::Pool`. Each field has a name, a
/// declared type, a path in the account, and a population.
fn pool(fields: &[(&str, &str, &str, &str)]) -> Result<Stack> {
    let specs = fields.iter().map(|(name, ty, ..)| {
        let base = if name.ends_with("_at") {
            "Timestamp"
        } else {
            "Integer"
        };
        json!({"field_name": name, "rust_type_name": ty, "base_type": base})
    });
    let mappings = fields.iter().map(|(name, _, path, population)| {
        let source = json!({"FromSource": {"path": {"segments": [path]}}});
        json!({"target_path": format!("s.{name}"), "source": source, "population": population})
    });
    let handler = json!({
        "source": {"Source": {"type_name": "vault::PoolState"}},
        "mappings": mappings.collect::<Vec<_>>(),
    });
    let account = json!([
        {"name": "amount", "type": "u64"},
        {"name": "maxCost", "type": "u64"},
        {"name": "fee", "type": {"option": "u16"}},
        {"name": "opened_at", "type": "i64"},
        {"name": "expires_at", "type": "u64"},
        {"name": "start_slot", "type": "u64"},
    ]);
    let body = json!({
        "stack_name": "S",
        "idls": [{
            "name": "vault",
            "accounts": [{"name": "Pool"}],
            "types": [{"name": "Pool", "type": {"kind": "struct", "fields": account}}],
        }],
        "entities": [{
            "state_name": "E",
            "identity": {"primary_keys": ["s.id"]},
            "sections": [{"name": "s", "fields": specs.collect::<Vec<_>>()}],
            "handlers": [handler],
        }],
    });
    Ok(Stack::from_json(&body.to_string())?)
}

#[test]
fn a_field_is_nullable_if_its_source_may_lack_the_value() -> Result {
    let stack = pool(&[
        ("id", "u64", "maxCost", "LastWrite"),
        ("exact", "u64", "amount", "LastWrite"),
        ("camel", "u64", "maxCost", "LastWrite"),
        ("snake", "u64", "max_cost", "LastWrite"),
        ("once", "u64", "maxCost", "SetOnce"),
        ("optional", "u16", "fee", "LastWrite"),
        ("missing", "u64", "nothing", "LastWrite"),
    ])?;
    let fields = &stack.entities[0].sections[0].fields;
    let nullable = fields.iter().filter(|field| field.nullable);
    let nullable: Vec<_> = nullable.map(|field| field.name.as_str()).collect();
    assert_eq!(nullable, ["camel", "optional", "missing"]);
    Ok(())
}

#[test]
fn a_number_says_that_it_is_a_slot_or_a_time_if_its_name_and_type_agree() -> Result {
    let stack = pool(&[
        ("opened_at", "i64", "opened_at", "LastWrite"),
        ("start_slot", "u64", "start_slot", "LastWrite"),
        // This one counts slots in some programs, and seconds in others.
        ("expires_at", "u64", "expires_at", "LastWrite"),
        ("settled", "u64", "amount", "LastWrite"),
    ])?;
    let fields = stack.entities[0].sections[0].fields.iter();
    let units = fields.map(|field| field.origin.get(1).map(String::as_str));
    let units: Vec<_> = units.collect();
    assert_eq!(
        units,
        [Some("In Unix seconds."), Some("A slot."), None, None]
    );
    Ok(())
}

#[test]
fn a_broken_file_is_an_error_with_position_and_path() -> Result {
    let error = Stack::from_json(&text(BROKEN)?).expect_err("a comma is missing");
    assert_eq!((error.line(), error.column()), (5239, 11));
    assert_eq!(error.path(), "entities[1].instruction_hooks[1].actions");
    assert_eq!(error.message(), "expected `,` or `]`");
    Ok(())
}

#[test]
fn an_invalid_stack_file_is_an_error_with_the_reason() -> Result {
    let field = |name: &str| {
        format!(
            r#"{{"stack_name": "S", "entities": [{{"state_name": "E", "sections": [{{"name": "s", "fields": [{name}]}}]}}]}}"#
        )
    };
    for (json, message) in [
        (
            text(NEWER)?,
            "ast_version: unsupported version `0.1.0`, expected `0.0.1`",
        ),
        (String::new(), "line 1, column 0: EOF while parsing a value"),
        ("[]".to_owned(), "missing field `stack_name`"),
        ("{}".to_owned(), "missing field `stack_name`"),
        (
            r#"{"name": "package.json"}"#.to_owned(),
            "missing field `stack_name`",
        ),
        (
            r#"{"stack_name": "S"}"#.to_owned(),
            "missing field `entities`",
        ),
        (
            r#"{"stack_name": "S", "entities": []}"#.to_owned(),
            "entities: the stack has no entities",
        ),
        (
            field("{}"),
            "entities[0].sections[0].fields[0]: missing field `field_name`",
        ),
        (
            field(r#"{"field_name": 7}"#),
            "entities[0].sections[0].fields[0].field_name: invalid type: integer `7`",
        ),
        (field("") + "]", "trailing characters"),
        (
            field("").replace(r#""E""#, r#""a/b""#),
            "entities[0].state_name: an entity's name must not be empty or contain `/`",
        ),
    ] {
        let error = Stack::from_json(&json).expect_err(&json).to_string();
        assert!(error.contains(message), "{json}: {error}");
    }
    Ok(())
}

/// Returns the JSON pointers of all values.
fn pointers(json: &Value) -> Vec<String> {
    let mut pointers = vec![String::new()];
    let children: Vec<(String, &Value)> = match json {
        Value::Object(fields) => fields.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(i, v)| (i.to_string(), v))
            .collect(),
        _ => Vec::new(),
    };
    for (name, child) in children {
        let name = name.replace('~', "~0").replace('/', "~1");
        pointers.extend(
            self::pointers(child)
                .into_iter()
                .map(|tail| format!("/{name}{tail}")),
        );
    }
    pointers
}

/// Replaces values in stack files one at a time. By default it tests one in 97; `EVERY=1` tests all.
#[test]
fn any_value_in_a_stack_file_generates_valid_rust() -> Result {
    let every = env::var("EVERY").map_or(Ok(97), |every| every.parse())?;
    let values = [
        json!(null),
        json!(7),
        json!(""),
        json!("_ \u{202e}`\"*/"),
        json!("Self"),
        json!([]),
        json!({}),
        json!(true),
    ];
    let mut place = 0;
    for spec in specs()?.iter().filter(|spec| spec.starts_with("defects/")) {
        let json: Value = serde_json::from_str(&text(spec)?)?;
        for pointer in pointers(&json) {
            for value in &values {
                place += 1;
                if place % every != 0 {
                    continue;
                }
                let mut json = json.clone();
                *json.pointer_mut(&pointer).ok_or("no such pointer")? = value.clone();
                let Ok(stack) = Stack::from_json(&json.to_string()) else {
                    continue;
                };
                for file in generate(&stack, &Options::new(&stack)) {
                    if file.path.extension() == Some("rs".as_ref()) {
                        let parsed = syn::parse_file(&file.text);
                        parsed
                            .map_err(|e| format!("{spec}{pointer} {value}: {e}\n{}", file.text))?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Reads a stack whose entity `E` has the section `s` with these fields, and these handlers.
fn with_handlers(idls: Value, programs: &[&str], fields: Value, handlers: Value) -> Result<Stack> {
    let body = json!({
        "stack_name": "S",
        "program_ids": programs,
        "idls": idls,
        "entities": [{
            "state_name": "E",
            "sections": [{"name": "s", "fields": fields}],
            "handlers": handlers,
        }],
    });
    Ok(Stack::from_json(&body.to_string())?)
}

fn handler(from: &str, target: &str, source: Value, population: &str) -> Value {
    json!({
        "source": {"Source": {"type_name": from}},
        "mappings": [{"target_path": target, "source": source, "population": population}],
    })
}

fn at(segments: &[&str]) -> Value {
    json!({"FromSource": {"path": {"segments": segments}}})
}

#[test]
fn a_type_of_another_program_is_not_used() -> Result {
    let config = |ty: &str| json!({"kind": "struct", "fields": [{"name": "fee", "type": ty}]});
    let idls = json!([{"name": "ore", "types": [{"name": "Config", "type": config("u64")}]}]);
    let field = |name: &str, ty: &str| json!({"field_name": name, "rust_type_name": ty});
    let stack = with_handlers(
        idls,
        &["a", "b"],
        json!([
            field("own", "ore_sdk::types::Config"),
            field("old", "generated_sdk::types::Config"),
            field("other", "pump_sdk::types::Config"),
        ]),
        json!([]),
    )?;
    let fields = &stack.entities[0].sections[0].fields;
    let types: Vec<_> = fields.iter().map(|field| &field.ty).collect();
    assert_eq!(
        types,
        [&Type::Defined(0), &Type::Defined(0), &Type::Json],
        "own, old and other"
    );
    Ok(())
}

#[test]
fn a_field_of_a_missing_program_is_nullable() -> Result {
    let nullable = |programs: &[&str]| -> Result<bool> {
        let stack = with_handlers(
            json!([]),
            programs,
            json!([{"field_name": "fee", "rust_type_name": "u64"}]),
            json!([handler(
                "pump::BuyIxState",
                "s.fee",
                at(&["data", "fee"]),
                "LastWrite"
            )]),
        )?;
        Ok(stack.entities[0].sections[0].fields[0].nullable)
    };
    assert!(nullable(&["a"])?);
    // The first stack files name no programs.
    assert!(!nullable(&[])?);
    Ok(())
}

#[test]
fn a_root_field_with_events_of_two_sources_has_one_type() -> Result {
    let arg = |ty: &str| json!([{"name": "amount", "type": ty}]);
    let idls = json!([{"name": "ore", "instructions": [
        {"name": "buy", "args": arg("u64")},
        {"name": "sell", "args": arg("u64")},
        {"name": "wait", "args": [{"name": "start_slot", "type": "u64"}]},
    ]}]);
    let picked = json!({"AsEvent": {"fields": [at(&["data", "amount"])]}});
    let stack = with_handlers(
        idls,
        &[],
        json!([]),
        json!([
            handler("ore::BuyIxState", "trade", picked.clone(), "LastWrite"),
            handler("ore::SellIxState", "trade", picked, "LastWrite"),
            handler(
                "ore::WaitIxState",
                "start_slot",
                at(&["data", "start_slot"]),
                "LastWrite"
            ),
        ]),
    )?;
    let [trade, slot] = &stack.entities[0].fields[..] else {
        panic!("{:?}", stack.entities[0].fields);
    };
    assert_eq!(trade.ty, Type::Event(Box::new(Type::Defined(0))));
    assert_eq!(slot.origin[1..], ["A slot."]);
    Ok(())
}

#[test]
fn a_number_is_as_wide_as_the_widest_of_its_sources() -> Result {
    let idls = json!([{"name": "ore", "instructions": [
        {"name": "buy", "args": [{"name": "amount", "type": "u64"}]},
        {"name": "sell", "args": [{"name": "amount", "type": "u32"}]},
    ]}]);
    let from =
        |from: &str, target: &str| handler(from, target, at(&["data", "amount"]), "LastWrite");
    let field = |name: &str, ty: &str| json!({"field_name": name, "rust_type_name": ty});
    let stack = with_handlers(
        idls,
        &[],
        json!([
            field("short", "u16"),
            field("text", "String"),
            field("half", "u32"),
            field("signed", "i8")
        ]),
        json!([
            from("ore::BuyIxState", "s.short"),
            from("ore::SellIxState", "s.short"),
            from("ore::BuyIxState", "s.text"),
            from("ore::SellIxState", "s.text"),
            from("ore::BuyIxState", "s.half"),
            from("ore::UnknownIxState", "s.half"),
            from("ore::SellIxState", "s.signed"),
        ]),
    )?;
    let fields = &stack.entities[0].sections[0].fields;
    let types: Vec<_> = fields.iter().map(|field| &field.ty).collect();
    let (u64, u32) = (Type::Int("u64"), Type::Int("u32"));
    assert_eq!(types, [&u64, &u64, &u64, &u32]);
    Ok(())
}

#[test]
fn an_event_can_have_its_own_fields() -> Result {
    let idls = json!([{"name": "ore", "events": [
        {"name": "Trade", "fields": [{"name": "amount", "type": "u64"}, {"name": "rest"}]},
    ]}]);
    let stack = with_handlers(
        idls,
        &[],
        json!([{"field_name": "last", "rust_type_name": "Value"}]),
        json!([handler(
            "ore::TradeCpiEvent",
            "s.last",
            json!({"AsEvent": {"fields": []}}),
            "LastWrite"
        )]),
    )?;
    let shape = stack.types.iter().find(|def| def.name == "Trade");
    let Some(Shape::Struct(members)) = shape.map(|def| &def.shape) else {
        panic!("{:?}", stack.types);
    };
    let members: Vec<_> = members
        .iter()
        .map(|member| (&*member.name, &member.ty))
        .collect();
    assert_eq!(
        members,
        [("amount", &Type::Int("u64")), ("rest", &Type::Json)]
    );
    Ok(())
}

#[test]
fn an_appended_value_is_nullable_if_a_part_of_its_path_may_be_missing() -> Result {
    let inner = json!({"kind": "struct", "fields": [{"name": "fee", "type": "u64"}]});
    let idls = json!([{
        "name": "ore",
        "types": [{"name": "Config", "type": inner}],
        "instructions": [{"name": "buy", "args": [
            {"name": "bare", "type": "Config"},
            {"name": "optional", "type": {"option": {"defined": "Config"}}},
            {"name": "raw", "type": {"coption": "u64"}},
        ]}],
    }]);
    let paths: [&[&str]; 3] = [
        &["data", "bare", "fee"],
        &["data", "optional", "fee"],
        &["data", "raw"],
    ];
    let names = ["bare", "optional", "raw"];
    let fields = names.map(|name| json!({"field_name": name, "rust_type_name": "Vec<u64>"}));
    let handlers: Vec<_> = std::iter::zip(names, paths)
        .map(|(name, path)| handler("ore::BuyIxState", &format!("s.{name}"), at(path), "Append"))
        .collect();
    let stack = with_handlers(idls, &[], json!(fields), json!(handlers))?;
    let fields = &stack.entities[0].sections[0].fields;
    let types: Vec<_> = fields.iter().map(|field| field.ty.clone()).collect();
    let list = |ty| Type::List(Box::new(ty));
    let nullable = list(Type::Nullable(Box::new(Type::Int("u64"))));
    assert_eq!(types, [list(Type::Int("u64")), nullable.clone(), nullable]);
    Ok(())
}
