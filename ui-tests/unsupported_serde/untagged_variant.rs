use hyperstack_sdk::Leaf;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Leaf)]
enum Phase {
    Open,
    #[serde(untagged)]
    Unknown(String),
}

fn main() {}
