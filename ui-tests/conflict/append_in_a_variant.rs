use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {
    Open {
        #[field(append(max = 5))]
        bets: Vec<u64>,
    },
}

fn main() {}
