use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {
    Open,
    #[leaf(rename = "Open")]
    Running,
}

fn main() {}
