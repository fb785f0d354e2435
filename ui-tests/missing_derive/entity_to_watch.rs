use hyperstack_sdk::Section;

#[derive(Clone, Debug, PartialEq, Section)]
struct Round {
    id: u64,
}

fn rounds(hs: &hyperstack_sdk::HyperStack) {
    hs.watch::<Round>();
}

fn main() {}
