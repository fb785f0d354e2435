//! `hyperstack-sdk`, this repository.

use crate::judge::{compiles, Library, Subject};
use hyperstack_sdk::patch::{Patch, Patchable};
use hyperstack_sdk::{Entity, Leaf, Section};
use serde_json::Value;
use std::collections::BTreeMap;

impl<T, P> Subject for T
where
    T: Patchable<Patch = P> + TryFrom<P, Error: ToString>,
    P: Patch,
{
    type Patch = P;

    fn row(json: &str) -> Result<T, String> {
        T::try_from(Self::decode(json, &[])?).map_err(|error| error.to_string())
    }

    // Our rows do not encode to JSON. So the row is compared with the row decoded from that JSON, which must
    // not have lost anything.
    fn is(&self, json: &str) -> bool {
        let lossless = |patch: &P| {
            serde_json::from_str(json).is_ok_and(|json: Value| Self::encode(patch) == json)
        };
        let patch = Self::decode(json, &[]).ok().filter(lossless);
        patch.is_some_and(|patch| T::try_from(patch).is_ok_and(|row| row == *self))
    }

    // The client decodes a message's bytes in the same way.
    fn decode(json: &str, append: &[&str]) -> Result<P, String> {
        P::decode(json, append).map_err(|error| error.to_string())
    }

    fn encode(patch: &P) -> Value {
        serde_json::to_value(patch).expect("patches are JSON")
    }

    fn merge(&mut self, patch: P) -> Result<(), String> {
        self.apply(patch).map_err(|error| error.to_string())
    }

    fn diff(&self, later: &Self) -> Option<P> {
        Some(Patchable::diff(self, later))
    }
}

pub fn library() -> Library {
    Library {
        name: "ours",
        crates: &[],
        results: [
            compiles::<Trade>(0, ""),
            compiles::<Market>(1, ""),
            compiles::<Round>(2, ""),
            compiles::<Ended>(3, ""),
            compiles::<Treasury>(4, ""),
            compiles::<Feed>(5, ""),
            compiles::<Board>(6, ""),
            compiles::<Phased>(7, ""),
            compiles::<Squares<u64, 3>>(8, ""),
            compiles::<OreRound>(9, ""),
        ],
    }
}

#[derive(Debug, Clone, PartialEq, Entity)]
struct Trade {
    slot: u64,
    price: f64,
    buy: bool,
    signature: String,
}

#[derive(Debug, Clone, PartialEq, Entity)]
struct Market {
    slot: Option<u64>,
    price: Option<f64>,
    symbol: Option<String>,
    open: Option<bool>,
    holders: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Entity)]
struct Round {
    id: RoundId,
    state: RoundState,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct RoundId {
    round_id: u64,
    address: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct RoundState {
    motherlode: Option<f64>,
    expires_at: u64,
}

#[derive(Debug, Clone, PartialEq, Entity)]
struct Ended {
    id: u64,
    results: Option<Results>,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct Results {
    square: u64,
    miner: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Entity)]
struct Treasury {
    supply: u64,
    delta: i64,
    shares: Vec<u64>,
    range: (u64, i64),
}

#[derive(Debug, Clone, PartialEq, Entity)]
struct Feed {
    winners: Vec<String>,
    total: u64,
}

#[derive(Debug, Clone, PartialEq, Entity)]
struct Board {
    miners: BTreeMap<String, Miner>,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct Miner {
    score: u64,
    alias: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Entity)]
struct Phased {
    id: u64,
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Leaf)]
enum Phase {
    Open,
    #[leaf(rename = "CLOSED")]
    Closed,
    #[leaf(other)]
    Unknown(String),
}

#[derive(Debug, Clone, PartialEq, Entity)]
struct Squares<T, const N: usize> {
    cells: [T; N],
    total: T,
}

#[derive(Debug, Clone, PartialEq, Entity)]
struct OreRound {
    id: u64,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct State {
    pool: Pool,
    open: bool,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct Pool {
    bets: Vec<u64>,
    fee: f64,
}
