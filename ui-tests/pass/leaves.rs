//! A variant with `other` stores the name in any string type, or not at all.

use crate::value;
use hyperstack_sdk::{Leaf, Section};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Section)]
struct Round {
    phase: Phase,
    last: Last,
    colour: Colour,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {
    Open,
    #[leaf(other)]
    Unknown(Box<str>),
}

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Last {
    #[leaf(rename = "Open")]
    Running,
    #[leaf(other)]
    Unknown(Arc<str>),
}

#[derive(Clone, Debug, PartialEq, Leaf)]
#[leaf(rename_all = "SCREAMING_SNAKE_CASE")]
enum Colour {
    LightRed,
    #[leaf(other, rename = "?")]
    Unknown,
}

#[test]
fn other_names_are_kept() {
    let round: Round = value(r#"{"phase": "Open", "last": "Open", "colour": "LIGHT_RED"}"#);
    assert_eq!((round.phase, round.last), (Phase::Open, Last::Running));
    assert_eq!(round.colour, Colour::LightRed);

    let round: Round = value(r#"{"phase": "a", "last": "b", "colour": "c"}"#);
    assert_eq!(round.phase, Phase::Unknown("a".into()));
    assert_eq!(round.last, Last::Unknown("b".into()));
    assert_eq!(round.colour, Colour::Unknown);
}
