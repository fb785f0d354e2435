use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, Leaf)]
enum Phase {
    Open,
}

fn main() {}
