//! Runs a client for long with a fault every few seconds, and checks that it stays correct and small. See the
//! [README](../README.md).
//!
//! The client and its readers are one process, and the server and a proxy in front of it another:
//!
//! ```text
//! soak     the client's process: a fault, some seconds of changes, a pause for the comparison
//! readers  the readers, each with what its own items add up to
//! tape     the reader of the tape, and whether it has read each record once
//! truth    what the server has at a pause
//! compare  the client's rows against the server's
//! witness  what a client notices of the faults
//! memory   whether the memory stays flat
//! report   what fails a run, and the results
//! link     the pipes between the processes
//! serve    the server's process: changes all the time, and commands
//! world    a server that can be changed and disturbed: `arete` or `test`
//! proxy    the network between the client and the server
//! ```
#![forbid(unsafe_code)]

mod arete;
mod changes;
mod compare;
mod entity;
mod fault;
mod link;
mod memory;
mod options;
mod proxy;
#[path = "../../../bench/decode/src/random.rs"]
mod random;
mod readers;
mod report;
mod serve;
mod soak;
mod tape;
mod test;
mod truth;
mod witness;
mod world;

use options::{Options, Role};
use std::process::ExitCode;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Error>;

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Options::parse(std::env::args().skip(1)) {
        Ok((Role::Client, options)) => soak::run(&options).await,
        Ok((Role::Server, options)) => serve::serve(&options).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
