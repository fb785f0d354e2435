use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {}

fn main() {}
