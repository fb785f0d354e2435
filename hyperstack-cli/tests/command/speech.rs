//! How the command speaks: help, completions, a reader that has gone.

use std::process::Stdio;

use crate::support::Project;

#[test]
fn every_help_has_examples() {
    let project = Project::empty("help");
    for words in [
        "--help",
        "sdk --help",
        "sdk create --help",
        "stack --help",
        "sdk create rust --help",
        "sdk list --help",
        "stack inspect --help",
        "completions --help",
    ] {
        let said = project.hs(words).done();
        assert!(said.contains("Example"), "{words}: {said}");
    }
    assert!(project
        .hs("--help")
        .done()
        .contains("Exit codes:\n  0  done\n"));
    let said = project.hs("sdk crate rust game").refused();
    assert!(said.contains("'create'"), "{said}");
}

#[test]
fn completions_for_each_shell() {
    let project = Project::empty("completions");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(project
            .hs(&format!("completions {shell}"))
            .done()
            .contains("inspect"));
    }
    assert!(project.hs("completions basj").refused().contains("'bash'"));
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let project = Project::with_game("closed");
    for words in [
        "sdk create rust settlement-game --stdout",
        "completions bash",
        "sdk list",
        "--help",
        "sdk --help",
        "sdk create --help",
        "stack --help",
    ] {
        let mut command = project.command(words);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let said = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&said.stderr), "", "{words}");
        assert!(said.status.success(), "{words}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_one() {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = Project::empty("full").command("sdk list");
    let said = command.stdout(full).output().unwrap();
    let stderr = String::from_utf8(said.stderr).unwrap();
    assert_eq!(said.status.code(), Some(1));
    assert!(stderr.starts_with("error: cannot write to standard output\n  caused by: "));
}
