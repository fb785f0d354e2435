use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Pair(#[field(serde)] u64, u64);

fn main() {}
