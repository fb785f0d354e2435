//! What is wrong with a stack file, and where.

use std::fmt;

/// A stack file cannot be read. It says where: the line and column, and the path in the JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    pub(super) path: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
}

impl ParseError {
    /// The path in the JSON, such as `entities[0].sections[1].name`; empty at the top.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The line, counted from 1; 0 where no line is to blame.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, counted from 1; 0 where no line is to blame.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the file as a whole is not.
    pub(crate) fn whole(message: impl Into<String>) -> Self {
        Self::at("", message)
    }

    pub(crate) fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        ParseError {
            path: path.into(),
            line: 0,
            column: 0,
            message: message.into(),
        }
    }

    /// What serde says, which ends with the place where it stopped.
    pub(super) fn json(path: &str, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        // `.` is the top, and `?` what was not yet known.
        let known = path.trim_end_matches(['.', '?']);
        let place = format!(" at line {line} column {column}");
        ParseError {
            path: known.to_owned(),
            line,
            column,
            message: message.strip_suffix(&place).unwrap_or(&message).to_owned(),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseError {}
