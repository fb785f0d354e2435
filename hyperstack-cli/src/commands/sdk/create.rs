//! `hs sdk create rust`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{anyhow, Context as _, Result};
use hyperstack_cli::find::{Found, Origin};
use hyperstack_cli::model::Stack;
use hyperstack_cli::output::{self, Plan, Status};
use hyperstack_cli::rust::{self, File, Layout};
use serde::Serialize;
use serde_json::json;

use super::{entities, Choices, Target};
use crate::commands::{self, green, paths, yellow};

/// Make a typed Rust crate from a stack file
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  hs sdk create rust settlement-game
  hs sdk create rust settlement-game --output ./crates/game-sdk --crate-name game-sdk
  hs sdk create rust ore.stack.json --sdk-path ../this-repository/hyperstack-sdk
  hs sdk create rust settlement-game --module --output src/game
  hs sdk create rust settlement-game --check
  curl -s https://game.example/game.stack.json | hs sdk create rust - --stdout

A stack is named by, in this order: `-`, standard input; the path of its file; a stack in
hyperstack.toml; the name of one that is in `.hyperstack` in a directory of the project. OreStream
and ore-stream are the same.")]
pub(super) struct Args {
    /// The stack: a name, a path, or `-`
    stack: String,
    #[command(flatten)]
    choices: Choices,
    /// Write nothing; print what is stale as a diff, and exit with 1 if anything is
    #[arg(long, conflicts_with_all = ["stdout", "force"])]
    check: bool,
    /// Write nothing; print all files
    #[arg(long, conflicts_with_all = ["force", "json"])]
    stdout: bool,
    /// Overwrite files that this command has not written
    #[arg(long)]
    force: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args, config: Option<&Path>) -> Result<ExitCode> {
    let config = commands::load_config(config)?;
    let (found, stack) = commands::find(&args.stack, &config)?;
    let target = Target::new(&stack, &found, &config, &args.choices)?;
    let files = rust::generate(&stack, &target.options)
        .with_context(|| format!("cannot make a crate of {}", found.origin))?;
    let made = Made {
        stack,
        found,
        target,
        files,
    };
    match (args.stdout, args.check) {
        (true, _) => made.to_stdout(),
        (_, true) => made.check(args.json),
        _ => made.write(args.force, args.json),
    }
}

/// What was made, and of what.
struct Made {
    stack: Stack,
    found: Found,
    target: Target,
    files: Vec<File>,
}

impl Made {
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
        Ok(match stale.is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }

    fn write(&self, force: bool, as_json: bool) -> Result<ExitCode> {
        let plan = output::write(&self.target.directory, &self.files, force);
        let plan = plan.map_err(|error| match error {
            output::Error::Foreign { .. } => anyhow!("{error}\n  `--force` overwrites them."),
            _ => error.into(),
        })?;
        match as_json {
            true => self.print_json(&plan.files)?,
            false => commands::print(&self.report(&plan)?)?,
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
        }
        commands::print_json(&Object {
            stack: &self.stack.name,
            path: match &self.found.origin {
                Origin::Path(path) => Some(path),
                _ => None,
            },
            hash: self.stack.hash(),
            crate_name: &self.target.options.crate_name,
            directory: &self.target.directory,
            files,
        })
    }

    fn report(&self, plan: &Plan) -> Result<String> {
        let directory = &self.target.directory;
        let mut report = format!(
            "{} {}, from {}\n  {}\n\n{}\n",
            green("Found"),
            self.stack.name,
            self.found.origin,
            entities(&self.stack),
            directory.display(),
        );
        for file in &plan.files {
            let status = match file.status {
                Status::Created => green("created  "),
                Status::Updated => green("updated  "),
                _ => "unchanged".to_owned(),
            };
            let path = file.path.strip_prefix(directory).unwrap_or(&file.path);
            report += &format!("  {status}  {}\n", path.display());
        }
        if self.target.options.url.is_none() {
            report += "\nIt has no URL: give one to `connect`, or make it with `--url wss://…`.\n";
        }
        if !plan.leftovers.is_empty() {
            let hint = yellow("No longer needed");
            report += &format!("\n{hint}, of an earlier run; delete them:\n");
            for path in &plan.leftovers {
                report += &format!("  {}\n", path.display());
            }
        }
        Ok(report + &self.how_to_use()?)
    }

    /// What to write where, for somebody in the current directory.
    fn how_to_use(&self) -> Result<String> {
        let here = Path::new("");
        let sdk = match &self.target.sdk_path {
            Some(path) => format!("{{ path = \"{}\" }}", from(here, path)?),
            None => format!("\"{SDK_VERSION}\""),
        };
        let mut text = match self.target.options.layout {
            Layout::Module => format!(
                "\nAdd to your Cargo.toml:\n\n  [dependencies]\n  hyperstack-sdk = {sdk}\n\n\
                 and to your src/lib.rs or src/main.rs:\n\n{}",
                self.module()?
            ),
            _ => format!(
                "\nAdd to your Cargo.toml:\n\n  [dependencies]\n  hyperstack-sdk = {sdk}\n  \
                 {} = {{ path = \"{}\" }}\n",
                self.target.options.crate_name,
                from(here, &self.target.directory)?,
            ),
        };
        if self.target.sdk_path.is_none() {
            text += "\nOn crates.io, `hyperstack-sdk` is another project's crate until this one is published.\n\
                     Until then, say in the Cargo.toml of your workspace where this one is:\n\n  \
                     [patch.crates-io]\n  \
                     hyperstack-sdk = { path = \"../this-repository/hyperstack-sdk\" }\n\n\
                     or make the crate with `--sdk-path ../this-repository/hyperstack-sdk`.\n";
        }
        Ok(text)
    }

    /// The declaration of a module in `src`.
    fn module(&self) -> Result<String> {
        let path = from(Path::new("src"), &self.target.directory)?;
        if syn::parse_str::<syn::Ident>(&path).is_ok() {
            return Ok(format!("  mod {path};\n"));
        }
        let name = self.target.options.crate_name.replace('-', "_");
        Ok(format!("  #[path = \"{path}/mod.rs\"]\n  mod {name};\n"))
    }
}

/// What generated crates ask for: `0.5`.
const SDK_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION_MAJOR"),
    ".",
    env!("CARGO_PKG_VERSION_MINOR")
);

/// A relative path as it is written in `directory`; an absolute one stays.
fn from(directory: &Path, path: &Path) -> Result<String> {
    match path.is_absolute() {
        true => Ok(paths::slashed(path)),
        false => Ok(paths::relative(directory, path)?),
    }
}
