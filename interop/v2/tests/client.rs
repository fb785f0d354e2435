//! The SDK against the real server: its rows, and what a reader of a stream can put together, equal the
//! server's.

use std::collections::BTreeMap;

use hyperstack_interop_v2::Server;
use hyperstack_sdk::prelude::*;
use serde_json::json;

use hyperstack_interop_socket::deadline;

use crate::support::*;

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(best, id = "Player/best", single)]
#[view(top, id = "Player/top")]
#[view(ranked, id = "Player/ranked")]
struct Player {
    name: Option<String>,
    score: Option<i64>,
    total: Option<u64>,
    log: Vec<u32>,
}

async fn connect(server: &Server) -> HyperStack {
    connect_to(&server.url()).await
}

/// A client that knows nothing but the URL.
async fn connect_to(url: &str) -> HyperStack {
    HyperStack::connect(url).await.expect("a connection")
}

/// What a reader has put together.
#[derive(Default)]
struct Replica(BTreeMap<String, Player>);

impl Replica {
    /// Reads until it has the server's rows, which change no more.
    async fn converges(
        &mut self,
        updates: &mut EntityStream<Player>,
        rows: impl IntoIterator<Item = Row>,
    ) {
        let rows: BTreeMap<_, _> = rows.into_iter().map(typed).collect();
        let read = async {
            while self.0 != rows {
                match updates.next().await.expect("an update") {
                    Update::Upsert { key, data } | Update::Patch { key, data } => {
                        self.0.insert(key, data);
                    }
                    Update::Delete { key } => {
                        self.0.remove(&key);
                    }
                }
            }
        };
        let read = tokio::time::timeout(std::time::Duration::from_secs(20), read).await;
        assert!(read.is_ok(), "{:?} should be {rows:?}", self.0);
    }
}

fn typed((key, row): Row) -> (String, Player) {
    let number = |name: &str| row[name].as_i64();
    let player = Player {
        name: row["name"].as_str().map(str::to_owned),
        score: number("score"),
        total: row["total"].as_u64(),
        log: row["log"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|n| n.as_u64().and_then(|n| u32::try_from(n).ok()))
            .collect(),
    };
    (key, player)
}

fn names(players: &[Player]) -> Vec<&str> {
    players
        .iter()
        .filter_map(|player| player.name.as_deref())
        .collect()
}

#[tokio::test]
async fn lists_and_views_are_the_servers() {
    let server = players().start();
    server.apply(crowd(120)).await;
    let hs = connect(&server).await;
    let rows = hs.list::<Player>().await;
    assert_eq!(rows.len(), 120);
    let order = server.rows("Player/list").await;
    assert_eq!(names(&rows), keys(&order));
    let views = hs.views::<PlayerViews>();
    assert_eq!(names(&views.top().get().await), ["p119", "p118", "p117"]);
    let ranked = server.window("Player/ranked", 0, 120).await;
    assert_eq!(names(&views.ranked().get().await), keys(&ranked));
    let best = views.best().get().await.and_then(|player| player.name);
    assert_eq!(best.as_deref(), Some("p119"));
    let empty = hs.raw("Team").list().try_get().await;
    assert_eq!(empty.expect("an empty list"), [json!(null); 0]);
}

#[tokio::test]
async fn a_stream_follows_random_changes_to_the_servers_rows() {
    let server = players().start();
    server.apply(crowd(20)).await;
    let hs = connect(&server).await;
    let views = hs.views::<PlayerViews>();
    let mut list = hs.watch::<Player>();
    let mut top = views.top().watch();
    let (mut listed, mut topped) = (Replica::default(), Replica::default());
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    for _ in 0..10 {
        for _ in 0..30 {
            let key = format!("p{}", random(25));
            let number = random(1000);
            server
                .apply([match random(6) {
                    0 => delete(&key),
                    1 => change(&key, json!({"log": [number]})).append("log"),
                    2 => change(&key, json!({"total": number})),
                    3 => player(&key, number as i64).created(),
                    _ => change(&key, json!({"score": number})),
                }])
                .await;
        }
        let rows = server.rows("Player/list").await;
        listed.converges(&mut list, rows).await;
        let rows = server.window("Player/top", 0, 3).await;
        topped.converges(&mut top, rows).await;
    }
    assert_eq!(hs.stats().row_errors + hs.stats().frame_errors, 0);
}

#[tokio::test]
async fn filters_windows_and_keys_are_asked_of_the_server() {
    let server = players().start();
    server.apply(crowd(10)).await;
    server.apply([change("p3", json!({"total": 7}))]).await;
    let hs = connect(&server).await;
    let players = hs.views::<PlayerViews>().list();
    let wide = players.clone().filter("total", 7_u64).get().await;
    assert_eq!(names(&wide), ["p3"]);
    let window = players.clone().skip(1).take(2).get().await;
    let expected = server.rows("Player/list").await;
    assert_eq!(names(&window), keys(&expected[1..3]));
    let p5 = hs.get::<Player>("p5").await.and_then(|player| player.score);
    assert_eq!(p5, Some(5));
    assert_eq!(hs.try_get::<Player>("none").await.expect("an answer"), None);
    let mut p5 = hs.watch_key::<Player>("p5");
    deadline(p5.next()).await;
    server.apply([change("p5", json!({"score": 50}))]).await;
    let update = deadline(p5.next()).await.expect("an update");
    assert_eq!(update.data().and_then(|player| player.score), Some(50));
}

#[tokio::test]
async fn a_restart_is_followed_by_the_difference() {
    let mut server = players().start();
    server.apply(crowd(5)).await;
    let hs = connect(&server).await;
    let mut list = hs.watch::<Player>();
    let mut listed = Replica::default();
    listed
        .converges(&mut list, server.rows("Player/list").await)
        .await;
    server.kill().await;
    server
        .apply([delete("p1"), change("p2", json!({"score": 20}))])
        .await;
    server.start();
    listed
        .converges(&mut list, server.rows("Player/list").await)
        .await;
}

#[tokio::test]
async fn a_subscription_behind_a_small_bus_recovers() {
    let server = players().bus(16).start();
    server.apply(crowd(5)).await;
    let hs = connect(&server).await;
    let mut list = hs.watch::<Player>();
    let mut listed = Replica::default();
    listed
        .converges(&mut list, server.rows("Player/list").await)
        .await;
    let stall = server.stall();
    for n in 0..100 {
        let key = format!("p{}", n % 5);
        server
            .apply([change(&key, json!({"score": 1000 + n}))])
            .await;
    }
    drop(stall);
    listed
        .converges(&mut list, server.rows("Player/list").await)
        .await;
    assert_eq!(hs.stats().reconnects, 0);
}

#[tokio::test]
async fn an_unknown_view_is_answered() {
    let server = players().start();
    let hs = connect(&server).await;
    let unknown = hs.raw("Player").collection("Player/nope");
    let read = deadline(unknown.try_get()).await;
    assert!(
        matches!(read, Err(ReadError::UnknownView { .. })),
        "{read:?}"
    );
}

mod generations {
    //! Servers that change their generation between two connections.

    use hyperstack_interop_v05 as v05;

    use super::*;

    fn old_player(key: &str, score: i64) -> v05::Change {
        v05::Change::new(
            "Player",
            key,
            json!({"name": key, "score": score, "log": []}),
        )
    }

    #[tokio::test]
    async fn a_url_is_enough_for_a_server_0_5() {
        let server = v05::Server::start(v05::entity("Player"));
        server.apply([old_player("a", 1), old_player("b", 2)]).await;
        let hs = connect_to(&server.url()).await;
        // It answers the client's probe with a pong and no more, which takes a second to tell.
        assert_eq!(names(&hs.list::<Player>().await), ["b", "a"]);
        assert_eq!(hs.stats().protocol, Protocol::V1);
        let mut updates = hs.watch::<Player>();
        let mut replica = Replica::default();
        server.apply([old_player("c", 3)]).await;
        replica
            .converges(&mut updates, server.rows("Player/list").await)
            .await;
    }

    #[tokio::test]
    async fn readers_outlive_an_upgrade_and_a_downgrade_of_the_server() {
        let mut old = v05::Server::start(v05::entity("Player"));
        let rows = [("a", 1), ("b", 2), ("c", 3)];
        old.apply(rows.map(|(key, score)| old_player(key, score)))
            .await;
        let builder = HyperStack::builder()
            .url(old.url())
            .reconnect_intervals(vec![std::time::Duration::ZERO]);
        let hs = builder.connect().await.expect("a connection");
        let mut updates = hs.watch::<Player>();
        let mut one = hs.watch_key::<Player>("a");
        let (mut all, mut single) = (Replica::default(), Replica::default());
        all.converges(&mut updates, old.rows("Player/list").await)
            .await;
        single.converges(&mut one, [player_row("a", 1)]).await;

        old.kill().await;
        let mut new = players().prepare_at(old.address());
        new.start();
        let rows = [("a", 1), ("b", 5), ("d", 4)];
        let changes = rows.map(|(key, score)| {
            change(key, json!({"name": key, "score": score, "log": []})).created()
        });
        new.apply(changes).await;
        all.converges(&mut updates, new.rows("Player/list").await)
            .await;
        assert_eq!(hs.stats().protocol, Protocol::V2);
        new.apply([delete("a")]).await;
        all.converges(&mut updates, new.rows("Player/list").await)
            .await;
        single.converges(&mut one, []).await;

        new.kill().await;
        old.listen();
        old.apply([old_player("e", 9)]).await;
        all.converges(&mut updates, old.rows("Player/list").await)
            .await;
        assert_eq!(hs.stats().protocol, Protocol::V1);
    }

    fn player_row(key: &str, score: i64) -> Row {
        (
            key.to_owned(),
            json!({"name": key, "score": score, "log": []}),
        )
    }
}
