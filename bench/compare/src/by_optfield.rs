//! `optfield`, with `rewrap` and `merge_fn`.
//!
//! A type parameter compiles:
//!
//! ```
//! # #![allow(dead_code)]
//! #[optfield::optfield(SquaresPatch, rewrap, merge_fn)]
//! struct Squares<T> { cells: [T; 3], total: T }
//! ```
//!
//! A const parameter compiles only without `merge_fn`:
//!
//! ```text
//! error: unexpected `const` parameter declaration
//!   | struct Squares<T, const N: usize> { cells: [T; N], total: T }
//!   |                   ^^^^^^^^^^^^^^ expected a `const` expression, not a parameter declaration
//! ```
//!
//! ```compile_fail
//! # #![allow(dead_code)]
//! #[optfield::optfield(SquaresPatch, rewrap, merge_fn)]
//! struct Squares<T, const N: usize> { cells: [T; N], total: T }
//! ```

use crate::judge::{compiles, Library};
use crate::lenient::{subjects, Cells, Lenient};
use optfield::optfield;
use serde::{Deserialize, Serialize};
use serde_with::rust::double_option;
use serde_with::As;
use std::collections::BTreeMap;

subjects! {
    merge: |row, patch| {
        row.merge_opt(patch);
        Ok(())
    },
    diff: |_, _| None,
    Trade => TradePatch,
    Market => MarketPatch,
    Round => RoundPatch,
    Ended => EndedPatch,
    Treasury => TreasuryPatch,
    Feed => FeedPatch,
    Board => BoardPatch,
    Phased => PhasedPatch,
    OreRound => OreRoundPatch,
}

subjects! {
    merge: |_, _| Err("`merge_fn` does not compile here".to_owned()),
    diff: |_, _| None,
    Squares<u64, 3> => SquaresPatch<u64, 3>,
}

const WHOLE: &str = "a nested struct is replaced whole, so a partial one is not decoded correctly";

pub fn library() -> Library {
    Library {
        name: "optfield",
        crates: &["optfield"],
        results: [
            compiles::<Trade>(0, ""),
            compiles::<Market>(1, ""),
            compiles::<Round>(2, WHOLE),
            compiles::<Ended>(3, WHOLE),
            compiles::<Treasury>(4, ""),
            compiles::<Feed>(5, "a list is replaced"),
            compiles::<Board>(6, "a map is replaced: its values are not patches, and null removes nothing"),
            compiles::<Phased>(7, ""),
            compiles::<Squares<u64, 3>>(
                8,
                "`merge_fn` writes `impl … Squares<T, const N: usize>`, which does not compile; without it nothing merges",
            ),
            compiles::<OreRound>(9, WHOLE),
        ],
    }
}

#[optfield(
    TradePatch,
    rewrap,
    merge_fn,
    attrs = (serde_with::skip_serializing_none, derive(Deserialize, Serialize))
)]
#[derive(Clone, Default, Serialize)]
struct Trade {
    slot: u64,
    price: f64,
    buy: bool,
    signature: String,
}

#[optfield(
    MarketPatch,
    rewrap,
    merge_fn,
    attrs = (serde_with::skip_serializing_none, derive(Deserialize, Serialize)),
    field_attrs = (serde(default, deserialize_with = "double_option::deserialize"))
)]
#[derive(Clone, Default, Serialize)]
struct Market {
    slot: Option<u64>,
    price: Option<f64>,
    symbol: Option<String>,
    open: Option<bool>,
    holders: Option<Vec<String>>,
}

#[optfield(
    RoundPatch,
    rewrap,
    merge_fn,
    attrs = (serde_with::skip_serializing_none, derive(Deserialize, Serialize))
)]
#[derive(Clone, Default, Serialize)]
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

#[optfield(
    EndedPatch,
    rewrap,
    merge_fn,
    attrs = (serde_with::skip_serializing_none, derive(Deserialize, Serialize)),
    field_attrs
)]
#[derive(Clone, Default, Serialize)]
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

#[optfield(
    TreasuryPatch,
    rewrap,
    merge_fn,
    attrs = (serde_with::skip_serializing_none, derive(Deserialize, Serialize)),
    field_attrs
)]
#[derive(Clone, Default, Serialize)]
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

#[optfield(
    FeedPatch,
    rewrap,
    merge_fn,
    attrs = (serde_with::skip_serializing_none, derive(Deserialize, Serialize))
)]
#[derive(Clone, Default, Serialize)]
struct Feed {
    winners: Vec<String>,
    total: u64,
}

#[optfield(
    BoardPatch,
    rewrap,
    merge_fn,
    attrs = (serde_with::skip_serializing_none, derive(Deserialize, Serialize))
)]
#[derive(Clone, Default, Serialize)]
struct Board {
    miners: BTreeMap<String, Miner>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
struct Miner {
    score: u64,
    alias: Option<String>,
}

#[optfield(
    PhasedPatch,
    rewrap,
    merge_fn,
    attrs = (serde_with::skip_serializing_none, derive(Deserialize, Serialize))
)]
#[derive(Clone, Default, Serialize)]
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

#[optfield(
    SquaresPatch,
    rewrap,
    attrs = (serde_with::skip_serializing_none, derive(Deserialize, Serialize))
)]
#[derive(Clone, Default, Serialize)]
struct Squares<T, const N: usize> {
    cells: Cells<T, N>,
    total: T,
}

#[optfield(
    OreRoundPatch,
    rewrap,
    merge_fn,
    attrs = (serde_with::skip_serializing_none, derive(Deserialize, Serialize))
)]
#[derive(Clone, Default, Serialize)]
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
