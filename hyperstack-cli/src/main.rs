//! `hs`.

mod commands;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{completions, sdk, serve, stack, stream};

/// Typed Rust crates from Hyperstack stack files, and a look at what a server sends.
#[derive(Parser)]
#[command(name = "hs", version, propagate_version = true, after_help = AFTER_HELP)]
struct Cli {
    /// The project's configuration [default: `hyperstack.toml`, if there is one]
    #[arg(short, long, global = true, value_name = "PATH")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Sdk(sdk::Args),
    Stack(stack::Args),
    Stream(stream::Args),
    Serve(serve::Args),
    Completions(completions::Args),
}

const AFTER_HELP: &str = "\
Examples:
  hs sdk create rust settlement-game      a crate in generated/settlement-game-stack
  hs sdk list                             the stacks of this project
  hs stack inspect settlement-game        what a client sees of a stack
  hs stream wss://game.example Game       the rows of an entity, as they change
  hs serve game.jsonl                     a recording as a server

Exit codes:
  0  done
  1  failed, or `--check` found what is stale
  2  not called as it should be";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = cli.config.as_deref();
    let done = match cli.command {
        Command::Sdk(args) => sdk::run(args, config),
        Command::Stack(args) => stack::run(args, config),
        Command::Stream(args) => stream::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Completions(args) => completions::run::<Cli>(args),
    };
    done.unwrap_or_else(|error| {
        commands::tell_error(&error);
        ExitCode::FAILURE
    })
}
