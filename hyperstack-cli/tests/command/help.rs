//! Help, completions, and standard output that is closed or full.

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
        "sdk infer --help",
        "stack inspect --help",
        "completions --help",
    ] {
        let output = project.hs(words).success();
        assert!(output.contains("Example"), "{words}: {output}");
    }
    assert!(project
        .hs("--help")
        .success()
        .contains("Exit codes:\n  0  success\n"));
    let output = project.hs("sdk crate rust game").usage_error();
    assert!(output.contains("'create'"), "{output}");
}

#[test]
fn only_commands_that_read_the_configuration_have_its_option() {
    let project = Project::empty("help_config");
    for words in ["sdk create rust", "sdk list", "stack inspect"] {
        let help = project.hs(&format!("{words} --help")).success();
        assert!(help.contains("--config"), "{words}: {help}");
    }
    for words in ["get", "stream", "serve", "doctor", "completions"] {
        let help = project.hs(&format!("{words} --help")).success();
        assert!(!help.contains("--config"), "{words}: {help}");
    }
}

#[test]
fn each_shell_has_completions() {
    let project = Project::empty("completions");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = project.hs(&format!("completions {shell}")).success();
        assert!(script.contains("HS_COMPLETE"), "{script}");
    }
    assert!(project
        .hs("completions basj")
        .usage_error()
        .contains("'bash'"));
}

#[test]
fn completions_name_the_stacks_of_the_project() {
    let project = Project::with_game("completions_stacks");
    project.write(
        "hyperstack.toml",
        "[[stacks]]\nname = 'ore'\nstack = 'ore.json'\n",
    );
    let complete = |words: &str| {
        let mut command = project.command(&format!("-- {words}"));
        let index = words.split(' ').count() - 1;
        command
            .env("HS_COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", index.to_string());
        command
            .env("_CLAP_COMPLETE_COMP_TYPE", "9")
            .env("_CLAP_IFS", "\n");
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let names = complete("hs sdk create rust ");
    assert!(names.starts_with("ore\nsettlement-game\n"), "{names}");
    assert_eq!(complete("hs stack inspect set"), "settlement-game");
    assert_eq!(complete("hs sdk cre"), "create");
}

#[test]
fn a_closed_output_is_not_an_error() {
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
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words}");
        assert!(output.status.success(), "{words}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = Project::empty("full").command("sdk list");
    let output = command.stdout(full).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.starts_with("error: cannot write to standard output\n  caused by: "));
}
