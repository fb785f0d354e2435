//! `hs sdk create rust`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{anyhow, Result};
use clap_complete::ArgValueCompleter;
use hyperstack_cli::find::{Found, Origin};
use hyperstack_cli::load::Loaded;
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
    json: bool,
}

pub(super) fn run(args: Args, config: Option<&Path>) -> Result<ExitCode> {
    let config = commands::load_config(config)?;
    let (found, loaded) = commands::find(&args.stack, &config, &args.source, args.json)?;
    let target = Target::new(&loaded, &found, &config, &args.choices)?;
    let files = loaded.generate(&target.options);
    let broken = found.broken.iter().map(ToString::to_string);
    let warnings = config.warnings.iter().cloned().chain(broken);
    let of_stack = commands::all_warnings(&loaded)
        .into_iter()
        .map(str::to_owned);
    let warnings = warnings.chain(of_stack).collect();
    let generated = Generated {
        loaded,
        found,
        target,
        files,
        warnings,
    };
    if args.stdout {
        generated.to_stdout()
    } else if args.check {
        generated.check(args.json)
    } else {
        generated.write(args.force, args.json)
    }
}

/// The generated files, and where they come from and go to.
pub(super) struct Generated {
    pub(super) loaded: Loaded,
    pub(super) found: Found,
    pub(super) target: Target,
    files: Vec<File>,
    warnings: Vec<String>,
}

impl Generated {
    fn to_stdout(&self) -> Result<ExitCode> {
        let text = |file: &File| format!("// ==> {}\n{}", paths::slashed(&file.path), file.text);
        let texts: Vec<String> = self.files.iter().map(text).collect();
        commands::print(&texts.join("\n"))?;
        Ok(ExitCode::SUCCESS)
    }

    fn check(&self, as_json: bool) -> Result<ExitCode> {
        let directory = &self.target.directory;
        let stale = output::check(directory, &self.files)?;
        if as_json {
            let status = |path: &Path| match stale.iter().find(|stale| stale.path == path) {
                Some(stale) if stale.missing => "missing",
                Some(_) => "stale",
                None => "fresh",
            };
            let paths = self.files.iter().map(|file| directory.join(&file.path));
            let files = paths.map(|path| json!({ "path": path, "status": status(&path) }));
            self.print_json(&files.collect::<Vec<_>>())?;
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
        let plan = output::write(&self.target.directory, &self.files, force);
        let plan = plan.map_err(|error| match error {
            output::Error::Foreign { .. } => anyhow!("{error}\n  pass `--force` to overwrite them"),
            _ => error.into(),
        })?;
        if as_json {
            self.print_json(&plan.files)?;
        } else {
            commands::print(&report(self, &plan)?)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn print_json(&self, files: &impl Serialize) -> Result<()> {
        #[derive(Serialize)]
        struct Object<'a, F> {
            stack: &'a str,
            path: Option<&'a Path>,
            hash: String,
            #[serde(rename = "crate")]
            crate_name: &'a str,
            directory: &'a Path,
            files: F,
            warnings: &'a [String],
        }
        commands::print_json(&Object {
            stack: &self.loaded.name,
            path: match &self.found.origin {
                Origin::Path(path) => Some(path),
                _ => None,
            },
            hash: self.loaded.hash(),
            crate_name: &self.target.options.crate_name,
            directory: &self.target.directory,
            files,
            warnings: &self.warnings,
        })
    }
}
