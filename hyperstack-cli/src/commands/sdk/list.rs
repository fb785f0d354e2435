//! `hs sdk list`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{anyhow, Result};
use hyperstack_cli::config::{self, Config};
use hyperstack_cli::find::{self, Found, Origin};
use hyperstack_cli::{output, rust};
use serde::Serialize;

use super::{Choices, Target};
use crate::commands::{self, green, yellow};

/// List the project's stacks, and whether the generated code of each is up to date
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  hs sdk list
  hs sdk list --json

Status:
  fresh   the crate is up to date
  stale   `hs sdk create rust` would change the crate
  absent  the crate does not exist
  broken  the stack file cannot be used

The comparison uses hyperstack.toml. It does not know the flags of earlier runs.")]
pub(super) struct Args {
    /// Print a JSON array: the name, file, entities, crate and status of each stack
    #[arg(long)]
    json: bool,
}

/// A stack of the project.
#[derive(Serialize)]
struct Row {
    /// The name on the command line.
    name: String,
    /// The stack file, if it was found.
    path: Option<PathBuf>,
    #[serde(flatten)]
    outcome: Outcome,
}

/// The state of the crate, or why the stack file is unusable.
#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    Crate {
        stack: String,
        entities: Vec<String>,
        #[serde(rename = "crate")]
        crate_name: String,
        directory: PathBuf,
        status: &'static str,
    },
    Broken {
        status: &'static str,
        error: String,
    },
}

pub(super) fn run(args: Args, config: Option<&Path>) -> Result<ExitCode> {
    let config = commands::load_config(config)?;
    let rows = rows(&config);
    if args.json {
        commands::print_json(&rows)?;
    } else if rows.is_empty() {
        commands::print(
            "No stacks in hyperstack.toml or in `.hyperstack` directories under this directory.\n",
        )?;
    } else {
        let texts: Vec<String> = rows.iter().map(Row::text).collect();
        commands::print(&texts.join("\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the configured stacks, then the other stacks of the project.
fn rows(config: &Config) -> Vec<Row> {
    let mut rows: Vec<Row> = config
        .stacks
        .iter()
        .map(|entry| configured(entry, config))
        .collect();
    let discovery = find::discover(config);
    for candidate in discovery.found {
        if !contains(&rows, &candidate.path) {
            let found = find::find(&candidate.path.to_string_lossy(), config);
            let found = found.map_err(Into::into);
            rows.push(Row::new(
                candidate.name,
                Some(candidate.path),
                found,
                config,
            ));
        }
    }
    for broken in discovery.broken {
        if broken.path.is_dir() {
            commands::warn(broken);
        } else if !contains(&rows, &broken.path) {
            let (name, error) = (broken.name().to_owned(), anyhow!(broken.reason));
            rows.push(Row::new(name, Some(broken.path), Err(error), config));
        }
    }
    rows
}

/// Returns whether a row has this file, also under another spelling of the path.
fn contains(rows: &[Row], path: &Path) -> bool {
    let path = path.canonicalize().ok();
    let mut paths = rows.iter().filter_map(|row| row.path.as_ref());
    paths.any(|known| known.canonicalize().ok() == path)
}

fn configured(entry: &config::Stack, config: &Config) -> Row {
    let found = find::find_entry(entry, config);
    let path = match found.as_ref().map(|found| &found.origin) {
        Ok(Origin::Path(path)) => Some(path.clone()),
        _ => None,
    };
    Row::new(
        entry.alias().to_owned(),
        path,
        found.map_err(Into::into),
        config,
    )
}

impl Row {
    fn new(name: String, path: Option<PathBuf>, found: Result<Found>, config: &Config) -> Row {
        let outcome = found.and_then(|found| outcome(&found, config));
        Row {
            name,
            path,
            outcome: outcome.unwrap_or_else(|error| Outcome::Broken {
                status: "broken",
                error: error
                    .chain()
                    .map(|cause| cause.to_string())
                    .collect::<Vec<_>>()
                    .join(": "),
            }),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", green(&self.name));
        if let Some(path) = &self.path {
            text += &format!("  file      {}\n", path.display());
        }
        match &self.outcome {
            Outcome::Crate {
                stack,
                entities,
                directory,
                status,
                ..
            } => {
                let status = match *status {
                    "fresh" => green(status),
                    _ => yellow(status),
                };
                text += &format!("  stack     {stack}\n  entities  {}\n", entities.join(", "));
                text += &format!("  crate     {} ({status})\n", directory.display());
            }
            Outcome::Broken { status, error } => {
                text += &format!("  {}    {error}\n", yellow(status));
            }
        }
        text
    }
}

fn outcome(found: &Found, config: &Config) -> Result<Outcome> {
    let stack = commands::parse(found)?;
    let target = Target::new(&stack, found, config, &Choices::default())?;
    let files = rust::generate(&stack, &target.options);
    let stale = output::check(&target.directory, &files)?;
    Ok(Outcome::Crate {
        entities: stack
            .entities
            .iter()
            .map(|entity| entity.name.clone())
            .collect(),
        crate_name: target.options.crate_name,
        directory: target.directory,
        status: match stale.len() {
            0 => "fresh",
            _ if stale.len() == files.len() && stale.iter().all(|stale| stale.missing) => "absent",
            _ => "stale",
        },
        stack: stack.name,
    })
}
