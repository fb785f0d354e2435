use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Row(u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8);

fn main() {}
