//! Recorded sessions with the real server, played back. The client's rows at the end must equal those of the
//! frames, computed here from the JSON alone.

use std::collections::HashMap;
use std::fmt::Debug;
use std::path::Path;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Pace, Recording, Refusal, Side, TestServer};
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::support::{next, soon};

#[derive(Debug, Clone, PartialEq, Serialize, Entity, Views)]
#[view(latest, single)]
#[view(top5)]
#[view(one, keyed, id = "OreRound/state")]
struct OreRound {
    _seq: String,
    id: RoundId,
    state: RoundState,
    results: RoundResults,
    metrics: RoundMetrics,
    treasury: RoundTreasury,
    entropy: RoundEntropy,
    ore_metadata: OreMetadata,
}

#[derive(Debug, Clone, PartialEq, Serialize, Section)]
struct RoundId {
    round_id: u64,
    round_address: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Section)]
struct RoundState {
    count_per_square: Vec<u64>,
    deployed_per_square: Vec<u64>,
    deployed_per_square_ui: Vec<f64>,
    estimated_expires_at_unix: Option<i64>,
    expires_at: Option<i64>,
    motherlode: Option<Option<f64>>,
    total_deployed: Option<f64>,
    total_miners: Option<u32>,
    total_vaulted: Option<Option<f64>>,
    total_winnings: Option<Option<f64>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Section)]
struct RoundResults {
    did_hit_motherlode: Option<Option<bool>>,
    rng: Option<Option<u64>>,
    top_miner: Option<Option<String>>,
    top_miner_reward: Option<Option<f64>>,
    winning_square: Option<Option<u8>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Section)]
struct RoundMetrics {
    checkpoint_count: Option<u32>,
    deploy_count: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Section)]
struct RoundTreasury {
    motherlode: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Section)]
struct RoundEntropy {
    entropy_samples: Option<u64>,
    entropy_start_at: Option<u64>,
    entropy_value: Option<Option<String>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Section)]
struct OreMetadata {
    decimals: Option<u8>,
    logo_uri: Option<Option<String>>,
    mint: Option<String>,
    name: Option<String>,
    symbol: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Entity, Views)]
#[view(entries, id = "Log/append")]
struct Log {
    _seq: String,
    lines: Vec<String>,
    message: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Entity, Views)]
#[view(by_volume)]
struct PumpfunToken {
    _seq: String,
    id: TokenId,
    info: TokenInfo,
    reserves: TokenReserves,
    trading: TokenTrading,
    events: TokenEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Section)]
struct TokenId {
    mint: String,
    bonding_curve: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Section)]
struct TokenInfo {
    is_complete: Option<bool>,
    name: Option<String>,
    symbol: Option<String>,
    uri: Option<Option<String>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Section)]
struct TokenReserves {
    current_price_sol: Option<Option<f64>>,
    real_sol_reserves: Option<u64>,
    real_token_reserves: Option<u64>,
    token_total_supply: Option<u64>,
    virtual_sol_reserves: Option<u64>,
    virtual_token_reserves: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Section)]
struct TokenTrading {
    largest_trade: Option<Option<u64>>,
    last_trade_price: Option<Option<f64>>,
    last_trade_timestamp: Option<Option<i64>>,
    total_buy_volume: Option<u64>,
    total_sell_volume: Option<u64>,
    total_trades: Option<u64>,
    total_volume: Option<u64>,
    unique_traders: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Section)]
struct TokenEvents {
    create: Option<Creation>,
    buys: Vec<Trade>,
    sells: Vec<Trade>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Section)]
struct Creation {
    timestamp: Option<i64>,
    data: CreationData,
}

#[derive(Debug, Clone, PartialEq, Serialize, Section)]
struct CreationData {
    name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Leaf)]
struct Trade {
    signature: String,
    slot: u64,
    timestamp: i64,
    data: TradeData,
}

#[derive(Debug, Clone, PartialEq, Serialize, Leaf)]
struct TradeData {
    sol_amount: u64,
    user: String,
}

/// A view after all frames of a recording, computed by the rules of the protocol without the SDK: rows as
/// JSON, and their order.
struct Expected {
    sort: Option<(Vec<String>, bool)>,
    /// In the order of their arrival.
    rows: Vec<(String, Value)>,
    frames: usize,
}

impl Expected {
    fn of(recording: &Recording, view: &str) -> Self {
        let mut expected = Expected {
            sort: None,
            rows: Vec::new(),
            frames: 0,
        };
        let from_server = recording.iter().filter(|entry| entry.from == Side::Server);
        for entry in from_server {
            let frame: Value = serde_json::from_str(&entry.text).unwrap();
            if frame["op"] == "subscribed" && frame["view"] == view {
                expected.sort = sort_of(&frame["sort"]);
            } else if frame["entity"] == view {
                expected.frames += 1;
                expected.apply(frame);
            }
        }
        assert!(expected.frames > 0, "nothing of {view} was recorded");
        expected.put_in_order();
        expected
    }

    fn apply(&mut self, mut frame: Value) {
        let append = match &frame["append"] {
            Value::Array(paths) => paths
                .iter()
                .map(|path| path.as_str().unwrap().to_owned())
                .collect(),
            _ => Vec::new(),
        };
        let (key, data) = (frame["key"].clone(), frame["data"].take());
        let key = || key.as_str().unwrap().to_owned();
        match frame["op"].as_str().unwrap() {
            "snapshot" => {
                for mut row in data.as_array().unwrap().clone() {
                    let key = row["key"].as_str().unwrap().to_owned();
                    *self.row(key) = row["data"].take();
                }
            }
            "upsert" => *self.row(key()) = data,
            "patch" => merge(self.row(key()), data, "", &append),
            "delete" => {
                let gone = key();
                self.rows.retain(|(key, _)| *key != gone);
            }
            other => panic!("an operation unheard of: {other}"),
        }
    }

    fn row(&mut self, key: String) -> &mut Value {
        let known = self.rows.iter().position(|(held, _)| *held == key);
        let index = known.unwrap_or_else(|| {
            self.rows.push((key, Value::Object(Map::new())));
            self.rows.len() - 1
        });
        &mut self.rows[index].1
    }

    /// Sorts by the announced sort, ties by key. Without a sort, rows stay in the order of their arrival.
    fn put_in_order(&mut self) {
        let Some((path, descends)) = &self.sort else {
            return;
        };
        let rank = |row: &Value| {
            let at = path.iter().fold(row, |value, name| &value[name]);
            match at {
                Value::Number(number) => (number.as_f64().unwrap(), 0),
                // In these sessions, the only texts in sorts are positions: a slot and an index.
                Value::String(seq) => {
                    let (slot, index) = seq.split_once(':').unwrap();
                    (slot.parse().unwrap(), index.parse::<u64>().unwrap())
                }
                other => panic!("sorted by {other}"),
            }
        };
        self.rows.sort_by(|(a_key, a), (b_key, b)| {
            let order = rank(a).partial_cmp(&rank(b)).unwrap();
            let order = if *descends { order.reverse() } else { order };
            order.then_with(|| a_key.cmp(b_key))
        });
    }
}

fn sort_of(sort: &Value) -> Option<(Vec<String>, bool)> {
    let path = sort["field"].as_array()?.iter();
    let path = path.map(|name| name.as_str().unwrap().to_owned()).collect();
    Some((path, sort["order"] == "desc"))
}

/// Merges objects key by key, appends to the arrays that `append` names, and replaces anything else.
fn merge(base: &mut Value, patch: Value, path: &str, append: &[String]) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (name, value) in patch {
                let inner = match path {
                    "" => name.clone(),
                    path => format!("{path}.{name}"),
                };
                match base.get_mut(&name) {
                    Some(known) => merge(known, value, &inner, append),
                    None => drop(base.insert(name, value)),
                }
            }
        }
        (Value::Array(base), Value::Array(patch)) if append.iter().any(|listed| listed == path) => {
            base.extend(patch);
        }
        (base, patch) => *base = patch,
    }
}

/// Asserts that `typed`, the struct encoded by serde, has every leaf of `json`. Numbers may be spelt
/// differently, and fields that were never sent may be null or empty.
fn same(typed: &Value, json: &Value, path: &str) {
    match (typed, json) {
        (Value::Object(typed), Value::Object(json)) => {
            for (name, value) in json {
                let inner = format!("{path}.{name}");
                let Some(typed) = typed.get(name) else {
                    panic!("{inner} is not in the struct");
                };
                same(typed, value, &inner);
            }
            for (name, value) in typed {
                assert!(
                    json.contains_key(name) || is_nothing(value),
                    "{path}.{name} came from nowhere: {value}"
                );
            }
        }
        (Value::Array(typed), Value::Array(json)) => {
            assert_eq!(typed.len(), json.len(), "{path}");
            for (index, (typed, json)) in typed.iter().zip(json).enumerate() {
                same(typed, json, &format!("{path}[{index}]"));
            }
        }
        (Value::Number(typed), Value::String(json)) => {
            assert_eq!(typed.to_string(), *json, "{path}")
        }
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => {
            assert_eq!(a.as_f64(), b.as_f64(), "{path}");
        }
        (typed, json) => assert_eq!(typed, json, "{path}"),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_nothing),
        _ => false,
    }
}

/// Decodes a row from its whole JSON.
fn decoded<T>(json: &Value) -> T
where
    T: Record + TryFrom<T::Patch, Error = PatchError>,
    T::Patch: DeserializeOwned,
{
    let patch: T::Patch = serde_json::from_value(json.clone()).unwrap();
    T::try_from(patch).unwrap()
}

fn check_row<T>(row: &T, json: &Value)
where
    T: Record + TryFrom<T::Patch, Error = PatchError> + Serialize + PartialEq + Debug,
{
    assert_eq!(*row, decoded::<T>(json));
    same(&serde_json::to_value(row).unwrap(), json, "");
}

/// Checks the rows, their order, and a stream that was not read until the end.
async fn check<T>(rows: Vec<T>, mut updates: EntityStream<T>, expected: &Expected)
where
    T: Record + TryFrom<T::Patch, Error = PatchError> + Serialize + PartialEq + Debug,
{
    let json = |row: &T| serde_json::to_value(row).unwrap();
    let order: Vec<_> = rows.iter().map(|row| json(row)["_seq"].clone()).collect();
    let expected_order: Vec<_> = expected
        .rows
        .iter()
        .map(|(_, row)| row["_seq"].clone())
        .collect();
    assert_eq!(order, expected_order);
    for (row, (_, json)) in rows.iter().zip(&expected.rows) {
        check_row(row, json);
    }
    let mut read: HashMap<String, T> = HashMap::new();
    while let Some(update) = soon(updates.next()).await {
        match update {
            Update::Upsert { key, data } | Update::Patch { key, data } => {
                read.insert(key, data);
            }
            Update::Delete { key } => assert!(read.remove(&key).is_some(), "{key} was not there"),
        }
    }
    assert_eq!(
        updates.end_reason(),
        Some(&EndReason::Closed(CloseReason::Disconnected))
    );
    assert_eq!(read.len(), rows.len());
    for (row, (key, _)) in rows.iter().zip(&expected.rows) {
        assert_eq!(read.get(key), Some(row));
    }
}

/// A recording, a server that plays it, and a client.
struct Session {
    recording: Recording,
    server: TestServer,
    hs: HyperStack,
}

impl Session {
    async fn new(name: &str) -> anyhow::Result<Self> {
        let recordings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../recordings");
        let recording = Recording::open(recordings.join(name))?;
        let server = TestServer::builder()
            .replay(recording.clone(), Pace::Instant)
            .start()
            .await?;
        let hs = HyperStack::connect(server.url()).await?;
        Ok(Session {
            recording,
            server,
            hs,
        })
    }

    fn expected(&self, view: &str) -> Expected {
        Expected::of(&self.recording, view)
    }

    /// Waits until the client has read the whole recording, and checks that there were no faults.
    async fn played(&self) {
        let mut faults = self.hs.faults();
        soon(self.server.wait_replayed()).await;
        // This message comes after all the others.
        self.server.send_issue(&Refusal::new("the-end"), false);
        match next(&mut faults).await {
            Fault::Issue(issue) => assert_eq!(issue.code, "the-end"),
            other => panic!("{other}"),
        }
        let stats = self.hs.stats();
        assert_eq!((stats.row_errors, stats.frame_errors), (0, 0));
        assert_eq!((stats.partial_rows, stats.evicted_rows), (0, 0));
        assert_eq!(self.server.connections_accepted(), 1);
    }
}

/// Subscribes with the stream's first poll, and reads the snapshot's first row.
async fn begun<T: Record>(mut updates: EntityStream<T>) -> EntityStream<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = futures_util::Stream::poll_next(std::pin::Pin::new(&mut updates), &mut context);
    assert!(polled.is_pending());
    updates
}

#[tokio::test]
async fn ore() -> anyhow::Result<()> {
    let session = Session::new("ore.jsonl.gz").await?;
    assert_eq!(
        session.recording.views(),
        [
            "OreRound/list",
            "OreRound/latest",
            "OreRound/top5",
            "OreRound/state",
            "Log/append"
        ]
    );
    let (rounds, logs) = (
        session.hs.views::<OreRoundViews>(),
        session.hs.views::<LogViews>(),
    );
    let list = begun(rounds.list().watch()).await;
    let latest = begun(rounds.latest().watch()).await;
    let top5 = begun(rounds.top5().watch()).await;
    let one = begun(rounds.one().watch("179")).await;
    let entries = begun(logs.entries().watch()).await;
    for view in session.recording.views() {
        soon(session.server.wait_for_subscription(&view)).await;
    }
    session.played().await;

    let rows = soon(rounds.list().get()).await;
    let first = soon(rounds.latest().get()).await;
    let window = soon(rounds.top5().get()).await;
    let row = soon(rounds.one().get("179")).await;
    let lines = soon(logs.entries().get()).await;
    session.hs.disconnect().await;

    let expected = session.expected("OreRound/list");
    assert_eq!((rows.len(), expected.rows.len()), (200, 200));
    check(rows, list, &expected).await;
    let expected = session.expected("OreRound/latest");
    assert_eq!(expected.rows.len(), 1);
    check(Vec::from_iter(first), latest, &expected).await;
    let expected = session.expected("OreRound/top5");
    assert_eq!(expected.rows.len(), 3);
    check(window, top5, &expected).await;
    let expected = session.expected("OreRound/state");
    assert_eq!(expected.rows.len(), 1);
    check(Vec::from_iter(row), one, &expected).await;
    check(lines, entries, &session.expected("Log/append")).await;
    Ok(())
}

#[tokio::test]
async fn tokens() -> anyhow::Result<()> {
    let session = Session::new("tokens.jsonl.gz").await?;
    assert_eq!(session.recording.views(), ["PumpfunToken/list"]);
    let tokens = session.hs.views::<PumpfunTokenViews>();
    let list = begun(tokens.list().watch()).await;
    soon(session.server.wait_for_subscription("PumpfunToken/list")).await;
    session.played().await;
    let rows = soon(tokens.list().get()).await;
    session.hs.disconnect().await;
    let expected = session.expected("PumpfunToken/list");
    // Something was appended to, or this would not test the merge.
    assert!(rows.iter().any(|row| row.events.buys.len() > 1));
    check(rows, list, &expected).await;
    Ok(())
}

#[tokio::test]
async fn tokens_with_a_window() -> anyhow::Result<()> {
    let session = Session::new("tokens-window.jsonl.gz").await?;
    assert_eq!(
        session.recording.views(),
        ["PumpfunToken/list", "PumpfunToken/by_volume"]
    );
    let tokens = session.hs.views::<PumpfunTokenViews>();
    let list = begun(tokens.list().watch()).await;
    let by_volume = begun(tokens.by_volume().watch()).await;
    for view in session.recording.views() {
        soon(session.server.wait_for_subscription(&view)).await;
    }
    session.played().await;
    let rows = soon(tokens.list().get()).await;
    let window = soon(tokens.by_volume().get()).await;
    session.hs.disconnect().await;
    check(rows, list, &session.expected("PumpfunToken/list")).await;
    let expected = session.expected("PumpfunToken/by_volume");
    assert_eq!(expected.rows.len(), 5);
    check(window, by_volume, &expected).await;
    Ok(())
}

#[tokio::test]
async fn every_recording_is_tested_here() -> anyhow::Result<()> {
    let recordings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../recordings");
    let mut names = Vec::new();
    for file in std::fs::read_dir(recordings)? {
        let name = file?.file_name().into_string().unwrap();
        // This recording is handmade, and an example plays it.
        if name.ends_with(".jsonl.gz") && name != "settlement-game.jsonl.gz" {
            names.push(name);
        }
    }
    names.sort_unstable();
    assert_eq!(
        names,
        ["ore.jsonl.gz", "tokens-window.jsonl.gz", "tokens.jsonl.gz"]
    );
    Ok(())
}

#[tokio::test]
async fn raw_rows() -> anyhow::Result<()> {
    let session = Session::new("tokens-window.jsonl.gz").await?;
    let tokens = session.hs.raw("PumpfunToken");
    let (list, window) = (tokens.list(), tokens.collection("PumpfunToken/by_volume"));
    let _reading = (begun(list.watch()).await, begun(window.watch()).await);
    for view in session.recording.views() {
        soon(session.server.wait_for_subscription(&view)).await;
    }
    session.played().await;
    for (rows, view) in [
        (soon(list.get()).await, "PumpfunToken/list"),
        (soon(window.get()).await, "PumpfunToken/by_volume"),
    ] {
        let expected = session.expected(view).rows.into_iter();
        assert_eq!(rows, expected.map(|(_, row)| row).collect::<Vec<_>>());
    }
    Ok(())
}
