//! Attributes for serde beside ours, and attributes that only serde uses.

use crate::value;
use hyperstack_sdk::{Leaf, Section};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Section)]
#[serde(rename = "TheRound", rename_all = "camelCase")]
struct Round {
    #[serde(rename = "a", skip_serializing_if = "Option::is_none")]
    #[field(rename = "roundId")]
    id: Option<u64>,
    #[serde(default = "seven")]
    best_bet: u64,
    /// serde uses another name. In patches, the field is skipped.
    #[serde(rename = "b")]
    #[field(skip)]
    local: u64,
    slot: Slot,
    #[field(serde)]
    address: Option<Ipv4Addr>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Leaf)]
#[serde(transparent)]
struct Slot(u64);

fn seven() -> u64 {
    7
}

#[test]
fn field_wins_over_serde() {
    let round: Round = value(r#"{"roundId": 1, "slot": 2, "address": "1.2.3.4", "b": 3}"#);
    assert_eq!((round.id, round.best_bet, round.local), (Some(1), 7, 0));
    assert_eq!(round.slot, Slot(2));
    assert_eq!(round.address, Some(Ipv4Addr::new(1, 2, 3, 4)));
}
