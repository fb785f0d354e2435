//! `hs sdk list`.

use crate::support::{stack, Project, GAME};

#[test]
fn each_stack_is_listed_once_with_its_path_and_status() {
    let project = Project::with_game("list");
    project.write(".hyperstack/Other.stack.json", &stack("Other", &["Thing"]));
    project.write(".hyperstack/Broken.stack.json", "{");
    project.write(
        "hyperstack.toml",
        "[[stacks]]\nname = 'game'\nstack = 'settlement-game'\n[[stacks]]\nname = 'gone'\nstack = 'gone.json'\n",
    );
    let output = project.hs("sdk list --json").json();
    let names: Vec<_> = output
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["name"])
        .collect();
    assert_eq!(names, ["game", "gone", "Other", "Broken"]);
    assert_eq!(output[0]["stack"], "SettlementGame");
    assert_eq!(output[0]["path"], GAME);
    assert_eq!(output[0]["entities"][1], "Player");
    assert_eq!(output[0]["directory"], "generated/settlement-game-stack");
    assert_eq!(output[0]["status"], "absent");
    assert_eq!(output[1]["status"], "broken");
    assert_eq!(output[3]["path"], ".hyperstack/Broken.stack.json");

    let created = project.hs("sdk create rust game --json");
    let created: serde_json::Value = serde_json::from_str(&created.stdout).unwrap();
    assert_eq!(created["directory"], output[0]["directory"]);
    let status = || project.hs("sdk list --json").json()[0]["status"].clone();
    assert_eq!(status(), "fresh");
    project.write("generated/settlement-game-stack/src/lib.rs", "");
    assert_eq!(status(), "stale");
}

#[test]
fn the_default_output_is_text() {
    let project = Project::with_game("list_text");
    assert_eq!(
        project.hs("sdk list").success(),
        format!(
            "SettlementGame\n  file      {GAME}\n  stack     SettlementGame\n  entities  Game, Player\n  \
             crate     generated/settlement-game-stack (absent)\n"
        )
    );
    let output = Project::empty("list_none").hs("sdk list").success();
    assert!(output.starts_with("No stacks"), "{output}");
}
