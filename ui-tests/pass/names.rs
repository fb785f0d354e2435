//! A renamed or skipped field leaves its wire name to other fields.

use crate::value;
use hyperstack_sdk::Section;

#[derive(Clone, Debug, PartialEq, Section)]
struct Round {
    #[field(rename = "number")]
    #[field(alias = "no", alias = "nr")]
    id: u64,
    #[field(rename = "id")]
    number: u64,
    #[field(skip)]
    local: u64,
    #[field(rename = "local", default = 5)]
    remote: u64,
}

#[test]
fn names_may_be_swapped() {
    let round: Round = value(r#"{"nr": 1, "id": 2}"#);
    assert_eq!((round.id, round.number), (1, 2));
    assert_eq!((round.local, round.remote), (0, 5));
}
