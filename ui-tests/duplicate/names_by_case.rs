use hyperstack_sdk::Section;

#[derive(Clone, Debug, PartialEq, Section)]
#[section(rename_all = "camelCase")]
struct RoundId {
    round_id: u64,
    #[allow(non_snake_case)]
    roundId: u64,
}

fn main() {}
