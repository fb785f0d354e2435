//! `hs sdk create rust`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{anyhow, bail, Result};
use clap_complete::ArgValueCompleter;
use hyperstack_cli::find::{self, Origin};
use hyperstack_cli::model::Entity;
use hyperstack_cli::output;
use hyperstack_cli::rust::File;
use serde::Serialize;
use serde_json::json;

use super::report::report;
use super::{Choices, Target};
use crate::commands::{self, completions, green, paths, SourceArgs};

/// Generate a typed Rust crate or module from a stack
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  hs sdk create rust settlement-game
  hs sdk create rust settlement-game --output ./crates/game-sdk --crate-name game-sdk
  hs sdk create rust .arete/OreStream.stack-manifest.json
  hs sdk create rust ore.stack.json --sdk-path ../this-repository/hyperstack-sdk
  hs sdk create rust settlement-game --module --output src/game
  hs sdk create rust settlement-game --check
  curl -s https://game.example/game.stack.json | hs sdk create rust - --stdout

`hs` looks for the stack in this order:
  1. `-`: standard input
  2. the path of a stack-manifest, a live-spec or a stack file
  3. a name in hyperstack.toml, which is in the current directory or the closest one above
  4. the path of a directory with a stack, or with one in its `.arete` or `.hyperstack`
  5. a name in an `.arete` or `.hyperstack` directory anywhere below hyperstack.toml, or below the
     current directory if there is no such file
  6. a name in arete.toml

`OreStream` and `ore-stream` name the same stack. A stack-manifest needs live-specs and program-specs.
`hs` searches for them by hash, in the manifest's directory and below, then in --artifacts.")]
pub(super) struct Args {
    /// The stack's name, the path of a stack-manifest, a live-spec, a stack file or a directory with one, or
    /// `-` for standard input
    #[arg(add = ArgValueCompleter::new(completions::stacks))]
    stack: String,
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    choices: Choices,
    #[command(flatten)]
    delivery: Delivery,
}

pub(super) fn run(args: Args, config: Option<&Path>) -> Result<ExitCode> {
    let config = commands::load_config(config)?;
    let as_json = args.delivery.json;
    let (found, loaded) = commands::find(&args.stack, &config, &args.source, as_json)?;
    let entry = found.entry.as_ref();
    let target = Target::new(&loaded.name, entry, &config, &args.choices)?;
    let broken = found.broken.iter().map(ToString::to_string);
    let warnings = config.warnings.iter().cloned().chain(broken);
    let of_stack = commands::all_warnings(&loaded).into_iter();
    let generated = Generated {
        files: loaded.generate(&target.options),
        hash: loaded.hash(),
        entities: names(loaded.entities()),
        name: loaded.name.clone(),
        source: found.origin.to_string(),
        path: match &found.origin {
            Origin::Path(path) => Some(path.clone()),
            _ => None,
        },
        target,
        warnings: warnings.chain(of_stack.map(str::to_owned)).collect(),
    };
    generated.deliver(&args.delivery)
}

/// Returns the names of entities.
pub(super) fn names<'e>(entities: impl Iterator<Item = &'e Entity>) -> Vec<String> {
    entities.map(|entity| entity.name.clone()).collect()
}

/// What to do with the generated files.
#[derive(clap::Args)]
pub(super) struct Delivery {
    /// Write nothing; if files are stale, print a diff and exit with 1
    #[arg(long, conflicts_with_all = ["stdout", "force"])]
    check: bool,
    /// Print the files instead of writing them
    #[arg(long, conflicts_with_all = ["force", "json"])]
    stdout: bool,
    /// Also overwrite files that `hs` did not generate
    #[arg(long)]
    force: bool,
    /// Print the result as JSON: the stack, its hash, the crate, the status of each file, and the warnings
    #[arg(long)]
    pub(super) json: bool,
}

/// The generated files, and where they come from and go to.
pub(super) struct Generated {
    /// The stack's name.
    pub(super) name: String,
    pub(super) hash: String,
    pub(super) entities: Vec<String>,
    /// The file or server that the stack comes from.
    pub(super) source: String,
    /// Its path, if it is a file.
    pub(super) path: Option<PathBuf>,
    pub(super) target: Target,
    pub(super) files: Vec<File>,
    pub(super) warnings: Vec<String>,
}

impl Generated {
    /// Prints, checks or writes the files.
    pub(super) fn deliver(&self, delivery: &Delivery) -> Result<ExitCode> {
        if delivery.stdout {
            self.to_stdout()
        } else if delivery.check {
            self.check(delivery.json)
        } else {
            self.write(delivery.force, delivery.json)
        }
    }

    fn to_stdout(&self) -> Result<ExitCode> {
        let text = |file: &File| format!("// ==> {}\n{}", paths::slashed(&file.path), file.text);
        let texts: Vec<String> = self.files.iter().map(text).collect();
        commands::print(&texts.join("\n"))?;
        Ok(ExitCode::SUCCESS)
    }

    fn check(&self, as_json: bool) -> Result<ExitCode> {
        let directory = &self.target.directory;
        let stale = output::check(directory, &self.files)?;
        let mut warnings = self.warnings.clone();
        if stale.is_empty() && !output::other_manifest(directory, &self.files)?.is_empty() {
            let note = format!(
                "`{}` has another hash of the stack-manifest, which a server may reject: run without `--check` to \
                 update it",
                directory.display()
            );
            if !as_json {
                commands::print_note(format!("note: {note}"));
            }
            warnings.push(note);
        }
        if as_json {
            let status = |path: &Path| match stale.iter().find(|stale| stale.path == path) {
                Some(stale) if stale.missing => "missing",
                Some(_) => "stale",
                None => "fresh",
            };
            let paths = self.files.iter().map(|file| directory.join(&file.path));
            let files = paths.map(|path| json!({ "path": path, "status": status(&path) }));
            self.print_json(&files.collect::<Vec<_>>(), &warnings)?;
        } else if stale.is_empty() {
            let directory = directory.display();
            commands::print(&format!("{directory} is {}\n", green("fresh")))?;
        } else {
            let diffs: String = stale.iter().map(|stale| stale.diff.as_str()).collect();
            commands::print(&diffs)?;
        }
        Ok(if stale.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn write(&self, force: bool, as_json: bool) -> Result<ExitCode> {
        let other = find::stack_at(&self.target.directory);
        if let Some(other) = other.filter(|other| *other != self.name && !force) {
            bail!(
                "`{}` has the code of the stack `{other}`\n  pass another `--output`, or `--force` to replace it",
                self.target.directory.display()
            );
        }
        let plan = output::write(&self.target.directory, &self.files, force);
        let plan = plan.map_err(|error| match error {
            output::Error::Foreign { .. } => anyhow!("{error}\n  pass `--force` to overwrite them"),
            _ => error.into(),
        })?;
        if as_json {
            self.print_json(&plan.files, &self.warnings)?;
        } else {
            commands::print(&report(self, &plan)?)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn print_json(&self, files: &impl Serialize, warnings: &[String]) -> Result<()> {
        #[derive(Serialize)]
        struct Object<'a, F> {
            stack: &'a str,
            path: Option<&'a Path>,
            hash: &'a str,
            #[serde(rename = "crate")]
            crate_name: &'a str,
            directory: &'a Path,
            files: F,
            warnings: &'a [String],
        }
        commands::print_json(&Object {
            stack: &self.name,
            path: self.path.as_deref(),
            hash: &self.hash,
            crate_name: &self.target.options.crate_name,
            directory: &self.target.directory,
            files,
            warnings,
        })
    }
}
