//! `hs sdk`: generates crates and lists them.

mod create;
mod infer;
mod list;
mod report;
mod values;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{anyhow, Context as _, Result};
use clap::error::ErrorKind;
use clap::Subcommand;
use hyperstack_cli::config::{self, Config};
use hyperstack_cli::find;
use hyperstack_cli::rust::{Flags, Layout, Options, Sdk};

use super::{paths, ConfigArg};

/// Generate typed crates, and list the project's stacks
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  hs sdk create rust settlement-game
  hs sdk infer game.jsonl
  hs sdk list")]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generate a crate or a module from a stack
    #[command(after_help = "\
Example:
  hs sdk create rust settlement-game")]
    Create {
        #[command(subcommand)]
        language: Language,
    },
    Infer(infer::Args),
    List(list::Args),
}

#[derive(Subcommand)]
enum Language {
    Rust(create::Args),
    #[command(hide = true, alias = "ts")]
    Typescript {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
}

/// Runs the command. `config` is the option before `sdk`; the option after it wins.
pub(crate) fn run(args: Args, config: Option<PathBuf>) -> Result<ExitCode> {
    let config = args.config.config.or(config);
    let config = config.as_deref();
    match args.command {
        Command::Create { language } => match language {
            Language::Rust(args) => create::run(args, config),
            Language::Typescript { rest } => unsupported(&rest),
        },
        Command::Infer(args) => infer::run(args, config),
        Command::List(args) => list::run(args, config),
    }
}

/// Reports that this command does not generate TypeScript.
fn unsupported(rest: &[String]) -> ! {
    let name = rest.iter().find(|word| !word.starts_with('-'));
    let name = name.map_or("NAME", String::as_str);
    let message = format!(
        "`hs` generates only Rust: run `hs sdk create rust {name}`\n  \
         for TypeScript, use `a4` of Arete or the `hs` of Hyperstack 0.6\n"
    );
    clap::Error::raw(ErrorKind::InvalidSubcommand, message).exit()
}

/// Command-line options that override the configuration.
#[derive(clap::Args, Clone, Default)]
struct Choices {
    /// The directory of the crate
    ///
    /// By default, the directory from hyperstack.toml, or else `generated/NAME-stack`, such as
    /// `generated/settlement-game-stack`. --crate-name does not change it.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// The name of the crate [default: from the stack's name, such as `settlement-game-stack`]
    #[arg(long, value_name = "NAME", value_parser = values::crate_name)]
    crate_name: Option<String>,
    /// Generate a module for your own crate: `mod.rs`, `types.rs` and `entity.rs`, but no `Cargo.toml`
    #[arg(long, overrides_with = "no_module")]
    module: bool,
    /// Generate a crate, even if hyperstack.toml sets `rust_module` or `rust_module_mode`
    #[arg(long)]
    no_module: bool,
    /// Depend on the SDK in this directory, by path
    ///
    /// By default, the crate depends on `hyperstack-sdk = "0.5"`. On crates.io, that is another project's
    /// crate: add the `[patch.crates-io]` section that this command prints.
    #[arg(long, value_name = "DIR", value_parser = values::sdk_path)]
    sdk_path: Option<PathBuf>,
    /// The server's URL (`ws://…` or `wss://…`): adds `connect()` to the generated stack
    #[arg(long, value_parser = values::url)]
    url: Option<String>,
    /// Use `Option<T>` instead of `Option<Option<T>>` for nullable fields: null and never sent are
    /// both `None`
    #[arg(long)]
    flat_options: bool,
    /// Also derive `serde::Serialize` and `serde::Deserialize` for the types
    ///
    /// The JSON of a row has the wire's names. The crate depends on serde; with --module, add
    /// `serde = { version = "1", features = ["derive"] }` to your own `Cargo.toml`.
    #[arg(long)]
    serde: bool,
    /// Forget the flags of earlier runs
    ///
    /// `lib.rs` or `mod.rs` records the flags above, except --output, and later runs repeat them.
    #[arg(long)]
    reset: bool,
}

impl Choices {
    /// Adds the flags of earlier runs, unless a flag of this run replaces them.
    fn after(mut self, earlier: Flags, directory: &Path) -> Result<Choices> {
        self.crate_name = self.crate_name.or(earlier.crate_name);
        self.url = self.url.or(earlier.url);
        if let (None, Some(path)) = (&self.sdk_path, earlier.sdk_path) {
            let path = paths::from(Path::new(""), &directory.join(path))?;
            let checked = checked(
                values::sdk_path(&path),
                "`--sdk-path` of an earlier run",
                &path,
            );
            self.sdk_path = Some(
                checked
                    .context("pass `--sdk-path`, or `--reset` to depend on the SDK by version")?,
            );
        }
        if !self.module && !self.no_module {
            self.module = earlier.module == Some(true);
            self.no_module = earlier.module == Some(false);
        }
        self.flat_options |= earlier.flat_options;
        self.serde |= earlier.serde;
        Ok(self)
    }

    /// Returns the flags to record in the files of a directory.
    fn flags(&self, directory: &Path) -> Result<Flags> {
        let mut flags = Flags::default();
        flags.crate_name.clone_from(&self.crate_name);
        flags.module = (self.module || self.no_module).then_some(self.module);
        flags.sdk_path = match &self.sdk_path {
            Some(path) => Some(paths::from(directory, path)?),
            None => None,
        };
        flags.url.clone_from(&self.url);
        flags.flat_options = self.flat_options;
        flags.serde = self.serde;
        Ok(flags)
    }
}

/// The directory and options of a generated crate.
struct Target {
    directory: PathBuf,
    options: Options,
    /// Relative to the current directory, or absolute.
    sdk_path: Option<PathBuf>,
}

impl Target {
    /// Combines the options with the configuration. `entry` is the entry of the stack `name` there, if it has one.
    fn new(
        name: &str,
        entry: Option<&config::Stack>,
        config: &Config,
        choices: &Choices,
    ) -> Result<Target> {
        let mut options = Options::named(name);
        let default = config.crate_name(entry, &options.crate_name);
        let directory = match &choices.output {
            Some(output) => output.clone(),
            None => config.output(entry, &default),
        };
        // The flags of another stack are not those of this one.
        let is_other = find::stack_at(&directory).is_some_and(|other| other != name);
        let choices = if choices.reset || is_other {
            choices.clone()
        } else {
            choices
                .clone()
                .after(Flags::read(&directory)?, &directory)?
        };
        let crate_name = match &choices.crate_name {
            Some(name) => name.clone(),
            None => checked(values::crate_name(&default), "crate name", &default)?,
        };
        let url = match (&choices.url, entry.and_then(|entry| entry.url.as_ref())) {
            (Some(url), _) => Some(url.clone()),
            (None, Some(url)) => Some(checked(values::url(url), "`url`", url)?),
            (None, None) => None,
        };
        let sdk_path = match (&choices.sdk_path, &config.sdk.rust_sdk_path) {
            (Some(path), _) => Some(path.clone()),
            (None, Some(path)) => {
                let path = paths::slashed(&config.path(path));
                Some(checked(
                    values::sdk_path(&path),
                    "`sdk.rust_sdk_path`",
                    &path,
                )?)
            }
            (None, None) => None,
        };
        let sdk = match &sdk_path {
            Some(path) => Sdk::Path(paths::from(&directory, path)?),
            None => Sdk::Version,
        };
        let is_module = choices.module || !choices.no_module && config.is_module(entry);
        let layout = if is_module {
            Layout::Module
        } else {
            Layout::Crate
        };
        options.crate_name = crate_name;
        options.url = url;
        options.sdk = sdk;
        options.layout = layout;
        options.flat = choices.flat_options || config.sdk.flat_options;
        options.serde = choices.serde || config.sdk.serde;
        options.flags = choices.flags(&directory)?;
        Ok(Target {
            directory,
            options,
            sdk_path,
        })
    }
}

/// Adds context to an invalid value of the configuration. Clap does that for the command line.
fn checked<T>(value: Result<T, String>, what: &str, text: &str) -> Result<T> {
    value.map_err(|reason| anyhow!("invalid {what} `{text}`: {reason}"))
}
