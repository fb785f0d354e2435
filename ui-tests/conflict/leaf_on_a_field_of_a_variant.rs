use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {
    Open {
        #[leaf(rename = "from")]
        since: u64,
    },
}

fn main() {}
