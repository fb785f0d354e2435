//! Writing, checking and protecting files.

use std::fs;

use hyperstack_cli::rust::MARK;

use crate::support::{Project, CRATE};

const CREATE: &str = "sdk create rust settlement-game";
const LIB: &str = "generated/settlement-game-stack/src/lib.rs";

#[test]
fn every_file_has_the_mark() {
    let project = Project::with_game("output_mark");
    project.hs(CREATE).success();
    for file in CRATE {
        let text = project.read(&format!("generated/settlement-game-stack/{file}"));
        assert!(
            text.lines().next().is_some_and(|line| line.contains(MARK)),
            "{file}"
        );
    }
}

#[test]
fn unchanged_files_are_left_alone() {
    let project = Project::with_game("output_unchanged");
    project.hs(CREATE).success();
    let types = "generated/settlement-game-stack/src/types.rs";
    let written = |path: &str| {
        fs::metadata(project.path(path))
            .unwrap()
            .modified()
            .unwrap()
    };
    project.write(LIB, &format!("// {MARK}\n"));
    let before = written(types);
    let output = project.hs(CREATE).success();
    assert!(output.contains("updated    src/lib.rs\n"), "{output}");
    assert!(output.contains("unchanged  src/types.rs\n"), "{output}");
    assert_eq!(written(types), before);
    let names = fs::read_dir(project.path("generated/settlement-game-stack/src")).unwrap();
    assert_eq!(names.count(), 3, "nothing temporary is left");
}

#[test]
fn hand_written_files_are_not_overwritten() {
    let project = Project::with_game("output_foreign");
    project.write("mine/Cargo.toml", "[package]\n");
    project.write("mine/src/lib.rs", "// mine\n");
    assert_eq!(
        project.hs(&format!("{CREATE} -o mine")).failure(),
        "error: refusing to overwrite files that were not generated:\n    \
         mine/Cargo.toml\n    mine/src/lib.rs\n  pass `--force` to overwrite them\n"
    );
    assert_eq!(project.read("mine/src/lib.rs"), "// mine\n");
    assert!(!project.exists("mine/src/types.rs"));
    project.hs(&format!("{CREATE} -o mine --force")).success();
    assert!(project.read("mine/src/lib.rs").contains(MARK));
}

#[test]
fn check_prints_stale_files_as_a_diff() {
    let project = Project::with_game("output_check");
    let check = format!("{CREATE} --check");
    let output = project.hs(&check);
    assert_eq!((output.code, output.stderr.as_str()), (Some(1), ""));
    assert!(output
        .stdout
        .starts_with("--- /dev/null\n+++ generated/settlement-game-stack/Cargo.toml\n@@ "));
    assert!(!project.exists("generated"));

    project.hs(CREATE).success();
    let output = project.hs(&check).success();
    assert_eq!(output, "generated/settlement-game-stack is fresh\n");

    let fresh = project.read(LIB);
    project.write(LIB, &format!("{fresh}// by hand\n"));
    let output = project.hs(&check);
    assert_eq!(output.code, Some(1));
    assert!(
        output
            .stdout
            .starts_with(&format!("--- {LIB}\n+++ {LIB}\n@@ ")),
        "{}",
        output.stdout
    );
    assert!(
        output.stdout.ends_with("\n-// by hand\n"),
        "{}",
        output.stdout
    );
    assert!(project.read(LIB).ends_with("// by hand\n"));
}

#[test]
fn a_checkout_with_crlf_is_fresh_and_left_alone() {
    let project = Project::with_game("output_crlf");
    project.hs(CREATE).success();
    for file in CRATE {
        let path = format!("generated/settlement-game-stack/{file}");
        project.write(&path, &project.read(&path).replace('\n', "\r\n"));
    }
    project.hs(&format!("{CREATE} --check")).success();
    assert!(project
        .hs(CREATE)
        .success()
        .contains("unchanged  src/lib.rs"));
    assert!(project.read(LIB).contains("\r\n"));

    // The diff shows only what differs otherwise.
    project.write(LIB, &(project.read(LIB) + "// by hand\r\n"));
    let diff = project.hs(&format!("{CREATE} --check")).stdout;
    let changed = diff
        .lines()
        .skip(2)
        .filter(|line| line.starts_with(['+', '-']));
    assert_eq!(changed.collect::<Vec<_>>(), ["-// by hand"]);
}

#[test]
fn files_of_another_layout_are_reported() {
    let project = Project::with_game("output_leftovers");
    project.hs(&format!("{CREATE} -o out")).success();
    project.write("out/src/entity.rs", "// mine\n");
    let output = project.hs(&format!("{CREATE} -o out --module")).success();
    assert!(
        output.contains("No longer needed; delete these files of an earlier run:\n  out/Cargo.toml\n  out/src/lib.rs\n  out/src/types.rs\n\n"),
        "{output}"
    );
    assert!(project.exists("out/Cargo.toml"));
}

#[test]
fn a_path_that_cannot_be_written_is_an_error() {
    let project = Project::with_game("output_fails");
    project.write("generated", "a file\n");
    let output = project.hs(CREATE).failure();
    assert!(
        output.starts_with("error: cannot write `generated/settlement-game-stack`\n  caused by: "),
        "{output}"
    );
}
