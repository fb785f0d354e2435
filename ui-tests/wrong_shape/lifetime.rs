use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round<'a> {
    name: &'a str,
}

fn main() {}
