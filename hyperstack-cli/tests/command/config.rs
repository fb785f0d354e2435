//! `hyperstack.toml`.

use crate::support::{stack, Project, GAME};

#[test]
fn a_stack_by_its_alias() {
    let project = Project::with_game("config_alias");
    let entry = format!("[[stacks]]\nname = \"my-game\"\nstack = \"./{GAME}\"\n");
    project.write(
        "hyperstack.toml",
        &format!("{entry}rust_output_crate = \"./out\"\n"),
    );
    for name in ["my-game", "My-Game", "MyGame", GAME, "settlement-game"] {
        let said = project.hs(&format!("sdk create rust {name} --json")).json();
        assert_eq!(
            (&said["path"], &said["directory"]),
            (&GAME.into(), &"out".into())
        );
    }

    // Wherever it is, also by the name in the file.
    project.write("specs/other.json", &stack("OtherGame", &["Game"]));
    project.write(
        "hyperstack.toml",
        "[[stacks]]\nname = 'o'\nstack = 'specs/other.json'\n",
    );
    for name in ["o", "other-game"] {
        let said = project.hs(&format!("sdk create rust {name} --json")).json();
        assert_eq!(said["path"], "specs/other.json");
    }

    // As it once was written.
    project.write(
        "hyperstack.toml",
        "[[stacks]]\nname = \"g\"\nast = \"settlement-game\"\n",
    );
    let said = project.hs("sdk create rust g --json").json();
    assert_eq!(said["path"], GAME);
}

#[test]
fn where_a_crate_goes_and_what_it_is_called() {
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
        let said = project.hs("sdk create rust settlement-game --json").json();
        assert_eq!(
            (&said["directory"], &said["crate"]),
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
    let said = project.hs(words).done();
    let directory = "programs/game/sdk/settlement-game-stack";
    let manifest = project.read(&format!("{directory}/Cargo.toml"));
    assert!(
        manifest.contains("\"../../../../vendor/hyperstack-sdk\""),
        "{manifest}"
    );
    assert!(
        said.contains("  hyperstack-sdk = { path = \"vendor/hyperstack-sdk\" }"),
        "{said}"
    );
    assert!(
        said.contains(&format!("{{ path = \"{directory}\" }}")),
        "{said}"
    );
    project.hs(&format!("{words} --output here")).done();
    assert!(project.exists("here/Cargo.toml"));
}

#[test]
fn an_unknown_key_is_a_warning() {
    let project = Project::with_game("config_unknown");
    project.write("hyperstack.toml", "[sdk]\noutptu_dir = 'x'\n");
    let said = project.hs("sdk list");
    assert_eq!(said.code, Some(0));
    assert_eq!(
        said.stderr,
        "warning: `hyperstack.toml`, line 2: unknown key `sdk.outptu_dir`, did you mean `output_dir`?\n"
    );
}

#[test]
fn what_is_wrong_and_where() {
    let project = Project::with_game("config_wrong");
    for (config, error) in [
        (
            "[sdk]\nflat_options = 'yes'",
            "error: `hyperstack.toml`, line 2, column 16: invalid type: string \"yes\", expected a boolean\n",
        ),
        ("[sdk", "error: `hyperstack.toml`, line 1, column 5: unclosed table, expected `]`\n"),
        (
            "[[stacks]]\nname = 'a'\nstack = 'A'\n[[stacks]]\nname = 'a'\nstack = 'B'\n",
            "error: `hyperstack.toml`: two stacks are called `a`, in line 2 and in line 5\n",
        ),
        (
            "[sdk]\nrust_sdk_path = 'nowhere'",
            "error: `sdk.rust_sdk_path` is `nowhere`: there is no such directory\n",
        ),
        (
            "[sdk]\nrust_crate_prefix = '1'",
            "error: the name of the crate is `1-settlement-game-stack`: it begins with neither a letter \
             nor `_`; `stack-1-settlement-game-stack` would do\n",
        ),
        (
            "[[stacks]]\nstack = 'SettlementGame'\nurl = 'https://a.b'",
            "error: `url` is `https://a.b`: a stack is served at `ws://…` or `wss://…`, did you mean \
             `wss://a.b`?\n",
        ),
    ] {
        project.write("hyperstack.toml", config);
        assert_eq!(project.hs("sdk create rust settlement-game").failed(), error);
    }
    let said = project.hs("sdk list --config nowhere.toml").failed();
    assert!(
        said.starts_with("error: cannot read `nowhere.toml`\n  caused by: "),
        "{said}"
    );
}

#[test]
fn a_stack_that_is_not_where_it_should_be() {
    let project = Project::empty("config_missing");
    project.write(
        "hyperstack.toml",
        "[[stacks]]\nname = 'a'\nstack = 'a.json'\n[[stacks]]\nname = 'b'\nstack = 'Beta'\n",
    );
    assert_eq!(
        project.hs("sdk create rust a").failed(),
        "error: the stack `a` of the configuration\n  \
         caused by: there is no file `a.json`\n  \
         Build the stack's crate, which writes it, or pass the path of one.\n"
    );
    let said = project.hs("sdk create rust b").failed();
    assert!(
        said.starts_with(
            "error: the stack `b` of the configuration\n  caused by: no stack is called `Beta`"
        ),
        "{said}"
    );
    let said = project.hs("sdk create rust aa").failed();
    assert!(
        said.contains("did you mean `a`?\n  in `hyperstack.toml`: `a`, `b`\n"),
        "{said}"
    );
}

#[test]
fn two_entries_for_one_stack() {
    let project = Project::empty("config_two");
    project.write(".hyperstack/Game.stack.json", &stack("Game", &["Game"]));
    project.write(
        "hyperstack.toml",
        "[[stacks]]\nname = 'a'\nstack = 'Game'\n\
         [[stacks]]\nname = 'b'\nstack = 'Game'\nrust_module = true\nrust_output_crate = 'src/game'\n",
    );
    assert_eq!(
        project.hs("sdk create rust game").failed(),
        "error: several stacks of the configuration are `game`: `a`, `b`\n  \
         Pass the name of one of them.\n"
    );
    project.hs("sdk create rust b").done();
    assert!(project.exists("src/game/mod.rs"));
}
