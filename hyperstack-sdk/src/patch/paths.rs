//! The dotted paths of what a patch sets.

/// Collects paths, and knows where it is.
#[derive(Debug, Default)]
pub struct Paths {
    here: String,
    found: Vec<String>,
}

impl Paths {
    /// Goes on under a name.
    pub(crate) fn under(&mut self, name: &str, walk: impl FnOnce(&mut Self)) {
        let outer = self.here.len();
        if outer > 0 {
            self.here.push('.');
        }
        self.here.push_str(name);
        walk(self);
        self.here.truncate(outer);
    }

    /// Notes that what is here is set.
    pub(crate) fn here(&mut self) {
        self.found.push(self.here.clone());
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
