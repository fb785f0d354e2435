//! `hs sdk create rust`: the directory, the name and the report of a crate.

use crate::support::{stack, Project, CRATE, GAME, MODULE};

#[test]
fn the_documented_commands_work() {
    let project = Project::with_game("create_documented");
    let output = project.hs("sdk create rust settlement-game").success();
    for file in CRATE {
        assert!(project.exists(&format!("generated/settlement-game-stack/{file}")));
        assert!(output.contains(&format!("created    {file}")));
    }
    for part in [
        &format!("Found SettlementGame, from `{GAME}`"),
        "2 entities: Game, Player",
        "hyperstack-sdk = \"0.5\"",
        "settlement-game-stack = { path = \"generated/settlement-game-stack\" }",
        "another project's crate",
        "[patch.crates-io]",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }

    project
        .hs("sdk create rust settlement-game --output ./crates/game-sdk")
        .success();
    assert!(project.exists("crates/game-sdk/src/lib.rs"));

    let output = project
        .hs("sdk create rust settlement-game --crate-name game-sdk")
        .success();
    assert!(output.contains("  game-sdk = { path = \"generated/settlement-game-stack\" }"));
    let manifest = project.read("generated/settlement-game-stack/Cargo.toml");
    assert!(manifest.contains("\"game-sdk\""));
}

#[test]
fn module_and_no_module_override_each_other_and_the_configuration() {
    let project = Project::with_game("create_module");
    let output = project
        .hs("sdk create rust settlement-game --module -o src/game")
        .success();
    for file in MODULE {
        assert!(project.exists(&format!("src/game/{file}")));
    }
    assert!(!project.exists("src/game/Cargo.toml"));
    assert!(output.contains("\n  mod game;\n"), "{output}");

    let output = project
        .hs("sdk create rust settlement-game --module")
        .success();
    let path =
        "  #[path = \"../generated/settlement-game-stack/mod.rs\"]\n  mod settlement_game_stack;\n";
    assert!(output.contains(path), "{output}");

    project.write("hyperstack.toml", "[sdk]\nrust_module_mode = true\n");
    project.hs("sdk create rust settlement-game -o a").success();
    assert!(project.exists("a/mod.rs"));
    project
        .hs("sdk create rust settlement-game -o b --no-module")
        .success();
    assert!(project.exists("b/Cargo.toml") && !project.exists("b/mod.rs"));
    project
        .hs("sdk create rust settlement-game -o c --no-module --module")
        .success();
    assert!(project.exists("c/mod.rs"));
    project
        .hs("sdk create rust settlement-game -o d --module --no-module")
        .success();
    assert!(project.exists("d/Cargo.toml"));
}

#[test]
fn an_invalid_crate_name_gets_a_suggestion() {
    let project = Project::with_game("create_name");
    for (name, reason) in [
        (
            "my+crate",
            "unexpected `+`, expected letters, digits, `-` and `_` (try `my-crate`)",
        ),
        (
            "2games",
            "the name must start with a letter or `_` (try `stack-2games`)",
        ),
        ("type", "the name is a Rust keyword (try `type-stack`)"),
    ] {
        let words = format!("sdk create rust settlement-game --crate-name {name}");
        let output = project.hs(&words).usage_error();
        assert!(
            output.contains(&format!("'{name}' for '--crate-name <NAME>': {reason}")),
            "{output}"
        );
    }
    assert!(!project.exists("generated"));
}

#[test]
fn the_path_of_the_sdk_is_relative_to_the_crate() {
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

    let output = create("vendor/hyperstack-sdk").success();
    let manifest = project.read("generated/settlement-game-stack/Cargo.toml");
    assert!(
        manifest.contains("\"../../vendor/hyperstack-sdk\""),
        "{manifest}"
    );
    assert!(
        output.contains("  hyperstack-sdk = { path = \"vendor/hyperstack-sdk\" }"),
        "{output}"
    );
    assert!(!output.contains("patch"), "{output}");

    let absolute = project.path("vendor/hyperstack-sdk");
    create(absolute.to_str().unwrap()).success();
    let manifest = project.read("generated/settlement-game-stack/Cargo.toml");
    assert!(manifest.contains(absolute.to_str().unwrap()), "{manifest}");

    for (path, reason) in [
        ("nowhere", "no such directory"),
        (
            "vendor",
            "the package is in a subdirectory, pass `vendor/hyperstack-sdk`",
        ),
        ("other", "found package `serde`, expected `hyperstack-sdk`"),
        (
            "programs",
            "found no `Cargo.toml` of a package, expected package `hyperstack-sdk`",
        ),
    ] {
        let output = create(path).usage_error();
        assert!(
            output.contains(&format!("'{path}' for '--sdk-path <DIR>': {reason}")),
            "{output}"
        );
    }
}

#[test]
fn a_url_must_be_a_websocket_url() {
    let project = Project::with_game("create_url");
    let create = |url: &str| project.hs(&format!("sdk create rust settlement-game --url {url}"));
    let output = create("https://game.example").usage_error();
    assert!(
        output.contains("did you mean `wss://game.example`?"),
        "{output}"
    );
    let output = create("wss://game.example").success();
    assert!(!output.contains("no URL"));
    assert!(project
        .hs("sdk create rust settlement-game --reset")
        .success()
        .contains("no URL"));
}

#[test]
fn stdout_prints_all_files() {
    let project = Project::with_game("create_stdout");
    let output = project
        .hs("sdk create rust settlement-game --stdout")
        .success();
    let heads: Vec<&str> = output
        .lines()
        .filter_map(|line| line.strip_prefix("// ==> "))
        .collect();
    assert_eq!(heads, CRATE);
    let output = project
        .hs("sdk create rust settlement-game --stdout --module")
        .success();
    assert!(output.starts_with("// ==> mod.rs\n"));
    assert!(!project.exists("generated"));
}

#[test]
fn json_is_one_object_with_the_status_of_each_file() {
    let project = Project::with_game("create_json");
    let output = project.hs("sdk create rust settlement-game --json").json();
    assert_eq!(output["stack"], "SettlementGame");
    assert_eq!(output["path"], GAME);
    assert_eq!(output["crate"], "settlement-game-stack");
    assert_eq!(output["directory"], "generated/settlement-game-stack");
    assert!(output["hash"]
        .as_str()
        .is_some_and(|hash| hash.chars().all(|c| c.is_ascii_hexdigit())));
    assert_eq!(
        output["files"][1]["path"],
        "generated/settlement-game-stack/src/lib.rs"
    );
    assert_eq!(output["files"][1]["status"], "created");
    let output = project.hs("sdk create rust settlement-game --json").json();
    assert_eq!(output["files"][1]["status"], "unchanged");

    project.write("generated/settlement-game-stack/src/lib.rs", "");
    let output = project.hs("sdk create rust settlement-game --json --check");
    assert_eq!(output.code, Some(1));
    let output: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(output["files"][0]["status"], "fresh");
    assert_eq!(output["files"][1]["status"], "stale");
}

#[test]
fn a_stack_can_come_from_standard_input() {
    let project = Project::empty("create_stdin");
    let game = stack("SettlementGame", &["Game"]);
    let output = project.hs_fed("sdk create rust -", &game).success();
    assert!(output.contains("Found SettlementGame, from standard input\n  1 entity: Game\n"));
    assert!(project.exists("generated/settlement-game-stack/src/lib.rs"));
    let output = project.hs_fed("sdk create rust -", "{").failure();
    assert!(output.starts_with(
        "error: standard input is not a valid stack file\n  caused by: line 1, column 1: "
    ));
}

#[test]
fn conflicting_flags_are_usage_errors() {
    let project = Project::with_game("create_conflict");
    for flags in [
        "--check --stdout",
        "--check --force",
        "--stdout --json",
        "--stdout --force",
    ] {
        let output = project
            .hs(&format!("sdk create rust settlement-game {flags}"))
            .usage_error();
        assert!(output.contains("cannot be used with"), "{output}");
    }
}

#[test]
fn typescript_is_refused_with_what_to_use() {
    let project = Project::with_game("create_typescript");
    for words in [
        "sdk create typescript settlement-game",
        "sdk create ts --url wss://a settlement-game",
    ] {
        let output = project.hs(words).usage_error();
        assert!(output.contains("only Rust"), "{output}");
    }
    let output = project
        .hs("sdk create typescript settlement-game")
        .usage_error();
    assert!(
        output.contains("`hs sdk create rust settlement-game`"),
        "{output}"
    );
}

#[test]
fn json_has_the_warnings() {
    let project = Project::with_game("create_warnings");
    project.write("hyperstack.toml", "[sdk]\noutptu_dir = 'x'\n");
    project.write(".hyperstack/Broken.stack.json", "{");
    let output = project.hs("sdk create rust settlement-game --json");
    let output: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    let warnings: Vec<&str> = output["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|warning| warning.as_str())
        .collect();
    assert!(
        warnings[0].contains("unknown key `sdk.outptu_dir`"),
        "{warnings:?}"
    );
    assert!(
        warnings[1].starts_with("cannot read `.hyperstack/Broken.stack.json`"),
        "{warnings:?}"
    );
    assert_eq!(warnings.len(), 2);
}
