//! `hs completions`, and the completions themselves: the script of a shell calls `hs` to get them.

use std::ffi::OsStr;
use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter as _};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};
use hyperstack_cli::config::Config;
use hyperstack_cli::find;

/// The variable by which a script asks for completions.
const VARIABLE: &str = "HS_COMPLETE";

/// Print a shell completion script
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  hs completions bash > ~/.local/share/bash-completion/completions/hs

The script calls `hs`, so it also completes the names of the project's stacks.")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut script = Vec::new();
    let shell = args.shell.to_string();
    if let Some(shell) = Shells::builtins().completer(&shell) {
        shell.write_registration(VARIABLE, "hs", "hs", "hs", &mut script)?;
    }
    super::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints completions and exits, if the script of a shell called this command.
pub(crate) fn complete<C: CommandFactory>() {
    CompleteEnv::with_factory(C::command)
        .var(VARIABLE)
        .complete();
}

/// Completes the name or the path of a stack.
pub(crate) fn stacks(current: &OsStr) -> Vec<CompletionCandidate> {
    let mut candidates = Vec::new();
    if let (Ok(config), Some(current)) = (Config::load(None), current.to_str()) {
        let names = find::names(&config).into_iter();
        candidates.extend(
            names
                .filter(|name| name.starts_with(current))
                .map(CompletionCandidate::new),
        );
    }
    candidates.extend(PathCompleter::any().complete(current));
    candidates
}
