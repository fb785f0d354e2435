use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(rename_all = "camel_case")]
struct Round {
    round_id: u64,
}

fn main() {}
