//! What can go wrong between bytes and a value, and where.

use std::fmt;

/// A patch that cannot be applied, or from which no value can be built.
///
/// The text starts with the place, in wire names, and ends with what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    root: &'static str,
    path: String,
    kind: PatchErrorKind,
    expected: &'static str,
}

/// Why a [`PatchError`] was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatchErrorKind {
    /// A required field was never set.
    Missing,
    /// A field that knows no null was set to null.
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

    /// The same error, seen from the struct whose field `name` it is about.
    pub(crate) fn at(mut self, name: &str) -> Self {
        prepend_field(&mut self.0.path, name);
        self
    }

    /// The same error, seen from the entity `root`.
    #[doc(hidden)]
    #[must_use]
    pub fn under(mut self, root: &'static str) -> Self {
        self.0.root = root;
        self
    }

    /// Where: wire names joined by dots, indices in brackets, such as `state.bets[3]`.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// What is wrong there.
    pub fn kind(&self) -> PatchErrorKind {
        self.0.kind
    }

    /// What is wrong, without the place.
    pub(crate) fn reason(&self) -> String {
        let expected = short_type(self.0.expected);
        // Without a path it is about an element of a list, whose place is not known yet.
        let or = match self.0.path.is_empty() {
            true => "or make it an `Option`",
            false => "make the field an `Option`, or give it `#[field(default)]`",
        };
        match self.0.kind {
            PatchErrorKind::Missing => {
                format!("missing, and `{expected}` is required: send it, {or}")
            }
            PatchErrorKind::Null => {
                format!("null, and `{expected}` knows no null: send a value, {or}")
            }
        }
    }
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, self.0.root, &self.0.path)?;
        f.write_str(&self.reason())
    }
}

impl std::error::Error for PatchError {}

/// Bytes that are no patch of the entity they were decoded as.
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
            // A type error is placed by its path, a syntax error only by its position.
            Some(reason) if cause.is_data() => reason.to_owned(),
            _ => text,
        };
        Self(Box::new(DecodeInner { root, path, reason }))
    }

    /// Where: wire names joined by dots, indices in brackets, such as `state.bets[3]`. Empty where
    /// the text as a whole is not what it should be.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// What was found there, and what was expected.
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

/// `bets[3]` becomes `state.bets[3]`.
pub(crate) fn prepend_field(path: &mut String, name: &str) {
    if !path.is_empty() && !path.starts_with('[') {
        path.insert(0, '.');
    }
    path.insert_str(0, name);
}

/// `who` becomes `[3].who`.
pub(crate) fn prepend_index(path: &mut String, index: usize) {
    prepend_field(path, &format!("[{index}]"));
}

/// `alloc::vec::Vec<alloc::string::String>` becomes `Vec<String>`.
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
            .starts_with("OreRound.bets: missing, and `u64` is required"));
    }
}
