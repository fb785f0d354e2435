//! The body of an HTTP reply that refuses a WebSocket.
//!
//! It explains the refusal, but it is not worth waiting for: the head already says that there is no WebSocket.

use std::borrow::Cow;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::header::{
    HeaderMap, HeaderName, CONTENT_LENGTH, TRANSFER_ENCODING,
};

use super::address::Stream;
use super::refusal::first_value;

/// The maximum number of bytes to read of a body.
pub(super) const LIMIT: usize = 64 * 1024;

/// How long a body may take after its head.
pub(super) const WITHIN: Duration = Duration::from_secs(1);

/// How long a body without a length may pause before it counts as complete. Such a body ends with the connection, but
/// some peers never close it.
pub(super) const PAUSE: Duration = Duration::from_millis(200);

/// How a reply marks the end of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

impl Framing {
    /// Returns the framing that a head announces. An invalid length counts as none.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let value = |name: HeaderName| headers.get(name)?.to_str().ok();
        // The encoding that was applied last comes last.
        let encoding = value(TRANSFER_ENCODING).map(|encoding| encoding.to_ascii_lowercase());
        if encoding.is_some_and(|encoding| encoding.trim_end().ends_with("chunked")) {
            return Framing::Chunked;
        }
        let length = value(CONTENT_LENGTH).and_then(|length| length.trim().parse().ok());
        length.map_or(Framing::UntilClose, Framing::Length)
    }

    /// Returns the body in these bytes as far as it has arrived, and whether it is complete.
    fn decode<'a>(&self, bytes: &'a [u8]) -> (Cow<'a, [u8]>, bool) {
        match *self {
            Framing::Length(length) => {
                let arrived = &bytes[..length.min(bytes.len())];
                (arrived.into(), arrived.len() == length)
            }
            Framing::Chunked => {
                let (body, is_complete) = join_chunks(bytes);
                (body.into(), is_complete)
            }
            Framing::UntilClose => (bytes.into(), false),
        }
    }
}

/// Reads the body of a reply, as far as it arrives in time. `bytes` have arrived together with the head.
pub(super) async fn read(stream: &mut Stream, head: &Response, mut bytes: Vec<u8>) -> Vec<u8> {
    let framing = Framing::of(head.headers());
    let is_complete = |bytes: &[u8]| {
        let (body, is_complete) = framing.decode(bytes);
        is_complete || first_value(&body).is_some()
    };
    let pause = match framing {
        Framing::UntilClose => PAUSE,
        _ => WITHIN,
    };
    let reading = async {
        while bytes.len() < LIMIT && !is_complete(&bytes) {
            let read = timeout(pause, stream.read_buf(&mut bytes)).await;
            if !matches!(read, Ok(Ok(1..))) {
                break;
            }
        }
    };
    // If the body is cut off, the head still says enough.
    let _ = timeout(WITHIN, reading).await;
    framing.decode(&bytes).0.into_owned()
}

/// Joins the chunks of a body. Returns whether the last one has arrived. An invalid chunk ends the body.
fn join_chunks(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") else {
            return (body, false);
        };
        let line = std::str::from_utf8(&bytes[..end]).ok();
        // An extension may follow the size.
        let size = line.and_then(|line| line.split(';').next());
        let size = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
        let Some(size @ 1..) = size else {
            return (body, true);
        };
        let chunk = &bytes[end + 2..];
        body.extend_from_slice(&chunk[..size.min(chunk.len())]);
        match chunk.get(size.saturating_add(2)..) {
            Some(rest) => bytes = rest,
            None => return (body, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_as_far_as_they_have_arrived() {
        let joined = |bytes: &str| {
            let (body, is_complete) = join_chunks(bytes.as_bytes());
            (String::from_utf8(body).unwrap(), is_complete)
        };
        let is = |body: &str, is_complete| (body.to_owned(), is_complete);
        assert_eq!(joined(""), is("", false));
        assert_eq!(joined("5"), is("", false));
        assert_eq!(joined("5\r\nab"), is("ab", false));
        assert_eq!(joined("5\r\nabcde"), is("abcde", false));
        assert_eq!(joined("5\r\nabcde\r\n"), is("abcde", false));
        assert_eq!(
            joined("5;x=y\r\nabcde\r\nA\r\n0123456789\r\n0\r\n\r\n"),
            is("abcde0123456789", true)
        );
        // Not a chunk: the body ends.
        assert_eq!(joined("2\r\nab\r\nzz\r\n"), is("ab", true));
        assert_eq!(joined("ffffffffffffffff\r\nab"), is("ab", false));
    }

    #[test]
    fn the_head_says_where_the_body_ends() {
        let framing = |pairs: &[(HeaderName, &'static str)]| {
            let pairs = pairs.iter().cloned();
            Framing::of(
                &pairs
                    .map(|(name, value)| (name, value.parse().unwrap()))
                    .collect(),
            )
        };
        assert_eq!(framing(&[]), Framing::UntilClose);
        assert_eq!(framing(&[(CONTENT_LENGTH, "7")]), Framing::Length(7));
        assert_eq!(framing(&[(CONTENT_LENGTH, "-7")]), Framing::UntilClose);
        let both = [(CONTENT_LENGTH, "7"), (TRANSFER_ENCODING, "gzip, Chunked")];
        assert_eq!(framing(&both), Framing::Chunked);
        assert_eq!(
            framing(&[(TRANSFER_ENCODING, "identity")]),
            Framing::UntilClose
        );
    }
}
