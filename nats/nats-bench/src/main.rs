//! Measures the way from a server through a bridge and NATS to clients.
//!
//! `nats-bench` prints a section in Markdown. `nats-bench --write` also writes it to `bench/RESULTS.md`. `--rows N`
//! measures with another number of rows, and writes nothing.

mod clients;
mod measure;
mod report;
mod source;

use std::error::Error;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let mut rows = None;
    let mut writes = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rows" => rows = Some(arguments.next().ok_or("--rows needs a number")?.parse()?),
            "--write" => writes = true,
            other => {
                return Err(format!("unknown argument {other}: use --rows N or --write").into())
            }
        }
    }
    let section = report::markdown(&measure::all(rows.unwrap_or(100_000)).await?)?;
    print!("{section}");
    if writes && rows.is_none() {
        sections::write("nats", &section)?;
    }
    Ok(())
}
