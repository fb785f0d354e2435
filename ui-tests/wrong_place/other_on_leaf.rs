use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
#[leaf(other)]
enum Phase {
    Open,
}

fn main() {}
