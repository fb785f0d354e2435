//! The generated types of the stack files, and changes decoded into them.

use hyperstack_interop::{Chain, Machine, Size, ADDRESS};
use hyperstack_interpreter::ast::ResolverType;
use hyperstack_interpreter::{record_slot_hash, Mutation, ResolverRequest};
use hyperstack_sdk::{Patch, Record};
use hyperstack_server::websocket::frame::transform_large_u64_to_strings;
use serde_json::{json, Value};

pub(crate) mod ore {
    include!(concat!(env!("OUT_DIR"), "/ore_stream.rs"));

    pub(crate) const FILE: &str =
        include_str!("../../hyperstack-cli/fixtures/specs/OreStream@0.6.9.stack.json");
}

pub(crate) mod pumpfun {
    #![allow(dead_code)]
    include!(concat!(env!("OUT_DIR"), "/pumpfun_token.rs"));

    pub(crate) const FILE: &str =
        include_str!("../../hyperstack-cli/fixtures/specs/PumpfunToken@70dcbde.ast.json");
}

pub(crate) mod shapes {
    #![allow(dead_code)]
    include!(concat!(env!("OUT_DIR"), "/shapes.rs"));

    pub(crate) const FILE: &str = include_str!("../specs/Shapes.stack.json");
}

pub(crate) mod game {
    #![allow(dead_code)]
    include!(concat!(env!("OUT_DIR"), "/settlement_game.rs"));

    pub(crate) const FILE: &str =
        include_str!("../../examples/.hyperstack/SettlementGame.stack.json");
}

/// Runs a stack on events of all kinds and sizes, in either order. Each event comes twice, because another
/// one may have waited for it.
pub(crate) fn run(stack: &str) -> Vec<Mutation> {
    // The hash of the slot in the small events, in base58. Other hashes are unknown.
    record_slot_hash(1, ADDRESS.to_owned());
    let chain = Chain::new(stack);
    let mut changes = Vec::new();
    for backwards in [false, true] {
        let mut machine = Machine::new(stack);
        for size in [Size::Small, Size::Great, Size::Empty] {
            let mut events = chain.events(size);
            if backwards {
                events.reverse();
            }
            for event in events.iter().chain(&events) {
                changes.extend(machine.process(event));
                changes.extend(machine.resolve(|request| answer(request, size)));
            }
        }
    }
    changes
}

/// The answers of the server's resolvers.
pub(crate) fn answer(request: &ResolverRequest, size: Size) -> Value {
    match (&request.resolver, size) {
        (ResolverType::Token, Size::Small) => json!({
            "mint": request.input,
            "name": "Ore",
            "symbol": "ORE",
            "decimals": 11,
            "logo_uri": "https://ore.example/logo.png",
        }),
        // Unknown fields of a token are null.
        (ResolverType::Token, _) => json!({
            "mint": request.input,
            "name": null,
            "symbol": null,
            "decimals": null,
            "logo_uri": null,
        }),
        (ResolverType::Url(_), _) => json!({"seed": vec![7; 32], "image": "https://ore.example"}),
    }
}

/// Returns a change as the server sends it.
pub(crate) fn sent(change: &Mutation) -> Value {
    let mut patch = change.patch.clone();
    transform_large_u64_to_strings(&mut patch);
    patch
}

/// Decodes a change as a patch of the generated type.
pub(crate) fn patch<T: Record>(change: &Mutation) -> T::Patch {
    let json = sent(change).to_string();
    match T::Patch::decode(&json, &change.append) {
        Ok(patch) => patch,
        Err(error) => panic!("{}: {error}: {json}", change.export),
    }
}

/// Returns the values of a change that the generated type lacks or changes.
pub(crate) fn lost<T: Record>(change: &Mutation) -> Vec<String> {
    let kept = serde_json::to_value(patch::<T>(change)).expect("a patch is JSON");
    let mut lost = Vec::new();
    compare(&change.export, &sent(change), &kept, &mut lost);
    lost
}

fn compare(path: &str, sent: &Value, kept: &Value, lost: &mut Vec<String>) {
    match (sent, kept) {
        (Value::Object(sent), Value::Object(kept)) => {
            for (name, sent) in sent {
                let path = format!("{path}.{name}");
                match kept.get(name) {
                    Some(kept) => compare(&path, sent, kept, lost),
                    None => lost.push(format!("{path} is lost")),
                }
            }
            // In a type that is replaced whole, a missing optional value is null.
            let more = kept.iter().filter(|(name, _)| !sent.contains_key(*name));
            for (name, _) in more.filter(|(_, kept)| !kept.is_null()) {
                lost.push(format!("{path}.{name} was not sent"));
            }
        }
        (Value::Array(sent), Value::Array(kept)) if sent.len() == kept.len() => {
            for (i, (sent, kept)) in sent.iter().zip(kept).enumerate() {
                compare(&format!("{path}.{i}"), sent, kept, lost);
            }
        }
        _ if sent == kept || number(sent).is_some_and(|n| Some(n) == number(kept)) => {}
        _ => lost.push(format!("{path} was {sent} and is {kept}")),
    }
}

/// An integer in text is the same as the number.
fn number(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if number.is_f64() => number.as_f64().map(|n| n.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => text.parse::<i128>().ok().map(|n| n.to_string()),
        _ => None,
    }
}
