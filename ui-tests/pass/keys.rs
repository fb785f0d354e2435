//! Keys are paths of fields as Rust calls them.

use crate::value;
use hyperstack_sdk::{Entity, Section};

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(name = "OreRound")]
#[entity(key = "type.round_id", rename_all = "camelCase")]
struct Round {
    r#type: RoundId,
}

#[derive(Clone, Debug, PartialEq, Section)]
#[section(rename_all = "camelCase")]
struct RoundId {
    round_id: u64,
}

#[test]
fn a_key_is_named_as_in_rust() {
    let round: Round = value(r#"{"type": {"roundId": 7}}"#);
    assert_eq!(round.r#type.round_id, 7);
    assert_eq!(<Round as Entity>::NAME, "OreRound");
}
