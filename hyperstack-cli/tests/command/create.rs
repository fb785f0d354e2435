//! `hs sdk create rust`: where a crate goes, what it is called, and what is said of it.

use crate::support::{stack, Project, CRATE, GAME, MODULE};

#[test]
fn the_documented_commands() {
    let project = Project::with_game("create_documented");
    let said = project.hs("sdk create rust settlement-game").done();
    for file in CRATE {
        assert!(project.exists(&format!("generated/settlement-game-stack/{file}")));
        assert!(said.contains(&format!("created    {file}")));
    }
    for part in [
        &format!("Found SettlementGame, from `{GAME}`"),
        "2 entities: Game, Player",
        "hyperstack-sdk = \"0.5\"",
        "settlement-game-stack = { path = \"generated/settlement-game-stack\" }",
        "another project's crate",
        "[patch.crates-io]",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }

    project
        .hs("sdk create rust settlement-game --output ./crates/game-sdk")
        .done();
    assert!(project.exists("crates/game-sdk/src/lib.rs"));

    let said = project
        .hs("sdk create rust settlement-game --crate-name game-sdk")
        .done();
    assert!(said.contains("  game-sdk = { path = \"generated/settlement-game-stack\" }"));
    let manifest = project.read("generated/settlement-game-stack/Cargo.toml");
    assert!(manifest.contains("\"game-sdk\""));
}

#[test]
fn a_module_of_another_crate() {
    let project = Project::with_game("create_module");
    let said = project
        .hs("sdk create rust settlement-game --module -o src/game")
        .done();
    for file in MODULE {
        assert!(project.exists(&format!("src/game/{file}")));
    }
    assert!(!project.exists("src/game/Cargo.toml"));
    assert!(said.contains("\n  mod game;\n"), "{said}");

    let said = project
        .hs("sdk create rust settlement-game --module")
        .done();
    let path =
        "  #[path = \"../generated/settlement-game-stack/mod.rs\"]\n  mod settlement_game_stack;\n";
    assert!(said.contains(path), "{said}");

    project.write("hyperstack.toml", "[sdk]\nrust_module_mode = true\n");
    project.hs("sdk create rust settlement-game -o a").done();
    assert!(project.exists("a/mod.rs"));
    project
        .hs("sdk create rust settlement-game -o b --no-module")
        .done();
    assert!(project.exists("b/Cargo.toml") && !project.exists("b/mod.rs"));
    project
        .hs("sdk create rust settlement-game -o c --no-module --module")
        .done();
    assert!(project.exists("c/mod.rs"));
    project
        .hs("sdk create rust settlement-game -o d --module --no-module")
        .done();
    assert!(project.exists("d/Cargo.toml"));
}

#[test]
fn a_name_that_cargo_does_not_take() {
    let project = Project::with_game("create_name");
    for (name, reason) in [
        (
            "my+crate",
            "`+` is neither a letter, a digit, `-` nor `_`; `my-crate` would do",
        ),
        (
            "2games",
            "it begins with neither a letter nor `_`; `stack-2games` would do",
        ),
        (
            "type",
            "it is a word of the language; `type-stack` would do",
        ),
    ] {
        let words = format!("sdk create rust settlement-game --crate-name {name}");
        let said = project.hs(&words).refused();
        assert!(
            said.contains(&format!("'{name}' for '--crate-name <NAME>': {reason}")),
            "{said}"
        );
    }
    assert!(!project.exists("generated"));
}

#[test]
fn the_path_of_the_sdk_is_written_from_the_crate() {
    let project = Project::with_game("create_sdk_path");
    project.write(
        "vendor/hyperstack-sdk/Cargo.toml",
        "[package]\nname = \"hyperstack-sdk\"\n",
    );
    project.write("other/Cargo.toml", "[package]\nname = \"serde\"\n");
    let create = |path: &str| {
        project.hs(&format!(
            "sdk create rust settlement-game --sdk-path {path}"
        ))
    };

    let said = create("vendor/hyperstack-sdk").done();
    let manifest = project.read("generated/settlement-game-stack/Cargo.toml");
    assert!(
        manifest.contains("\"../../vendor/hyperstack-sdk\""),
        "{manifest}"
    );
    assert!(
        said.contains("  hyperstack-sdk = { path = \"vendor/hyperstack-sdk\" }"),
        "{said}"
    );
    assert!(!said.contains("patch"), "{said}");

    let absolute = project.path("vendor/hyperstack-sdk");
    create(absolute.to_str().unwrap()).done();
    let manifest = project.read("generated/settlement-game-stack/Cargo.toml");
    assert!(manifest.contains(absolute.to_str().unwrap()), "{manifest}");

    for (path, reason) in [
        ("nowhere", "there is no such directory"),
        (
            "vendor",
            "the package is in a directory of it, pass `vendor/hyperstack-sdk`",
        ),
        (
            "other",
            "the package there is `serde`, not `hyperstack-sdk`",
        ),
        (
            "programs",
            "there is no `Cargo.toml` of the package `hyperstack-sdk` in it",
        ),
    ] {
        let said = create(path).refused();
        assert!(
            said.contains(&format!("'{path}' for '--sdk-path <DIR>': {reason}")),
            "{said}"
        );
    }
}

#[test]
fn a_url_is_one_of_a_websocket() {
    let project = Project::with_game("create_url");
    let create = |url: &str| project.hs(&format!("sdk create rust settlement-game --url {url}"));
    let said = create("https://game.example").refused();
    assert!(
        said.contains("did you mean `wss://game.example`?"),
        "{said}"
    );
    let said = create("wss://game.example").done();
    assert!(!said.contains("no URL"));
    assert!(project
        .hs("sdk create rust settlement-game")
        .done()
        .contains("no URL"));
}

#[test]
fn all_files_on_standard_output() {
    let project = Project::with_game("create_stdout");
    let said = project
        .hs("sdk create rust settlement-game --stdout")
        .done();
    let heads: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("// ==> "))
        .collect();
    assert_eq!(heads, CRATE);
    let said = project
        .hs("sdk create rust settlement-game --stdout --module")
        .done();
    assert!(said.starts_with("// ==> mod.rs\n"));
    assert!(!project.exists("generated"));
}

#[test]
fn one_json_object() {
    let project = Project::with_game("create_json");
    let said = project.hs("sdk create rust settlement-game --json").json();
    assert_eq!(said["stack"], "SettlementGame");
    assert_eq!(said["path"], GAME);
    assert_eq!(said["crate"], "settlement-game-stack");
    assert_eq!(said["directory"], "generated/settlement-game-stack");
    assert!(said["hash"]
        .as_str()
        .is_some_and(|hash| hash.chars().all(|c| c.is_ascii_hexdigit())));
    assert_eq!(
        said["files"][1]["path"],
        "generated/settlement-game-stack/src/lib.rs"
    );
    assert_eq!(said["files"][1]["status"], "created");
    let said = project.hs("sdk create rust settlement-game --json").json();
    assert_eq!(said["files"][1]["status"], "unchanged");

    project.write("generated/settlement-game-stack/src/lib.rs", "");
    let said = project.hs("sdk create rust settlement-game --json --check");
    assert_eq!(said.code, Some(1));
    let said: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(said["files"][0]["status"], "fresh");
    assert_eq!(said["files"][1]["status"], "stale");
}

#[test]
fn a_stack_on_standard_input() {
    let project = Project::empty("create_stdin");
    let game = stack("SettlementGame", &["Game"]);
    let said = project.hs_fed("sdk create rust -", &game).done();
    assert!(said.contains("Found SettlementGame, from standard input\n  1 entity: Game\n"));
    assert!(project.exists("generated/settlement-game-stack/src/lib.rs"));
    let said = project.hs_fed("sdk create rust -", "{").failed();
    assert!(
        said.starts_with("error: standard input is no stack file\n  caused by: line 1, column 1: ")
    );
}

#[test]
fn what_contradicts_itself_is_refused() {
    let project = Project::with_game("create_conflict");
    for flags in [
        "--check --stdout",
        "--check --force",
        "--stdout --json",
        "--stdout --force",
    ] {
        let said = project
            .hs(&format!("sdk create rust settlement-game {flags}"))
            .refused();
        assert!(said.contains("cannot be used with"), "{said}");
    }
}
