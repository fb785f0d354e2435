//! The commands, and what they share: loading stacks, and printing.

mod access;
pub(crate) mod completions;
mod interrupt;
mod lines;
pub(crate) mod paths;
pub(crate) mod sdk;
pub(crate) mod serve;
pub(crate) mod stack;
pub(crate) mod stream;
pub(crate) mod tape;

use std::io::{self, ErrorKind, IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::builder::styling::{AnsiColor, Color, Style};
use hyperstack_cli::config::Config;
use hyperstack_cli::find::{self, Found};
use hyperstack_cli::model::Stack;

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

/// Finds and parses the stack `name`. Prints a warning for each file that was skipped.
pub(crate) fn find(name: &str, config: &Config) -> Result<(Found, Stack)> {
    let found = find::find(name, config)?;
    found.broken.iter().for_each(warn);
    let stack = parse(&found)?;
    Ok((found, stack))
}

/// Parses a stack file.
pub(crate) fn parse(found: &Found) -> Result<Stack> {
    Stack::from_json(&found.json)
        .with_context(|| format!("{} is not a valid stack file", found.origin))
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
