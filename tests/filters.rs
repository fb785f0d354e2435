//! Filters by a field's value: matches, and invalid filters.

use std::collections::BTreeMap;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use serde_json::{json, Value};

use crate::support::{asked, client, next, pending, settled, soon};

#[derive(Debug, Clone, PartialEq, Entity, Views)]
struct Round {
    name: String,
    state: State,
    phase: Option<Phase>,
    tags: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct State {
    slot: u64,
    winner: Option<Option<String>>,
    odds: BTreeMap<String, f64>,
}

#[derive(Debug, Clone, PartialEq, Leaf)]
enum Phase {
    Open,
    #[leaf(rename = "CLOSED")]
    Closed,
}

fn round(name: &str, slot: Value, phase: Value) -> Value {
    json!({"name": name, "state": {"slot": slot, "odds": {"red": 0.5}}, "phase": phase, "tags": []})
}

async fn rounds() -> anyhow::Result<(TestServer, HyperStack, ListView<Round>)> {
    let server = TestServer::builder()
        .protocol(Protocol::V1)
        .entity("Round")
        .start()
        .await?;
    // The server sends an integer that a double cannot hold as a string.
    let large = json!(u64::MAX);
    server.upsert("Round", "a", round("a", json!(7), json!("Open")));
    server.upsert("Round", "b", round("b", large, json!("CLOSED")));
    server.upsert("Round", "c", round("c", json!(7), Value::Null));
    server.patch("Round", "b", json!({"state": {"winner": null}}));
    server.patch(
        "Round",
        "c",
        json!({"state": {"winner": "ada"}, "tags": ["x"]}),
    );
    let hs = client(&server).connect().await?;
    let list = hs.views::<RoundViews>().list();
    Ok((server, hs, list))
}

fn short(update: &Update<Round>) -> String {
    let kind = match update {
        Update::Upsert { .. } => "upsert",
        Update::Patch { .. } => "patch",
        Update::Delete { .. } => "delete",
    };
    format!("{kind} {}", update.key())
}

#[tokio::test]
async fn a_value_is_compared_as_the_fields_own_type() -> anyhow::Result<()> {
    let (server, _hs, list) = rounds().await?;
    assert_eq!(
        server.row("Round", "b").unwrap()["state"]["slot"],
        json!("18446744073709551615")
    );
    for (path, value, expected) in [
        // A nested path; integers as numbers and as text.
        ("state.slot", json!(7), &["c", "a"][..]),
        ("state.slot", json!("7"), &["c", "a"]),
        ("state.slot", json!(u64::MAX), &["b"]),
        ("state.slot", json!("18446744073709551615"), &["b"]),
        ("state.slot", json!(8), &[]),
        // Null is a value; a field that was never sent has none.
        ("state.winner", Value::Null, &["b"]),
        ("state.winner", json!("ada"), &["c"]),
        ("phase", Value::Null, &["c"]),
        // A variant by its name on the wire.
        ("phase", json!("CLOSED"), &["b"]),
        ("phase", json!("Open"), &["a"]),
        // Lists match as a whole; sections and maps match by the given members.
        ("tags", json!(["x"]), &["c"]),
        ("tags", json!([]), &["b", "a"]),
        ("state", json!({"slot": 7, "winner": "ada"}), &["c"]),
        ("state.odds.red", json!(0.5), &["c", "b", "a"]),
        ("state.odds.blue", json!(0.5), &[]),
    ] {
        let filtered = list.clone().filter(path, value.clone());
        let rows = soon(filtered.try_get()).await?;
        let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, expected, "{path} is {value}");
    }
    let none: Option<&str> = None;
    assert_eq!(
        soon(list.clone().filter("phase", none).get()).await.len(),
        1
    );
    let both = list.filter("state.slot", 7).filter("phase", "Open");
    assert_eq!(soon(both.get()).await.len(), 1);
    // The client subscribes to the whole list, and the server does not filter.
    let subscribe = json!({"type": "subscribe", "view": "Round/list"});
    let messages = asked(&server, "Round/list").into_iter();
    let subscribes = messages.filter(|message| message["type"] == "subscribe");
    assert!(subscribes.into_iter().all(|message| message == subscribe));
    Ok(())
}

#[tokio::test]
async fn a_stream_follows_rows_that_enter_and_leave_the_filter() -> anyhow::Result<()> {
    let (server, hs, list) = rounds().await?;
    let mut open = list.clone().filter("phase", "Open").watch();
    let mut undecided = list.filter("state.winner", Value::Null).watch_rich();
    assert_eq!(short(&next(&mut open).await), "upsert a");
    assert_eq!(next(&mut undecided).await.key(), "b");
    for (key, patch) in [
        ("b", json!({"phase": "Open", "state": {"winner": "eve"}})),
        ("a", json!({"tags": ["y"]})),
        ("a", json!({"phase": null})),
        ("c", json!({"tags": ["z"]})),
        ("b", json!({"state": {"slot": 9}})),
        ("a", json!({"state": {"winner": null}})),
        ("b", json!({"phase": "CLOSED"})),
    ] {
        server.patch("Round", key, patch);
    }
    settled(&server, hs.faults()).await;
    let seen: Vec<_> = pending(&mut open).iter().map(short).collect();
    assert_eq!(
        seen,
        ["patch b", "patch a", "delete a", "patch b", "delete b"]
    );
    let seen = pending(&mut undecided);
    let [gone, came] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert!(gone.is_deleted() && gone.key() == "b", "{gone:?}");
    // The row is as it was when it last passed the filter.
    let winner = gone.before().and_then(|row| row.state.winner.clone());
    assert_eq!(winner, Some(None));
    assert!(came.is_created() && came.key() == "a", "{came:?}");
    Ok(())
}

#[tokio::test]
async fn a_bad_field_leaves_the_filtered_row_as_it_was() -> anyhow::Result<()> {
    let (server, hs, list) = rounds().await?;
    let open = list.filter("phase", "Open");
    let mut updates = open.try_watch();
    assert!(next(&mut updates).await.is_ok());
    server.patch("Round", "a", json!({"state": {"slot": "x"}}));
    let error = next(&mut updates).await.unwrap_err();
    let StreamError::Row(error) = error else {
        panic!("{error}");
    };
    assert_eq!((error.key.as_str(), error.path()), ("a", "state.slot"));
    assert_eq!(open.get_sync().len(), 1);
    assert_eq!(hs.stats().row_errors, 1);
    Ok(())
}

#[tokio::test]
async fn a_filter_that_matches_no_row_is_an_error_and_sends_nothing() -> anyhow::Result<()> {
    let (server, hs, list) = rounds().await?;
    for (path, value, text) in [
        (
            "state.slt",
            json!(7),
            "Round.state.slt: no such field, did you mean `slot`?",
        ),
        ("colour", json!(7), "Round.colour: no such field"),
        (
            "tags.first",
            json!("x"),
            "Round.tags: cannot filter by `first` alone, because the field is compared as a whole \
             (filter by `tags` and a complete value)",
        ),
    ] {
        let filtered = list.clone().filter(path, value);
        let error = soon(filtered.try_get()).await.unwrap_err();
        assert!(matches!(error, ReadError::Filter(_)), "{error:?}");
        assert_eq!(error.to_string(), text);
    }
    for (path, value, part) in [
        ("state.slot", json!("seven"), "state.slot"),
        ("state.slot", json!(-1), "state.slot"),
        ("state.slot", json!(1.5), "state.slot"),
        ("phase", json!("Ajar"), "phase"),
        ("name", json!(7), "name"),
    ] {
        let filtered = list.clone().filter(path, value);
        let error = soon(filtered.try_get()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(part), "{text}");
        let ReadError::Filter(cause) = error else {
            panic!("{error}");
        };
        assert!(matches!(cause, FilterError::Value(_)), "{cause:?}");

        assert_eq!(soon(filtered.get()).await, []);
        assert_eq!(filtered.get_sync(), []);
        assert_eq!(soon(filtered.shared().get()).await, []);
        let reason = EndReason::Filter(cause);
        let mut updates = filtered.watch();
        assert_eq!(soon(updates.next()).await, None);
        assert_eq!(updates.end_reason(), Some(&reason));
        let mut rows = filtered.listen();
        assert_eq!(soon(rows.next()).await, None);
        assert_eq!(rows.end_reason(), Some(&reason));
        let mut errors = filtered.clone().take(1).try_watch();
        assert_eq!(
            soon(errors.next()).await,
            Some(Err(StreamError::Ended(reason)))
        );
        assert_eq!(soon(errors.next()).await, None);
    }
    assert_eq!(asked(&server, "Round/list"), [json!(null); 0]);
    // A second filter does not fix the first one, and other readers are not affected.
    let wrong = list.clone().filter("colour", 1).filter("name", "a");
    assert!(soon(wrong.try_get()).await.is_err());
    assert_eq!(soon(list.get()).await.len(), 3);
    assert_eq!(hs.end_reason(), None);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Leaf)]
enum Side {
    #[leaf(rename = "RED")]
    Red,
    #[leaf(other)]
    Other,
}

#[derive(Debug, Clone, PartialEq, Entity, Views)]
struct Bet {
    team: String,
    side: Option<Side>,
    #[field(alias = "old_note")]
    note: Option<String>,
    tags: Vec<String>,
    state: Option<BetState>,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct BetState {
    slot: u64,
}

#[tokio::test]
async fn a_server_never_filters_differently_than_the_client() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = TestServer::builder()
            .protocol(protocol)
            .entity("Bet")
            .start()
            .await?;
        server.upsert(
            "Bet",
            "a",
            json!({"team": "red", "side": "RED", "old_note": "n", "tags": ["x"], "state": {"slot": 1}}),
        );
        server.upsert("Bet", "b", json!({"team": "blue", "side": "weird"}));
        let hs = client(&server).connect().await?;
        let list = || hs.views::<BetViews>().list();
        let teams = |list: ListView<Bet>| async move {
            let rows = soon(list.try_get()).await.unwrap();
            let teams: Vec<_> = rows.into_iter().map(|row| row.team).collect();
            teams.concat()
        };
        let none = "";
        // Two filters of one field must both pass.
        assert_eq!(
            teams(list().filter("team", "red").filter("team", "blue")).await,
            none
        );
        assert_eq!(
            teams(list().filter("team", "red").filter("team", "red")).await,
            "red"
        );
        let nested = list()
            .filter("state.slot", 1)
            .filter("state", json!({"slot": 2}));
        assert_eq!(teams(nested).await, none);
        // An unknown name is any unknown name.
        assert_eq!(teams(list().filter("side", "weird")).await, "blue");
        assert_eq!(teams(list().filter("side", Side::Other)).await, "blue");
        assert_eq!(teams(list().filter("side", Side::Red)).await, "red");
        // An alias is not the name that the server compares.
        assert_eq!(teams(list().filter("old_note", "n")).await, "red");
        // A list that was never sent is empty.
        assert_eq!(teams(list().filter("tags", json!([]))).await, "blue");
        assert_eq!(teams(list().filter("state.slot", "1")).await, "red");
    }
    Ok(())
}
