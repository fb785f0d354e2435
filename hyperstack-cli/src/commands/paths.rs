//! How one path is written from another.

use std::path::{absolute, Component, Path, PathBuf};
use std::{io, iter};

/// `path` as it is written in a file in `directory`, with `/` between its parts.
pub(crate) fn relative(directory: &Path, path: &Path) -> io::Result<String> {
    let (from, to) = (real(directory)?, real(path)?);
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let shared = iter::zip(&from, &to).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return Ok(slashed(&absolute(path)?)); // Another drive.
    }
    let up = iter::repeat_n(Component::ParentDir, from.len() - shared);
    let relative: PathBuf = up.chain(to[shared..].iter().copied()).collect();
    Ok(match relative.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => slashed(&relative),
    })
}

/// A path with `/` between its parts.
pub(crate) fn slashed(path: &Path) -> String {
    path.display()
        .to_string()
        .replace(std::path::MAIN_SEPARATOR, "/")
}

/// An absolute path without links and `..`, of what need not be there.
fn real(path: &Path) -> io::Result<PathBuf> {
    let path = match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
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
    fn a_path_is_written_from_another() {
        let relative = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).unwrap();
        assert_eq!(relative("generated/game", "sdk"), "../../sdk");
        assert_eq!(relative("", "generated/game"), "generated/game");
        assert_eq!(relative("a/../b", "b/c"), "c");
        assert_eq!(relative("a", "a"), ".");
    }
}
