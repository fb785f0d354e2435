use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Sort, TestServer};
use serde_json::json;

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(latest, single)]
#[view(top)]
struct Round {
    id: RoundId,
    total: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
struct RoundId {
    round_id: u64,
}

#[tokio::test]
async fn all_of_it() -> anyhow::Result<()> {
    let server = TestServer::builder()
        .entity("Round")
        .view("Round/latest", Sort::desc("id.round_id"), 1)
        .view("Round/top", Sort::desc("total"), 3)
        .start()
        .await?;
    for id in 0..150 {
        server.upsert(
            "Round",
            &id.to_string(),
            json!({"id": {"round_id": id}, "total": f64::from(id) / 2.0}),
        );
    }
    let hs = HyperStack::connect(server.url()).await?;
    let rounds = hs.list::<Round>().await;
    assert_eq!(rounds.len(), 150);
    let views = hs.views::<RoundViews>();
    let latest = views.latest().get().await.unwrap();
    assert_eq!(latest.id.round_id, 149);
    let top = views.top().get().await;
    assert_eq!(top.len(), 3);
    assert_eq!(views.state().get("7").await.unwrap().total, Some(3.5));
    assert_eq!(views.state().get("nobody").await, None);
    let mut stream = views.latest().watch();
    assert!(matches!(stream.next().await, Some(Update::Upsert { key, .. }) if key == "149"));
    server.upsert("Round", "150", json!({"id": {"round_id": 150}}));
    assert!(matches!(stream.next().await, Some(Update::Upsert { key, .. }) if key == "150"));
    assert!(matches!(stream.next().await, Some(Update::Delete { key }) if key == "149"));
    hs.disconnect().await;
    assert_eq!(stream.next().await, None);
    assert_eq!(stream.end_reason(), Some(&EndReason::Disconnected));
    Ok(())
}
