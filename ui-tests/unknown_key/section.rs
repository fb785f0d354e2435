use hyperstack_sdk::Section;

#[derive(Clone, Debug, PartialEq, Section)]
#[section(renameall = "camelCase")]
struct RoundId {
    round_id: u64,
}

fn main() {}
