//! `hs stack inspect`.

use crate::support::{Project, GAME};

#[test]
fn a_tree_for_people() {
    let project = Project::with_game("inspect");
    let said = project.hs("stack inspect settlement-game").done();
    assert!(
        said.starts_with(&format!("SettlementGame, from `{GAME}`\n")),
        "{said}"
    );
    for part in [
        "\nGame",
        "\nPlayer",
        "\n  state\n",
        "\n    pot ",
        " or null",
        "\n  view Game/latest",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn json_for_programs() {
    let project = Project::with_game("inspect_json");
    let said = project.hs("stack inspect settlement-game --json").json();
    assert_eq!(said["name"], "SettlementGame");
    let section = &said["entities"][0]["sections"][1];
    assert_eq!(section["fields"][0]["name"], "pot");
    assert_eq!(section["fields"][0]["nullable"], true);
}
