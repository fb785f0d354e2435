use hyperstack_sdk::Stack;

#[derive(Stack)]
#[stack(name = "ore", url = "wss://ore.example")]
struct OreStack;

fn main() {}
