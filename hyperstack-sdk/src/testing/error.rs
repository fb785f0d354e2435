//! Errors of starting a server, and of reading or writing a recording.

use std::io;
use std::net::SocketAddr;
use std::str::Utf8Error;

use thiserror::Error;

/// The reason why a [`TestServer`](super::TestServer) or [`TokenEndpoint`](super::TokenEndpoint) did not
/// start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The port could not be opened.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The id of a derived view does not have the form `Entity/name`.
    #[error("invalid view id `{0}`: expected `Entity/name`")]
    ViewId(String),
    /// The id of a tape does not have the form `Entity/append`.
    #[error("invalid tape id `{0}`: expected `Entity/append`")]
    TapeId(String),
    /// The speed of a recording is not a finite number above zero.
    #[error("invalid playback speed {0}: expected a finite number above zero")]
    Speed(f64),
}

/// The reason why a [`Recording`](super::Recording) could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// Reading or writing the file or stream failed.
    #[error("cannot read or write the recording")]
    Io(#[from] io::Error),
    /// A line is not a valid entry.
    #[error("line {line} of the recording: {problem}")]
    Line {
        /// The line number, from 1.
        line: usize,
        /// The problem.
        problem: LineProblem,
    },
}

/// A problem with a line of a recording.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// The line could not be read: the file ends early, or is not UTF-8.
    #[error("{0}")]
    Unreadable(io::Error),
    /// The line is not valid JSON.
    #[error("{0}")]
    Json(serde_json::Error),
    /// A field is missing or has an invalid value.
    #[error("`{field}` should be {expected}, found {found}")]
    Field {
        /// The field's name.
        field: &'static str,
        /// The expected value.
        expected: &'static str,
        /// The value found, as JSON, or `nothing`.
        found: String,
    },
}

impl LineProblem {
    pub(super) fn of_text(error: Utf8Error) -> Self {
        let kind = match error.error_len() {
            Some(_) => io::ErrorKind::InvalidData,
            None => io::ErrorKind::UnexpectedEof,
        };
        Self::Unreadable(io::Error::new(kind, error))
    }

    /// Whether the file ends within this line: within compressed data, a character, or a JSON value.
    pub(super) fn is_early_end(&self, line: &[u8]) -> bool {
        match self {
            Self::Unreadable(error) => error.kind() == io::ErrorKind::UnexpectedEof,
            Self::Json(error) => error.is_eof() && !line.ends_with(b"\n"),
            Self::Field { .. } => false,
        }
    }
}
