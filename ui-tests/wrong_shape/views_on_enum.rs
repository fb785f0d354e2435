use hyperstack_sdk::Views;

#[derive(Clone, Debug, PartialEq, Views)]
#[view(latest)]
enum Round {
    Open,
}

fn main() {}
