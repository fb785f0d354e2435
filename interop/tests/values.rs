//! Values: integers that the server turns into strings, and null.

use hyperstack_interop::{entity, Change, Setup};
use hyperstack_sdk::prelude::*;
use serde_json::{json, Value};

use crate::support::*;
use crate::Outcome;

/// The greatest integer that the server sends as a number.
const SAFE: u64 = (1 << 53) - 1;

#[derive(Debug, Clone, PartialEq, Entity)]
struct Account {
    lamports: u64,
    change: i64,
    history: Vec<u64>,
    rate: f64,
    closed_at: Option<Option<i64>>,
}

/// Returns a row as it arrives in a snapshot, and then as a change.
async fn both(row: Value) -> Result<[Account; 2], Box<dyn std::error::Error>> {
    let server = Setup::new(entity("Account")).start();
    let change = |key| Change::new("Account", key, row.clone());
    server.apply([change("before")]).await;
    let hs = HyperStack::connect(server.url()).await?;
    let mut updates = hs.watch::<Account>();
    let before = next(&mut updates).await.into_data();
    server.apply([change("after")]).await;
    let after = next(&mut updates).await.into_data();
    assert_eq!(hs.stats().row_errors, 0);
    Ok([before.ok_or("no row")?, after.ok_or("no row")?])
}

#[tokio::test]
async fn integers_are_exact_on_either_side_of_the_limit() -> Outcome {
    let sample = |lamports: u64, change: i64| Account {
        lamports,
        change,
        history: vec![0, SAFE, SAFE + 1, u64::MAX],
        rate: 1e17,
        closed_at: None,
    };
    for (lamports, change) in [
        (0, 0),
        (SAFE, -(SAFE as i64)),
        (SAFE + 1, -(SAFE as i64) - 1),
        (u64::MAX, i64::MIN),
    ] {
        let account = sample(lamports, change);
        let row = json!({
            "lamports": account.lamports,
            "change": account.change,
            "history": account.history,
            "rate": account.rate,
        });
        assert_eq!(both(row).await?, [account.clone(), account]);
    }
    Ok(())
}

#[tokio::test]
async fn the_server_sends_integers_above_the_limit_as_strings() {
    let server = Setup::new(entity("Account")).start();
    let row = json!({"lamports": SAFE, "change": i64::MIN, "history": [SAFE + 1]});
    server.apply([Change::new("Account", "a", row)]).await;
    let row = server.row("Account/list", "a").await.expect("a row");
    assert_eq!(row["lamports"], json!(SAFE));
    assert_eq!(row["change"], json!("-9223372036854775808"));
    assert_eq!(row["history"], json!(["9007199254740992"]));
}

#[tokio::test]
async fn null_is_not_absent() -> Outcome {
    for (closed_at, expected) in [
        (json!({}), None),
        (json!({"closed_at": null}), Some(None)),
        (json!({"closed_at": 5}), Some(Some(5))),
    ] {
        let mut row = json!({"lamports": 1, "change": 1, "history": [], "rate": 0.5});
        for (name, value) in closed_at.as_object().into_iter().flatten() {
            row[name] = value.clone();
        }
        assert_eq!(both(row).await?.map(|row| row.closed_at), [expected; 2]);
    }
    Ok(())
}

#[tokio::test]
async fn a_field_becomes_null_and_comes_back() -> Outcome {
    let server = players().start();
    server.apply([player("a", 1)]).await;
    server.apply([change("a", json!({"note": "here"}))]).await;
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Player>();
    for note in [json!("here"), json!(null), json!("again")] {
        if hs.stats().rows > 0 {
            server.apply([change("a", json!({"note": note}))]).await;
        }
        let row = next(&mut updates).await.into_data().ok_or("no row")?;
        assert_eq!(row.note.as_deref(), note.as_str());
        assert_eq!(vec![row], server.rows("Player/list").await);
    }
    Ok(())
}
