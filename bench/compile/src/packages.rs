//! Writes the packages to compare under the target directory.

use crate::cargo::{directory, Workspace};
use crate::dependencies::{OUR_SDK, PUBLISHED_SDK, SERDE, SERDE_JSON, TOKIO};
use crate::{entities, ore, Result};
use std::fs;

struct Package {
    name: &'static str,
    dependencies: Vec<&'static str>,
    /// By their names in `src`.
    sources: Vec<(String, String)>,
}

/// Ours and the published one are two workspaces, because both SDKs have the same name.
pub fn write() -> Result<(Workspace, Workspace)> {
    Ok((
        write_workspace("ours", &ours())?,
        write_workspace("published", &published()?)?,
    ))
}

fn ours() -> Vec<Package> {
    let mut packages = vec![
        Package {
            name: "ore-ours",
            dependencies: vec![OUR_SDK, SERDE_JSON],
            sources: vec![
                source("lib.rs", "pub mod ore;"),
                source("ore.rs", ore::OURS),
            ],
        },
        // The compiler opens only the dependencies that are named in the source.
        Package {
            name: "empty-ours",
            dependencies: vec![OUR_SDK, SERDE_JSON],
            sources: vec![source(
                "lib.rs",
                "use {hyperstack_sdk as _, serde_json as _};",
            )],
        },
        Package {
            name: "main-ours",
            dependencies: vec![OUR_SDK, TOKIO, "ore-ours = { path = '../ore-ours' }"],
            sources: vec![source("main.rs", include_str!("../sources/main_ours.rs"))],
        },
    ];
    packages.extend(entities::KINDS.iter().map(|kind| Package {
        name: kind.package,
        dependencies: kind.dependencies.to_vec(),
        sources: vec![source("lib.rs", kind.source())],
    }));
    packages
}

fn published() -> Result<Vec<Package>> {
    let module = ore::published()?.into_iter();
    Ok(vec![
        Package {
            name: "ore-published",
            dependencies: vec![PUBLISHED_SDK, SERDE, SERDE_JSON],
            sources: module
                .map(|(name, text)| (format!("ore/{name}"), text))
                .chain([source("lib.rs", "pub mod ore;")])
                .collect(),
        },
        Package {
            name: "empty-published",
            dependencies: vec![PUBLISHED_SDK, SERDE, SERDE_JSON],
            sources: vec![source(
                "lib.rs",
                "use {hyperstack_sdk as _, serde as _, serde_json as _};",
            )],
        },
        Package {
            name: "main-published",
            dependencies: vec![
                PUBLISHED_SDK,
                TOKIO,
                "ore-published = { path = '../ore-published' }",
            ],
            sources: vec![source(
                "main.rs",
                include_str!("../sources/main_published.rs"),
            )],
        },
    ])
}

fn source(name: &str, text: impl Into<String>) -> (String, String) {
    (name.to_owned(), text.into())
}

fn write_workspace(name: &str, packages: &[Package]) -> Result<Workspace> {
    let directory = directory(name)?;
    let members: Vec<_> = packages.iter().map(|package| package.name).collect();
    fs::write(
        directory.join("Cargo.toml"),
        format!(
            "[workspace]\nmembers = {members:?}\nresolver = \"2\"\n\n\
             [profile.dev]\nincremental = false\n"
        ),
    )?;
    for package in packages {
        let directory = directory.join(package.name);
        for (name, text) in &package.sources {
            let file = directory.join("src").join(name);
            fs::create_dir_all(file.parent().ok_or("a file at the root")?)?;
            fs::write(file, text)?;
        }
        fs::write(
            directory.join("Cargo.toml"),
            format!(
                "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n\
                 [dependencies]\n{}\n",
                package.name,
                package.dependencies.join("\n"),
            ),
        )?;
    }
    Ok(Workspace { directory })
}
