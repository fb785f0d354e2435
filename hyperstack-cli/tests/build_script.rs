//! Code that a `build.rs` generates.

use std::error::Error as _;
use std::fs;
use std::path::Path;

use hyperstack_cli::build::{Build, Error};

const STACK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../examples/.hyperstack/SettlementGame.stack.json"
);

#[test]
fn a_build_script_writes_one_file() -> Result<(), Box<dyn std::error::Error>> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("build_script");
    fs::create_dir_all(&directory)?;
    let build = Build::new(STACK)
        .url("wss://game.example")
        .out_dir(&directory);

    let file = build.write()?;
    assert_eq!(file, directory.join("settlement_game.rs"));
    let text = fs::read_to_string(&file)?;
    assert!(text.contains("url = \"wss://game.example\""), "{text}");
    // `include!` does not allow inner attributes and inner docs.
    assert!(!text.contains("#![") && !text.contains("//!"), "{text}");

    let written = fs::metadata(&file)?.modified()?;
    build.write()?;
    assert_eq!(fs::metadata(&file)?.modified()?, written);
    Ok(())
}

#[test]
fn a_build_script_reads_the_artifacts_of_a_directory() -> Result<(), Box<dyn std::error::Error>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/v2");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("build_script_artifacts");
    fs::create_dir_all(&directory)?;
    let file = Build::new(fixtures.join("lending"))
        .out_dir(&directory)
        .write()?;
    assert_eq!(file, directory.join("lending_desk.rs"));

    let composed = Build::new(fixtures.join("composed"))
        .artifacts(fixtures.join("ore"))
        .artifacts(fixtures.join("token"))
        .out_dir(&directory);
    let text = fs::read_to_string(composed.write()?)?;
    assert!(text.contains("\npub mod mining {\n") && text.contains("\npub mod tokens {\n"));
    let one = composed.live("tokens").write()?;
    assert_eq!(one, directory.join("tokens.rs"));

    let edited = Build::new(fixtures.join("defects/wrong-hash-live")).out_dir(&directory);
    assert!(edited.write().is_err());
    edited.verify(false).write()?;
    let missing = Build::new(fixtures.join("defects/missing-program")).out_dir(&directory);
    missing.write()?;
    assert!(missing.strict(true).write().is_err());
    Ok(())
}

#[test]
fn errors_name_the_file_and_the_cause() {
    let error = Build::new("no/such.stack.json").write().unwrap_err();
    assert!(error
        .to_string()
        .starts_with("stack file `no/such.stack.json` not found"));

    let not_a_stack = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let error = Build::new(not_a_stack).write().unwrap_err();
    assert!(matches!(error, Error::Load(_)), "{error}");
    assert!(error.source().is_some());
}
