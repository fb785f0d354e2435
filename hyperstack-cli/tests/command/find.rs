//! Finding a stack by name or path.

use crate::support::{entity, stack, Project, GAME};

/// Returns the path of the stack file that `hs` finds.
#[track_caller]
fn found(project: &Project, name: &str) -> String {
    let output = project.hs(&format!("sdk create rust {name} --check --json"));
    assert_eq!(output.stderr, "");
    let output: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    output["path"].as_str().unwrap().to_owned()
}

#[test]
fn a_name_matches_in_any_case() {
    let project = Project::with_game("find_name");
    let http = ".hyperstack/HTTPServer.stack.json";
    project.write(http, &stack("HTTPServer", &["Request"]));
    for name in [
        "SettlementGame",
        "settlementgame",
        "settlement-game",
        "settlement_game",
    ] {
        assert_eq!(found(&project, name), GAME);
    }
    for name in ["HTTPServer", "http-server", "h-t-t-p-server"] {
        assert_eq!(found(&project, name), http);
    }
}

#[test]
fn a_path_names_its_file() {
    let project = Project::with_game("find_path");
    project.write("game.json", &stack("Another", &["Game"]));
    assert_eq!(found(&project, "game.json"), "game.json");
    assert_eq!(found(&project, GAME), GAME);
    let output = project.hs("sdk create rust nowhere.json").failure();
    assert_eq!(
        output,
        "error: stack file `nowhere.json` not found\n  \
         build the stack's crate to create it, or pass another path\n"
    );
    assert_eq!(found(&project, "programs/game"), GAME);
    let output = project.hs("sdk create rust ./programs").failure();
    assert_eq!(
        output,
        "error: `./programs` has no stack-manifest, no live-spec and no stack file\n  \
         build the stack's crate to create its files, or pass another path\n"
    );
}

#[test]
fn hidden_and_build_directories_are_skipped() {
    let project = Project::empty("find_skipped");
    for directory in [
        "target",
        "node_modules",
        ".git",
        "a/target",
        ".hyperstack/deeper",
    ] {
        let path = format!("{directory}/.hyperstack/Game.stack.json");
        project.write(&path, &stack("Game", &["Game"]));
    }
    project.write("Game.stack.json", &stack("Game", &["Game"]));
    project.hs("sdk create rust game").failure();
    project.write(
        "a/b/c/.hyperstack/Game.stack.json",
        &stack("Game", &["Game"]),
    );
    assert_eq!(found(&project, "game"), "a/b/c/.hyperstack/Game.stack.json");
}

#[test]
fn the_older_format_is_found_unless_the_newer_replaced_it() {
    let project = Project::empty("find_old");
    project.write(".hyperstack/Token.ast.json", &entity("Token"));
    assert_eq!(found(&project, "token"), ".hyperstack/Token.ast.json");
    // The same package moves to the newer format.
    project.write(".hyperstack/Token.stack.json", &stack("Token", &["Token"]));
    assert_eq!(found(&project, "token"), ".hyperstack/Token.stack.json");
    // Another package.
    project.write("old/.hyperstack/Token.ast.json", &entity("Token"));
    let output = project.hs("sdk create rust token").failure();
    assert!(
        output.starts_with("error: several stacks are named `token`:"),
        "{output}"
    );
}

#[test]
fn an_ambiguous_name_lists_the_paths() {
    let project = Project::with_game("find_several");
    let other = "a/.hyperstack/SettlementGame.stack.json";
    project.write(other, &stack("SettlementGame", &["Game"]));
    let output = project.hs("sdk create rust settlement-game").failure();
    assert_eq!(
        output,
        format!(
            "error: several stacks are named `settlement-game`:\n    \
             SettlementGame  {other}\n    \
             SettlementGame  {GAME}\n  \
             pass the path of one of them\n"
        )
    );
    assert_eq!(found(&project, other), other);
    // An exact match wins.
    project.write(
        "b/.hyperstack/x.stack.json",
        &stack("settlement-game", &["Game"]),
    );
    assert_eq!(
        found(&project, "settlement-game"),
        "b/.hyperstack/x.stack.json"
    );
}

#[test]
fn an_unknown_name_lists_the_stacks() {
    let project = Project::with_game("find_none");
    let output = project.hs("sdk create rust setlement-game").failure();
    assert_eq!(
        output,
        format!(
            "error: no stack is named `setlement-game`, did you mean `settlement-game`?\n  \
             in `.arete` and `.hyperstack` under `.`:\n    \
             SettlementGame  {GAME}\n  \
             build the stack's crate to create its files, or pass a path, or `-` for standard input\n"
        )
    );
    let output = Project::empty("find_nothing")
        .hs("sdk create rust game")
        .failure();
    assert!(output.contains("under `.`: no stacks\n"), "{output}");
}

#[test]
fn a_broken_file_is_a_warning_or_an_error_if_requested() {
    let project = Project::with_game("find_broken");
    let ore = "programs/ore/.hyperstack/OreStream.stack.json";
    project.write(
        ore,
        "{\n  \"stack_name\": \"OreStream\"\n  \"entities\": []\n}\n",
    );
    let output = project.hs("sdk create rust settlement-game");
    assert_eq!(output.code, Some(0));
    assert_eq!(
        output.stderr,
        format!("warning: cannot read `{ore}`: line 3, column 3: expected `,` or `}}`\n")
    );
    assert_eq!(
        project.hs("sdk create rust ore-stream").failure(),
        format!(
            "error: `{ore}` is not a valid stack file\n  caused by: line 3, column 3: expected `,` or `}}`\n"
        )
    );
    let output = project.hs("sdk create rust nothing-like-it").failure();
    assert!(
        output.contains(&format!("\n  cannot read `{ore}`: line 3")),
        "{output}"
    );

    project.write(ore, "{}");
    let output = project.hs("sdk create rust settlement-game").stderr;
    assert!(output.contains("missing field `stack_name`"), "{output}");
}
