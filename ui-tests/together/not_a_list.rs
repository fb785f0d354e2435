use hyperstack_sdk::{Entity, Section, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[view(latest, single)]
struct Round {
    #[field(append(max = 5))]
    log: Log,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Log {
    lines: Vec<String>,
}

fn main() {}
