//! `hs stack inspect`.

use crate::support::{Project, GAME};

#[test]
fn the_default_output_is_a_tree() {
    let project = Project::with_game("inspect");
    let output = project.hs("stack inspect settlement-game").success();
    assert!(
        output.starts_with(&format!("SettlementGame, from `{GAME}`\n")),
        "{output}"
    );
    for part in [
        "\nGame",
        "\nPlayer",
        "\n  state\n",
        "\n    pot ",
        " or null",
        "\n  view Game/latest",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }
}

#[test]
fn json_contains_the_fields() {
    let project = Project::with_game("inspect_json");
    let output = project.hs("stack inspect settlement-game --json").json();
    assert_eq!(output["name"], "SettlementGame");
    let section = &output["entities"][0]["sections"][1];
    assert_eq!(section["fields"][0]["name"], "pot");
    assert_eq!(section["fields"][0]["nullable"], true);
}
