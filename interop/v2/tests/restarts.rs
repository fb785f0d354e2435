//! Servers that stop and come back (protocol-v2.md, sections 6 and 8).

use hyperstack_interop_socket::{Event, Socket};
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn a_new_process_without_stored_state_is_empty_and_has_another_epoch() {
    let mut server = players().start();
    server.apply(crowd(3)).await;
    let mut client = Client::connect(&server).await;
    let before = client.open_view("a", "Player/list").await;
    server.restart().await;
    assert_eq!(client.socket.end().await, Event::Lost);
    let mut client = Client::connect(&server).await;
    assert_eq!(client.open_view("a", "Player/list").await, []);
    server.apply([player("p0", 1)]).await;
    let update = client.update("upsert", "p0").await;
    let (epoch, counter) = version(&update["data"]).expect("a version");
    assert_ne!(epoch, version(&before[0].1).expect("a version").0);
    assert_eq!(counter, 1);
}

#[tokio::test]
async fn a_new_process_with_stored_state_has_the_old_rows_with_their_old_versions() {
    let mut server = players().start();
    server.apply(crowd(3)).await;
    server.apply([delete("p1")]).await;
    let mut client = Client::connect(&server).await;
    let before = client.open_view("a", "Player/list").await;
    let ranked = client.open_view("b", "Player/ranked").await;
    server.restart_with_state().await;
    let mut client = Client::connect(&server).await;
    assert_eq!(client.open_view("a", "Player/list").await, before);
    server.apply([change("p0", json!({"score": 9}))]).await;
    let update = client.update("patch", "p0").await;
    let (epoch, counter) = version(&update["data"]).expect("a version");
    assert_ne!(epoch, version(&before[0].1).expect("a version").0);
    assert_eq!(counter, 1);
    let again = client.open_view("b", "Player/ranked").await;
    assert_eq!(
        (keys(&ranked), keys(&again)),
        (vec!["p2", "p0"], vec!["p0", "p2"])
    );
}

#[tokio::test]
async fn a_killed_server_keeps_its_memory_until_it_forgets() {
    let mut server = players().start();
    server.apply(crowd(1)).await;
    server.kill().await;
    assert!(Socket::try_connect(&server.url(), &[]).await.is_err());
    server.apply([player("p1", 1)]).await;
    server.start();
    let mut client = Client::connect(&server).await;
    assert_eq!(
        keys(&client.open_view("a", "Player/list").await),
        ["p1", "p0"]
    );
}
