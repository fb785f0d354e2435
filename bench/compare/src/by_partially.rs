//! `partially`, with its feature `derive`.
//!
//! A type parameter compiles:
//!
//! ```
//! # #![allow(dead_code)]
//! #[derive(partially::Partial)]
//! struct Squares<T> { cells: [T; 3], total: T }
//! ```
//!
//! A const parameter does not compile:
//!
//! ```text
//! error[E0747]: constant provided when a type was expected
//!   | struct Squares<T, const N: usize> { cells: [T; N], total: T }
//!   |                         ^
//! error[E0392]: type parameter `N` is never used
//! ```
//!
//! ```compile_fail
//! # #![allow(dead_code)]
//! #[derive(partially::Partial)]
//! struct Squares<T, const N: usize> { cells: [T; N], total: T }
//! ```

use crate::judge::{compiles, does_not_compile, Library};
use crate::lenient::{subjects, Lenient};
use partially::Partial;
use serde::{Deserialize, Serialize};
use serde_with::rust::double_option;
use serde_with::As;
use std::collections::BTreeMap;

subjects! {
    merge: |row, patch| {
        row.apply_some(patch);
        Ok(())
    },
    diff: |_, _| None,
    Trade => PartialTrade,
    Market => PartialMarket,
    Round => PartialRound,
    Ended => PartialEnded,
    Treasury => PartialTreasury,
    Feed => PartialFeed,
    Board => PartialBoard,
    Phased => PartialPhased,
    OreRound => PartialOreRound,
}

const WHOLE: &str = "a nested struct is replaced whole, so a partial one is not decoded correctly";

pub fn library() -> Library {
    Library {
        name: "partially",
        crates: &["partially"],
        results: [
            compiles::<Trade>(0, ""),
            compiles::<Market>(1, ""),
            compiles::<Round>(2, WHOLE),
            compiles::<Ended>(3, WHOLE),
            compiles::<Treasury>(4, ""),
            compiles::<Feed>(5, "a list is replaced"),
            compiles::<Board>(
                6,
                "a map is replaced: its values are not patches, and null removes nothing",
            ),
            compiles::<Phased>(7, ""),
            does_not_compile("the derive writes `struct PartialSquares<T, N>`"),
            compiles::<OreRound>(9, WHOLE),
        ],
    }
}

#[derive(Clone, Default, Serialize, Partial)]
#[partially(attribute(serde_with::skip_serializing_none))]
#[partially(attribute(derive(Deserialize, Serialize)))]
struct Trade {
    slot: u64,
    price: f64,
    buy: bool,
    signature: String,
}

#[derive(Clone, Default, Serialize, Partial)]
#[partially(attribute(serde_with::skip_serializing_none))]
#[partially(attribute(derive(Deserialize, Serialize)))]
struct Market {
    #[serde(default, deserialize_with = "double_option::deserialize")]
    slot: Option<u64>,
    #[serde(default, deserialize_with = "double_option::deserialize")]
    price: Option<f64>,
    #[serde(default, deserialize_with = "double_option::deserialize")]
    symbol: Option<String>,
    #[serde(default, deserialize_with = "double_option::deserialize")]
    open: Option<bool>,
    #[serde(default, deserialize_with = "double_option::deserialize")]
    holders: Option<Vec<String>>,
}

#[derive(Clone, Default, Serialize, Partial)]
#[partially(attribute(serde_with::skip_serializing_none))]
#[partially(attribute(derive(Deserialize, Serialize)))]
struct Round {
    id: RoundId,
    state: RoundState,
}

#[derive(Clone, Default, Deserialize, Serialize)]
struct RoundId {
    round_id: u64,
    address: Option<String>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
struct RoundState {
    motherlode: Option<f64>,
    expires_at: u64,
}

#[derive(Clone, Default, Serialize, Partial)]
#[partially(attribute(serde_with::skip_serializing_none))]
#[partially(attribute(derive(Deserialize, Serialize)))]
struct Ended {
    id: u64,
    #[serde(default, deserialize_with = "double_option::deserialize")]
    results: Option<Results>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
struct Results {
    square: u64,
    miner: Option<String>,
}

#[derive(Clone, Default, Serialize, Partial)]
#[partially(attribute(serde_with::skip_serializing_none))]
#[partially(attribute(derive(Deserialize, Serialize)))]
struct Treasury {
    #[serde(default, deserialize_with = "As::<Option<Lenient>>::deserialize")]
    supply: u64,
    #[serde(default, deserialize_with = "As::<Option<Lenient>>::deserialize")]
    delta: i64,
    #[serde(default, deserialize_with = "As::<Option<Vec<Lenient>>>::deserialize")]
    shares: Vec<u64>,
    #[serde(
        default,
        deserialize_with = "As::<Option<(Lenient, Lenient)>>::deserialize"
    )]
    range: (u64, i64),
}

#[derive(Clone, Default, Serialize, Partial)]
#[partially(attribute(serde_with::skip_serializing_none))]
#[partially(attribute(derive(Deserialize, Serialize)))]
struct Feed {
    winners: Vec<String>,
    total: u64,
}

#[derive(Clone, Default, Serialize, Partial)]
#[partially(attribute(serde_with::skip_serializing_none))]
#[partially(attribute(derive(Deserialize, Serialize)))]
struct Board {
    miners: BTreeMap<String, Miner>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
struct Miner {
    score: u64,
    alias: Option<String>,
}

#[derive(Clone, Default, Serialize, Partial)]
#[partially(attribute(serde_with::skip_serializing_none))]
#[partially(attribute(derive(Deserialize, Serialize)))]
struct Phased {
    id: u64,
    phase: Phase,
}

#[derive(Clone, Default, Deserialize, Serialize)]
enum Phase {
    #[default]
    Open,
    #[serde(rename = "CLOSED")]
    Closed,
    #[serde(untagged)]
    Unknown(String),
}

#[derive(Clone, Default, Serialize, Partial)]
#[partially(attribute(serde_with::skip_serializing_none))]
#[partially(attribute(derive(Deserialize, Serialize)))]
struct OreRound {
    id: u64,
    state: State,
}

#[derive(Clone, Default, Deserialize, Serialize)]
struct State {
    pool: Pool,
    open: bool,
}

#[derive(Clone, Default, Deserialize, Serialize)]
struct Pool {
    bets: Vec<u64>,
    fee: f64,
}
