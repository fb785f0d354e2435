//! Relative paths.

use std::path::{absolute, Component, Path, PathBuf};
use std::{io, iter};

/// Returns `path` relative to `directory`, with `/` as separator. Returns an absolute path if they have no common
/// root.
pub(crate) fn relative(directory: &Path, path: &Path) -> io::Result<String> {
    let (from, to) = (real(directory)?, real(path)?);
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let shared = iter::zip(&from, &to).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return Ok(slashed(&absolute(path)?)); // on another drive
    }
    let up = iter::repeat_n(Component::ParentDir, from.len() - shared);
    let relative: PathBuf = up.chain(to[shared..].iter().copied()).collect();
    Ok(if relative.as_os_str().is_empty() {
        ".".to_owned()
    } else {
        slashed(&relative)
    })
}

/// Returns `path` relative to `directory`. An absolute path stays absolute.
pub(crate) fn from(directory: &Path, path: &Path) -> io::Result<String> {
    if path.is_absolute() {
        Ok(slashed(path))
    } else {
        relative(directory, path)
    }
}

/// Returns a path with `/` as separator.
pub(crate) fn slashed(path: &Path) -> String {
    path.display()
        .to_string()
        .replace(std::path::MAIN_SEPARATOR, "/")
}

/// Returns an absolute path without symbolic links and `..`. The path need not exist.
fn real(path: &Path) -> io::Result<PathBuf> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let mut real = PathBuf::new();
    for part in absolute(path)?.components() {
        if part == Component::ParentDir {
            real.pop();
            continue;
        }
        real.push(part);
        real = real.canonicalize().unwrap_or(real);
    }
    Ok(real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_directory() {
        let relative = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).unwrap();
        assert_eq!(relative("generated/game", "sdk"), "../../sdk");
        assert_eq!(relative("", "generated/game"), "generated/game");
        assert_eq!(relative("a/../b", "b/c"), "c");
        assert_eq!(relative("a", "a"), ".");
    }
}
