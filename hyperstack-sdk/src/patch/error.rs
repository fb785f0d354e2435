//! The errors of decoding and applying patches, with their places.

use std::fmt;

/// The error of applying a patch, or of building a value from one.
///
/// Its text starts with the path in wire names and ends with a way to fix the error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    root: &'static str,
    path: String,
    kind: PatchErrorKind,
    expected: &'static str,
}

/// The cause of a [`PatchError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatchErrorKind {
    /// The patch does not set a required field.
    Missing,
    /// The patch sets a field to null that is not nullable.
    Null,
}

impl PatchError {
    pub(crate) fn missing<T>() -> Self {
        Self::new::<T>(PatchErrorKind::Missing)
    }

    pub(crate) fn null<T>() -> Self {
        Self::new::<T>(PatchErrorKind::Null)
    }

    fn new<T>(kind: PatchErrorKind) -> Self {
        Self(Box::new(Inner {
            root: "",
            path: String::new(),
            kind,
            expected: std::any::type_name::<T>(),
        }))
    }

    /// Prepends the field `name` to the path.
    pub(crate) fn at(mut self, name: &str) -> Self {
        prepend_field(&mut self.0.path, name);
        self
    }

    /// Sets the name of the entity, which the text puts before the path.
    #[doc(hidden)]
    #[must_use]
    pub fn under(mut self, root: &'static str) -> Self {
        self.0.root = root;
        self
    }

    /// Returns the path: wire names joined by dots, with indices in brackets, such as `state.bets[3]`.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Returns the cause of the error.
    pub fn kind(&self) -> PatchErrorKind {
        self.0.kind
    }

    /// Returns the text of the error without the place.
    pub(crate) fn reason(&self) -> String {
        let expected = short_type(self.0.expected);
        // An empty path means an element of a list, which cannot have a default.
        let or_default = if self.0.path.is_empty() {
            ""
        } else {
            " or `#[field(default)]`"
        };
        let problem = match self.0.kind {
            PatchErrorKind::Missing => {
                format!("missing required value: `{expected}` is not optional")
            }
            PatchErrorKind::Null => format!("unexpected null: `{expected}` is not nullable"),
        };
        format!("{problem} (use `Option<{expected}>`{or_default})")
    }
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, self.0.root, &self.0.path)?;
        f.write_str(&self.reason())
    }
}

impl std::error::Error for PatchError {}

/// The error of decoding JSON as a patch of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError(Box<DecodeInner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct DecodeInner {
    root: &'static str,
    path: String,
    reason: String,
}

impl DecodeError {
    pub(crate) fn new(root: &'static str, path: String, cause: &serde_json::Error) -> Self {
        let text = cause.to_string();
        let position = format!(" at line {} column {}", cause.line(), cause.column());
        let reason = match text.strip_suffix(&position) {
            // A type error has a path, so its position is not needed. A syntax error has only its position.
            Some(reason) if cause.is_data() => reason.to_owned(),
            _ => text,
        };
        Self(Box::new(DecodeInner { root, path, reason }))
    }

    /// Returns the path: wire names joined by dots, with indices in brackets, such as `state.bets[3]`. It is empty
    /// if the error concerns the whole text.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Returns the text of the error without the place: what was found and what was expected.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, self.0.root, &self.0.path)?;
        f.write_str(&self.0.reason)
    }
}

impl std::error::Error for DecodeError {}

/// Writes `Root.path: `.
pub(crate) fn write_place(f: &mut impl fmt::Write, root: &str, path: &str) -> fmt::Result {
    let dot = if root.is_empty() || path.is_empty() || path.starts_with('[') {
        ""
    } else {
        "."
    };
    match (root, path) {
        ("", "") => Ok(()),
        _ => write!(f, "{root}{dot}{path}: "),
    }
}

/// Turns `bets[3]` into `state.bets[3]`.
pub(crate) fn prepend_field(path: &mut String, name: &str) {
    if !path.is_empty() && !path.starts_with('[') {
        path.insert(0, '.');
    }
    path.insert_str(0, name);
}

/// Turns `who` into `[3].who`.
pub(crate) fn prepend_index(path: &mut String, index: usize) {
    prepend_field(path, &format!("[{index}]"));
}

/// Turns `alloc::vec::Vec<alloc::string::String>` into `Vec<String>`.
fn short_type(name: &str) -> String {
    let mut short = String::with_capacity(name.len());
    let mut word = 0;
    let mut chars = name.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        if c == ':' && chars.next_if(|(_, c)| *c == ':').is_some() {
            short.truncate(word);
            continue;
        }
        short.push(c);
        if !(c.is_alphanumeric() || c == '_') {
            word = short.len();
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_grow_to_the_left() {
        let mut path = String::from("who");
        prepend_index(&mut path, 3);
        prepend_index(&mut path, 0);
        prepend_field(&mut path, "bets");
        prepend_field(&mut path, "state");
        assert_eq!(path, "state.bets[0][3].who");
    }

    #[test]
    fn type_names_lose_their_modules() {
        assert_eq!(short_type("u64"), "u64");
        assert_eq!(short_type("a::Map<b::c::K, [d::V; 3]>"), "Map<K, [V; 3]>");
    }

    #[test]
    fn the_text_starts_with_the_place() {
        let error = PatchError::missing::<u64>().at("bets").under("OreRound");
        assert!(error
            .to_string()
            .starts_with("OreRound.bets: missing required value: `u64` is not optional"));
    }
}
