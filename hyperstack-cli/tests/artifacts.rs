//! Loading stack-manifests, live-specs and program-specs.

use std::fs;
use std::path::{Path, PathBuf};

use hyperstack_cli::find;
use hyperstack_cli::load::{load, Loaded, Settings};
use hyperstack_cli::rust::{File, Layout};

/// A directory for one test.
struct Tree(PathBuf);

impl Tree {
    /// Creates an empty directory. `name` must be unique to the test.
    fn new(name: &str) -> Tree {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("artifacts")
            .join(name);
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        fs::create_dir_all(&path).unwrap();
        Tree(path)
    }

    /// Copies the files of a set into a directory below this one.
    fn copy(self, set: &str, below: &str) -> Tree {
        let directory = self.0.join(below);
        fs::create_dir_all(&directory).unwrap();
        for entry in fs::read_dir(fixture(set)).unwrap() {
            let from = entry.unwrap().path();
            fs::copy(&from, directory.join(from.file_name().unwrap())).unwrap();
        }
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces text in a file.
    #[track_caller]
    fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no `{from}`");
        self.write(path, &text.replace(from, to));
    }

    fn load(&self, path: &str) -> Result<Loaded, String> {
        load_with(&self.path(path), |_| {})
    }

    #[track_caller]
    fn error(&self, path: &str) -> String {
        let error = self.load(path).unwrap_err();
        error.replace(&format!("{}/", self.0.display()), "")
    }
}

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/v2")
        .join(path)
}

fn load_with(path: &Path, set: impl FnOnce(&mut Settings)) -> Result<Loaded, String> {
    let mut settings = Settings::default();
    set(&mut settings);
    let found = find::at(path).map_err(|error| chain(&error))?;
    load(&found, &settings).map_err(|error| chain(&error))
}

/// Returns an error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text += &format!(": {cause}");
        next = cause.source();
    }
    text
}

/// Generates all layouts, and checks that the code is valid Rust.
#[track_caller]
fn generate(loaded: &Loaded) -> Vec<File> {
    let mut files = Vec::new();
    for layout in [Layout::Module, Layout::Single, Layout::Crate] {
        let mut options = loaded.options();
        options.layout = layout;
        files = loaded.generate(&options);
        for file in files
            .iter()
            .filter(|file| file.path.extension() == Some("rs".as_ref()))
        {
            if let Err(error) = syn::parse_file(&file.text) {
                panic!("{}: {error}\n{}", file.path.display(), file.text);
            }
        }
    }
    files
}

fn text<'f>(files: &'f [File], path: &str) -> &'f str {
    let file = files.iter().find(|file| file.path == Path::new(path));
    &file.unwrap_or_else(|| panic!("no file {path}")).text
}

fn paths(files: &[File]) -> Vec<String> {
    files
        .iter()
        .map(|file| file.path.display().to_string())
        .collect()
}

/// What must happen to a set.
enum Verdict {
    /// It generates without a word.
    Generates,
    /// It generates with a warning that contains this.
    Warns(&'static str),
    /// It generates with a note that contains this.
    Notes(&'static str),
    /// It is an error that contains these.
    Fails(&'static [&'static str]),
}

use Verdict::{Fails, Generates, Notes, Warns};

const DEFECTS: &[(&str, Verdict)] = &[
    ("ok", Generates),
    (
        "missing-manifest",
        Notes("the stack is named `TramLine`, and all its views are generated"),
    ),
    (
        "missing-program",
        Warns("no file under `"),
    ),
    (
        "stale-live",
        Fails(&[
            "TramLine.stack-manifest.json` needs the live-spec `live` (sha256 788a3786…)",
            "TramLine.live-spec.json` is of another build (sha256 4833a3aa…)\n  build the stack's crate again",
        ]),
    ),
    (
        "missing-live",
        Fails(&["needs the live-spec `live` (sha256 788a3786…), and no file under `"]),
    ),
    (
        "wrong-hash-live",
        Fails(&["TramLine.live-spec.json` says sha256 788a3786…, and its content gives "]),
    ),
    (
        "wrong-hash-manifest",
        Fails(&["TramLine.stack-manifest.json` says sha256 "]),
    ),
    (
        "wrong-hash-program",
        Fails(&["tramway.program-spec.json` says sha256 6417a9f1…"]),
    ),
    (
        "version-artifact",
        Fails(&["TramLine.live-spec.json` has artifactVersion `0.9.0`, expected `1.x.y`"]),
    ),
    (
        "version-schema",
        Fails(&["has schema `arete.live-spec/v9`, expected `arete.live-spec/v1` or `arete.live-spec/v2`"]),
    ),
    (
        "version-manifest",
        Fails(&["TramLine.stack-manifest.json` has schema `arete.stack-manifest/v9`"]),
    ),
    (
        "version-ast",
        Fails(&["ast_version: unsupported version `0.9.0`, expected `0.0.1` to `0.0.5`"]),
    ),
    ("ast-0.0.5", Generates),
    ("extra-fields", Notes("artifactVersion `1.7.0` is newer than `1.0.x`: unknown keys are ignored")),
    ("pretty", Generates),
    ("same-hash-twice", Generates),
    (
        "two-manifests",
        Fails(&["has several stacks:", "TramLine     ", "TramLineTwo  "]),
    ),
    ("duplicate-field", Warns("declares `")),
    ("colliding-fields", Generates),
    ("keyword-names", Generates),
    ("camel-names", Generates),
    ("no-key", Generates),
    ("two-keys", Generates),
    (
        "view-unknown-entity",
        Warns("the view `Ghost/busiest` is left out: no entity is named `Ghost`"),
    ),
    (
        "selected-unknown-view",
        Fails(&["selects the view `Tram/busiestx` of the live-spec `live`, which has no such view, did you mean `Tram/busiest`?"]),
    ),
    ("selected-subset", Notes("the entity `Stop` is left out")),
    ("view-shapes", Generates),
    (
        "programs-only",
        Fails(&["has only programs and no live-spec: there is nothing to stream"]),
    ),
    ("enum-empty", Generates),
    ("enum-data", Generates),
    ("recursive", Generates),
    ("wide-integers", Generates),
    ("nested", Generates),
    ("map-keys", Generates),
    ("event-vs-capture", Generates),
    ("root-scalars", Generates),
    ("resolver-types", Generates),
    ("two-programs", Generates),
    ("clashing-types", Generates),
    (
        "unsafe-integer",
        Fails(&[
            "TramLine.live-spec.json` is not a valid live-spec: line 1, column ",
            "integer `18446744073709551615` is out of range: expected at most 9007199254740991, or text",
        ]),
    ),
    (
        "broken-json",
        Fails(&["TramLine.live-spec.json` is not a valid live-spec: line 1, column 2696: payload: EOF while parsing a string"]),
    ),
    (
        "wrong-kind",
        Fails(&["(sha256 788a3786…)", "TramLine.live-spec.json` is a program-spec"]),
    ),
];

#[test]
fn every_defect_has_its_verdict() {
    for (set, verdict) in DEFECTS {
        let result = load_with(&fixture("defects").join(set), |_| {});
        let shown = format!("{set}: {result:#?}");
        match (verdict, result) {
            (Generates, Ok(loaded)) => {
                assert_eq!(
                    (&loaded.warnings[..], &loaded.notes[..]),
                    (&[][..], &[][..]),
                    "{set}"
                );
                generate(&loaded);
            }
            (Warns(part), Ok(loaded)) => {
                assert!(
                    loaded.warnings.iter().any(|text| text.contains(part)),
                    "{shown}"
                );
                generate(&loaded);
            }
            (Notes(part), Ok(loaded)) => {
                assert!(
                    loaded.notes.iter().any(|text| text.contains(part)),
                    "{shown}"
                );
                assert_eq!(loaded.warnings, [""; 0], "{set}");
                generate(&loaded);
            }
            (Fails(parts), Err(error)) => {
                for part in *parts {
                    assert!(
                        error.contains(part),
                        "{set}: expected `{part}` in:\n{error}"
                    );
                }
            }
            _ => panic!("{shown}"),
        }
    }
}

#[test]
fn every_set_of_defects_is_tested() {
    let mut folders: Vec<String> = fs::read_dir(fixture("defects"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut tested: Vec<&str> = DEFECTS.iter().map(|(set, _)| *set).collect();
    folders.sort();
    tested.sort_unstable();
    assert_eq!(folders, tested);
}

#[test]
fn sets_that_differ_only_in_form_generate_the_same_code() {
    let hash = |set: &str| {
        load_with(&fixture("defects").join(set), |_| {})
            .unwrap()
            .hash()
    };
    for set in [
        "missing-manifest",
        "extra-fields",
        "pretty",
        "same-hash-twice",
        "ast-0.0.5",
    ] {
        assert_eq!(hash(set), hash("ok"), "{set}");
    }
    // Only the name and the errors of the program are unknown.
    let without = load_with(&fixture("defects/missing-program"), |_| {}).unwrap();
    let ok = load_with(&fixture("defects/ok"), |_| {}).unwrap();
    assert!(has_same_rows(&without, &ok));
    let v1 = load_with(&fixture("schema-v1"), |settings| {
        settings.artifacts.push(fixture("lending"))
    });
    let v2 = load_with(&fixture("lending"), |_| {}).unwrap();
    assert_eq!(v1.unwrap().hash(), v2.hash());
}

/// Whether two stacks have the same entities and types.
fn has_same_rows(a: &Loaded, b: &Loaded) -> bool {
    let rows = |loaded: &Loaded| {
        let parts = loaded.parts.iter();
        let rows = parts.map(|part| (part.stack.entities.clone(), part.stack.types.clone()));
        rows.collect::<Vec<_>>()
    };
    rows(a) == rows(b)
}

#[test]
fn each_valid_set_loads_without_a_warning() {
    for (set, entities) in [
        ("ore", 3),
        ("token", 1),
        ("lending", 2),
        ("subscriptions", 5),
        ("old-body", 2),
    ] {
        let loaded = load_with(&fixture(set), |_| {}).unwrap();
        assert_eq!(
            (&loaded.warnings[..], &loaded.notes[..]),
            (&[][..], &[][..]),
            "{set}"
        );
        assert_eq!(loaded.entities().count(), entities, "{set}");
        generate(&loaded);
    }
}

#[test]
fn the_stack_knows_the_version_that_servers_identify_themselves_by() {
    let loaded = load_with(&fixture("ore"), |_| {}).unwrap();
    let served = loaded.parts[0].stack.served.as_ref().unwrap();
    let hash = "arete:h1:stack-manifest:sha256:e69a1c29bb2592ab903d14463c49d57ff8383ddb10b4a6b540c1ae58fad76c93";
    assert_eq!(
        (&*served.manifest_hash, &*served.live_alias),
        (hash, "live")
    );
    for file in generate(&loaded) {
        assert_eq!(
            file.text.lines().nth(2).map(|line| line.ends_with(hash)),
            Some(true)
        );
    }
    // The hash is that of the manifest, so there is none without a manifest.
    for set in ["old-body", "defects/missing-manifest"] {
        let loaded = load_with(&fixture(set), |_| {}).unwrap();
        assert_eq!(loaded.parts[0].stack.served, None);
    }
}

#[test]
fn state_and_list_are_not_derived_views() {
    let loaded = load_with(&fixture("defects/view-shapes"), |_| {}).unwrap();
    let views: Vec<&str> = loaded.parts[0].stack.entities[0]
        .views
        .iter()
        .map(|view| &*view.id)
        .collect();
    assert_eq!(views, ["Tram/first", "Tram/open", "Tram/page", "Tram/top"]);
    let files = generate(&loaded);
    let entity = text(&files, "src/entity.rs");
    assert!(
        !entity.contains("state_view") && !entity.contains("list_view"),
        "{entity}"
    );
}

#[test]
fn only_selected_views_are_offered() {
    let loaded = load_with(&fixture("defects/selected-subset"), |_| {}).unwrap();
    let stack = &loaded.parts[0].stack;
    assert_eq!(stack.entities.len(), 1);
    assert_eq!(stack.entities[0].views.len(), 1);
    let files = generate(&loaded);
    assert!(!text(&files, "src/entity.rs").contains("Stop"));
    // The manifest selects none of the others.
    let tree = Tree::new("subset").copy("defects/ok", "");
    let id = r#"{"liveAlias":"live","viewId":"Tram/busiest"},"#;
    tree.edit("TramLine.stack-manifest.json", id, "");
    let loaded = load_with(&tree.path("TramLine.stack-manifest.json"), |settings| {
        settings.verify = false
    })
    .unwrap();
    assert_eq!(loaded.parts[0].stack.entities[0].views, []);
    tree.edit(
        "TramLine.stack-manifest.json",
        r#"{"liveAlias":"live","viewId":"Tram/state"},{"liveAlias":"live","viewId":"Tram/list"}"#,
        "",
    );
    let error = load_with(&tree.path(""), |settings| settings.verify = false).unwrap_err();
    assert!(
        error.ends_with("selects no view of `live`: there is nothing to stream"),
        "{error}"
    );
}

#[test]
fn a_live_spec_is_loaded_as_part_of_the_manifest_beside_it() {
    let alone = load_with(&fixture("ore/OreStream.live-spec.json"), |_| {}).unwrap();
    let all = load_with(&fixture("ore"), |_| {}).unwrap();
    assert_eq!((&alone.name, &alone.parts), (&all.name, &all.parts));
    assert_eq!((&alone.notes[..], &alone.warnings[..]), (&[][..], &[][..]));

    // The manifest of an older build refers to another live-spec.
    let stale = load_with(
        &fixture("defects/stale-live/TramLine.live-spec.json"),
        |_| {},
    )
    .unwrap();
    assert_eq!(stale.parts[0].stack.entities.len(), 2);
    assert!(stale.notes[0].contains("no stack-manifest refers to"));

    // A broken manifest is ignored.
    let tree = Tree::new("broken_beside").copy("defects/ok", "");
    tree.edit("TramLine.stack-manifest.json", "Tram/busiest", "Tram/state");
    let loaded = tree.load("TramLine.live-spec.json").unwrap();
    assert!(
        loaded.warnings[0].starts_with("ignoring a stack-manifest: `")
            && loaded.warnings[0].ends_with("it was edited or cut"),
        "{:?}",
        loaded.warnings
    );
    assert_eq!(loaded.notes.len(), 1);

    let tree = Tree::new("two_beside").copy("defects/ok", "");
    let other = tree.read("TramLine.stack-manifest.json");
    let other = other
        .replace("\"TramLine\"", "\"Other\"")
        .replace("d791c81", "d791c82");
    tree.write("Other.stack-manifest.json", &other);
    let path = tree.path("TramLine.live-spec.json");
    let error = load_with(&path, |settings| settings.verify = false).unwrap_err();
    assert!(
        error.starts_with("several stack-manifests refer to `"),
        "{error}"
    );
    assert!(error.contains("/Other.stack-manifest.json\n"), "{error}");
}

#[test]
fn a_cut_manifest_is_an_error_unless_another_is_there() {
    const MANIFEST: &str = "TramLine.stack-manifest.json";
    const LIVE: &str = "TramLine.live-spec.json";
    let tree = Tree::new("cut_manifest").copy("defects/ok", "");
    let text = tree.read(MANIFEST);
    tree.write(MANIFEST, &text[..100]);
    let place = format!("{MANIFEST}` is not a valid stack-manifest: line 1, column 100: ");
    let error = tree.error("");
    assert!(error.starts_with(&format!("`{place}")), "{error}");
    // The path of the live-spec loads it alone.
    let loaded = tree.load(LIVE).unwrap();
    let warning = &loaded.warnings[0];
    assert!(
        warning.starts_with("ignoring a stack-manifest: `") && warning.contains(&place),
        "{warning}"
    );
    assert_eq!(loaded.parts[0].stack.served, None);

    tree.write("Whole.stack-manifest.json", &text);
    let found = find::at(&tree.path("")).unwrap();
    assert_eq!(found.broken.len(), 1);
    assert_eq!(found.broken[0].path, tree.path(MANIFEST));
    assert!(load(&found, &Settings::default()).is_ok());
}

#[test]
fn the_live_spec_that_was_passed_is_the_one_that_is_loaded() {
    const LIVE: &str = "TramLine.live-spec.json";
    let tree = Tree::new("passed").copy("defects/ok", "a");
    let manifest = "TramLine.stack-manifest.json";
    tree.write(
        &format!("b/{manifest}"),
        &tree.read(&format!("a/{manifest}")),
    );
    fs::remove_file(tree.path("a").join(manifest)).unwrap();
    let loaded = load_with(&tree.path("a").join(LIVE), |settings| {
        settings.artifacts.push(tree.path("b"));
    })
    .unwrap();
    assert_eq!(loaded.warnings, [""; 0]);
    assert_eq!(
        loaded.parts,
        load_with(&fixture("defects/ok"), |_| {}).unwrap().parts
    );

    // An edited copy has the hash of the original.
    let tree = Tree::new("passed_copy").copy("defects/ok", "");
    tree.write("z.json", &tree.read(LIVE));
    tree.edit(
        "z.json",
        r#""field_name":"fares""#,
        r#""field_name":"tolls""#,
    );
    let loaded = load_with(&tree.path("z.json"), |settings| settings.verify = false).unwrap();
    let sections = loaded.entities().flat_map(|entity| &entity.sections);
    let fields: Vec<_> = sections.flat_map(|section| &section.fields).collect();
    assert!(
        fields.iter().any(|field| field.name == "tolls"),
        "{fields:?}"
    );
    assert!(loaded.parts[0].stack.served.is_some());
}

#[test]
fn a_live_spec_without_a_manifest_is_named_by_its_file() {
    for (file, name) in [("tram.json", "tram"), ("tram.live-spec.json", "tram")] {
        let tree = Tree::new("named_by_file").copy("defects/missing-manifest", "");
        fs::rename(tree.path("TramLine.live-spec.json"), tree.path(file)).unwrap();
        assert_eq!(tree.load(file).unwrap().name, name);
    }
}

#[test]
fn a_broken_file_is_a_cut_artifact_only_if_it_has_the_hash_of_one() {
    let tree = Tree::new("not_cut").copy("defects/missing-live", "");
    let hash = "arete:h1:live-spec:sha256:788a3786a37d9930a304265b49186a4dbe403652516b224c04e3d940ac6e00eb";
    for text in [
        format!(r#"{{"note":"{hash}""#),
        format!(r#"{{"artifactHash":"x","payload":{{"artifactHash":"{hash}""#),
    ] {
        tree.write("a.json", &text);
        let error = tree.error("TramLine.stack-manifest.json");
        assert!(error.contains("and no file under `"), "{error}");
    }
    tree.write("a.json", &format!(r#"{{"artifactHash" : "{hash}""#));
    let error = tree.error("TramLine.stack-manifest.json");
    assert!(
        error.starts_with("`a.json` is not a valid live-spec: line 1, "),
        "{error}"
    );
}

#[test]
fn an_unselected_implicit_view_is_a_note() {
    for view in ["list", "state"] {
        let tree = Tree::new("implicit").copy("defects/ok", "");
        let manifest = "TramLine.stack-manifest.json";
        let id = format!(r#",{{"liveAlias":"live","viewId":"Tram/{view}"}}"#);
        tree.edit(manifest, &id, "");
        let loaded = load_with(&tree.path(manifest), |settings| settings.verify = false).unwrap();
        let [note] = &loaded.notes[..] else {
            panic!("{:?}", loaded.notes);
        };
        let expected = format!(
            "does not select `Tram/{view}`: the server may reject `{view}()` of this entity"
        );
        assert!(note.ends_with(&expected), "{note}");
    }
}

#[test]
fn an_alias_may_be_an_underscore() {
    let tree = Tree::new("underscore").copy("defects/ok", "");
    tree.edit("TramLine.stack-manifest.json", "\"live\"", "\"_\"");
    let loaded = load_with(&tree.path(""), |settings| settings.verify = false).unwrap();
    let served = loaded.parts[0].stack.served.as_ref();
    assert_eq!(served.map(|served| &*served.live_alias), Some("_"));
    generate(&loaded);
    // As a module of a composed stack, too.
    let tree = composed("underscore_composed");
    let manifest = "mining-and-tokens.stack-manifest.json";
    tree.edit(manifest, "\"mining\"", "\"_\"");
    let loaded = load_with(&tree.path(manifest), |settings| settings.verify = false).unwrap();
    generate(&loaded);
}

#[test]
fn a_program_spec_is_no_stack() {
    let path = fixture("ore/ore.program-spec.json");
    let error = load_with(&path, |_| {}).unwrap_err();
    assert!(
        error.contains(
            "ore.program-spec.json` is a program-spec, which has no entities\n  pass the"
        ),
        "{error}"
    );

    let tree = Tree::new("only_programs");
    fs::copy(&path, tree.path("ore.program-spec.json")).unwrap();
    let error = tree.error("");
    assert!(
        error.contains("only program-specs, which have no entities"),
        "{error}"
    );
    let empty = Tree::new("empty").error("");
    assert!(
        empty.contains("has no stack-manifest, no live-spec and no stack file\n  build"),
        "{empty}"
    );
}

#[test]
fn a_missing_program_spec_is_a_warning_that_names_the_fields() {
    let tree = Tree::new("missing_ore").copy("ore", "");
    fs::remove_file(tree.path("ore.program-spec.json")).unwrap();
    let loaded = tree.load("").unwrap();
    let [warning] = &loaded.warnings[..] else {
        panic!("{:?}", loaded.warnings);
    };
    assert!(warning.contains("needs the program-spec of `oreV3EG1i9BEgiAJ8b177Z2S2rMarzak4NMv1kULvWv` (sha256 28e68e3e…): no file under `"), "{warning}");
    generate(&loaded);

    let error = load_with(&tree.path(""), |settings| settings.strict = true).unwrap_err();
    assert_eq!(&error, warning);
    let loaded = load_with(&tree.path(""), |settings| {
        settings.artifacts.push(fixture("ore"))
    })
    .unwrap();
    assert_eq!(loaded.warnings, [""; 0]);
    assert_eq!(
        loaded.parts,
        load_with(&fixture("ore"), |_| {}).unwrap().parts
    );

    // Only fields that need an IDL are named.
    let loaded = load_with(&fixture("defects/missing-program"), |_| {}).unwrap();
    assert!(
        loaded.warnings[0].ends_with("no field needs it"),
        "{:?}",
        loaded.warnings
    );
}

#[test]
fn edited_files_load_only_without_verification() {
    for set in [
        "wrong-hash-live",
        "wrong-hash-manifest",
        "wrong-hash-program",
        "unsafe-integer",
    ] {
        let loaded = load_with(&fixture("defects").join(set), |settings| {
            settings.verify = false
        });
        generate(&loaded.unwrap_or_else(|error| panic!("{set}: {error}")));
    }
    // An intact copy elsewhere wins.
    let tree = Tree::new("copy")
        .copy("defects/wrong-hash-live", "")
        .copy("defects/ok", "intact");
    fs::remove_file(tree.path("intact/TramLine.stack-manifest.json")).unwrap();
    assert_eq!(
        tree.load("TramLine.stack-manifest.json").unwrap().hash(),
        load_with(&fixture("defects/ok"), |_| {}).unwrap().hash()
    );
}

/// The composed stack with its parts in directories below.
fn composed(name: &str) -> Tree {
    let tree = Tree::new(name).copy("composed", "");
    for set in ["ore", "token", "lending"] {
        let below = Tree(tree.path("")).copy(set, &format!("parts/{set}"));
        for entry in fs::read_dir(below.path(&format!("parts/{set}"))).unwrap() {
            let path = entry.unwrap().path();
            if path.to_string_lossy().ends_with("manifest.json") {
                fs::remove_file(path).unwrap();
            }
        }
    }
    tree
}

#[test]
fn a_composed_stack_has_a_module_for_each_alias() {
    let tree = composed("composed");
    let loaded = tree.load("").unwrap();
    assert_eq!(loaded.name, "mining-and-tokens");
    assert_eq!(loaded.warnings, [""; 0]);
    assert!(
        loaded
            .notes
            .iter()
            .any(|note| note.contains("`lending` (Lend1ng")),
        "{:?}",
        loaded.notes
    );
    let files = generate(&loaded);
    assert_eq!(
        paths(&files),
        [
            "Cargo.toml",
            "src/lib.rs",
            "src/mining/mod.rs",
            "src/mining/types.rs",
            "src/mining/entity.rs",
            "src/mining/programs.rs",
            "src/tokens/mod.rs",
            "src/tokens/types.rs",
            "src/tokens/entity.rs",
            "src/tokens/programs.rs",
        ]
    );
    assert!(text(&files, "Cargo.toml").contains("name = \"mining-and-tokens-stack\""));
    assert!(text(&files, "src/lib.rs").ends_with("\npub mod mining;\npub mod tokens;\n"));
    assert!(text(&files, "src/mining/entity.rs").contains("pub struct MiningStack;"));
    assert!(text(&files, "src/tokens/entity.rs").contains("pub struct TokensStack;"));
    // The manifest selects no view of miners.
    assert!(!text(&files, "src/mining/entity.rs").contains("OreMiner"));
}

#[test]
fn an_alias_does_not_take_the_file_of_the_root() {
    for (alias, module) in [("lib", "lib_2"), ("bin", "bin_2"), ("mod", "mod_2")] {
        let tree = composed(&format!("composed_{alias}"));
        let manifest = fs::read_dir(tree.path(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .find(|name| name.ends_with(".stack-manifest.json"))
            .unwrap();
        tree.edit(&manifest, r#""mining""#, &format!(r#""{alias}""#));
        let loaded = load_with(&tree.path(""), |settings| settings.verify = false).unwrap();
        let files = generate(&loaded);
        assert!(text(&files, "src/lib.rs").contains(&format!("\npub mod {module};\n")));
        text(&files, &format!("src/{module}/mod.rs"));
    }
}

#[test]
fn one_alias_of_a_composed_stack_is_a_stack_of_its_own() {
    let tree = composed("composed_one");
    let live = |alias: &str| {
        load_with(&tree.path(""), |settings| {
            settings.live = Some(alias.to_owned())
        })
    };
    let loaded = live("tokens").unwrap();
    assert_eq!(loaded.name, "tokens");
    let files = generate(&loaded);
    assert_eq!(
        paths(&files),
        [
            "Cargo.toml",
            "src/lib.rs",
            "src/types.rs",
            "src/entity.rs",
            "src/programs.rs"
        ]
    );
    assert!(text(&files, "Cargo.toml").contains("name = \"tokens-stack\""));
    assert!(text(&files, "src/entity.rs").contains("pub struct TokensStack;"));
    let error = live("token").unwrap_err();
    assert!(
        error.ends_with(
            "has no live-spec `token`, did you mean `tokens`?\n  expected `mining`, `tokens`"
        ),
        "{error}"
    );
    // The path of a part names it, too.
    let part = load_with(
        &tree.path("parts/token/TokenStream.live-spec.json"),
        |settings| {
            settings.artifacts.push(tree.path(""));
        },
    );
    assert_eq!(part.unwrap().parts, loaded.parts);
    let error = load_with(
        &tree.path("parts/token/TokenStream.live-spec.json"),
        |settings| {
            settings.artifacts.push(tree.path(""));
            settings.live = Some("mining".to_owned());
        },
    );
    let error = error.unwrap_err();
    assert!(
        error.ends_with(
            "is not the live-spec `mining`: its stack-manifest names it `tokens`\n  \
             pass the path of the stack-manifest for another live-spec"
        ),
        "{error}"
    );
}

#[test]
fn files_are_decided_by_content_and_not_by_name() {
    let tree = Tree::new("names").copy("defects/ok", "");
    for (from, to) in [
        ("TramLine.stack-manifest.json", "a.JSON"),
        ("TramLine.live-spec.json", "deep/er/x.program-spec.json"),
        ("tramway.program-spec.json", "b.stack.json"),
    ] {
        let text = tree.read(from);
        fs::remove_file(tree.path(from)).unwrap();
        tree.write(to, &text);
    }
    let loaded = tree.load("a.JSON").unwrap();
    assert_eq!(loaded.name, "TramLine");
    assert_eq!((&loaded.warnings[..], loaded.files.len()), (&[][..], 3));
}

#[test]
fn line_ends_byte_order_marks_and_letter_case_do_not_matter() {
    let tree = Tree::new("form").copy("defects/pretty", "");
    for file in [
        "TramLine.stack-manifest.json",
        "TramLine.live-spec.json",
        "tramway.program-spec.json",
    ] {
        let crlf = tree.read(file).replace('\n', "\r\n");
        tree.write(file, &format!("\u{feff}{crlf}"));
    }
    let ok = load_with(&fixture("defects/ok"), |_| {}).unwrap();
    assert_eq!(tree.load("").unwrap().parts, ok.parts);

    // The hash of the live-spec in upper case, in the file itself.
    let hex = "788a3786a37d9930a304265b49186a4dbe403652516b224c04e3d940ac6e00eb";
    tree.edit("TramLine.live-spec.json", hex, &hex.to_uppercase());
    assert_eq!(tree.load("").unwrap().parts, ok.parts);
}

#[cfg(unix)]
#[test]
fn links_to_files_are_read_and_links_to_directories_are_not() {
    use std::os::unix::fs::symlink;
    let tree = Tree::new("links").copy("defects/ok", "elsewhere");
    fs::create_dir(tree.path("stack")).unwrap();
    for file in [
        "TramLine.stack-manifest.json",
        "TramLine.live-spec.json",
        "tramway.program-spec.json",
    ] {
        symlink(
            tree.path("elsewhere").join(file),
            tree.path("stack").join(file),
        )
        .unwrap();
    }
    symlink(tree.path(""), tree.path("stack/cycle")).unwrap();
    assert_eq!(tree.load("stack").unwrap().warnings, [""; 0]);
    fs::remove_file(tree.path("stack/TramLine.live-spec.json")).unwrap();
    let error = tree.error("stack");
    assert!(
        error.contains("no file under `stack` has that hash"),
        "{error}"
    );
}

#[test]
fn a_directory_can_have_its_stack_in_a_hidden_directory() {
    let tree = Tree::new("hidden")
        .copy("defects/ok", "arete/.arete")
        .copy("defects/ast-0.0.5", "old/.hyperstack");
    assert_eq!(
        tree.load("arete").unwrap().hash(),
        tree.load("old").unwrap().hash()
    );
}

#[test]
fn invalid_artifacts_are_errors_with_the_place() {
    const MANIFEST: &str = "TramLine.stack-manifest.json";
    const LIVE: &str = "TramLine.live-spec.json";
    const ALIAS: &str = r#""alias":"live","#;
    let hash = "arete:h1:live-spec:sha256:788a3786a37d9930a304265b49186a4dbe403652516b224c04e3d940ac6e00eb";
    let second = format!(r#"{{"alias":"Live","artifactHash":"{hash}"}},"#);
    for (file, from, to, expected) in [
        (MANIFEST, r#""kind":"stack-manifest""#, r#""kind":"query-spec""#, "is a `query-spec`, expected a `stack-manifest`"),
        (MANIFEST, r#""artifactVersion":"1.0.0","#, "", "missing field `artifactVersion`"),
        (MANIFEST, r#""payload":"#, r#""x":"#, "missing field `payload`"),
        (MANIFEST, r#""payload":"#, r#""payload":1,"payload":"#, "duplicate field `payload`"),
        (MANIFEST, r#""1.0.0""#, r#""1.0""#, "has artifactVersion `1.0`, expected `1.x.y`"),
        (MANIFEST, r#""1.0.0""#, "1", "line 1, column "),
        (MANIFEST, r#""name":"TramLine""#, r#""name":"""#, "payload.name: the stack's name is empty"),
        (MANIFEST, r#""name":"TramLine","#, "", "payload: missing field `name`"),
        (MANIFEST, ALIAS, "", "payload.liveSpecs[0].alias: a live-spec needs an alias"),
        (MANIFEST, ALIAS, r#""alias":"a b","#, "payload.liveSpecs[0].alias: invalid alias `a b`"),
        (MANIFEST, r#""liveSpecs":["#, &format!(r#""liveSpecs":[{second}"#), "the aliases `Live` and `live` must differ in more than case"),
        (MANIFEST, r#""liveSpecs":["#, &format!(r#""liveSpecs":[{}"#, second.replace("Live", "live")), "the aliases `live` and `live` must differ"),
        (MANIFEST, "00eb", "00", "payload.liveSpecs[0].artifactHash: invalid hash `arete:h1:live-spec:sha256:788a"),
        (MANIFEST, ":live-spec:", ":program-spec:", "expected `arete:h1:live-spec:sha256:` and 64 hexadecimal digits"),
        (MANIFEST, r#""liveAlias":"live""#, r#""liveAlias":"liev""#, "payload.selectedViews[0].liveAlias: no live-spec has the alias `liev`, did you mean `live`?"),
        (MANIFEST, "Tram/busiest", "Tram/a/b", "payload.selectedViews[0].viewId: invalid view `Tram/a/b`"),
        (MANIFEST, r#""selectedViews":"#, r#""queries":"#, "payload: missing field `selectedViews`"),
        (MANIFEST, r#""payload":{"#, r#""payload":{"liveSpecs":[],"#, "duplicate field `liveSpecs`"),
        (LIVE, r#""entities":["#, r#""entities":7,"x":["#, "payload.entities: invalid type: integer `7`"),
        (LIVE, r#""state_name":"Tram""#, r#""state_name":"a/b""#, "payload.entities[0].state_name: an entity's name must not be empty"),
        (LIVE, r#""schema":"arete.live-spec/v2","#, "", "payload: missing field `schema`"),
    ] {
        let tree = Tree::new("invalid").copy("defects/ok", "");
        tree.edit(file, from, to);
        let error = load_with(&tree.path(MANIFEST), |settings| settings.verify = false).unwrap_err();
        assert!(error.contains(file) && error.contains(expected), "{to}: {error}");
        // With verification, any edit is an error as well.
        tree.load(MANIFEST).unwrap_err();
    }
}

#[test]
fn deep_nesting_is_an_error() {
    let tree = Tree::new("deep").copy("defects/ok", "");
    let nested = "[".repeat(100_000) + &"]".repeat(100_000);
    let member = format!(r#""x":{nested},"views":["#);
    tree.edit("TramLine.live-spec.json", r#""views":["#, &member);
    let error = tree.error("");
    assert!(
        error.contains("expected at most 128 nested lists and objects"),
        "{error}"
    );
}

#[test]
fn a_minor_version_and_unknown_keys_are_notes() {
    let loaded = load_with(&fixture("defects/extra-fields"), |_| {}).unwrap();
    let notes = loaded.notes.join("\n");
    assert!(
        notes.contains("unknown keys are ignored: `futureKey`"),
        "{notes}"
    );
    let tree = Tree::new("wire").copy("defects/ok", "");
    tree.edit(
        "TramLine.live-spec.json",
        "arete-live-wire/v1",
        "arete-live-wire/v2",
    );
    let loaded = load_with(&tree.path(""), |settings| settings.verify = false).unwrap();
    assert!(
        loaded.warnings[0].contains("wireContractVersion is `arete-live-wire/v2`"),
        "{:?}",
        loaded.warnings
    );
}

/// Cuts and damages each artifact at many places: that may be an error, but never a panic or a hang.
#[test]
fn no_damage_panics() {
    let ok = load_with(&fixture("defects/ok"), |_| {}).unwrap();
    let tree = Tree::new("damage").copy("defects/ok", "");
    for file in [
        "TramLine.stack-manifest.json",
        "TramLine.live-spec.json",
        "tramway.program-spec.json",
    ] {
        let text = tree.read(file);
        for at in (0..text.len()).step_by(61) {
            for damaged in [
                text[..at].to_owned(),
                format!("{}{}", &text[..at], &text[at + 1..]),
                format!("{}[{}", &text[..at], &text[at..]),
            ] {
                tree.write(file, &damaged);
                for verify in [true, false] {
                    let result =
                        load_with(&tree.path("TramLine.stack-manifest.json"), |settings| {
                            settings.verify = verify
                        });
                    if let Ok(loaded) = result {
                        // A damaged program-spec is a missing one.
                        assert!(!verify || has_same_rows(&loaded, &ok));
                        generate(&loaded);
                    }
                }
            }
        }
        tree.write(file, &text);
    }
}
