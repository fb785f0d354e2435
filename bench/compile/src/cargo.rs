//! Runs cargo and measures the cost.

use crate::Result;
use nix::sys::resource::{getrusage, UsageWho};
use nix::sys::time::TimeValLike;
use std::fs::{self, File};
use std::path::{absolute, Path, PathBuf};
use std::process::Command;
use std::time::{Instant, SystemTime};

/// Seconds.
#[derive(Clone, Copy)]
pub struct Cost {
    pub wall: f64,
    /// User and system time of cargo and its child processes.
    pub cpu: f64,
}

/// A generated workspace.
pub struct Workspace {
    pub directory: PathBuf,
}

impl Workspace {
    /// Runs `cargo check` on `package` as after a change.
    pub fn check(&self, package: &str) -> Result<Cost> {
        let lib = self.directory.join(package).join("src/lib.rs");
        File::options()
            .append(true)
            .open(lib)?
            .set_modified(SystemTime::now())?;

        let (start, cpu) = (Instant::now(), cpu_of_children()?);
        cargo(&self.directory, &["check", "-q", "-p", package])?;
        Ok(Cost {
            wall: start.elapsed().as_secs_f64(),
            cpu: cpu_of_children()? - cpu,
        })
    }

    /// Returns the size of the program in `package`.
    pub fn binary(&self, package: &str, strip: bool) -> Result<u64> {
        let build = ["rustc", "-q", "--release", "-p", package];
        // This does the same as `strip = true`, without a second build of all dependencies.
        let flags: &[&str] = if strip {
            &["--", "-C", "strip=symbols"]
        } else {
            &[]
        };
        cargo(&self.directory, &[&build, flags].concat())?;
        let program = target(&self.directory).join("release").join(package);
        Ok(fs::metadata(program)?.len())
    }
}

/// Runs cargo, and returns its output.
pub fn cargo(directory: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    output(
        // The cargo that runs this program, so that rustup is not part of the measured time.
        Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .args(arguments)
            .current_dir(directory)
            .env("CARGO_TARGET_DIR", target(directory)),
    )
}

/// A separate target directory, so that builds of other workspaces have no effect.
fn target(workspace: &Path) -> PathBuf {
    workspace.join("target")
}

pub fn rustc_version() -> Result<String> {
    let version = output(Command::new("rustc").arg("-V"))?;
    Ok(String::from_utf8(version)?.trim().to_owned())
}

fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(format!("{command:?}: {errors}").into())
    }
}

fn cpu_of_children() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = usage.user_time() + usage.system_time();
    Ok(time.num_microseconds() as f64 / 1e6)
}

/// Returns the directory `name` of the generated code.
pub fn directory(name: &str) -> Result<PathBuf> {
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(target) => absolute(PathBuf::from(target))?,
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target")),
    };
    let directory = target.join("compile").join(name);
    fs::create_dir_all(&directory)?;
    Ok(directory)
}
