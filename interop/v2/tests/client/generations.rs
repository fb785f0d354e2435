//! Servers that change their generation between two connections.

use hyperstack_interop_v05 as v05;

use super::*;

fn old_player(key: &str, score: i64) -> v05::Change {
    v05::Change::new("Player", key, player_row(key, score).1)
}

fn player_row(key: &str, score: i64) -> Row {
    (
        key.to_owned(),
        json!({"name": key, "score": score, "log": []}),
    )
}

#[tokio::test]
async fn a_url_is_enough_for_a_server_0_5() {
    let server = v05::Server::start(v05::entity("Player"));
    server.apply([old_player("a", 1), old_player("b", 2)]).await;
    let hs = connect_to(&server.url()).await;
    // The server answers the probe only with a pong, so detection takes a second.
    assert_eq!(names(&hs.list::<Player>().await), ["b", "a"]);
    assert_eq!(hs.stats().protocol, Protocol::V1);
    let mut reader = Reader::new(hs.watch::<Player>());
    server.apply([old_player("c", 3)]).await;
    reader.reaches(server.rows("Player/list").await).await;
}

#[tokio::test]
async fn readers_outlive_an_upgrade_and_a_downgrade_of_the_server() {
    let mut old = v05::Server::start(v05::entity("Player"));
    let rows = [("a", 1), ("b", 2), ("c", 3)];
    old.apply(rows.map(|(key, score)| old_player(key, score)))
        .await;
    let builder = HyperStack::builder()
        .url(old.url())
        .reconnect_intervals(vec![Duration::ZERO]);
    let hs = builder.connect().await.expect("a connection");
    let mut all = Reader::new(hs.watch::<Player>());
    let mut one = Reader::new(hs.watch_key::<Player>("a"));
    all.reaches(old.rows("Player/list").await).await;
    one.reaches([player_row("a", 1)]).await;

    old.kill().await;
    let mut new = players().prepare_at(old.address());
    new.start();
    let rows = [("a", 1), ("b", 5), ("d", 4)];
    let changes = rows.map(|(key, score)| change(key, player_row(key, score).1).created());
    new.apply(changes).await;
    all.reaches(new.rows("Player/list").await).await;
    assert_eq!(hs.stats().protocol, Protocol::V2);
    new.apply([delete("a")]).await;
    all.reaches(new.rows("Player/list").await).await;
    one.reaches([]).await;

    new.kill().await;
    old.listen();
    old.apply([old_player("e", 9)]).await;
    all.reaches(old.rows("Player/list").await).await;
    assert_eq!(hs.stats().protocol, Protocol::V1);
}
