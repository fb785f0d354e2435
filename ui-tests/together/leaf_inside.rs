use hyperstack_sdk::{Entity, Leaf};

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    bets: Vec<Bet>,
    other: Option<Kind>,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Bet {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Kind {
    Sol,
    #[leaf(other)]
    Unknown(u64),
}

fn main() {}
