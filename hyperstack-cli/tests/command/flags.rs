//! The flags of `hs sdk create rust` that later runs repeat.

use crate::support::{stack, Project, GAME};

const CREATE: &str = "sdk create rust settlement-game";
const LIB: &str = "generated/settlement-game-stack/src/lib.rs";
const MANIFEST: &str = "generated/settlement-game-stack/Cargo.toml";

fn with_sdk(name: &str) -> Project {
    let project = Project::with_game(name);
    project.write(
        "vendor/hyperstack-sdk/Cargo.toml",
        "[package]\nname = \"hyperstack-sdk\"\n",
    );
    project
}

/// Returns the status of each crate in the list.
fn statuses(project: &Project) -> Vec<(String, String)> {
    let rows = project.hs("sdk list --json").json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| (text(&row["directory"]), text(&row["status"])))
        .collect()
}

#[test]
fn a_second_run_keeps_the_flags_of_the_first() {
    let project = with_sdk("flags_kept");
    let flags = "--sdk-path vendor/hyperstack-sdk --url wss://game.example --serde --flat-options --crate-name my-game";
    project.hs(&format!("{CREATE} {flags}")).success();
    let line = "// Flags, which the next run repeats: {\"crate_name\":\"my-game\",\"sdk_path\":\"../../vendor/hyperstack-sdk\",\
        \"url\":\"wss://game.example\",\"flat_options\":true,\"serde\":true}";
    assert_eq!(project.read(LIB).lines().nth(2), Some(line));

    let before = [project.read(LIB), project.read(MANIFEST)];
    let output = project.hs(CREATE).success();
    assert!(!output.contains("updated"), "{output}");
    assert!(
        output.contains("{ path = \"vendor/hyperstack-sdk\" }"),
        "{output}"
    );
    assert_eq!([project.read(LIB), project.read(MANIFEST)], before);
    assert!(project
        .hs(&format!("{CREATE} --check"))
        .success()
        .contains("fresh"));
    let directory = "generated/settlement-game-stack".to_owned();
    assert_eq!(statuses(&project), [(directory, "fresh".to_owned())]);

    project
        .hs(&format!("{CREATE} --url wss://other.example"))
        .success();
    assert!(project.read(LIB).contains("wss://other.example"));
    assert!(project.read(MANIFEST).contains("my-game"));

    project.hs(&format!("{CREATE} --reset")).success();
    assert!(!project.read(LIB).contains("Flags"));
    assert!(project
        .read(MANIFEST)
        .contains("name = \"settlement-game-stack\""));
}

#[test]
fn a_module_stays_a_module() {
    let project = Project::with_game("flags_module");
    project
        .hs(&format!("{CREATE} --module -o src/game --serde"))
        .success();
    project.hs(&format!("{CREATE} -o src/game")).success();
    assert!(!project.exists("src/game/Cargo.toml"));
    assert!(project
        .read("src/game/types.rs")
        .contains("serde::Serialize"));
    assert_eq!(
        statuses(&project),
        [("src/game".to_owned(), "fresh".to_owned())]
    );
}

#[test]
fn the_configuration_applies_unless_a_flag_replaced_it() {
    let project = Project::with_game("flags_config");
    let config = |url: &str| {
        let stack = format!("[[stacks]]\nname = 'game'\nstack = './{GAME}'\nurl = '{url}'\n");
        project.write("hyperstack.toml", &stack);
    };
    let entity = || project.read("generated/settlement-game-stack/src/entity.rs");
    config("wss://one.example");
    project.hs("sdk create rust game").success();
    config("wss://two.example");
    project.hs("sdk create rust game").success();
    assert!(entity().contains("wss://two.example"));
    project
        .hs("sdk create rust game --url wss://flag.example")
        .success();
    config("wss://three.example");
    project.hs("sdk create rust game").success();
    assert!(entity().contains("wss://flag.example"));
}

#[test]
fn invalid_flags_in_a_header_are_an_error_that_names_the_file() {
    let project = with_sdk("flags_invalid");
    project
        .hs(&format!("{CREATE} --sdk-path vendor/hyperstack-sdk"))
        .success();
    let fresh = project.read(LIB);
    project.write(LIB, &fresh.replace("{\"sdk_path\"", "{sdk_path"));
    let output = project.hs(CREATE).failure();
    assert!(
        output.starts_with(&format!(
            "error: cannot read the flags in the header of `{LIB}`: restore the file, or pass `--reset`"
        )),
        "{output}"
    );

    project.write(LIB, &fresh.replace("../../vendor", "../../gone"));
    let output = project.hs(CREATE).failure();
    assert!(
        output.contains("`--sdk-path` of an earlier run `gone/hyperstack-sdk`: no such directory"),
        "{output}"
    );
    project.hs(&format!("{CREATE} --reset")).success();
}

#[test]
fn a_crate_elsewhere_in_the_project_is_listed() {
    let project = Project::with_game("flags_elsewhere");
    project
        .hs(&format!("{CREATE} -o crates/game --url wss://game.example"))
        .success();
    assert_eq!(
        statuses(&project),
        [("crates/game".to_owned(), "fresh".to_owned())]
    );
    project.hs(CREATE).success();
    let both = ["generated/settlement-game-stack", "crates/game"]
        .map(|place| (place.to_owned(), "fresh".to_owned()));
    assert_eq!(statuses(&project), both);
}

#[test]
fn another_stack_is_neither_replaced_nor_a_source_of_flags() {
    let project = Project::with_game("flags_other");
    project.write(".hyperstack/Other.stack.json", &stack("Other", &["Thing"]));
    let url = "--url wss://game.example --crate-name game-sdk";
    project.hs(&format!("{CREATE} -o sdk {url}")).success();
    assert_eq!(
        project.hs("sdk create rust other -o sdk").failure(),
        "error: `sdk` has the code of the stack `SettlementGame`\n  \
         pass another `--output`, or `--force` to replace it\n"
    );
    project.hs("sdk create rust other -o sdk --force").success();
    assert!(!project.read("sdk/src/entity.rs").contains("game.example"));
    assert!(!project.read("sdk/Cargo.toml").contains("game-sdk"));
}
