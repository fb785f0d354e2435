use hyperstack_sdk::Views;

#[derive(Clone, Debug, PartialEq, Views)]
struct Round<'a> {
    name: &'a str,
}

fn show(views: &RoundViews) {
    let _ = views;
}

fn main() {}
