//! The order of derived views, by values of every kind. The server has rules that it does not announce: text
//! always ascends, large integers count as text, and rows without a value come first, except that a row that
//! loses its value keeps its place. The SDK has the server's order, with two exceptions: it sorts large
//! integers as integers, and puts every row without a value first.

use hyperstack_interop::{derived, entity, Change, Server, Setup};
use hyperstack_sdk::prelude::*;
use hyperstack_server::RateLimitConfig;
use serde::Deserialize;
use serde_json::{json, Value};

use crate::support::*;
use crate::Outcome;

#[derive(Debug, Clone, PartialEq, Entity, Views, Deserialize)]
#[view(ranking)]
struct Item {
    name: String,
    rank: Option<Value>,
}

/// Starts a server of `Item/ranking`, the ten greatest ranks.
fn items() -> Server {
    let mut views = entity("Item");
    views.push(derived("Item/ranking", "rank", 10));
    let rates = RateLimitConfig::default().with_message_queue_size(10_000);
    Setup::new(views).rates(rates).start()
}

async fn rank(server: &Server, name: &str, rank: &Value) {
    let row = json!({"name": name, "rank": rank});
    server.apply([Change::new("Item", name, row)]).await;
}

/// Returns the names of the view's rows in the server's order.
async fn order(server: &Server) -> Vec<String> {
    names(server.window("Item/ranking", 0, 10).await)
}

fn names(rows: Vec<Item>) -> Vec<String> {
    rows.into_iter().map(|row| row.name).collect()
}

/// Gives twelve items one rank after another. After each, both orders must be equal.
async fn same_order(ranks: &[Value]) -> Outcome {
    let server = items();
    let hs = HyperStack::connect(server.url()).await?;
    let ranking = hs.views::<ItemViews>().ranking();
    let _reader = soon(ranking.try_get()).await?;
    for (n, value) in ranks.iter().cycle().take(60).enumerate() {
        rank(&server, &format!("i{}", n * 5 % 12), value).await;
        let expected = server.window::<Item>("Item/ranking", 0, 10).await;
        soon(async {
            while ranking.get_sync() != expected {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    assert_eq!(ranking.get_sync().len(), 10);
    Ok(())
}

#[tokio::test]
async fn by_numbers() -> Outcome {
    let ranks = [3.0, -1.0, 1.5, 7.0, 1.25, 3.0, 1e17];
    same_order(&ranks.map(Value::from)).await
}

#[tokio::test]
async fn by_text() -> Outcome {
    let ranks = ["m", "a", "z", "é", "a", "Z", ""];
    same_order(&ranks.map(Value::from)).await
}

#[tokio::test]
async fn by_truth() -> Outcome {
    same_order(&[true, false, true, true, false].map(Value::from)).await
}

#[tokio::test]
async fn by_numbers_that_some_rows_lack() -> Outcome {
    // There are as many ranks as items, so each item has its own.
    let ranks = [0, 3, 0, 7, 2, 2, 0, 9, 1, 8, 5, 6];
    same_order(&ranks.map(|rank| json!(Some(rank).filter(|rank| *rank > 0)))).await
}

#[tokio::test]
async fn by_integers_that_are_sent_as_text() -> Outcome {
    let server = items();
    rank(&server, "small", &json!(1)).await;
    rank(&server, "big", &json!(1_u64 << 53)).await;
    rank(&server, "greatest", &json!(u64::MAX)).await;
    assert_eq!(order(&server).await, ["small", "greatest", "big"]);
    let hs = HyperStack::connect(server.url()).await?;
    let read = soon(hs.views::<ItemViews>().ranking().try_get()).await?;
    assert_eq!(names(read), ["greatest", "big", "small"]);
    Ok(())
}

#[tokio::test]
async fn by_a_number_that_one_row_loses() -> Outcome {
    let server = items();
    rank(&server, "a", &json!(1)).await;
    rank(&server, "b", &json!(2)).await;
    rank(&server, "a", &json!(null)).await;
    assert_eq!(order(&server).await, ["b", "a"]);
    let hs = HyperStack::connect(server.url()).await?;
    let read = soon(hs.views::<ItemViews>().ranking().try_get()).await?;
    assert_eq!(names(read), ["a", "b"]);
    Ok(())
}
