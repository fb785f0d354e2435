//! The error for an invalid stack file.

use std::fmt;

/// Why a stack file cannot be parsed, with the line, the column and the JSON path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    pub(super) path: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
}

impl ParseError {
    /// Returns the JSON path, such as `entities[0].sections[1].name`. Empty for the whole file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the line, counted from 1, or 0 if the error has no line.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Returns the column, counted from 1, or 0 if the error has no line.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Returns the message without the position.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Creates an error about the whole file.
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

    /// Creates an error at a byte of a text.
    pub(crate) fn at_byte(text: &str, byte: usize, message: impl Into<String>) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        ParseError {
            line: before.matches('\n').count() + 1,
            column: line.len() + 1,
            ..ParseError::whole(message)
        }
    }

    /// Adds a part in front of the JSON path.
    pub(crate) fn below(self, part: &str) -> Self {
        let path = match self.path.as_str() {
            "" => part.to_owned(),
            path => format!("{part}.{path}"),
        };
        ParseError { path, ..self }
    }

    /// Converts an error of serde, whose message ends with the position.
    pub(super) fn json(path: &str, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        // serde_path_to_error writes `.` for the top and `?` for an unknown part.
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

impl From<serde_json::Error> for ParseError {
    fn from(error: serde_json::Error) -> Self {
        ParseError::json("", &error)
    }
}
