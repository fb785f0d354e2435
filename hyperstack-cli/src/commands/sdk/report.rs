//! The report after a crate was generated: what was written, and how to use it.

use std::path::Path;

use anyhow::Result;
use hyperstack_cli::output::{Plan, Status};
use hyperstack_cli::rust::{Layout, SDK_VERSION};

use super::create::Generated;
use super::Target;
use crate::commands::{green, paths, yellow};

/// Reports the stack, the written files, and the next steps.
pub(super) fn report(generated: &Generated, plan: &Plan) -> Result<String> {
    let directory = &generated.target.directory;
    let mut report = format!(
        "{} {}, from {}\n  {}\n\n{}\n",
        green("Found"),
        generated.name,
        generated.source,
        entities(&generated.entities),
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
    if generated.target.options.url.is_none() {
        report +=
            "\nThe stack has no URL: pass one to `connect_to`, or generate with `--url wss://…`.\n";
    }
    if !plan.leftovers.is_empty() {
        let hint = yellow("No longer needed");
        report += &format!("\n{hint}; delete these files of an earlier run:\n");
        for path in &plan.leftovers {
            report += &format!("  {}\n", path.display());
        }
    }
    Ok(report + &dependencies(&generated.target)?)
}

/// Returns a text such as `2 entities: Game, Player`.
fn entities(names: &[String]) -> String {
    match names {
        [] => "no entities".to_owned(),
        [name] => format!("1 entity: {name}"),
        _ => format!("{} entities: {}", names.len(), names.join(", ")),
    }
}

/// Returns what to add to the crate in the current directory.
fn dependencies(target: &Target) -> Result<String> {
    let here = Path::new("");
    let is_module = target.options.layout == Layout::Module;
    let sdk = match &target.sdk_path {
        Some(path) => format!("{{ path = \"{}\" }}", paths::from(here, path)?),
        None => format!("\"{SDK_VERSION}\""),
    };
    let mut text =
        format!("\nAdd to your Cargo.toml:\n\n  [dependencies]\n  hyperstack-sdk = {sdk}\n");
    if is_module {
        text += "\nAdd to your src/lib.rs or src/main.rs:\n\n";
        text += &module(target)?;
    } else {
        let path = paths::from(here, &target.directory)?;
        text += &format!(
            "  {} = {{ path = \"{path}\" }}\n",
            target.options.crate_name
        );
    }
    if target.sdk_path.is_none() {
        let sdk = sdk_directory();
        text += &format!(
            "\nThe crate `hyperstack-sdk` on crates.io is another project's crate. Until this one is published,\n\
             add to the Cargo.toml of your workspace:\n\n  \
             [patch.crates-io]\n  \
             hyperstack-sdk = {{ path = \"{sdk}\" }}\n"
        );
        if !is_module {
            text += &format!("\nOr generate the crate with `--sdk-path {sdk}`.\n");
        }
    }
    Ok(text)
}

/// Returns the directory of the SDK beside this command's source, or a placeholder if that no longer exists.
fn sdk_directory() -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("hyperstack-sdk");
    if directory.join("Cargo.toml").is_file() {
        paths::slashed(&directory)
    } else {
        "../this-repository/hyperstack-sdk".to_owned()
    }
}

/// Returns the declaration of the module in a file of `src`.
fn module(target: &Target) -> Result<String> {
    let path = paths::from(Path::new("src"), &target.directory)?;
    if syn::parse_str::<syn::Ident>(&path).is_ok() {
        return Ok(format!("  mod {path};\n"));
    }
    let name = target.options.crate_name.replace('-', "_");
    Ok(format!("  #[path = \"{path}/mod.rs\"]\n  mod {name};\n"))
}
