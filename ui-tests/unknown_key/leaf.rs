use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
#[leaf(rename = "camelCase")]
enum Phase {
    Open,
}

fn main() {}
