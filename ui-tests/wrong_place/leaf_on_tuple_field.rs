use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Slot(#[leaf(rename = "slot")] u64);

fn main() {}
