use hyperstack_sdk::Section;

#[derive(Clone, Debug, PartialEq, Section)]
struct RoundId {
    #[field(append)]
    log: Vec<u64>,
    #[field(rename = "log")]
    number: u64,
    #[field(serde = true)]
    address: u64,
}

fn main() {}
