//! The dotted paths of the fields that a patch sets.

/// Collects paths, and tracks the current one.
#[derive(Debug, Default)]
pub struct Paths {
    here: String,
    found: Vec<String>,
    /// Whether to collect the paths of replaced values, not of changed ones.
    of_replaced: bool,
}

impl Paths {
    /// Continues under a name. Returns whether the patch sets everything there.
    pub(crate) fn under(&mut self, name: &str, walk: impl FnOnce(&mut Self)) -> bool {
        let before = self.found.len();
        let outer = self.here.len();
        if outer > 0 {
            self.here.push('.');
        }
        self.here.push_str(name);
        walk(self);
        let is_all = self.found[before..] == [&self.here[..]];
        self.here.truncate(outer);
        is_all
    }

    /// Records that the value at this path is set.
    pub(crate) fn here(&mut self) {
        self.found.push(self.here.clone());
    }

    /// Creates a collector for the paths of replaced values. A section counts as replaced if all its fields are.
    /// Sections, maps and objects without a set field are left out.
    pub(crate) fn of_replaced() -> Self {
        Paths {
            of_replaced: true,
            ..Paths::default()
        }
    }

    /// Records that nothing is set in the section, map or object at this path.
    pub(crate) fn empty(&mut self) {
        if !self.of_replaced {
            self.here();
        }
    }

    /// Walks the section at this path. `walk` returns whether the patch replaces every field.
    pub(crate) fn section(&mut self, walk: impl FnOnce(&mut Self) -> bool) {
        let before = self.found.len();
        if walk(self) && self.of_replaced {
            self.found.truncate(before);
            self.here();
        }
    }

    /// Returns the collected paths.
    pub(crate) fn into_found(self) -> Vec<String> {
        self.found
    }
}

/// Whether `path` equals `of` or lies below it.
pub(crate) fn is_within(path: &str, of: &str) -> bool {
    match path.strip_prefix(of) {
        Some(rest) => rest.is_empty() || rest.starts_with('.'),
        None => false,
    }
}
