//! Values: wide integers, null and absent fields.

use hyperstack_interop_v2::{entity, wide, Change, Setup};

use super::*;

#[derive(Debug, Clone, PartialEq, Entity)]
struct Account {
    lamports: u64,
    change: i64,
    history: Vec<u64>,
    free: u64,
    rate: f64,
    closed_at: Option<Option<i64>>,
}

fn accounts() -> Setup {
    let mut views = entity("Account");
    wide(&mut views, &["lamports", "change", "history", "closed_at"]);
    Setup::new(views)
}

/// Reads a row from a snapshot, and the same row from a live update.
async fn read_twice(row: Value) -> [Account; 2] {
    let server = accounts().start();
    let change = |key| Change::new("Account", key, row.clone());
    server.apply([change("before")]).await;
    let hs = connect(&server).await;
    let mut updates = hs.watch::<Account>();
    let before = deadline(updates.next()).await;
    server.apply([change("after")]).await;
    let after = deadline(updates.next()).await;
    assert_eq!(hs.stats().row_errors, 0);
    [before, after].map(|update| update.and_then(Update::into_data).expect("a row"))
}

/// The server sends integers that are declared wide as text, and others as numbers of any size.
#[tokio::test]
async fn integers_of_every_size_are_exact() {
    const SAFE: u64 = (1 << 53) - 1;
    for (lamports, change) in [
        (0, 0),
        (SAFE, -(SAFE as i64)),
        (SAFE + 1, -(SAFE as i64) - 1),
        (u64::MAX, i64::MIN),
    ] {
        let account = Account {
            lamports,
            change,
            history: vec![0, SAFE, SAFE + 1, u64::MAX],
            free: lamports,
            rate: 1e17,
            closed_at: None,
        };
        let row = json!({
            "lamports": account.lamports,
            "change": account.change,
            "history": account.history,
            "free": account.free,
            "rate": account.rate,
        });
        assert_eq!(read_twice(row).await, [account.clone(), account]);
    }
}

#[tokio::test]
async fn null_is_not_absent() {
    for (closed_at, expected) in [
        (json!({}), None),
        (json!({"closed_at": null}), Some(None)),
        (json!({"closed_at": 5}), Some(Some(5))),
    ] {
        let mut row = json!({"lamports": 1, "change": 1, "history": [], "free": 1, "rate": 0.5});
        for (name, value) in closed_at.as_object().into_iter().flatten() {
            row[name] = value.clone();
        }
        let accounts = read_twice(row).await;
        assert_eq!(accounts.map(|account| account.closed_at), [expected; 2]);
    }
}

#[tokio::test]
async fn a_field_becomes_null_and_has_a_value_again() {
    let server = players().start();
    server.apply([player("a", 1)]).await;
    let hs = connect(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    list.next().await;
    for note in [json!("here"), json!(null), json!("again")] {
        server.apply([change("a", json!({"note": note}))]).await;
        assert_eq!(
            list.next().await.data().map(|row| row.note.as_deref()),
            Some(note.as_str())
        );
        list.reaches(server.rows("Player/list").await).await;
    }
}
