use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {
    #[field(rename = "OPEN")]
    Open,
}

fn main() {}
