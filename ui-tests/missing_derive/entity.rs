use hyperstack_sdk::Views;

#[derive(Clone, Debug, PartialEq, Views)]
#[view(latest)]
struct Round {
    id: u64,
}

fn main() {}
