use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {
    Open,
    #[leaf(other, rename = "?")]
    Unknown(String),
}

fn main() {}
