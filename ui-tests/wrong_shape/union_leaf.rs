use hyperstack_sdk::Leaf;

#[derive(Clone, Copy, Leaf)]
union Bits {
    a: u32,
    b: f32,
}

fn main() {}
