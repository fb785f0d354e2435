//! `struct-patch`, with its features `nesting` and `none_as_default`.
//!
//! A type parameter compiles if it is bounded in a `where` clause:
//!
//! ```
//! # #![allow(dead_code)]
//! #[derive(struct_patch::Patch)]
//! struct Squares<T> where T: PartialEq { cells: [T; 3], total: T }
//! ```
//!
//! A const parameter does not compile:
//!
//! ```text
//! error: unexpected `const` parameter declaration
//!   | struct Squares<T, const N: usize> where T: PartialEq { cells: [T; N], total: T }
//!   |                   ^^^^^^^^^^^^^^ expected a `const` expression, not a parameter declaration
//! error: proc-macro derive produced unparsable tokens
//! ```
//!
//! ```compile_fail
//! # #![allow(dead_code)]
//! #[derive(struct_patch::Patch)]
//! struct Squares<T, const N: usize> where T: PartialEq { cells: [T; N], total: T }
//! ```

use crate::judge::{compiles, does_not_compile, Library};
use crate::lenient::{subjects, Lenient};
use serde::{Deserialize, Serialize};
use serde_with::rust::double_option;
use serde_with::As;
use std::collections::BTreeMap;
use struct_patch::Patch;

subjects! {
    merge: |row, patch| {
        row.apply(patch);
        Ok(())
    },
    diff: |row, later| Some(later.clone().into_patch_by_diff(row.clone())),
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

pub fn library() -> Library {
    Library {
        name: "struct-patch",
        crates: &["struct-patch"],
        results: [
            compiles::<Trade>(0, ""),
            compiles::<Market>(1, ""),
            compiles::<Round>(2, ""),
            compiles::<Ended>(3, ""),
            compiles::<Treasury>(4, ""),
            compiles::<Feed>(
                5,
                "the field's attribute `apply_by` decides whether a list is appended to; the message cannot",
            ),
            compiles::<Board>(
                6,
                "a map is replaced, or extended by a custom function (`apply_by`): its values are not patches, and null removes nothing",
            ),
            compiles::<Phased>(7, ""),
            does_not_compile("the derive writes `impl … for Squares<T, const N: usize>`"),
            compiles::<OreRound>(9, "merged correctly; the error has its path only with `serde_path_to_error`"),
        ],
    }
}

#[derive(Clone, Default, PartialEq, Serialize, Patch)]
#[patch(attribute(serde_with::skip_serializing_none))]
#[patch(attribute(derive(Deserialize, Serialize)))]
struct Trade {
    slot: u64,
    price: f64,
    buy: bool,
    signature: String,
}

#[derive(Clone, Default, PartialEq, Serialize, Patch)]
#[patch(attribute(serde_with::skip_serializing_none))]
#[patch(attribute(derive(Deserialize, Serialize)))]
struct Market {
    #[patch(attribute(serde(default, deserialize_with = "double_option::deserialize")))]
    slot: Option<u64>,
    #[patch(attribute(serde(default, deserialize_with = "double_option::deserialize")))]
    price: Option<f64>,
    #[patch(attribute(serde(default, deserialize_with = "double_option::deserialize")))]
    symbol: Option<String>,
    #[patch(attribute(serde(default, deserialize_with = "double_option::deserialize")))]
    open: Option<bool>,
    #[patch(attribute(serde(default, deserialize_with = "double_option::deserialize")))]
    holders: Option<Vec<String>>,
}

#[derive(Clone, Default, PartialEq, Serialize, Patch)]
#[patch(attribute(derive(Deserialize, Serialize)))]
struct Round {
    #[patch(nesting)]
    #[patch(attribute(serde(default, skip_serializing_if = "struct_patch::Status::is_empty")))]
    id: RoundId,
    #[patch(nesting)]
    #[patch(attribute(serde(default, skip_serializing_if = "struct_patch::Status::is_empty")))]
    state: RoundState,
}

#[derive(Clone, Default, PartialEq, Serialize, Patch)]
#[patch(attribute(serde_with::skip_serializing_none))]
#[patch(attribute(derive(Default, Deserialize, Serialize)))]
struct RoundId {
    round_id: u64,
    #[patch(attribute(serde(default, deserialize_with = "double_option::deserialize")))]
    address: Option<String>,
}

#[derive(Clone, Default, PartialEq, Serialize, Patch)]
#[patch(attribute(serde_with::skip_serializing_none))]
#[patch(attribute(derive(Default, Deserialize, Serialize)))]
struct RoundState {
    #[patch(attribute(serde(default, deserialize_with = "double_option::deserialize")))]
    motherlode: Option<f64>,
    expires_at: u64,
}

#[derive(Clone, Default, PartialEq, Serialize, Patch)]
#[patch(attribute(serde_with::skip_serializing_none))]
#[patch(attribute(derive(Deserialize, Serialize)))]
struct Ended {
    id: u64,
    #[patch(name = "Option<ResultsPatch>")]
    #[patch(attribute(serde(default, deserialize_with = "double_option::deserialize")))]
    results: Option<Results>,
}

#[derive(Clone, Default, PartialEq, Serialize, Patch)]
#[patch(attribute(serde_with::skip_serializing_none))]
#[patch(attribute(derive(Deserialize, Serialize)))]
struct Results {
    square: u64,
    #[patch(attribute(serde(default, deserialize_with = "double_option::deserialize")))]
    miner: Option<String>,
}

#[derive(Clone, Default, PartialEq, Serialize, Patch)]
#[patch(attribute(serde_with::skip_serializing_none))]
#[patch(attribute(derive(Deserialize, Serialize)))]
struct Treasury {
    #[patch(attribute(serde(default, deserialize_with = "As::<Option<Lenient>>::deserialize")))]
    supply: u64,
    #[patch(attribute(serde(default, deserialize_with = "As::<Option<Lenient>>::deserialize")))]
    delta: i64,
    #[patch(attribute(serde(
        default,
        deserialize_with = "As::<Option<Vec<Lenient>>>::deserialize"
    )))]
    shares: Vec<u64>,
    #[patch(attribute(serde(
        default,
        deserialize_with = "As::<Option<(Lenient, Lenient)>>::deserialize"
    )))]
    range: (u64, i64),
}

#[derive(Clone, Default, PartialEq, Serialize, Patch)]
#[patch(attribute(serde_with::skip_serializing_none))]
#[patch(attribute(derive(Deserialize, Serialize)))]
struct Feed {
    #[patch(apply_by(Vec::extend))]
    winners: Vec<String>,
    total: u64,
}

#[derive(Clone, Default, PartialEq, Serialize, Patch)]
#[patch(attribute(serde_with::skip_serializing_none))]
#[patch(attribute(derive(Deserialize, Serialize)))]
struct Board {
    #[patch(apply_by(BTreeMap::extend))]
    miners: BTreeMap<String, Miner>,
}

#[derive(Clone, Default, PartialEq, Deserialize, Serialize)]
struct Miner {
    score: u64,
    alias: Option<String>,
}

#[derive(Clone, Default, PartialEq, Serialize, Patch)]
#[patch(attribute(serde_with::skip_serializing_none))]
#[patch(attribute(derive(Deserialize, Serialize)))]
struct Phased {
    id: u64,
    phase: Phase,
}

#[derive(Clone, Default, PartialEq, Deserialize, Serialize)]
enum Phase {
    #[default]
    Open,
    #[serde(rename = "CLOSED")]
    Closed,
    #[serde(untagged)]
    Unknown(String),
}

#[derive(Clone, Default, PartialEq, Serialize, Patch)]
#[patch(attribute(serde_with::skip_serializing_none))]
#[patch(attribute(derive(Deserialize, Serialize)))]
struct OreRound {
    id: u64,
    #[patch(nesting)]
    #[patch(attribute(serde(default, skip_serializing_if = "struct_patch::Status::is_empty")))]
    state: State,
}

#[derive(Clone, Default, PartialEq, Serialize, Patch)]
#[patch(attribute(serde_with::skip_serializing_none))]
#[patch(attribute(derive(Default, Deserialize, Serialize)))]
struct State {
    #[patch(nesting)]
    #[patch(attribute(serde(default, skip_serializing_if = "struct_patch::Status::is_empty")))]
    pool: Pool,
    open: bool,
}

#[derive(Clone, Default, PartialEq, Serialize, Patch)]
#[patch(attribute(serde_with::skip_serializing_none))]
#[patch(attribute(derive(Default, Deserialize, Serialize)))]
struct Pool {
    bets: Vec<u64>,
    fee: f64,
}
