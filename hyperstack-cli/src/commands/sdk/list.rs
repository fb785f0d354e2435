//! `hs sdk list`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{anyhow, Result};
use hyperstack_cli::config::Config;
use hyperstack_cli::find::{self, Found, Origin, Place};
use hyperstack_cli::load::{load, Loaded, Settings};
use hyperstack_cli::output;
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

A crate in another directory than the default one is listed if it is below the directory of hyperstack.toml.")]
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
        let under = match config.directory.as_os_str().is_empty() {
            true => "this directory".to_owned(),
            false => format!("`{}`", config.directory.display()),
        };
        commands::print(&format!(
            "No stacks in hyperstack.toml, or in `.arete` or `.hyperstack` directories under {under}.\n"
        ))?;
    } else {
        let texts: Vec<String> = rows.iter().map(Row::text).collect();
        commands::print(&texts.join("\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the configured stacks, then the other stacks of the project. A stack has a row for each of its crates.
fn rows(config: &Config) -> Vec<Row> {
    let claimed = config.stacks.iter();
    let claimed = claimed.filter_map(|entry| Some(config.path(entry.rust_output_crate.as_ref()?)));
    let claimed: Vec<PathBuf> = claimed.collect();
    let mut places = find::places(config);
    places.retain(|place| !claimed.contains(&place.directory));
    let mut rows: Vec<Row> = Vec::new();
    for entry in &config.stacks {
        let found = find::find_entry(entry, config);
        let path = match found.as_ref().map(|found| &found.origin) {
            Ok(Origin::Path(path)) => Some(path.clone()),
            _ => None,
        };
        let name = entry.alias().to_owned();
        rows.extend(Row::of(
            name,
            path,
            found.map_err(Into::into),
            config,
            &places,
        ));
    }
    let discovery = find::discover(config);
    for candidate in discovery.found {
        if !contains(&rows, &candidate.path) {
            let found = find::find(&candidate.path.to_string_lossy(), config);
            let found = found.map_err(Into::into);
            rows.extend(Row::of(
                candidate.name,
                Some(candidate.path),
                found,
                config,
                &places,
            ));
        }
    }
    for broken in discovery.broken {
        if broken.path.is_dir() {
            commands::warn(broken);
        } else if !contains(&rows, &broken.path) {
            let (name, error) = (broken.name().to_owned(), anyhow!(broken.reason));
            rows.extend(Row::of(
                name,
                Some(broken.path),
                Err(error),
                config,
                &places,
            ));
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

impl Row {
    fn of(
        name: String,
        path: Option<PathBuf>,
        found: Result<Found>,
        config: &Config,
        places: &[Place],
    ) -> Vec<Row> {
        let outcomes = found.and_then(|found| outcomes(&found, config, places));
        let outcomes = outcomes.unwrap_or_else(|error| {
            vec![Outcome::Broken {
                status: "broken",
                error: error
                    .chain()
                    .map(|cause| cause.to_string())
                    .collect::<Vec<_>>()
                    .join(": "),
            }]
        });
        let row = |outcome| Row {
            name: name.clone(),
            path: path.clone(),
            outcome,
        };
        outcomes.into_iter().map(row).collect()
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

/// Returns the state of each crate of a stack.
fn outcomes(found: &Found, config: &Config, places: &[Place]) -> Result<Vec<Outcome>> {
    let loaded = load(found, &Settings::default())?;
    let entry = found.entry.as_ref();
    let default = Target::new(&loaded.name, entry, config, &Choices::default())?;
    let mut targets = Vec::new();
    for place in places.iter().filter(|place| place.stack == loaded.name) {
        if place.directory == default.directory {
            continue;
        }
        let output = Some(place.directory.clone());
        let choices = Choices {
            output,
            ..Choices::default()
        };
        targets.push(Target::new(&loaded.name, entry, config, &choices)?);
    }
    if targets.is_empty() || default.directory.exists() {
        targets.insert(0, default);
    }
    let outcome = |target| outcome(&loaded, target);
    targets.into_iter().map(outcome).collect()
}

fn outcome(loaded: &Loaded, target: Target) -> Result<Outcome> {
    let files = loaded.generate(&target.options);
    let stale = output::check(&target.directory, &files)?;
    let entities = loaded.entities();
    Ok(Outcome::Crate {
        stack: loaded.name.clone(),
        entities: entities.map(|entity| entity.name.clone()).collect(),
        crate_name: target.options.crate_name,
        directory: target.directory,
        status: match stale.len() {
            0 => "fresh",
            _ if stale.len() == files.len() && stale.iter().all(|stale| stale.missing) => "absent",
            _ => "stale",
        },
    })
}
