//! What can go wrong: starting a server, reading a recording.

use std::io;
use std::net::SocketAddr;
use std::str::Utf8Error;

use thiserror::Error;

/// Why a [`TestServer`](super::TestServer) did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The port could not be opened.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// A view's id does not name its entity.
    #[error("a view's id is Entity/name, found `{0}`")]
    ViewId(String),
    /// A playback's speed is not a number above zero.
    #[error("a playback's speed is a number above zero, found {0}")]
    Speed(f64),
}

/// Why a [`Recording`](super::Recording) could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file or the stream failed.
    #[error("cannot read or write the recording")]
    Io(#[from] io::Error),
    /// A line is no entry.
    #[error("line {line} of the recording: {problem}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        problem: LineProblem,
    },
}

/// What is wrong with a line of a recording.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// It could not be read: the file ends early, or is no text.
    #[error("{0}")]
    Unreadable(io::Error),
    /// It is not JSON.
    #[error("{0}")]
    Json(serde_json::Error),
    /// A field is missing or has a value that it cannot have.
    #[error("`{field}` should be {expected}, found {found}")]
    Field {
        /// The field.
        field: &'static str,
        /// What belongs there.
        expected: &'static str,
        /// What is there, as JSON.
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

    /// Whether the file ends in the middle of this line: of what was compressed, of a character, or of JSON.
    pub(super) fn is_early_end(&self, line: &[u8]) -> bool {
        match self {
            Self::Unreadable(error) => error.kind() == io::ErrorKind::UnexpectedEof,
            Self::Json(error) => error.is_eof() && !line.ends_with(b"\n"),
            Self::Field { .. } => false,
        }
    }
}
