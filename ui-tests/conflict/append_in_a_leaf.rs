use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Bets {
    #[field(append(max = 10))]
    log: Vec<u64>,
}

fn main() {}
