//! The command `hs`.

mod commands;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[cfg(feature = "nats")]
use commands::bridge;
use commands::{completions, doctor, get, sdk, serve, stack, stream, tape};

/// Generate typed Rust crates from stack files, and watch, record and replay a server's views
#[derive(Parser)]
#[command(name = "hs", version, propagate_version = true, after_help = AFTER_HELP)]
struct Cli {
    /// The configuration file, for `sdk` and `stack` [default: hyperstack.toml here or in a
    /// directory above]
    #[arg(short, long, value_name = "PATH")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Sdk(sdk::Args),
    Stack(stack::Args),
    Get(get::Args),
    Stream(stream::Args),
    Tape(tape::Args),
    Serve(serve::Args),
    #[cfg(feature = "nats")]
    Bridge(bridge::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
}

const AFTER_HELP: &str = "\
Examples:
  hs sdk create rust settlement-game      write a crate to generated/settlement-game-stack
  hs sdk infer game.jsonl                 write a crate for a recording, without a stack file
  hs sdk list                             list the project's stacks
  hs stack inspect settlement-game        show the entities, fields and views of a stack
  hs get wss://game.example Game          print the rows of an entity
  hs stream wss://game.example Game       show the rows of an entity as they change
  hs tape wss://game.example Move         print the records of an event log
  hs serve game.jsonl                     replay a recording as a server
  hs bridge bridge.toml                   copy views to NATS
  hs doctor wss://game.example Game       check a server step by step

Exit codes:
  0  success
  1  failure, `--check` found stale files, or `get` found no row
  2  usage error";

fn main() -> ExitCode {
    completions::complete::<Cli>();
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Sdk(args) => sdk::run(args, cli.config),
        Command::Stack(args) => stack::run(args, cli.config),
        Command::Get(args) => get::run(args),
        Command::Stream(args) => stream::run(args),
        Command::Tape(args) => tape::run(args),
        Command::Serve(args) => serve::run(args),
        #[cfg(feature = "nats")]
        Command::Bridge(args) => bridge::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Completions(args) => completions::run(&args),
    };
    done.unwrap_or_else(|error| {
        commands::print_error(&error);
        ExitCode::FAILURE
    })
}
