use hyperstack_sdk::Section;

#[derive(Clone, Debug, PartialEq, Section)]
enum Phase {
    Open,
}

fn main() {}
