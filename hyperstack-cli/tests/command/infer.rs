//! `hs sdk infer` with a recording.

use crate::support::{Project, CRATE};

const RECORDING: &str = include_str!("../../fixtures/inferred/recordings/odd.jsonl");

fn project(name: &str) -> Project {
    let project = Project::empty(name);
    project.write("odd.jsonl", RECORDING);
    project
}

#[test]
fn a_recording_becomes_a_crate() {
    let project = project("infer_crate");
    let output = project.hs("sdk infer odd.jsonl").success();
    for file in CRATE {
        assert!(project.exists(&format!("generated/odd-stack/{file}")));
        assert!(output.contains(&format!("created    {file}")), "{output}");
    }
    assert!(output.contains("Found odd, from `odd.jsonl`"), "{output}");
    let header = "Inferred from `odd.jsonl`. A value of another type than those seen there does not decode.\n";
    for file in CRATE {
        let text = project.read(&format!("generated/odd-stack/{file}"));
        assert!(text.contains(header), "{text}");
    }
    // The same recording gives the same files, which are known as generated.
    project.hs("sdk infer odd.jsonl --check").success();
    let again = project
        .hs("sdk infer odd.jsonl --name odd --serde")
        .success();
    assert!(again.contains("updated    src/types.rs"), "{again}");
    // The flags of the last run are repeated.
    project.hs("sdk infer odd.jsonl --check").success();
}

#[test]
fn options_are_those_of_create() {
    let project = project("infer_options");
    let json = project
        .hs("sdk infer odd.jsonl --module -o src/odd --name top --json")
        .json();
    assert_eq!(json["stack"], "top");
    assert_eq!(json["path"], "odd.jsonl");
    assert_eq!(json["files"][0]["status"], "created");
    assert!(project
        .read("src/odd/entity.rs")
        .contains("pub struct TopStack;"));

    project.write("mine/mod.rs", "// Mine.\n");
    let error = project.hs("sdk infer odd.jsonl --module -o mine").failure();
    assert!(error.contains("--force"), "{error}");
}

#[test]
fn views_select_entities() {
    let project = project("infer_views");
    for views in ["Odd-entity", "Odd-entity/list"] {
        project
            .hs(&format!("sdk infer odd.jsonl {views} --stdout"))
            .success();
    }
    let error = project.hs("sdk infer odd.jsonl Even --stdout").failure();
    let expected = "error: odd.jsonl has no rows of these views. Its views are: Odd-entity/list, Odd-entity/top 10\n";
    assert_eq!(error, expected);
    let error = project.hs("sdk infer odd.jsonl a/b/c").usage_error();
    assert!(error.contains("expected Entity/name"), "{error}");
}

#[test]
fn a_missing_or_empty_recording_is_an_error() {
    let project = project("infer_missing");
    let error = project.hs("sdk infer no.jsonl").failure();
    assert!(error.contains("no.jsonl"), "{error}");
    let error = project.hs_fed("sdk infer -", "").failure();
    assert!(
        error.starts_with("error: cannot read standard input: "),
        "{error}"
    );
    let subscribed = RECORDING.lines().take(2).collect::<Vec<_>>().join("\n");
    let error = project.hs_fed("sdk infer -", &subscribed).failure();
    assert!(
        error.contains("standard input has no rows to infer types from"),
        "{error}"
    );
}
