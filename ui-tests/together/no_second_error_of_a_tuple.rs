use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round(u64);

fn show(patch: &RoundPatch, entity: RoundEntity) {
    let _ = (patch, entity);
}

fn main() {}
