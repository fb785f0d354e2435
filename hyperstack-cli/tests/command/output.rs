//! What is written, and what is not.

use std::fs;

use hyperstack_cli::rust::MARK;

use crate::support::{Project, CRATE};

const CREATE: &str = "sdk create rust settlement-game";
const LIB: &str = "generated/settlement-game-stack/src/lib.rs";

#[test]
fn every_file_bears_the_mark() {
    let project = Project::with_game("output_mark");
    project.hs(CREATE).done();
    for file in CRATE {
        let text = project.read(&format!("generated/settlement-game-stack/{file}"));
        assert!(
            text.lines().next().is_some_and(|line| line.contains(MARK)),
            "{file}"
        );
    }
}

#[test]
fn what_is_unchanged_is_left_alone() {
    let project = Project::with_game("output_unchanged");
    project.hs(CREATE).done();
    let types = "generated/settlement-game-stack/src/types.rs";
    let written = |path: &str| {
        fs::metadata(project.path(path))
            .unwrap()
            .modified()
            .unwrap()
    };
    project.write(LIB, &format!("// {MARK}\n"));
    let before = written(types);
    let said = project.hs(CREATE).done();
    assert!(said.contains("updated    src/lib.rs\n"), "{said}");
    assert!(said.contains("unchanged  src/types.rs\n"), "{said}");
    assert_eq!(written(types), before);
    let names = fs::read_dir(project.path("generated/settlement-game-stack/src")).unwrap();
    assert_eq!(names.count(), 3, "nothing temporary is left");
}

#[test]
fn what_a_person_wrote_is_not_overwritten() {
    let project = Project::with_game("output_foreign");
    project.write("mine/Cargo.toml", "[package]\n");
    project.write("mine/src/lib.rs", "// mine\n");
    assert_eq!(
        project.hs(&format!("{CREATE} -o mine")).failed(),
        "error: these files were not generated, and are not overwritten:\n    \
         mine/Cargo.toml\n    mine/src/lib.rs\n  `--force` overwrites them.\n"
    );
    assert_eq!(project.read("mine/src/lib.rs"), "// mine\n");
    assert!(!project.exists("mine/src/types.rs"));
    project.hs(&format!("{CREATE} -o mine --force")).done();
    assert!(project.read("mine/src/lib.rs").contains(MARK));
}

#[test]
fn stale_files_are_a_diff() {
    let project = Project::with_game("output_check");
    let check = format!("{CREATE} --check");
    let said = project.hs(&check);
    assert_eq!((said.code, said.stderr.as_str()), (Some(1), ""));
    assert!(said
        .stdout
        .starts_with("--- /dev/null\n+++ generated/settlement-game-stack/Cargo.toml\n@@ "));
    assert!(!project.exists("generated"));

    project.hs(CREATE).done();
    let said = project.hs(&check).done();
    assert_eq!(said, "generated/settlement-game-stack is fresh\n");

    let fresh = project.read(LIB);
    project.write(LIB, &format!("{fresh}// by hand\n"));
    let said = project.hs(&check);
    assert_eq!(said.code, Some(1));
    assert!(
        said.stdout
            .starts_with(&format!("--- {LIB}\n+++ {LIB}\n@@ ")),
        "{}",
        said.stdout
    );
    assert!(said.stdout.ends_with("\n-// by hand\n"), "{}", said.stdout);
    assert!(project.read(LIB).ends_with("// by hand\n"));
}

#[test]
fn what_another_layout_left_is_said() {
    let project = Project::with_game("output_leftovers");
    project.hs(&format!("{CREATE} -o out")).done();
    project.write("out/src/entity.rs", "// mine\n");
    let said = project.hs(&format!("{CREATE} -o out --module")).done();
    assert!(
        said.contains("No longer needed, of an earlier run; delete them:\n  out/Cargo.toml\n  out/src/lib.rs\n  out/src/types.rs\n\n"),
        "{said}"
    );
    assert!(project.exists("out/Cargo.toml"));
}

#[test]
fn what_cannot_be_written_is_said() {
    let project = Project::with_game("output_fails");
    project.write("generated", "a file\n");
    let said = project.hs(CREATE).failed();
    assert!(
        said.starts_with("error: cannot write `generated/settlement-game-stack`\n  caused by: "),
        "{said}"
    );
}
