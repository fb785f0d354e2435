use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq)]
struct Date(u64);

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {
    Open,
    Closed(Date),
}

fn main() {}
