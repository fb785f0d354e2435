//! The rows: a round with two sections, a list that grows, and fields that come and go.

use hyperstack_sdk::{Entity, Section, Views};
use serde_json::{json, Value};

/// The number of list elements that both servers and the client keep.
pub const KEPT: usize = 100;

/// The number of rows in the derived view.
pub const RANKED: usize = 20;

/// The path by whose value the derived view is sorted, the greatest first.
pub const RANK: &str = "state.miners";

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(ranked)]
pub struct Round {
    pub id: Id,
    pub state: State,
    pub open: Option<bool>,
    pub note: Option<i64>,
    /// When a state catches up, `arete-server` sends null for a field that the row has lost.
    #[field(default, append(max = KEPT))]
    pub log: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq, Section)]
pub struct Id {
    pub round_id: u64,
    pub address: String,
}

#[derive(Debug, Clone, PartialEq, Section)]
pub struct State {
    pub miners: u64,
    pub deployed: f64,
    pub squares: Vec<u64>,
    pub expires_at: Option<i64>,
}

/// Returns a client's row as JSON with all fields. It does not use the SDK's encoder, which is under test too.
pub fn client_row(round: &Round) -> Value {
    let Round {
        id,
        state,
        open,
        note,
        log,
    } = round;
    let Id { round_id, address } = id;
    let State {
        miners,
        deployed,
        squares,
        expires_at,
    } = state;
    json!({
        "id": {"round_id": round_id, "address": address},
        "state": {"miners": miners, "deployed": deployed, "squares": squares, "expires_at": expires_at},
        "open": open,
        "note": note,
        "log": log,
    })
}

/// Returns a server's row as the client should have it. A field that the row lacks is null, and a list is empty.
pub fn server_row(row: Value) -> Value {
    let mut whole = json!({
        "id": {"round_id": null, "address": null},
        "state": {"miners": null, "deployed": null, "squares": null, "expires_at": null},
        "open": null,
        "note": null,
    });
    merge(&mut whole, plain(row));
    if whole["log"].is_null() {
        whole["log"] = json!([]);
    }
    whole
}

/// Returns JSON without the server's own fields, and with the integers that the server sends as text.
pub fn plain(json: Value) -> Value {
    match json {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, _)| !name.starts_with('_'))
            .map(|(name, value)| (name, plain(value)))
            .collect(),
        Value::Array(elements) => elements.into_iter().map(plain).collect(),
        Value::String(text) => match (text.parse::<u64>(), text.parse::<i64>()) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            _ => text.into(),
        },
        other => other,
    }
}

fn merge(whole: &mut Value, part: Value) {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            for (name, value) in part {
                merge(whole.entry(name).or_insert(Value::Null), value);
            }
        }
        (whole, part) => *whole = part,
    }
}
