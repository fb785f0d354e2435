use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(key(roundId: u64), rename_all = "camelCase")]
struct Round {
    round_id: u64,
}

fn main() {}
