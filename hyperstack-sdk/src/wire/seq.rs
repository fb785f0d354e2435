//! The position of a change: a slot and an index within the slot.

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The position of a change, from a frame's `seq` or a row's `_seq`: `"<slot>:<index>"`.
///
/// Positions compare numerically, by slot and then by index. Comparing the texts is wrong if the slots differ in
/// length, because only the index is padded with zeros. Positions are neither unique (all mutations of one event share
/// one) nor monotonic.
///
/// As JSON, a position is a string, as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq {
    /// The Solana slot.
    pub slot: u64,
    /// The index within the slot: an account's write version, or a transaction's index.
    pub index: u64,
}

impl Seq {
    /// Creates the position `index` of `slot`.
    pub fn new(slot: u64, index: u64) -> Self {
        Seq { slot, index }
    }

    /// Parses `"<slot>:<index>"`. A missing or invalid part becomes 0, as on the server.
    pub fn parse(text: &str) -> Self {
        let whole = || {
            let (slot, rest) = leading_number(text.as_bytes())?;
            let (index, rest) = leading_number(rest.strip_prefix(b":")?)?;
            rest.is_empty().then_some(Seq { slot, index })
        };
        whole().unwrap_or_else(|| {
            let (slot, index) = text.split_once(':').unwrap_or((text, ""));
            let number = |text: &str| text.parse().unwrap_or(0);
            Seq {
                slot: number(slot),
                index: number(index),
            }
        })
    }
}

/// Parses the leading digits of a text and returns the rest too. Returns `None` if there are no digits or more than 19,
/// which could overflow. Inlining saves 26 instructions per v2 patch.
#[inline(always)]
pub(crate) fn leading_number(text: &[u8]) -> Option<(u64, &[u8])> {
    let (mut number, mut rest) = (0_u64, text);
    while let Some((digits, after)) = rest.split_first_chunk() {
        let Some(eight) = eight_digits(u64::from_le_bytes(*digits)) else {
            break;
        };
        number = number.wrapping_mul(100_000_000).wrapping_add(eight);
        rest = after;
    }
    while let Some((byte, after)) = rest.split_first() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        rest = after;
    }
    let digits = text.len() - rest.len();
    (1..=19).contains(&digits).then_some((number, rest))
}

/// Parses eight digits, the first one in the lowest byte. A position has numbers of nine and twelve digits. Reading
/// eight at once saves 76 instructions per position.
#[inline]
fn eight_digits(text: u64) -> Option<u64> {
    const ONES: u64 = u64::MAX / 255;
    let digits = text ^ (ONES * u64::from(b'0'));
    // The highest bit of a byte is set here if it is not a digit.
    let others = (digits.wrapping_add(ONES * (0x80 - 10)) | digits) & (ONES << 7);
    // Joins neighbours: to four numbers of two digits, to two of four, to one of eight.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    let eight = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    (others == 0).then_some(eight)
}

/// The error of parsing a position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid position \"{0}\": expected \"<slot>:<index>\", such as \"271828182:000000000007\""
)]
pub struct SeqError(String);

impl std::str::FromStr for Seq {
    type Err = SeqError;

    /// Parses `"<slot>:<index>"`, both in decimal digits.
    fn from_str(text: &str) -> Result<Self, SeqError> {
        let error = || SeqError(text.to_owned());
        let number = |digits: &str| {
            if digits.bytes().all(|byte| byte.is_ascii_digit()) {
                digits.parse().map_err(|_| error())
            } else {
                Err(error())
            }
        };
        let (slot, index) = text.split_once(':').ok_or_else(error)?;
        Ok(Seq {
            slot: number(slot)?,
            index: number(index)?,
        })
    }
}

impl Serialize for Seq {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Seq {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Seq;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a position \"<slot>:<index>\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Seq, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl std::fmt::Display for Seq {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{:012}", self.slot, self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::Seq;

    #[test]
    fn positions_compare_numerically() {
        assert!(Seq::parse("99999999:000000000001") < Seq::parse("100000000:000000000000"));
        assert!(Seq::parse("7:999999999999") < Seq::parse("7:1000000000000"));
    }

    #[test]
    fn text_is_padded_and_round_trips() {
        let text = "271828182:000000000007";
        assert_eq!(Seq::parse(text).to_string(), text);
    }

    #[test]
    fn json_is_the_text() {
        let json = "\"271828182:000000000007\"";
        let seq = serde_json::from_str::<Seq>(json).unwrap();
        assert_eq!(seq, Seq::new(271_828_182, 7));
        assert_eq!(serde_json::to_string(&seq).unwrap(), json);
        let error = serde_json::from_str::<Seq>("\"7\"").unwrap_err();
        assert!(error.to_string().starts_with("invalid position"));
    }

    #[test]
    fn from_str_rejects_invalid_positions() {
        assert_eq!("7:000000000002".parse(), Ok(Seq::new(7, 2)));
        for text in ["", "7", "7:", ":7", "garbage", "7:-1", "+7:+1", "1:2:3"] {
            let error = text.parse::<Seq>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("invalid position \"{text}\"")));
        }
    }

    #[test]
    fn parse_reads_invalid_parts_as_zero() {
        assert_eq!(Seq::parse("garbage"), Seq::default());
        assert_eq!(Seq::parse("5"), Seq { slot: 5, index: 0 });
    }
}
