//! Constants, statics and functions with the names of fields: a field's name is never used as a pattern.

#![expect(
    non_upper_case_globals,
    dead_code,
    reason = "the names are what matters"
)]

use sdk::{Leaf, Section};

/// Called as a field.
const price: u8 = 1;
/// Called as a field.
static amount: u8 = 2;
/// How many bytes.
const N: usize = 2;

/// Called as a field, and its default.
const fn fee() -> u64 {
    5
}

/// How many bytes there are with one more.
const fn more(n: usize) -> usize {
    n.saturating_add(1)
}

/// A section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Section)]
#[section(crate = sdk)]
pub struct Order {
    /// Called as a constant.
    #[field(default = u64::from(price))]
    pub price: u64,
    /// Called as a static.
    pub amount: u64,
    /// Called as a function.
    #[field(default = fee())]
    pub fee: u64,
    /// As long as an expression says.
    pub double: Option<[u8; N * 2]>,
    /// As long as a function says.
    pub more: Option<[u8; more(N)]>,
    /// As long as a block says.
    pub block: Option<
        [u8; {
            let n = N;
            n * 2
        }],
    >,
    /// As long as the struct itself says.
    pub own: Option<[u8; Self::LENGTH]>,
}

impl Order {
    /// How many bytes.
    pub const LENGTH: usize = 1;
}

/// A leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Leaf)]
#[leaf(crate = sdk)]
pub struct Bid {
    /// Called as a constant.
    pub price: u64,
    /// Called as a static.
    pub amount: u64,
}
