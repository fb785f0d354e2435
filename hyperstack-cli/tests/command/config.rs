//! Tests of `hyperstack.toml`.

use crate::support::{stack, Project, GAME};

#[test]
fn a_configured_stack_is_found_by_each_of_its_names() {
    let project = Project::with_game("config_alias");
    let entry = format!("[[stacks]]\nname = \"my-game\"\nstack = \"./{GAME}\"\n");
    project.write(
        "hyperstack.toml",
        &format!("{entry}rust_output_crate = \"./out\"\n"),
    );
    for name in ["my-game", "My-Game", "MyGame", GAME, "settlement-game"] {
        let output = project.hs(&format!("sdk create rust {name} --json")).json();
        assert_eq!(
            (&output["path"], &output["directory"]),
            (&GAME.into(), &"out".into())
        );
    }

    // Outside of `.hyperstack`, the name in the file works too.
    project.write("specs/other.json", &stack("OtherGame", &["Game"]));
    project.write(
        "hyperstack.toml",
        "[[stacks]]\nname = 'o'\nstack = 'specs/other.json'\n",
    );
    for name in ["o", "other-game"] {
        let output = project.hs(&format!("sdk create rust {name} --json")).json();
        assert_eq!(output["path"], "specs/other.json");
    }

    // Older configurations use the key `ast`.
    project.write(
        "hyperstack.toml",
        "[[stacks]]\nname = \"g\"\nast = \"settlement-game\"\n",
    );
    let output = project.hs("sdk create rust g --json").json();
    assert_eq!(output["path"], GAME);
}

#[test]
fn the_configuration_sets_directory_and_name_of_a_crate() {
    let project = Project::with_game("config_output");
    for (config, directory, name) in [
        (
            "",
            "generated/settlement-game-stack",
            "settlement-game-stack",
        ),
        (
            "[sdk]\noutput_dir = './a'",
            "a/settlement-game-stack",
            "settlement-game-stack",
        ),
        (
            "[sdk]\noutput_dir = 'a'\nrust_output_dir = 'b'",
            "b/settlement-game-stack",
            "settlement-game-stack",
        ),
        (
            "[sdk]\nrust_crate_prefix = 'acme'",
            "generated/acme-settlement-game-stack",
            "acme-settlement-game-stack",
        ),
        (
            "[[stacks]]\nstack = 'SettlementGame'\nrust_output_crate = 'c'\nrust_crate = 'game'",
            "c",
            "game",
        ),
    ] {
        project.write("hyperstack.toml", config);
        let output = project.hs("sdk create rust settlement-game --json").json();
        assert_eq!(
            (&output["directory"], &output["crate"]),
            (&directory.into(), &name.into())
        );
    }
}

#[test]
fn paths_are_relative_to_the_file_and_flags_are_not() {
    let project = Project::with_game("config_elsewhere");
    project.write(
        "vendor/hyperstack-sdk/Cargo.toml",
        "[package]\nname = \"hyperstack-sdk\"\n",
    );
    project.write(
        "programs/game/hyperstack.toml",
        "[sdk]\noutput_dir = 'sdk'\nrust_sdk_path = '../../vendor/hyperstack-sdk'\n",
    );
    let words = "-c programs/game/hyperstack.toml sdk create rust settlement-game";
    let output = project.hs(words).success();
    let directory = "programs/game/sdk/settlement-game-stack";
    let manifest = project.read(&format!("{directory}/Cargo.toml"));
    assert!(
        manifest.contains("\"../../../../vendor/hyperstack-sdk\""),
        "{manifest}"
    );
    assert!(
        output.contains("  hyperstack-sdk = { path = \"vendor/hyperstack-sdk\" }"),
        "{output}"
    );
    assert!(
        output.contains(&format!("{{ path = \"{directory}\" }}")),
        "{output}"
    );
    project.hs(&format!("{words} --output here")).success();
    assert!(project.exists("here/Cargo.toml"));
}

#[test]
fn the_closest_file_above_the_current_directory_applies() {
    let project = Project::with_game("config_above");
    project.write("hyperstack.toml", "[sdk]\noutput_dir = 'out'\n");
    project.write("src/bin/.keep", "");
    let inside = |words: &str| {
        let mut command = project.command(words);
        command.current_dir(project.path("src/bin"));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let created = inside("sdk create rust settlement-game");
    assert!(
        project.exists("out/settlement-game-stack/src/lib.rs"),
        "{created}"
    );
    assert!(
        created.contains("../../out/settlement-game-stack"),
        "{created}"
    );
    assert!(inside("sdk list").contains("(fresh)"));

    project.write("src/hyperstack.toml", "[sdk]\noutput_dir = 'nearer'\n");
    assert_eq!(
        inside("sdk list"),
        "No stacks in hyperstack.toml, or in `.arete` or `.hyperstack` directories under `..`.\n"
    );
}

#[test]
fn an_unknown_key_is_a_warning() {
    let project = Project::with_game("config_unknown");
    project.write("hyperstack.toml", "[sdk]\noutptu_dir = 'x'\n");
    let output = project.hs("sdk list");
    assert_eq!(output.code, Some(0));
    assert_eq!(
        output.stderr,
        "warning: `hyperstack.toml`, line 2: unknown key `sdk.outptu_dir`, did you mean `output_dir`?\n"
    );
}

#[test]
fn errors_name_the_place_and_the_reason() {
    let project = Project::with_game("config_wrong");
    for (config, error) in [
        (
            "[sdk]\nflat_options = 'yes'",
            "error: `hyperstack.toml`, line 2, column 16: invalid type: string \"yes\", expected a boolean\n",
        ),
        ("[sdk", "error: `hyperstack.toml`, line 1, column 5: unclosed table, expected `]`\n"),
        (
            "[[stacks]]\nname = 'a'\nstack = 'A'\n[[stacks]]\nname = 'a'\nstack = 'B'\n",
            "error: `hyperstack.toml`: two stacks are named `a`, on lines 2 and 5\n",
        ),
        (
            "[sdk]\nrust_sdk_path = 'nowhere'",
            "error: invalid `sdk.rust_sdk_path` `nowhere`: no such directory\n",
        ),
        (
            "[sdk]\nrust_crate_prefix = '1'",
            "error: invalid crate name `1-settlement-game-stack`: the name must start with a letter or \
             `_` (try `stack-1-settlement-game-stack`)\n",
        ),
        (
            "[[stacks]]\nstack = 'SettlementGame'\nurl = 'https://a.b'",
            "error: invalid `url` `https://a.b`: expected `ws://…` or `wss://…`, did you mean \
             `wss://a.b`?\n",
        ),
    ] {
        project.write("hyperstack.toml", config);
        assert_eq!(project.hs("sdk create rust settlement-game").failure(), error);
    }
    for words in [
        "--config nowhere.toml sdk list",
        "sdk --config nowhere.toml list",
        "sdk list --config nowhere.toml",
        "-c hyperstack.toml sdk list -c nowhere.toml",
        "-c nowhere.toml stack inspect game",
        "stack inspect game -c nowhere.toml",
    ] {
        let output = project.hs(words).failure();
        assert!(
            output.starts_with("error: cannot read `nowhere.toml`\n  caused by: "),
            "{words}: {output}"
        );
    }
}

#[test]
fn a_configured_stack_without_a_file_is_an_error() {
    let project = Project::empty("config_missing");
    project.write(
        "hyperstack.toml",
        "[[stacks]]\nname = 'a'\nstack = 'a.json'\n[[stacks]]\nname = 'b'\nstack = 'Beta'\n",
    );
    assert_eq!(
        project.hs("sdk create rust a").failure(),
        "error: cannot load stack `a` of the configuration\n  \
         caused by: stack file `a.json` not found\n  \
         build the stack's crate to create it, or pass another path\n"
    );
    let output = project.hs("sdk create rust b").failure();
    assert!(
        output.starts_with(
            "error: cannot load stack `b` of the configuration\n  caused by: no stack is named `Beta`"
        ),
        "{output}"
    );
    let output = project.hs("sdk create rust aa").failure();
    assert!(
        output.contains("did you mean `a`?\n  in `hyperstack.toml`: `a`, `b`\n"),
        "{output}"
    );
}

#[test]
fn two_entries_for_one_stack_need_their_own_names() {
    let project = Project::empty("config_two");
    project.write(".hyperstack/Game.stack.json", &stack("Game", &["Game"]));
    project.write(
        "hyperstack.toml",
        "[[stacks]]\nname = 'a'\nstack = 'Game'\n\
         [[stacks]]\nname = 'b'\nstack = 'Game'\nrust_module = true\nrust_output_crate = 'src/game'\n",
    );
    assert_eq!(
        project.hs("sdk create rust game").failure(),
        "error: several stacks of the configuration match `game`: `a`, `b`\n  \
         pass one of these names\n"
    );
    project.hs("sdk create rust b").success();
    assert!(project.exists("src/game/mod.rs"));
}
