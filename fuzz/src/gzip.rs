//! Compressed messages: the output is within the limit and equals the input.

use flate2::{write::GzEncoder, Compression};
use hyperstack_sdk::wire::payload::{json, Limits};
use hyperstack_sdk::wire::FrameError;
use std::borrow::Cow;
use std::io::Write;

/// Inflates a message. The first two bytes are the limits, in steps of 16 and 64 bytes. The rest is tested as
/// a compressed message, and as a message to compress.
pub fn gzip(bytes: &[u8]) {
    let [message, inflated, rest @ ..] = bytes else {
        return;
    };
    let mut limits = Limits::default();
    limits.message = usize::from(*message) * 16;
    limits.inflated = usize::from(*inflated) * 64;
    let _ = undone(rest, limits);
    let sound = compressed(rest);
    match undone(&sound, limits) {
        Ok(json) => assert_eq!(&*json, rest),
        Err(FrameError::TooLarge { .. }) => {}
        Err(FrameError::InflatesTooLarge { .. }) => assert!(rest.len() > limits.inflated),
        Err(error) => panic!("{error}"),
    }
    // A truncated message is an error, not a shorter message.
    let cut = &sound[..sound.len() - 1 - usize::from(*message) % 8];
    assert!(undone(cut, limits).is_err());
}

fn undone(message: &[u8], limits: Limits) -> Result<Cow<'_, [u8]>, FrameError> {
    let json = json(message, limits);
    let is_large = message.len() > limits.message;
    assert_eq!(is_large, matches!(json, Err(FrameError::TooLarge { .. })));
    match &json {
        Ok(Cow::Borrowed(json)) => assert!(*json == message && !json.starts_with(&[0x1f, 0x8b])),
        Ok(Cow::Owned(json)) => {
            assert!(json.len() <= limits.inflated);
            // A vector doubles, and asks for 32 bytes at the least.
            assert!(json.capacity() <= 2 * limits.inflated + 64);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    json
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}
