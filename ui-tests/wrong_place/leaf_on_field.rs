use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Bet {
    #[leaf(rename = "a")]
    amount: u64,
}

fn main() {}
