//! The sections of [RESULTS.md](../../RESULTS.md). Each is between two marks, which name it, and one benchmark writes it.

use std::io::Result;
use std::path::Path;
use std::process::Command;

/// Replaces the section of the last run, or appends it.
pub fn write(name: &str, section: &str) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../RESULTS.md");
    let document = std::fs::read_to_string(&path)?;
    std::fs::write(path, replace(&document, name, section))
}

/// Describes the compiler and the machine: `rustc 1.95.0 (…), on a machine with 2 cores`.
pub fn machine() -> Result<String> {
    let rustc = Command::new("rustc").arg("--version").output()?;
    let rustc = String::from_utf8_lossy(&rustc.stdout);
    let cores = std::thread::available_parallelism()?;
    Ok(format!(
        "{}, on a machine with {cores} cores",
        rustc.trim_end()
    ))
}

fn replace(document: &str, name: &str, section: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let marked = format!("{begin}{section}{end}");
    match document.find(&begin).zip(document.find(&end)) {
        Some((from, to)) if from < to => {
            let (before, after) = (&document[..from], &document[to + end.len()..]);
            format!("{before}{marked}{after}")
        }
        _ => format!("{}\n\n{marked}", document.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_replaces_that_of_the_last_run() {
        let first = replace("# Results\n", "soak", "old\n");
        assert_eq!(first, "# Results\n\n<!-- soak -->\nold\n<!-- /soak -->\n");
        let both = replace(&first, "soak v1", "v1\n");
        assert_eq!(
            replace(&both, "soak", "new\n"),
            "# Results\n\n<!-- soak -->\nnew\n<!-- /soak -->\n\n<!-- soak v1 -->\nv1\n<!-- /soak v1 -->\n"
        );
    }
}
