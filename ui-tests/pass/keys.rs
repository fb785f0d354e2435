//! A key is a path of Rust field names and has the type of its field.

use crate::value;
use hyperstack_sdk::{Entity, Key, Keyed, Leaf, RowKey, Section};
use std::borrow::Cow;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(name = "OreRound")]
#[entity(key(type.round_id: u64), rename_all = "camelCase")]
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
    let key: Option<&u64> = round.key();
    assert_eq!(key, Some(&7));
}

/// A public entity around private types.
#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(key(mint: Mint))]
#[allow(unreachable_pub)]
pub struct Token {
    mint: Mint,
    trades: Option<Trades>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Leaf)]
#[allow(unreachable_pub)]
pub struct Mint(String);

#[derive(Clone, Debug, PartialEq, Section)]
struct Trades {
    total: Option<u64>,
}

impl Key for Mint {
    fn parse(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }
}

impl fmt::Display for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[test]
fn a_key_may_be_a_type_of_ones_own() {
    let token: Token = value(r#"{"mint": "So1", "trades": {"total": 1}}"#);
    assert_eq!(token.key().map(|mint| mint.text()), Some("So1".into()));
    assert_eq!(token.trades.and_then(|trades| trades.total), Some(1));
}

mod far {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Entity)]
    #[entity(key = "place.bet.owner")]
    pub(super) struct Bet {
        place: Box<Place>,
    }

    #[derive(Clone, Debug, PartialEq, Section)]
    struct Place {
        bet: Owned<String>,
    }

    #[derive(Clone, Debug, PartialEq, Leaf)]
    struct Owned<T> {
        owner: T,
    }
}

#[test]
fn a_path_goes_through_whatever_has_fields() {
    let bet: far::Bet = value(r#"{"place": {"bet": {"owner": "ann"}}}"#);
    assert_eq!(bet.key().map(String::as_str), Some("ann"));
}

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(key(id: K))]
struct Row<K> {
    id: K,
}

#[test]
fn a_parameter_may_be_a_key() {
    fn greatest<E: Keyed>(rows: &[E]) -> Option<&E::Key> {
        rows.iter().filter_map(RowKey::key).max()
    }
    let rows = [1, 3, 2].map(|id| Row { id });
    assert_eq!(greatest(&rows), Some(&3));
    assert_eq!(Row { id: 1.5 }, Row { id: 1.5 });
}
