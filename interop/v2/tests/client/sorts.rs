//! The order of derived views, for sort values of every kind. The client sorts the rows itself.

use hyperstack_interop_v2::{derived, entity, wide, Change, Order, Setup};

use super::*;

fn items(order: Order, is_wide: bool) -> Server {
    let mut views = entity("Item");
    views.push(derived("Item/ranking", "rank", order, Some(10)));
    if is_wide {
        wide(&mut views, &["rank"]);
    }
    Setup::new(views).start()
}

/// Gives twelve items one rank after another. After each change, the client has the server's order.
async fn orders_agree(ranks: &[Value], is_wide: bool) {
    for order in [Order::Descending, Order::Ascending] {
        let server = items(order, is_wide);
        let hs = connect(&server).await;
        let ranking = hs.raw("Item").collection("Item/ranking");
        let mut reader = Reader::new(ranking.watch());
        for (n, rank) in ranks.iter().cycle().take(60).enumerate() {
            let name = format!("i{}", n * 5 % 12);
            let row = json!({"name": name, "rank": rank});
            server.apply([Change::new("Item", &name, row)]).await;
            let mut window = server.window("Item/ranking", 0, 10).await;
            for (_, row) in &mut window {
                if is_wide && row["rank"].is_number() {
                    row["rank"] = json!(row["rank"].to_string());
                }
            }
            reader.reaches(window.clone()).await;
            shows(|| ranking.get_sync(), window).await;
        }
        assert_eq!(ranking.get_sync().len(), 10);
    }
}

#[tokio::test]
async fn numbers_are_in_the_servers_order() {
    let ranks = [3.0, -1.0, 1.5, 7.0, 1.25, 3.0, 1e17];
    orders_agree(&ranks.map(Value::from), false).await;
    let ranks = [3, -1, 9, 10, 100, 8, 3, 0];
    orders_agree(&ranks.map(Value::from), false).await;
}

#[tokio::test]
async fn texts_are_in_the_servers_order() {
    let ranks = ["m", "a", "z", "éa", "a", "Z", "", "10", "9"];
    orders_agree(&ranks.map(Value::from), false).await;
}

#[tokio::test]
async fn booleans_are_in_the_servers_order() {
    orders_agree(&[true, false, true, true, false].map(Value::from), false).await;
}

#[tokio::test]
async fn values_of_several_kinds_are_in_the_servers_order() {
    let ranks = json!([3, "b", true, "7", false, 1.5, "a", "12", -2]);
    orders_agree(ranks.as_array().expect("ranks"), false).await;
}

#[tokio::test]
async fn wide_integers_are_in_the_servers_order() {
    let ranks = [9, 1 << 53, 100, u64::from(u32::MAX), 11, 8, 1 << 62, 10];
    orders_agree(&ranks.map(Value::from), true).await;
}

/// As many ranks as there are items, so that none ever loses its rank: a row that does keeps its place
/// in the server's window.
#[tokio::test]
async fn rows_without_a_value_are_last() {
    let ranks = [0, 3, 0, 7, 2, 2, 0, 9, 1, 8, 5, 6];
    let ranks = ranks.map(|rank| json!(Some(rank).filter(|rank| *rank > 0)));
    orders_agree(&ranks, false).await;
}
