use hyperstack_sdk::Stack;

#[derive(Stack)]
struct OreStack;

fn main() {}
