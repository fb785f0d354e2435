//! How a stack is found by its name.

use crate::support::{entity, stack, Project, GAME};

/// The file of the stack that is found.
#[track_caller]
fn found(project: &Project, name: &str) -> String {
    let said = project.hs(&format!("sdk create rust {name} --check --json"));
    assert_eq!(said.stderr, "");
    let said: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    said["path"].as_str().unwrap().to_owned()
}

#[test]
fn by_name_in_any_case() {
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
fn by_path() {
    let project = Project::with_game("find_path");
    project.write("game.json", &stack("Another", &["Game"]));
    assert_eq!(found(&project, "game.json"), "game.json");
    assert_eq!(found(&project, GAME), GAME);
    let said = project.hs("sdk create rust nowhere.json").failed();
    assert_eq!(
        said,
        "error: there is no file `nowhere.json`\n  \
         Build the stack's crate, which writes it, or pass the path of one.\n"
    );
    let said = project.hs("sdk create rust programs/game").failed();
    assert!(
        said.starts_with("error: cannot read `programs/game`\n  caused by: "),
        "{said}"
    );
}

#[test]
fn not_where_nobody_keeps_stacks() {
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
    project.hs("sdk create rust game").failed();
    project.write(
        "a/b/c/.hyperstack/Game.stack.json",
        &stack("Game", &["Game"]),
    );
    assert_eq!(found(&project, "game"), "a/b/c/.hyperstack/Game.stack.json");
}

#[test]
fn the_old_format_too() {
    let project = Project::empty("find_old");
    project.write(".hyperstack/Token.ast.json", &entity("Token"));
    assert_eq!(found(&project, "token"), ".hyperstack/Token.ast.json");
    // The same package, since it has moved to the new format.
    project.write(".hyperstack/Token.stack.json", &stack("Token", &["Token"]));
    assert_eq!(found(&project, "token"), ".hyperstack/Token.stack.json");
    // Another package.
    project.write("old/.hyperstack/Token.ast.json", &entity("Token"));
    let said = project.hs("sdk create rust token").failed();
    assert!(
        said.starts_with("error: several stacks are called `token`:"),
        "{said}"
    );
}

#[test]
fn several_of_one_name() {
    let project = Project::with_game("find_several");
    let other = "a/.hyperstack/SettlementGame.stack.json";
    project.write(other, &stack("SettlementGame", &["Game"]));
    let said = project.hs("sdk create rust settlement-game").failed();
    assert_eq!(
        said,
        format!(
            "error: several stacks are called `settlement-game`:\n    \
             SettlementGame  {other}\n    \
             SettlementGame  {GAME}\n  \
             Pass the path of one of them.\n"
        )
    );
    assert_eq!(found(&project, other), other);
    // An exact name is that of one alone.
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
fn none_of_the_name() {
    let project = Project::with_game("find_none");
    let said = project.hs("sdk create rust setlement-game").failed();
    assert_eq!(
        said,
        format!(
            "error: no stack is called `setlement-game`, did you mean `settlement-game`?\n  \
             in `.hyperstack` under `.`:\n    \
             SettlementGame  {GAME}\n  \
             Build the stack's crate, which writes that file, or pass the path of one, or `-` for \
             standard input.\n"
        )
    );
    let said = Project::empty("find_nothing")
        .hs("sdk create rust game")
        .failed();
    assert!(
        said.contains("under `.`: no `*.stack.json` and no `*.ast.json`\n"),
        "{said}"
    );
}

#[test]
fn a_broken_file_is_a_warning_or_what_was_meant() {
    let project = Project::with_game("find_broken");
    let ore = "programs/ore/.hyperstack/OreStream.stack.json";
    project.write(
        ore,
        "{\n  \"stack_name\": \"OreStream\"\n  \"entities\": []\n}\n",
    );
    let said = project.hs("sdk create rust settlement-game");
    assert_eq!(said.code, Some(0));
    assert_eq!(
        said.stderr,
        format!("warning: cannot read `{ore}`: line 3, column 3: expected `,` or `}}`\n")
    );
    assert_eq!(
        project.hs("sdk create rust ore-stream").failed(),
        format!(
            "error: `{ore}` is no stack file\n  caused by: line 3, column 3: expected `,` or `}}`\n"
        )
    );
    let said = project.hs("sdk create rust nothing-like-it").failed();
    assert!(
        said.contains(&format!("\n  cannot read `{ore}`: line 3")),
        "{said}"
    );

    project.write(ore, "{}");
    let said = project.hs("sdk create rust settlement-game").stderr;
    assert!(said.contains("it has neither `stack_name` nor"), "{said}");
}
