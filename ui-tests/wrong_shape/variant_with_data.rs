use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {
    Open,
    Closed { at: u64 },
}

fn main() {}
