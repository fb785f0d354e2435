//! Runs a client for long with a fault every few seconds, and checks that it stays correct and small. See the
//! README of the benchmarks.

mod compare;
mod entity;
mod fault;
mod link;
mod options;
mod readers;
mod report;
mod server;
mod soak;

use options::Options;
use std::process::ExitCode;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Error>;

#[tokio::main]
async fn main() -> ExitCode {
    let done = match std::env::args().nth(1).as_deref() {
        Some("serve") => server::serve().await.map(|()| true),
        _ => match Options::parse(std::env::args().skip(1)) {
            Ok(options) => soak::run(&options).await,
            Err(error) => Err(error),
        },
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
