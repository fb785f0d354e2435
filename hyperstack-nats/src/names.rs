//! The names of buckets, streams, keys and subjects.
//!
//! NATS allows few characters in them, so other bytes are escaped. Each escape is reversible, so that two names never
//! become one.

/// The bytes that need no escape in a row's key or in a token of a subject.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || byte == b'/'
}

/// Escapes a row's key as a key of a bucket, which is also a token of a subject: `a b` becomes `a=20b`.
///
/// The empty key becomes `=`.
pub(crate) fn encode_key(key: &str) -> String {
    if key.is_empty() {
        return "=".to_owned();
    }
    escape(key, '=', is_plain)
}

/// Returns the row's key, or `None` if this is no key that [`encode_key`] returns.
pub(crate) fn decode_key(encoded: &str) -> Option<String> {
    if encoded == "=" {
        return Some(String::new());
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'=' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    let key = String::from_utf8(bytes).ok()?;
    (encode_key(&key) == encoded).then_some(key)
}

/// Returns the name of the bucket with the descriptions of all views: `ore`.
pub(crate) fn meta_bucket(prefix: &str) -> String {
    escape_name(prefix)
}

/// Returns the key of a view's description in the bucket of descriptions: `OreRound/list`.
pub(crate) fn meta_key(view: &str) -> String {
    encode_key(view)
}

/// Returns the name of the bucket of a view's rows: `ore_OreRound_list`.
pub(crate) fn bucket(prefix: &str, view: &str) -> String {
    [prefix, view]
        .into_iter()
        .flat_map(|part| part.split('/'))
        .map(escape_name)
        .collect::<Vec<_>>()
        .join("_")
}

/// Returns the name of a tape's stream: `ore_Trade_append`. A bucket's stream begins with `KV_`.
pub(crate) fn tape_stream(prefix: &str, view: &str) -> String {
    format!("TAPE_{}", bucket(prefix, view))
}

/// Returns the subject of a tape's gaps, which is followed by a token for each key's records: `ore.Trade.append`.
pub(crate) fn tape_subject(prefix: &str, view: &str) -> String {
    bucket(prefix, view).replace('_', ".")
}

/// Escapes a part of a name of a bucket or stream: `a_b` becomes `a-5Fb`.
fn escape_name(part: &str) -> String {
    escape(part, '-', |byte| byte.is_ascii_alphanumeric())
}

fn escape(text: &str, mark: char, is_plain: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for &byte in text.as_bytes() {
        if is_plain(byte) {
            escaped.push(byte.into());
        } else {
            escaped.push_str(&format!("{mark}{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_an_encoding_of_its_own() {
        let keys = [
            "",
            "42",
            "=",
            "a b",
            "a.b",
            "a*",
            ">",
            "é",
            "=20",
            "/x",
            "-",
            "\n",
            "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin",
        ];
        let encoded: Vec<String> = keys.iter().map(|key| encode_key(key)).collect();
        for (key, encoded) in keys.iter().zip(&encoded) {
            assert_eq!(decode_key(encoded).as_deref(), Some(*key));
            assert!(
                encoded.bytes().all(|byte| is_plain(byte) || byte == b'='),
                "{encoded}"
            );
        }
        assert_eq!(encode_key("a b"), "a=20b");
        for invalid in ["=2", "a=", "=61", "=zz", "=FF", "a.b", "=2e"] {
            assert_eq!(decode_key(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn names_do_not_collide() {
        assert_eq!(bucket("ore", "OreRound/list"), "ore_OreRound_list");
        assert_eq!(bucket("my_ore", "OreRound/list"), "my-5Fore_OreRound_list");
        assert_ne!(bucket("a", "b/c"), bucket("a_b", "c"));
        assert_eq!(meta_bucket("my-ore"), "my-2Dore");
        assert_eq!(meta_key("OreRound/list"), "OreRound/list");
        assert_eq!(tape_stream("ore", "Trade/append"), "TAPE_ore_Trade_append");
        assert_eq!(tape_subject("ore", "Trade/append"), "ore.Trade.append");
    }
}
