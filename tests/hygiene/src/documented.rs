//! Documentation of a field is right where it stands: checked by `cargo doc`.

use sdk::Section;

/// A section.
#[derive(Clone, Debug, PartialEq, Eq, Section)]
#[section(crate = sdk)]
pub struct Bets {
    /// What [`Self::total`] adds up; `Self` is the struct.
    pub list: Vec<u64>,
}

impl Bets {
    /// The sum.
    #[must_use]
    #[inline]
    pub fn total(&self) -> u64 {
        self.list.iter().sum()
    }
}
