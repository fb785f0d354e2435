use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {
    Open,
    #[leaf(other)]
    Odd,
    #[leaf(other)]
    Unknown(String),
}

fn main() {}
