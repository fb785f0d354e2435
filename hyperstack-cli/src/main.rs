//! `hs`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod commands;

#[derive(Parser)]
#[command(name = "hs", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Stream(commands::stream::Args),
    Serve(commands::serve::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Stream(args) => commands::stream::run(args),
        Command::Serve(args) => commands::serve::run(args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
