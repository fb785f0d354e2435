use hyperstack_sdk::Stack;

#[derive(Stack)]
#[stack(url = "wss://ore.example", entities("OreRound"))]
struct OreStack;

fn main() {}
