//! Stack-manifests on the command line.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::{stack, Project};

/// Copies the files of a fixture into a directory of the project.
fn copy(project: &Project, set: &str, directory: &str) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/v2")
        .join(set);
    for entry in fs::read_dir(&from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        project.write(
            &format!("{directory}/{name}"),
            &fs::read_to_string(&path).unwrap(),
        );
    }
}

const MANIFEST: &str = "TramLine.stack-manifest.json";
const LIVE: &str = "TramLine.live-spec.json";

#[test]
fn a_stack_is_found_by_the_name_in_its_manifest() {
    let project = Project::empty("artifacts_name");
    copy(&project, "lending", "programs/desk/.arete");
    let manifest = "programs/desk/.arete/LendingDesk.stack-manifest.json";
    for name in ["LendingDesk", "lending-desk", "programs/desk", manifest] {
        let output = project.hs(&format!("sdk create rust {name} --json")).json();
        assert_eq!(output["path"], manifest, "{name}");
        assert_eq!(output["crate"], "lending-desk-stack");
        assert_eq!(output["warnings"], serde_json::json!([]));
    }
    // The manifest is newer than the stack file that Hyperstack wrote.
    project.write(
        "a/.hyperstack/x.stack.json",
        &stack("LendingDesk", &["Loan"]),
    );
    let output = project.hs("sdk create rust lending-desk --json").json();
    assert_eq!(output["path"], manifest);
    // A second copy is the same stack.
    copy(&project, "lending", "z/.arete");
    let output = project.hs("sdk create rust lending-desk --json").json();
    assert_eq!(output["path"], manifest);
}

#[test]
fn a_live_spec_without_a_manifest_is_found_by_its_file_name() {
    let project = Project::empty("artifacts_live");
    copy(&project, "defects/missing-manifest", ".arete");
    let output = project.hs("sdk create rust tram-line");
    assert_eq!(output.code, Some(0));
    assert_eq!(
        output.stderr,
        format!("note: no stack-manifest refers to `.arete/{LIVE}`: the stack is named `TramLine`, and all its views are generated\n")
    );
    // With a manifest, only the manifest counts.
    copy(&project, "defects/ok", ".arete");
    let output = project.hs("sdk create rust tram-line --json").json();
    assert_eq!(output["path"], format!(".arete/{MANIFEST}"));
    let list = project.hs("sdk list --json").json();
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    // Also if it is cut.
    let path = format!(".arete/{MANIFEST}");
    project.write(&path, &project.read(&path)[..100]);
    for name in ["tram-line", "."] {
        let error = project.hs(&format!("sdk create rust {name}")).failure();
        let start = format!(
            "error: `{path}` is not a valid stack-manifest\n  caused by: line 1, column 100: "
        );
        assert!(error.starts_with(&start), "{error}");
    }
}

#[test]
fn each_of_two_manifests_in_a_directory_is_found_by_name() {
    let project = Project::empty("artifacts_two");
    copy(&project, "defects/two-manifests", "specs/.arete");
    let output = project.hs("sdk create rust specs/.arete").failure();
    assert_eq!(
        output,
        format!(
            "error: `specs/.arete` has several stacks:\n    \
             TramLine     specs/.arete/{MANIFEST}\n    \
             TramLineTwo  specs/.arete/TramLineTwo.stack-manifest.json\n  \
             pass the path of one of them\n"
        )
    );
    for (name, entity) in [("tram-line", "Tram"), ("tram-line-two", "Stop")] {
        let output = project.hs(&format!("stack inspect {name} --json")).json();
        assert_eq!(output["entities"][0]["name"], entity);
    }
}

#[test]
fn standard_input_needs_a_directory_for_the_artifacts() {
    let project = Project::empty("artifacts_stdin");
    copy(&project, "defects/ok", "specs");
    let manifest = project.read(&format!("specs/{MANIFEST}"));
    let output = project.hs_fed("sdk create rust -", &manifest).failure();
    assert_eq!(
        output,
        "error: standard input needs the live-spec `live` (sha256 788a3786…), and no directory was searched for it\n  \
         build the stack's crate again, or pass the live-spec's directory with `--artifacts DIR`\n"
    );
    let output = project
        .hs_fed("sdk create rust - --artifacts nowhere", &manifest)
        .failure();
    assert_eq!(output, "error: `--artifacts nowhere`: no such directory\n");
    let words = "sdk create rust - --artifacts specs --json";
    let output = project.hs_fed(words, &manifest);
    assert_eq!(output.json()["stack"], "TramLine");
    // The manifest in the directory refers to this live-spec.
    let live = project.read(&format!("specs/{LIVE}"));
    assert_eq!(project.hs_fed(words, &live).json()["stack"], "TramLine");
    // Nor need the live-spec itself be there.
    std::fs::remove_file(project.path(&format!("specs/{LIVE}"))).unwrap();
    assert_eq!(project.hs_fed(words, &live).json()["stack"], "TramLine");
    let output = project.hs_fed("sdk create rust - --json", &live).json();
    assert_eq!(output["stack"], "Tram");
    assert_eq!(output["warnings"].as_array().map(Vec::len), Some(2));
}

#[test]
fn warnings_are_printed_or_are_part_of_json() {
    let project = Project::empty("artifacts_warnings");
    copy(&project, "defects/missing-program", "specs");
    let warning = format!(
        "`specs/{MANIFEST}` needs the program-spec of `Tram1NvE9hQ2bVxW7yKs3LdPzG8mRcT5uJfA4eXoBqYn` \
         (sha256 6417a9f1…): no file under `specs` has that hash\n  no field needs it"
    );
    let output = project.hs("sdk create rust specs");
    assert_eq!(
        (output.code, output.stderr),
        (Some(0), format!("warning: {warning}\n"))
    );
    let output = project.hs("sdk create rust specs --json").json();
    assert_eq!(output["warnings"][0], *warning);
    let output = project.hs("stack inspect specs --json").json();
    assert_eq!(output["warnings"][0], *warning);
    let output = project.hs("sdk create rust specs --strict").failure();
    assert_eq!(output, format!("error: {warning}\n"));
}

#[test]
fn an_edited_file_needs_a_flag() {
    let project = Project::empty("artifacts_edited");
    copy(&project, "defects/wrong-hash-live", "specs");
    let output = project.hs("sdk create rust specs").failure();
    assert!(output.starts_with(&format!(
        "error: `specs/{LIVE}` says sha256 788a3786…, and its content gives "
    )));
    assert!(output.ends_with("it was edited or cut\n  build the stack's crate again, or pass `--no-verify` if you changed the file yourself\n"), "{output}");
    project.hs("sdk create rust specs --no-verify").success();
}

#[test]
fn check_ignores_a_manifest_that_clients_cannot_tell_apart() {
    let project = Project::empty("artifacts_check");
    copy(&project, "defects/ok", "specs");
    project.hs("sdk create rust specs").success();
    let lib = "generated/tram-line-stack/src/lib.rs";
    assert!(project
        .read(lib)
        .contains("\n// Manifest arete:h1:stack-manifest:sha256:a7807b4b"));
    // As after a new hook: another live-spec, and so another manifest.
    let path = format!("specs/{MANIFEST}");
    project.write(
        &path,
        &project
            .read(&path)
            .replace("sha256:a7807b4b", "sha256:00000000"),
    );
    let output = project.hs("sdk create rust specs --no-verify --check");
    assert_eq!(
        (output.code, &*output.stdout),
        (Some(0), "generated/tram-line-stack is fresh\n")
    );
    let note = "`generated/tram-line-stack` has another hash of the stack-manifest, which a server may reject: \
                run without `--check` to update it";
    assert_eq!(output.stderr, format!("note: {note}\n"));
    let output = project.hs("sdk create rust specs --no-verify --check --json");
    assert_eq!(output.json()["warnings"], serde_json::json!([note]));
    project.hs("sdk create rust specs --no-verify").success();
    let output = project.hs("sdk create rust specs --no-verify --check");
    assert_eq!(output.success(), "generated/tram-line-stack is fresh\n");
    assert!(project
        .read(lib)
        .contains("\n// Manifest arete:h1:stack-manifest:sha256:00000000"));
}

#[test]
fn a_composed_stack_can_be_reduced_to_one_live_spec() {
    let project = Project::empty("artifacts_composed");
    copy(&project, "composed", "specs");
    for set in ["ore", "token", "lending"] {
        copy(&project, set, &format!("parts/{set}"));
    }
    let manifest =
        "specs/mining-and-tokens.stack-manifest.json --artifacts parts/ore --artifacts parts";
    let output = project
        .hs(&format!(
            "sdk create rust {manifest} --module -o game --json"
        ))
        .json();
    assert_eq!(output["stack"], "mining-and-tokens");
    assert_eq!(output["files"][0]["path"], "game/mod.rs");
    assert_eq!(output["files"][1]["path"], "game/mining/mod.rs");
    let output = project
        .hs(&format!("sdk create rust {manifest} --live tokens --json"))
        .json();
    assert_eq!(
        (&output["stack"], &output["crate"]),
        (&"tokens".into(), &"tokens-stack".into())
    );
    let output = project
        .hs(&format!("stack inspect {manifest} --json"))
        .json();
    assert_eq!(output["live"]["mining"]["served"]["live_alias"], "mining");
    let output = project
        .hs(&format!("sdk create rust {manifest} --live coins"))
        .failure();
    assert!(
        output.ends_with("has no live-spec `coins`\n  expected `mining`, `tokens`\n"),
        "{output}"
    );
}

/// A project of Arete: `desk` is its own stack, and `ore` comes from the registry.
fn arete(name: &str) -> Project {
    let project = Project::empty(name);
    copy(&project, "project", ".");
    copy(&project, "lending", ".arete");
    project
}

/// Runs `hs` with the cache of `a4` in `home`.
fn hs(project: &Project, words: &str) -> Output {
    let mut command = project.command(words);
    command
        .env("ARETE_HOME", project.path("home"))
        .output()
        .unwrap()
}

/// Copies the artifacts of ORE into the cache, named by hash.
fn fill_cache(project: &Project) {
    let ore = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/v2/ore");
    for entry in fs::read_dir(ore).unwrap() {
        let json = fs::read_to_string(entry.unwrap().path()).unwrap();
        let head: serde_json::Value = serde_json::from_str(&json).unwrap();
        let (kind, hash) = (
            head["kind"].as_str().unwrap(),
            head["artifactHash"].as_str().unwrap(),
        );
        project.write(&format!("home/cache/registry/v1/{kind}/{hash}.json"), &json);
    }
}

#[test]
fn stacks_of_arete_toml_are_found() {
    let project = arete("artifacts_project");
    let create = |name: &str| hs(&project, &format!("sdk create rust {name} --json"));
    let error = |name: &str| String::from_utf8(create(name).stderr).unwrap();

    let json: serde_json::Value = serde_json::from_slice(&create("desk").stdout).unwrap();
    assert_eq!(json["path"], ".arete/LendingDesk.stack-manifest.json");

    let ore = error("ore");
    assert!(ore.starts_with("error: cannot load stack `ore` of `arete.toml`: `arete.lock` names the stack-manifest `arete:h1:"), "{ore}");
    assert!(ore.ends_with("/home/cache/registry/v1`\n  run `a4 install stack ore`: `hs` does not use the network\n"), "{ore}");
    fill_cache(&project);
    let json: serde_json::Value = serde_json::from_slice(&create("ore").stdout).unwrap();
    assert_eq!(
        (&json["stack"], &json["warnings"]),
        (&"OreStream".into(), &serde_json::json!([]))
    );

    assert!(error("des").contains("did you mean `desk`?\n  in `arete.toml`: `desk`, `ore`\n"));
    fs::remove_file(project.path("arete.lock")).unwrap();
    assert!(error("ore").contains("it comes from the registry, and there is no `arete.lock`"));
    project.write("arete.lock", "lock_version = 1\n");
    assert!(error("ore").contains("`arete.lock` has no stack `ore`"));
    project.write("arete.lock", "lock_version = 2\n");
    assert_eq!(
        error("ore"),
        "error: cannot read `arete.lock`: lock_version is 2, expected 1\n"
    );
}

#[test]
fn a_stack_of_arete_toml_that_has_no_file_is_an_error() {
    let project = Project::empty("artifacts_authoring");
    project.write(
        "arete.toml",
        "manifest_version = 1\n\
         [authoring.stacks.composed.live.a]\nstack = 'desk'\n\
         [authoring.stacks.gone]\nmanifest = './.arete/Gone.stack-manifest.json'\n\
         [dependencies.stacks.far]\nsource = { workspace = 'nowhere' }\n\
         [dependencies.stacks.near]\nsource = { path = 'near' }\n",
    );
    for (name, reason) in [
        (
            "composed",
            "it has no `manifest`, because `a4` composes it\n  write it with",
        ),
        (
            "gone",
            "`.arete/Gone.stack-manifest.json` not found\n  build the stack's crate",
        ),
        ("far", "there is no `[authoring.stacks.nowhere]`"),
        ("near", "`near` not found"),
    ] {
        let output = project.hs(&format!("sdk create rust {name}")).failure();
        let start = format!("error: cannot load stack `{name}` of `arete.toml`: {reason}");
        assert!(output.starts_with(&start), "{output}");
    }
    copy(&project, "defects/ok", "near");
    project.hs("sdk create rust near").success();
    // A file of an older release has other stacks.
    project.write("arete.toml", "[[stacks]]\nname = 'gone'\n");
    let output = project.hs("sdk create rust gone").failure();
    assert!(
        output.starts_with("error: no stack is named `gone`"),
        "{output}"
    );
    project.write(
        "arete.toml",
        "manifest_version = 1\n\
         [authoring.stacks.DESK]\n[dependencies.stacks.desk]\nsource = { path = 'near' }\n",
    );
    let output = project.hs("sdk create rust Desk").failure();
    assert_eq!(
        output,
        "error: cannot load stack `Desk` of `arete.toml`: several stacks match: `DESK`, `desk`\n  \
         pass one of these names\n"
    );
    project.hs("sdk create rust desk").success();
    project.write("arete.toml", "manifest_version = 7\n");
    let output = project.hs("sdk create rust gone").failure();
    assert_eq!(
        output,
        "error: cannot read `arete.toml`: manifest_version is 7, expected 1\n"
    );
    project.write("arete.toml", "manifest_version = [\n");
    let output = project.hs("sdk create rust gone").failure();
    assert!(
        output.starts_with("error: cannot read `arete.toml`: TOML parse error at line 1"),
        "{output}"
    );
}
