//! Measures throughput, latency and memory of our client, the published clients and a bare socket, over both
//! protocols. See the README.

mod client;
mod contender;
mod entity;
mod floor;
mod frames;
mod goals;
mod inbox;
mod measured;
mod message;
mod meter;
mod options;
mod ours;
mod plot;
#[cfg(feature = "published")]
mod published;
#[cfg(not(feature = "published"))]
#[path = "unpublished.rs"]
mod published;
mod report;
mod request;
mod results;
mod ring;
mod rounds;
mod scenario;
mod serve;
mod server;
mod shape;
mod side;
mod stats;
mod stopwatch;
mod subscriptions;
mod usage;
mod view;

use options::Command;
use std::process::ExitCode;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Error>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let (command, options) = options::parse(std::env::args().skip(1))?;
    match command {
        Command::Help => {
            println!("{}", options::USAGE);
            Ok(())
        }
        Command::Serve => serve::serve(),
        Command::Client(contender, scenario) => client::main(contender, &scenario, &options),
        Command::All => rounds::main(&options),
    }
}
