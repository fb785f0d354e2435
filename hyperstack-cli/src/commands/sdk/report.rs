//! What is said of a crate that was made, and how to use it.

use std::path::Path;

use anyhow::Result;
use hyperstack_cli::model::Stack;
use hyperstack_cli::output::{Plan, Status};
use hyperstack_cli::rust::{Layout, SDK_VERSION};

use super::create::Made;
use super::Target;
use crate::commands::{green, paths, yellow};

/// What was found and what was written, and what to do next.
pub(super) fn report(made: &Made, plan: &Plan) -> Result<String> {
    let directory = &made.target.directory;
    let mut report = format!(
        "{} {}, from {}\n  {}\n\n{}\n",
        green("Found"),
        made.stack.name,
        made.found.origin,
        entities(&made.stack),
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
    if made.target.options.url.is_none() {
        report += "\nIt has no URL: give one to `connect_to`, or make it with `--url wss://…`.\n";
    }
    if !plan.leftovers.is_empty() {
        let hint = yellow("No longer needed");
        report += &format!("\n{hint}, of an earlier run; delete them:\n");
        for path in &plan.leftovers {
            report += &format!("  {}\n", path.display());
        }
    }
    Ok(report + &dependencies(&made.target)?)
}

/// `2 entities: Game, Player`
fn entities(stack: &Stack) -> String {
    let names = stack.entities.iter().map(|entity| entity.name.as_str());
    let names: Vec<&str> = names.collect();
    match names[..] {
        [] => "no entities".to_owned(),
        [name] => format!("1 entity: {name}"),
        _ => format!("{} entities: {}", names.len(), names.join(", ")),
    }
}

/// What to write where, for somebody in the current directory.
fn dependencies(target: &Target) -> Result<String> {
    let here = Path::new("");
    let is_module = target.options.layout == Layout::Module;
    let sdk = match &target.sdk_path {
        Some(path) => format!("{{ path = \"{}\" }}", from(here, path)?),
        None => format!("\"{SDK_VERSION}\""),
    };
    let mut text =
        format!("\nAdd to your Cargo.toml:\n\n  [dependencies]\n  hyperstack-sdk = {sdk}\n");
    if is_module {
        text += "\nand to your src/lib.rs or src/main.rs:\n\n";
        text += &module(target)?;
    } else {
        let path = from(here, &target.directory)?;
        text += &format!(
            "  {} = {{ path = \"{path}\" }}\n",
            target.options.crate_name
        );
    }
    if target.sdk_path.is_none() {
        let sdk = beside();
        text += &format!(
            "\nOn crates.io, `hyperstack-sdk` is another project's crate until this one is published.\n\
             Until then, say in the Cargo.toml of your workspace where this one is:\n\n  \
             [patch.crates-io]\n  \
             hyperstack-sdk = {{ path = \"{sdk}\" }}\n"
        );
        if !is_module {
            text += &format!("\nor make the crate with `--sdk-path {sdk}`.\n");
        }
    }
    Ok(text)
}

/// Where the SDK is: beside this command's source, if that is still there.
fn beside() -> String {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("hyperstack-sdk");
    match beside.join("Cargo.toml").is_file() {
        true => paths::slashed(&beside),
        false => "../this-repository/hyperstack-sdk".to_owned(),
    }
}

/// The declaration of a module in `src`.
fn module(target: &Target) -> Result<String> {
    let path = from(Path::new("src"), &target.directory)?;
    if syn::parse_str::<syn::Ident>(&path).is_ok() {
        return Ok(format!("  mod {path};\n"));
    }
    let name = target.options.crate_name.replace('-', "_");
    Ok(format!("  #[path = \"{path}/mod.rs\"]\n  mod {name};\n"))
}

/// A relative path as it is written in `directory`; an absolute one stays.
fn from(directory: &Path, path: &Path) -> Result<String> {
    match path.is_absolute() {
        true => Ok(paths::slashed(path)),
        false => Ok(paths::relative(directory, path)?),
    }
}
