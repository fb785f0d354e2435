use hyperstack_sdk::{Entity, Patchable, Section, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[view(latest, single)]
struct Round {
    id: RoundId,
    ids: Vec<RoundId>,
    last: Option<RoundId>,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct RoundId {
    #[field(renam = "roundId")]
    round_id: u64,
}

fn inner(patch: RoundPatch) -> RoundIdPatch {
    patch.id.flatten().unwrap_or_default()
}

fn merged(round: &mut Round, patch: RoundPatch) -> bool {
    round.apply(patch).is_ok()
}

fn latest(views: &RoundViews) -> hyperstack_sdk::SingleView<Round> {
    views.latest()
}

fn main() {}
