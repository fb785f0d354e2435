//! The ORE stack with our derives, and as published.

use crate::cargo::{cargo, directory};
use crate::Result;
use std::fs;
use std::path::Path;

/// Our translation of the published `types.rs`.
pub const OURS: &str = include_str!("../sources/ore.rs");

/// Makes cargo download the published sources.
const MANIFEST: &str = r#"[package]
name = "sources"
version = "0.0.0"
edition = "2021"

[lib]
path = "lib.rs"

[dependencies]
hyperstack-stacks = "=0.6.9"

[workspace]
"#;

/// The files of the module `ore` of hyperstack-stacks 0.6.9, by name.
pub fn published() -> Result<Vec<(String, String)>> {
    let directory = directory("sources")?;
    fs::write(directory.join("Cargo.toml"), MANIFEST)?;
    fs::write(directory.join("lib.rs"), "")?;
    let metadata = cargo(&directory, &["metadata", "-q", "--format-version", "1"])?;

    let metadata: serde_json::Value = serde_json::from_slice(&metadata)?;
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == "hyperstack-stacks")
        .and_then(|package| package["manifest_path"].as_str())
        .ok_or("cargo metadata names no hyperstack-stacks")?;

    fs::read_dir(Path::new(manifest).with_file_name("src").join("ore"))?
        .map(|file| {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            Ok((name, fs::read_to_string(file.path())?))
        })
        .collect()
}
