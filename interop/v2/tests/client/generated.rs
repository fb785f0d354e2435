//! Types that `hs` generates from artifacts, with what the published virtual machine and server make of the data of
//! their programs.

use hyperstack_interop_v2::{entity, wide, Chain, Change, Event, Machine, Setup, Size, ADDRESS};
use hyperstack_sdk::Record;

use super::*;

#[path = "../../../../hyperstack-cli/fixtures/generated/src/v2_lending/mod.rs"]
mod lending;
#[path = "../../../../hyperstack-cli/fixtures/generated/src/v2_ore/mod.rs"]
mod ore;
#[path = "../../../../hyperstack-cli/fixtures/generated/src/v2_token/mod.rs"]
mod token;

macro_rules! artifact {
    ($path:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!(
            "../../../../hyperstack-cli/fixtures/v2/",
            $path
        )))
        .expect("an artifact is JSON")
    };
}

/// A stack: the entities of its live-spec, and the IDLs of its programs.
fn stack(live: &Value, programs: &[Value]) -> Value {
    let programs = programs.iter();
    let idls: Vec<_> = programs
        .map(|program| &program["payload"]["idlSnapshot"])
        .collect();
    json!({"entities": live["payload"]["entities"], "idls": idls})
}

fn lending_stack() -> Value {
    stack(
        &artifact!("lending/LendingDesk.live-spec.json"),
        &[artifact!("lending/lending.program-spec.json")],
    )
}

fn ore_stack() -> Value {
    stack(
        &artifact!("ore/OreStream.live-spec.json"),
        &[
            artifact!("ore/ore.program-spec.json"),
            artifact!("ore/entropy.program-spec.json"),
        ],
    )
}

fn token_stack() -> Value {
    stack(
        &artifact!("token/TokenStream.live-spec.json"),
        &[artifact!("token/pump.program-spec.json")],
    )
}

/// Starts a server of the stack's entities. Like the real one, it sends fields as text that are declared 64 or 128 bits
/// wide.
fn server(stack: &Value) -> Server {
    let mut views = Vec::new();
    for spec in stack["entities"].as_array().expect("entities") {
        let mut own = entity(spec["state_name"].as_str().expect("a name"));
        let fields = spec["field_mappings"].as_object().expect("fields");
        let is_wide = |field: &Value| {
            let declared = format!("{} {}", field["rust_type_name"], field["inner_type"]);
            let wide = ["u64", "i64", "u128", "i128"];
            wide.iter().any(|name| declared.contains(name))
        };
        let paths = fields.iter().filter(|(_, field)| is_wide(field));
        let paths: Vec<&str> = paths.map(|(path, _)| path.as_str()).collect();
        wide(&mut own, &paths);
        views.extend(own);
    }
    Setup::new(views).start()
}

/// Runs the stack on events of all kinds and sizes, each twice, because another event may make the first one possible.
fn events(stack: &Value) -> Vec<Event> {
    let chain = Chain::new(&stack.to_string());
    let sizes = [Size::Small, Size::Great, Size::Empty, Size::Small];
    sizes.map(|size| chain.events(size)).concat()
}

/// Checks that rows of the type have every value that the server has.
async fn arrives<T: Entity<Data = T> + Record + Default>(server: &Server, hs: &HyperStack) {
    let rows = server.rows(&format!("{}/list", T::NAME)).await;
    assert!(!rows.is_empty(), "no {}", T::NAME);
    for (key, sent) in rows {
        let row = deadline(hs.try_get::<T>(&key)).await;
        if let (Err(ReadError::Partial(_)), ADDRESS) = (&row, &*key) {
            // An instruction names a round that the machine does not know: its row has the account's address as key, and
            // no `round_id`.
            assert_eq!(sent.pointer("/id/round_id"), None);
            continue;
        }
        let row = row.unwrap_or_else(|error| panic!("{} {key}: {error}", T::NAME));
        let row = row.unwrap_or_else(|| panic!("{} {key} did not arrive: {sent}", T::NAME));
        let arrived = serde_json::to_value(T::default().diff(&row)).expect("JSON");
        holds(T::NAME, &arrived, &sent);
    }
}

/// Checks that `arrived` has what was sent. Integers may be text on either side.
fn holds(path: &str, arrived: &Value, sent: &Value) {
    match (arrived, sent) {
        (Value::Object(arrived), Value::Object(sent)) => {
            for (name, sent) in sent.iter().filter(|(name, _)| !name.starts_with('_')) {
                let path = format!("{path}.{name}");
                // The difference to the default lacks what equals it: empty sections, and a key of zero.
                let arrived = arrived.get(name).unwrap_or(&Value::Null);
                let defaults = [json!({}), json!(0), json!("0"), json!("")];
                if !(arrived.is_null() && defaults.contains(sent)) {
                    holds(&path, arrived, sent);
                }
            }
        }
        (Value::Array(arrived), Value::Array(sent)) if arrived.len() == sent.len() => {
            for (arrived, sent) in arrived.iter().zip(sent) {
                holds(path, arrived, sent);
            }
        }
        _ => {
            let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
            let is_same_float =
                arrived.is_f64() && text(sent).parse() == Ok(arrived.as_f64().unwrap_or(f64::NAN));
            let is_same = text(arrived) == text(sent) || is_same_float;
            assert!(is_same, "{path}: sent {sent}, arrived {arrived}");
        }
    }
}

/// Feeds the events to the virtual machine, and its changes to the server.
async fn run(stack: &Value, events: &[Event]) -> (Server, HyperStack) {
    let (server, mut machine) = (server(stack), Machine::new(&stack["entities"]));
    let hs = connect(&server).await;
    for event in events {
        let changes = machine.process(event);
        server.apply(changes.into_iter().map(Change::from)).await;
    }
    (server, hs)
}

#[tokio::test]
async fn rows_of_all_entities_arrive() {
    let stack = ore_stack();
    let (server, hs) = run(&stack, &events(&stack)).await;
    arrives::<ore::OreRound>(&server, &hs).await;
    arrives::<ore::OreTreasury>(&server, &hs).await;
    arrives::<ore::OreMiner>(&server, &hs).await;
    assert_eq!(hs.stats().row_errors, 0);

    let stack = token_stack();
    let (server, hs) = run(&stack, &events(&stack)).await;
    arrives::<token::PumpToken>(&server, &hs).await;
    assert_eq!(hs.stats().row_errors, 0);

    let stack = lending_stack();
    let (server, hs) = run(&stack, &events(&stack)).await;
    arrives::<lending::Loan>(&server, &hs).await;
    arrives::<lending::ReservePool>(&server, &hs).await;
    assert_eq!(hs.stats().row_errors, 0);
}

#[tokio::test]
async fn enums_with_data_events_and_wide_integers_arrive() {
    let stack = lending_stack();
    let chain = Chain::new(&stack.to_string());
    let kinds = ["lending::PositionState", "lending::RepayIxState"];
    let events = kinds.map(|kind| chain.event(kind, Size::Great));
    let (_server, hs) = run(&stack, &events).await;
    let loan = deadline(hs.get::<lending::Loan>(ADDRESS))
        .await
        .expect("a row");
    let secured = lending::Terms::Secured(ADDRESS.to_owned());
    assert_eq!(loan.terms.agreed, Some(Some(secured)));
    assert_eq!(loan.state.delta, Some(Some(i128::MIN)));
    // The server does not find `collateralRaw` in the account, whose names are in snake case.
    assert_eq!(
        (loan.state.collateral_raw, loan.state.opened_at),
        (Some(None), None)
    );
    let account = loan.account.flatten().expect("an account").data;
    assert_eq!(account.collateral_raw, Some(u128::MAX));
    let repaid = loan.events.repayments.expect("an instruction");
    assert_eq!(
        (repaid.data.amount, repaid.data.memo_text),
        (Some((1 << 53) + 1), None)
    );
    assert!(repaid.slot.is_some() && loan.events.last_repaid.flatten().is_some());
}
