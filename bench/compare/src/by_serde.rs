//! serde alone, with `serde_with::rust::double_option`. The patches are handwritten, and there is no merge.

use crate::judge::{compiles, Library};
use crate::lenient::{subjects, Cells, Lenient};
use serde::{Deserialize, Serialize};
use serde_with::rust::double_option;
use serde_with::{skip_serializing_none, As};
use std::collections::BTreeMap;

// serde has no merge, so each patch also stands for its row.
subjects! {
    merge: |_, _| Err("serde does not merge".to_owned()),
    diff: |_, _| None,
    Trade => Self,
    Market => Self,
    Round => Self,
    Ended => Self,
    Treasury => Self,
    Feed => Self,
    Board => Self,
    Phased => Self,
    Squares<u64, 3> => Self,
    OreRound => Self,
}

const NO_MERGE: &str = "decoded into a handwritten patch; serde does not merge";

pub fn library() -> Library {
    Library {
        name: "serde",
        crates: &["serde", "serde_json", "serde_with", "serde_path_to_error"],
        results: [
            compiles::<Trade>(0, NO_MERGE),
            compiles::<Market>(1, NO_MERGE),
            compiles::<Round>(2, NO_MERGE),
            compiles::<Ended>(3, NO_MERGE),
            compiles::<Treasury>(4, NO_MERGE),
            compiles::<Feed>(5, NO_MERGE),
            compiles::<Board>(6, NO_MERGE),
            compiles::<Phased>(7, NO_MERGE),
            compiles::<Squares<u64, 3>>(8, NO_MERGE),
            compiles::<OreRound>(9, NO_MERGE),
        ],
    }
}

#[skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize)]
struct Trade {
    slot: Option<u64>,
    price: Option<f64>,
    buy: Option<bool>,
    signature: Option<String>,
}

#[skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize)]
struct Market {
    #[serde(default, with = "double_option")]
    slot: Option<Option<u64>>,
    #[serde(default, with = "double_option")]
    price: Option<Option<f64>>,
    #[serde(default, with = "double_option")]
    symbol: Option<Option<String>>,
    #[serde(default, with = "double_option")]
    open: Option<Option<bool>>,
    #[serde(default, with = "double_option")]
    holders: Option<Option<Vec<String>>>,
}

#[skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize)]
struct Round {
    id: Option<RoundId>,
    state: Option<RoundState>,
}

#[skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize)]
struct RoundId {
    round_id: Option<u64>,
    #[serde(default, with = "double_option")]
    address: Option<Option<String>>,
}

#[skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize)]
struct RoundState {
    #[serde(default, with = "double_option")]
    motherlode: Option<Option<f64>>,
    expires_at: Option<u64>,
}

#[skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize)]
struct Ended {
    id: Option<u64>,
    #[serde(default, with = "double_option")]
    results: Option<Option<Results>>,
}

#[skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize)]
struct Results {
    square: Option<u64>,
    #[serde(default, with = "double_option")]
    miner: Option<Option<String>>,
}

#[skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize)]
struct Treasury {
    #[serde(default, deserialize_with = "As::<Option<Lenient>>::deserialize")]
    supply: Option<u64>,
    #[serde(default, deserialize_with = "As::<Option<Lenient>>::deserialize")]
    delta: Option<i64>,
    #[serde(default, deserialize_with = "As::<Option<Vec<Lenient>>>::deserialize")]
    shares: Option<Vec<u64>>,
    #[serde(
        default,
        deserialize_with = "As::<Option<(Lenient, Lenient)>>::deserialize"
    )]
    range: Option<(u64, i64)>,
}

#[skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize)]
struct Feed {
    winners: Option<Vec<String>>,
    total: Option<u64>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
struct Board {
    #[serde(default)]
    miners: BTreeMap<String, Option<Miner>>,
}

#[skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize)]
struct Miner {
    score: Option<u64>,
    #[serde(default, with = "double_option")]
    alias: Option<Option<String>>,
}

#[skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize)]
struct Phased {
    id: Option<u64>,
    phase: Option<Phase>,
}

#[derive(Clone, Deserialize, Serialize)]
enum Phase {
    Open,
    #[serde(rename = "CLOSED")]
    Closed,
    #[serde(untagged)]
    Unknown(String),
}

#[skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize)]
struct Squares<T, const N: usize> {
    cells: Option<Cells<T, N>>,
    total: Option<T>,
}

#[skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize)]
struct OreRound {
    id: Option<u64>,
    state: Option<State>,
}

#[skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize)]
struct State {
    pool: Option<Pool>,
    open: Option<bool>,
}

#[skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize)]
struct Pool {
    bets: Option<Vec<u64>>,
    fee: Option<f64>,
}
