//! Numbers of every width and spelling reach readers. The features of this package turn on those of serde_json
//! that must not change this.

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use rust_decimal::Decimal;
use serde_json::json;

use crate::support::{client, next, soon};

#[derive(Debug, Clone, PartialEq, Entity, Views)]
struct Coin {
    price: Option<f64>,
    supply: Option<u128>,
    debt: Option<i128>,
    prices: Vec<f64>,
    #[field(serde)]
    fee: Option<Decimal>,
}

#[tokio::test]
async fn prices_are_watched_and_filtered() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = TestServer::builder()
            .protocol(protocol)
            .entity("Coin")
            .start()
            .await?;
        server.upsert("Coin", "a", json!({"price": 1.5, "prices": [0.1, 1e2]}));
        server.upsert("Coin", "b", json!({"price": 2.0, "prices": []}));
        let hs = client(&server).protocol(protocol).connect().await?;
        let mut updates = hs.watch_key::<Coin>("a");
        let first = next(&mut updates).await;
        let first = first.data().expect("a row");
        assert_eq!((first.price, &first.prices), (Some(1.5), &vec![0.1, 100.0]));
        server.patch("Coin", "a", json!({"price": 0.25, "fee": 0.5}));
        let changed = next(&mut updates).await;
        let changed = changed.data().expect("a row");
        assert_eq!(changed.price, Some(0.25));
        assert_eq!(changed.fee, Some(Decimal::new(5, 1)));

        for (price, count) in [(0.25, 1), (2.0, 1), (1.5, 0)] {
            let list = hs.views::<CoinViews>().list();
            let found = soon(list.filter("price", price).get()).await;
            assert_eq!(found.len(), count, "{price} by {protocol:?}");
            let found = soon(hs.raw("Coin").list().filter("price", price).get()).await;
            assert_eq!(found.len(), count, "{price} by {protocol:?}, as raw JSON");
        }
        assert_eq!(hs.stats().row_errors, 0);
    }
    Ok(())
}

#[tokio::test]
async fn wide_integers_need_no_quotes() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = TestServer::builder()
            .protocol(protocol)
            .entity("Coin")
            .start()
            .await?;
        server.upsert("Coin", "a", json!({"supply": u128::MAX.to_string()}));
        let hs = client(&server).protocol(protocol).connect().await?;
        let mut updates = hs.watch::<Coin>();
        let first = next(&mut updates).await;
        assert_eq!(first.data().and_then(|coin| coin.supply), Some(u128::MAX));
        let address = match protocol {
            Protocol::V2 => {
                let id = &server.subscription_ids("Coin/list")[0];
                format!(r#""protocolVersion": 2, "subscriptionId": "{id}","#)
            }
            _ => String::new(),
        };
        server.send_text(format!(
            r#"{{{address} "mode": "list", "entity": "Coin/list", "op": "patch", "key": "a",
                "data": {{"supply": 18446744073709551616, "debt": {}}}}}"#,
            i128::MIN
        ));
        let changed = next(&mut updates).await;
        let changed = changed.data().expect("a row");
        assert_eq!(changed.supply, Some(1 << 64));
        assert_eq!(changed.debt, Some(i128::MIN));
    }
    Ok(())
}
