use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {
    Open,
    #[leaf(other)]
    Unknown(#[field(default)] String),
}

fn main() {}
