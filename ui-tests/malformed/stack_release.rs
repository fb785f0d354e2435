use hyperstack_sdk::{Entity, Stack, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
struct OreRound {
    id: u64,
}

#[derive(Stack)]
#[stack(manifest_hash = "sha256:bb", entities(OreRound))]
struct OreStack;

fn main() {}
