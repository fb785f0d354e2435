//! Runs all clients in turn, each in its own process.

use crate::contender::{Contender, Kind};
use crate::measured::Measured;
use crate::options::Options;
use crate::results::Results;
use crate::scenario::Scenario;
use crate::server::Server;
use crate::{plot, published, report, Result};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

/// Measures and prints the results, and writes them if the run is a full one.
pub fn main(options: &Options) -> Result<()> {
    if options.is_whole() && !published::ARE_BUILT {
        return Err("a full run needs the published clients: add `--features published`".into());
    }
    let server = Server::start()?;
    let mut results = Results::default();
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        let mut measured = Vec::new();
        for scenario in options.scenarios() {
            for contender in scenario.contenders() {
                if contender.kind == Kind::Published && !published::ARE_BUILT {
                    continue;
                }
                match run(server.address(), contender, &scenario, options) {
                    Ok(run) => {
                        eprintln!("  {}", line(&run));
                        measured.push(run);
                    }
                    Err(error) => {
                        eprintln!("  {} {} failed: {error}", scenario.name, contender.name());
                        results.failed.push((scenario.name.to_owned(), contender));
                    }
                }
            }
        }
        results.rounds.push(measured);
    }
    let section = report::markdown(&results, &made_by(options)?);
    print!("{section}");
    if options.is_whole() {
        sections::write("flood", &section)?;
        let plot_file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../flood.svg");
        std::fs::write(plot_file, plot::svg(&results))?;
    }
    Ok(())
}

/// Runs one measurement in a client's process.
fn run(
    server: SocketAddr,
    contender: Contender,
    scenario: &Scenario,
    options: &Options,
) -> Result<Measured> {
    let output = Command::new(std::env::current_exe()?)
        .args(["client", contender.name(), scenario.name])
        .args(["--server", &server.to_string()])
        .args(options.of_client())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(output.status.to_string().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn line(run: &Measured) -> String {
    let late = run
        .p99
        .map_or(String::new(), |p99| format!(", p99 {p99:.0} µs"));
    format!(
        "{} {}: {:.0} per CPU second, {:.0} per second, {} of {} lost, {} conflated{late}",
        run.scenario,
        run.contender.name(),
        run.per_cpu_second,
        run.per_wall_second,
        run.lost(),
        run.wanted,
        run.conflated,
    )
}

/// Describes how the results were measured.
fn made_by(options: &Options) -> Result<String> {
    let machine = sections::machine()?;
    let rounds = options.rounds;
    let mut command = "cargo run --release -p flood --features published".to_owned();
    if !options.words.is_empty() {
        command += &format!(" -- {}", options.words.join(" "));
    }
    Ok(format!(
        "Measured with `{command}`, run in `bench`, with {machine},\n\
         over loopback. The clients take turns in each of {rounds} rounds. A figure is the median of the rounds; a ratio\n\
         is the median of the ratios within each round. The [README](flood/README.md) describes the method."
    ))
}
