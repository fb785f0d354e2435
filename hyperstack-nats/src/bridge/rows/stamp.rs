//! What tells two states of a row apart, and which one is newer.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;

use hyperstack_sdk::wire::Seq;
use serde_json::Value;

/// A state of a row: its position in the server's history, as far as the server tells, and a hash of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stamp {
    pub(super) version: Option<Version>,
    pub(super) seq: Option<Seq>,
    /// The hash of the row without its `_version`. Hashes of different processes can differ.
    hash: u64,
}

/// The `_version` of a v2 row: a counter that rises with each change of the view, until the server restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    epoch: u32,
    counter: u64,
}

impl Stamp {
    pub(super) fn of(row: &Value) -> Self {
        fn read<T: FromStr>(row: &Value, name: &str) -> Option<T> {
            row.get(name)?.as_str()?.parse().ok()
        }
        Stamp {
            version: read(row, "_version"),
            seq: read(row, "_seq"),
            hash: hash(row),
        }
    }

    /// The stamp of a row that was deleted.
    pub(super) fn deleted(version: Option<Version>, seq: Option<Seq>) -> Self {
        let hash = 0;
        Stamp { version, seq, hash }
    }

    pub(super) fn has_content_of(&self, other: &Stamp) -> bool {
        self.hash == other.hash
    }

    /// Whether the server must have had this state after the other one.
    pub(super) fn is_newer_than(&self, other: &Stamp) -> bool {
        match (self.version, other.version) {
            (Some(one), Some(two)) => one.epoch == two.epoch && one.counter > two.counter,
            (None, None) => self.seq.zip(other.seq).is_some_and(|(one, two)| one > two),
            _ => false,
        }
    }
}

/// Hashes a row without its version. The order of the fields does not matter.
fn hash(row: &Value) -> u64 {
    let hash_of = |part: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        part(&mut hasher);
        hasher.finish()
    };
    match row {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "_version")
            .map(|field| hash_of(&|hasher| field.hash(hasher)))
            .fold(0, u64::wrapping_add),
        other => hash_of(&|hasher| other.hash(hasher)),
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let read = || {
            let (epoch, counter) = text.split_once(':')?;
            let epoch = u32::from_str_radix(epoch, 16).ok()?;
            let counter = counter.parse().ok()?;
            Some(Version { epoch, counter })
        };
        read().ok_or(())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}:{}", self.epoch, self.counter)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stamp(row: Value) -> Stamp {
        Stamp::of(&row)
    }

    #[test]
    fn versions_of_one_epoch_are_ordered() {
        let old = stamp(json!({"_version": "0000000a:9", "_seq": "9:000", "x": 1}));
        let new = stamp(json!({"_version": "a:10", "_seq": "2:000", "x": 2}));
        assert!(new.is_newer_than(&old) && !old.is_newer_than(&new));
        assert!(!old.is_newer_than(&old));
        assert_eq!(old.version.unwrap().to_string(), "0000000a:9");
        let other = stamp(json!({"_version": "0000000b:1", "x": 1, "_seq": "9:000"}));
        assert!(!other.is_newer_than(&old) && !old.is_newer_than(&other));
        assert!(other.has_content_of(&old) && !new.has_content_of(&old));
    }

    #[test]
    fn positions_order_rows_without_versions() {
        let old = stamp(json!({"_seq": "99:000000000001"}));
        let new = stamp(json!({"_seq": "100:000000000000"}));
        assert!(new.is_newer_than(&old) && !new.is_newer_than(&new));
        let versioned = stamp(json!({"_seq": "7:0", "_version": "a:1"}));
        assert!(!versioned.is_newer_than(&old) && !old.is_newer_than(&versioned));
    }
}
