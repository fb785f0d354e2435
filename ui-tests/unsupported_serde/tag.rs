use hyperstack_sdk::Leaf;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Leaf)]
#[serde(tag = "kind")]
enum Phase {
    Open,
}

fn main() {}
