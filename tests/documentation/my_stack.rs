//! Stands in for the generated crates of the page.

// In practice, this is a separate crate.
#![allow(unreachable_pub, dead_code)]

use hyperstack_sdk::prelude::*;

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(latest, single)]
#[view(dearest)]
pub struct PumpfunToken {
    pub id: PumpfunTokenId,
    pub info: PumpfunTokenInfo,
    pub reserves: PumpfunTokenReserves,
    pub trading: PumpfunTokenTrading,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct PumpfunTokenId {
    pub mint: String,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct PumpfunTokenInfo {
    pub name: Option<Option<String>>,
    pub symbol: Option<Option<String>>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct PumpfunTokenReserves {
    pub current_price_sol: Option<Option<f64>>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct PumpfunTokenTrading {
    pub last_trade_price: Option<Option<f64>>,
    pub total_trades: Option<Option<u64>>,
}

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(latest, single)]
#[view(richest)]
pub struct OreRound {
    pub id: OreRoundId,
    pub state: OreRoundState,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct OreRoundId {
    pub round_id: u64,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
pub struct OreRoundState {
    pub motherlode: Option<Option<f64>>,
}

#[derive(Debug, Clone, PartialEq, Entity)]
pub struct Token {
    pub price: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Entity)]
pub struct Player {
    pub name: String,
    pub score: i64,
}
