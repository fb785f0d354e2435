//! The commands, and what they share: loading stacks, and printing.

#[macro_use]
mod access;
#[cfg(feature = "nats")]
pub(crate) mod bridge;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod get;
mod interrupt;
mod lines;
pub(crate) mod paths;
pub(crate) mod sdk;
pub(crate) mod serve;
pub(crate) mod stack;
pub(crate) mod stream;
pub(crate) mod tape;

use std::future::Future;
use std::io::{self, ErrorKind, IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{ensure, Context as _, Result};
use clap::builder::styling::{AnsiColor, Color, Style};
use hyperstack_cli::config::Config;
use hyperstack_cli::find::{self, Found};
use hyperstack_cli::load::{load, Loaded, Settings};

/// The option of the commands that read the configuration.
#[derive(clap::Args)]
pub(crate) struct ConfigArg {
    /// The configuration file [default: hyperstack.toml here or in a directory above]
    #[arg(short, long, global = true, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
}

/// Loads the configuration and prints its warnings.
pub(crate) fn load_config(path: Option<&Path>) -> Result<Config> {
    let config = Config::load(path)?;
    config.warnings.iter().for_each(warn);
    Ok(config)
}

/// Options of the commands that load a stack.
#[derive(clap::Args, Default)]
pub(crate) struct SourceArgs {
    /// Also search this directory for the live-specs and program-specs of a stack-manifest; repeatable
    #[arg(long, value_name = "DIR")]
    artifacts: Vec<PathBuf>,
    /// Accept artifacts whose hash does not match their content, such as files that you edited
    #[arg(long)]
    no_verify: bool,
    /// Fail if a program-spec is missing, instead of using `Value` for the fields that need it
    #[arg(long)]
    strict: bool,
    /// Use only this live-spec of a stack-manifest
    #[arg(long, value_name = "ALIAS")]
    live: Option<String>,
}

impl SourceArgs {
    fn settings(&self) -> Result<Settings> {
        for directory in &self.artifacts {
            ensure!(
                directory.is_dir(),
                "`--artifacts {}`: no such directory",
                directory.display()
            );
        }
        let mut settings = Settings::default();
        settings.artifacts.clone_from(&self.artifacts);
        settings.verify = !self.no_verify;
        settings.strict = self.strict;
        settings.live.clone_from(&self.live);
        Ok(settings)
    }
}

/// Finds and loads the stack `name`. Prints warnings and notes, unless they become part of JSON output.
pub(crate) fn find(
    name: &str,
    config: &Config,
    source: &SourceArgs,
    as_json: bool,
) -> Result<(Found, Loaded)> {
    let settings = source.settings()?;
    let found = find::find(name, config)?;
    found.broken.iter().for_each(warn);
    let loaded = load(&found, &settings)?;
    if !as_json {
        loaded.warnings.iter().for_each(warn);
        let notes = loaded.notes.iter();
        notes.for_each(|note| print_note(format!("note: {note}")));
    }
    Ok((found, loaded))
}

/// Returns the warnings and notes of a stack, for JSON output.
pub(crate) fn all_warnings(loaded: &Loaded) -> Vec<&str> {
    let all = loaded.warnings.iter().chain(&loaded.notes);
    all.map(String::as_str).collect()
}

/// Runs a future on this thread.
pub(crate) fn on_one_thread<F: Future>(future: F) -> io::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let output = runtime.block_on(future);
    // A lookup of the server's name may still be running.
    runtime.shutdown_background();
    Ok(output)
}

/// Prints to standard output. A closed pipe is not an error, because its reader wants no more output.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done.context("cannot write to standard output"),
    }
}

/// Prints JSON to standard output.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))
}

/// Prints a line to standard error.
pub(crate) fn print_note(text: impl ToString) {
    write_stderr("", text);
}

/// Prints a warning to standard error.
pub(crate) fn warn(warning: impl ToString) {
    write_stderr(
        &painted(AnsiColor::Yellow, "warning: ", &io::stderr()),
        warning,
    );
}

/// Prints an error and its causes to standard error, one line each, the root cause last.
pub(crate) fn print_error(error: &anyhow::Error) {
    let causes = error.chain().skip(1);
    let causes: String = causes
        .map(|cause| format!("\n  caused by: {cause}"))
        .collect();
    write_stderr(
        &painted(AnsiColor::Red, "error: ", &io::stderr()),
        format!("{error}{causes}"),
    );
}

fn write_stderr(head: &str, text: impl ToString) {
    // If standard error is closed, there is no place left to report that.
    let _ = writeln!(io::stderr(), "{head}{}", printable(&text.to_string()));
}

/// Replaces control characters, which could move the cursor or change colours. Keeps line breaks.
pub(crate) fn printable(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' => c,
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// Colours text green if standard output shows colours.
pub(crate) fn green(text: &str) -> String {
    painted(AnsiColor::Green, text, &io::stdout())
}

/// Colours text yellow if standard output shows colours.
pub(crate) fn yellow(text: &str) -> String {
    painted(AnsiColor::Yellow, text, &io::stdout())
}

fn painted(color: AnsiColor, text: &str, on: &impl IsTerminal) -> String {
    let text = printable(text);
    if !is_colored(on) {
        return text;
    }
    let style = Style::new().bold().fg_color(Some(Color::Ansi(color)));
    format!("{style}{text}{style:#}")
}

/// Returns whether to use colours: in a terminal, unless `NO_COLOR` is set.
pub(crate) fn is_colored(on: &impl IsTerminal) -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    on.is_terminal() && !no_color
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn control_characters_are_replaced() {
        let shown = printable("two\n\tlines\u{1b}[2J\r\u{9b}31m");
        assert_eq!(shown, "two\n lines\u{fffd}[2J\u{fffd}\u{fffd}31m");
    }
}
