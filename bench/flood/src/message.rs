//! The messages of the server: unmasked WebSocket frames, some of them compressed.

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::io::Write;

/// The server compresses snapshots of at least this length.
const COMPRESSED: usize = 1024;

/// The end of a snapshot's JSON text. It is compressed once, although each subscription has its own start of
/// the text, which contains its id.
pub enum End {
    Plain(Vec<u8>),
    Compressed {
        blocks: Vec<u8>,
        crc: Crc,
        length: usize,
    },
}

impl End {
    /// Compresses a text if it is long enough.
    pub fn compressed(text: String) -> Self {
        if text.len() < COMPRESSED {
            return End::plain(text);
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        let mut crc = Crc::new();
        crc.update(text.as_bytes());
        match encoder
            .write_all(text.as_bytes())
            .and_then(|()| encoder.finish())
        {
            Ok(blocks) => End::Compressed {
                blocks,
                crc,
                length: text.len(),
            },
            Err(_) => End::plain(text),
        }
    }

    pub fn plain(text: String) -> Self {
        End::Plain(text.into_bytes())
    }

    /// Returns the message of a whole text.
    pub fn after(&self, start: &str) -> Vec<u8> {
        match self {
            End::Plain(text) => message(&[start.as_bytes(), text].concat()),
            End::Compressed {
                blocks,
                crc,
                length,
            } => message(&gzip(start.as_bytes(), blocks, crc, *length)),
        }
    }
}

/// Returns a gzip member: the start of a text in a block without compression, and the blocks of its end.
fn gzip(start: &[u8], blocks: &[u8], crc_of_end: &Crc, length_of_end: usize) -> Vec<u8> {
    const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    const STORED: u8 = 0;
    let length = start.len() as u16;
    let mut crc = Crc::new();
    crc.update(start);
    crc.combine(crc_of_end);
    let mut member = Vec::with_capacity(start.len() + blocks.len() + 23);
    member.extend(HEADER);
    member.push(STORED);
    member.extend(length.to_le_bytes());
    member.extend((!length).to_le_bytes());
    member.extend(start);
    member.extend(blocks);
    member.extend(crc.sum().to_le_bytes());
    member.extend(((start.len() + length_of_end) as u32).to_le_bytes());
    member
}

/// Returns a binary message in one frame.
pub fn message(payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 10);
    write_head(payload.len(), &mut frame);
    frame.extend(payload);
    frame
}

/// Writes what comes before the payload of a binary message.
pub fn write_head(length: usize, out: &mut Vec<u8>) {
    const FINAL_BINARY: u8 = 0x82;
    out.push(FINAL_BINARY);
    match length {
        0..=125 => out.push(length as u8),
        126..=0xffff => {
            out.push(126);
            out.extend((length as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend((length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use hyperstack_sdk::wire::payload;

    /// Returns a message's payload and the bytes after it.
    pub fn unframe(bytes: &[u8]) -> (&[u8], &[u8]) {
        assert_eq!(bytes[0], 0x82);
        let (length, head) = match bytes[1] {
            126 => (u64::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
            127 => (u64::from_be_bytes(bytes[2..10].try_into().unwrap()), 10),
            length => (length.into(), 2),
        };
        bytes[head..].split_at(length as usize)
    }

    /// Returns the JSON text of the only message.
    pub fn text(bytes: &[u8]) -> String {
        let (payload, rest) = unframe(bytes);
        assert!(rest.is_empty());
        let json = payload::json(payload, payload::Limits::default()).unwrap();
        String::from_utf8(json.into_owned()).unwrap()
    }

    #[test]
    fn every_length_has_its_own_head() {
        for length in [0, 125, 126, 0xffff, 0x1_0000] {
            let payload = vec![7; length];
            assert_eq!(unframe(&message(&payload)), (&payload[..], &[][..]));
        }
    }

    #[test]
    fn a_long_end_is_compressed_once_for_all_starts() {
        let long = r#"{"a":1},"#.repeat(200);
        for (end, is_compressed) in [("[]", false), (long.as_str(), true)] {
            let prepared = End::compressed(end.to_owned());
            for start in ["", "{", r#"{"subscriptionId":"17","data":"#] {
                let message = prepared.after(start);
                assert_eq!(
                    unframe(&message).0.starts_with(&[0x1f, 0x8b]),
                    is_compressed
                );
                assert_eq!(text(&message), format!("{start}{end}"));
                assert!(message.len() < 500);
            }
        }
    }
}
