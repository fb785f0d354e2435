//! The server's virtual machine runs the stack files. The generated types must accept everything that it
//! emits, and lose nothing.

use std::collections::BTreeSet;

use hyperstack_cli::model::Stack;
use hyperstack_interop::{Chain, Machine, Size, ADDRESS};
use hyperstack_interpreter::Mutation;
use serde_json::Value;

use crate::stacks::*;

/// Runs a stack. Returns the fields that were sent although the stack does not declare them, and those that
/// were never sent.
fn run_whole(stack: &str, lost: impl Fn(&Mutation) -> Vec<String>) -> Vec<String> {
    let changes = run(stack);
    let lost: BTreeSet<_> = changes.iter().flat_map(lost).collect();
    assert!(lost.is_empty(), "{lost:#?}");
    let stack = Stack::from_json(stack).expect("a stack file");
    let fields = stack.entities.iter().flat_map(|entity| {
        let own = entity.fields.iter().map(|field| format!("/{}", field.name));
        let sections = entity.sections.iter().flat_map(|section| {
            let fields = section.fields.iter();
            fields.map(|field| format!("/{}/{}", section.name, field.name))
        });
        own.chain(sections).map(|path| (&entity.name, path))
    });
    let sent = |entity: &String, path: &String| {
        let mut changes = changes.iter().filter(|change| change.export == *entity);
        changes.any(|change| {
            change
                .patch
                .pointer(path)
                .is_some_and(|value| !value.is_null())
        })
    };
    fields
        .filter(|(entity, path)| !sent(entity, path))
        .map(|(entity, path)| format!("{entity}{path}"))
        .collect()
}

#[test]
fn ore() {
    let missing = run_whole(ore::FILE, |change| match &*change.export {
        "OreRound" => lost::<ore::OreRound>(change),
        "OreTreasury" => lost::<ore::OreTreasury>(change),
        _ => lost::<ore::OreMiner>(change),
    });
    assert_eq!(missing, [""; 0]);
}

#[test]
fn pumpfun() {
    let missing = run_whole(pumpfun::FILE, lost::<pumpfun::PumpfunToken>);
    // No event fills these.
    let prices = ["current_price_sol", "market_cap_sol"];
    assert_eq!(
        missing,
        prices.map(|name| format!("PumpfunToken/reserves/{name}"))
    );
}

/// A stack of this workspace with shapes that the others lack.
#[test]
fn shapes() {
    let missing = run_whole(shapes::FILE, lost::<shapes::Vault>);
    assert_eq!(missing, [""; 0]);
}

/// A defect of the machine: the ninth picked field of an event overwrites the row's key, so the event goes to
/// another row.
#[test]
fn the_ninth_field_of_an_event_is_taken_for_the_key() {
    let key = |picked: usize| {
        let mut stack: Value = serde_json::from_str(shapes::FILE).expect("JSON");
        let log = &mut stack["entities"][0]["handlers"][2]["mappings"][1];
        let fields = &mut log["source"]["AsEvent"]["fields"];
        *fields = vec![fields[0].clone(); picked].into();
        let stack = stack.to_string();
        let event = Chain::new(&stack).event("shapes::BidEventCpiEvent", Size::Small);
        Machine::new(&stack).process(&event)[0].key.clone()
    };
    assert_eq!(key(8), ADDRESS);
    assert_eq!(key(9), 1);
}

#[test]
fn a_sum_above_the_signed_range_is_negative() {
    let mut bid = Chain::new(shapes::FILE).event("shapes::PlaceBidIxState", Size::Small);
    bid.value["data"]["amount"] = u64::MAX.into();
    let changes = Machine::new(shapes::FILE).process(&bid);
    assert_eq!(changes[0].patch["bids"]["sum"], -1);
    assert_eq!(changes[0].patch["bids"]["max"], u64::MAX);
}

/// The number is computed from a hidden value that waits for the instruction that reveals it.
#[test]
fn a_field_computed_while_its_hidden_input_waits_is_not_sent() {
    let sent = |order: [&str; 3]| {
        let (chain, mut machine) = (Chain::new(ore::FILE), Machine::new(ore::FILE));
        let events = order.map(|kind| chain.event(kind, Size::Small));
        let mut changes = events.iter().flat_map(|event| machine.process(event));
        changes.any(|change| change.patch["results"]["rng"].is_number())
    };
    let (round, value, reveal) = (
        "ore::RoundState",
        "entropy::VarState",
        "entropy::RevealIxState",
    );
    assert!(sent([round, reveal, value]));
    assert!(!sent([round, value, reveal]));
}
