//! The dotted paths of what a patch sets.

/// Collects paths, and knows where it is.
#[derive(Debug, Default)]
pub struct Paths {
    here: String,
    found: Vec<String>,
    /// Whether paths name what is replaced, not what is changed.
    of_replaced: bool,
}

impl Paths {
    /// Goes on under a name. Returns whether all that is there was found to be set.
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

    /// Notes that what is here is set.
    pub(crate) fn here(&mut self) {
        self.found.push(self.here.clone());
    }

    /// Collects the paths of what is replaced: sections of which every field is, and no sections, maps and
    /// objects of which nothing is set.
    pub(crate) fn of_replaced() -> Self {
        Paths {
            of_replaced: true,
            ..Paths::default()
        }
    }

    /// Notes that nothing is set of the section, map or object that is here.
    pub(crate) fn empty(&mut self) {
        if !self.of_replaced {
            self.here();
        }
    }

    /// Walks the section that is here. `walk` returns whether it replaces every field.
    pub(crate) fn section(&mut self, walk: impl FnOnce(&mut Self) -> bool) {
        let before = self.found.len();
        if walk(self) && self.of_replaced {
            self.found.truncate(before);
            self.here();
        }
    }

    /// What was found.
    pub(crate) fn into_found(self) -> Vec<String> {
        self.found
    }
}

/// Whether a dotted path is this one or below it.
pub(crate) fn is_within(path: &str, of: &str) -> bool {
    match path.strip_prefix(of) {
        Some(rest) => rest.is_empty() || rest.starts_with('.'),
        None => false,
    }
}
