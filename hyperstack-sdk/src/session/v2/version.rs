//! Which of a row's changes are old.
//!
//! A v2 server joins the live feed before it reads a snapshot's rows, so a change in between is in the
//! snapshot and arrives again. Each row carries a `_version`, an epoch and a counter that rises within the
//! epoch, which orders the changes of a row within one subscription.

use crate::wire::{text_at, Seq};

/// The version of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    epoch: u32,
    counter: u64,
}

/// What a source knows from the positions of its changes.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    /// The greatest position seen.
    pub(super) last_seq: Option<Seq>,
}

impl Version {
    /// Reads the version of a row's JSON.
    pub(crate) fn of(data: &str) -> Option<Self> {
        let text = text_at(data, "_version")?;
        let (epoch, counter) = text.split_once(':')?;
        Some(Version {
            epoch: u32::from_str_radix(epoch, 16).ok()?,
            counter: counter.parse().ok()?,
        })
    }

    /// Whether a change with this version is in a row that has version `held`.
    pub(crate) fn is_in(self, held: Version) -> bool {
        self.epoch == held.epoch && self.counter <= held.counter
    }
}

impl Guard {
    /// Notes the position of a change.
    pub(crate) fn note(&mut self, seq: Option<Seq>) {
        self.last_seq = self.last_seq.max(seq);
    }

    pub(crate) fn last_seq(&self) -> Option<Seq> {
        self.last_seq
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_old_only_within_its_epoch() {
        let version = |text: &str| Version::of(&format!(r#"{{"_seq":"1:0","_version":"{text}"}}"#));
        let held = version("2b00af25:7").unwrap();
        assert!(version("2b00af25:7").unwrap().is_in(held));
        assert!(version("2b00af25:6").unwrap().is_in(held));
        assert!(!version("2b00af25:8").unwrap().is_in(held));
        assert!(!version("2b00af26:1").unwrap().is_in(held));
        assert_eq!(version("garbage"), None);
        assert_eq!(Version::of("{}"), None);
    }
}
