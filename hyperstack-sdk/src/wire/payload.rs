//! Decompresses messages, within size limits.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::GzDecoder;

use super::FrameError;

/// The first two bytes of a gzip member, the only sign of a compressed message.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The size limits of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The maximum size of a message as it arrives, in bytes (default: 64 MiB).
    pub message: usize,
    /// The maximum size of a message after decompression, in bytes (default: 256 MiB).
    pub inflated: usize,
}

impl Default for Limits {
    /// Returns the limits 64 MiB and 256 MiB.
    fn default() -> Self {
        Limits {
            message: 64 << 20,
            inflated: 256 << 20,
        }
    }
}

/// Returns whether a message is gzip-compressed.
pub(crate) fn is_compressed(message: &[u8]) -> bool {
    message.starts_with(&GZIP_MAGIC)
}

/// Returns the JSON bytes of a message, decompressed if necessary.
///
/// # Errors
///
/// [`FrameError::TooLarge`] or [`FrameError::InflatesTooLarge`] if the message exceeds a limit, where decompression
/// stops. [`FrameError::Inflate`] if the gzip data is invalid.
pub fn json(message: &[u8], limits: Limits) -> Result<Cow<'_, [u8]>, FrameError> {
    if message.len() > limits.message {
        return Err(FrameError::TooLarge {
            size: message.len(),
            limit: limits.message,
        });
    }
    if !is_compressed(message) {
        return Ok(Cow::Borrowed(message));
    }
    let mut json = Vec::with_capacity(message.len().saturating_mul(4).min(limits.inflated));
    GzDecoder::new(message)
        .take((limits.inflated as u64).saturating_add(1))
        .read_to_end(&mut json)
        .map_err(|error| FrameError::Inflate(error.to_string()))?;
    if json.len() > limits.inflated {
        return Err(FrameError::InflatesTooLarge {
            size: message.len(),
            limit: limits.inflated,
        });
    }
    Ok(Cow::Owned(json))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{write::GzEncoder, Compression};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_json_is_borrowed() {
        let json = json(br#"{"op":"x"}"#, Limits::default()).unwrap();
        assert!(matches!(json, Cow::Borrowed(br#"{"op":"x"}"#)));
    }

    #[test]
    fn gzip_is_detected_and_decompressed() {
        let message = gzip(b"{}");
        assert_eq!(&*json(&message, Limits::default()).unwrap(), b"{}");
    }

    #[test]
    fn decompression_stops_at_the_limit() {
        let bomb = gzip(&vec![b' '; 1 << 20]);
        let limits = Limits {
            message: 1 << 20,
            inflated: 1 << 16,
        };
        assert!(matches!(
            json(&bomb, limits),
            Err(FrameError::InflatesTooLarge { limit: 65_536, .. })
        ));
    }

    #[test]
    fn a_message_of_exactly_the_limit_is_accepted() {
        let limits = Limits {
            message: 1 << 20,
            inflated: 100,
        };
        assert_eq!(json(&gzip(&[b' '; 100]), limits).unwrap().len(), 100);
        assert!(json(&gzip(&[b' '; 101]), limits).is_err());
    }

    #[test]
    fn invalid_gzip_and_a_large_message_are_errors() {
        assert!(matches!(
            json(&[0x1f, 0x8b, 0, 1, 2], Limits::default()),
            Err(FrameError::Inflate(_))
        ));
        let limits = Limits {
            message: 3,
            inflated: 3,
        };
        assert!(matches!(
            json(b"1234", limits),
            Err(FrameError::TooLarge { size: 4, limit: 3 })
        ));
    }
}
