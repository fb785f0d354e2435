//! Users who may do only what they need. The configurations are those of the README.

use async_nats::{Client, ConnectOptions};
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use hyperstack_sdk::{GapCause, ReadError, TapeError};
use nats_tests::{Directory, NatsServer};
use serde_json::json;

use crate::bridge::Running;
use crate::source::{prices, server, tape, trade};
use crate::support::{next, settings, soon, Player, PREFIX};

const STREAMS: [&str; 3] = ["KV_game", "KV_game_Player_list", "TAPE_game_Trade_append"];

/// Returns the configuration in a section of the README, for the names of these tests.
fn config(section: &str) -> String {
    let readme = include_str!("../../../../hyperstack-nats/README.md");
    let (_, section) = readme.split_once(section).unwrap();
    let config = section.split("```").nth(1).unwrap();
    let config = config.strip_prefix("text").unwrap();
    config.replace("ore.", "game.")
}

/// Returns the configuration of permissions for these streams only.
fn permissions(streams: &[&str]) -> String {
    let is_general = |line: &str| line.starts_with("\"$JS.API.") && line.contains(".*");
    let config = config("### Permissions");
    let lines = config.lines().flat_map(|line| match line.trim() {
        general if is_general(general) => {
            let of = |stream: &&str| general.replacen('*', stream, 1);
            streams.iter().map(of).collect()
        }
        line => vec![line.to_owned()],
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A nats-server with users.
struct Guarded {
    nats: NatsServer,
    _files: Directory,
}

impl Guarded {
    fn start(config: &str) -> Self {
        let files = Directory::temporary();
        let nats = NatsServer::start_with(&["-c", &files.write("nats.conf", config)]);
        Guarded {
            nats,
            _files: files,
        }
    }

    async fn connect(&self, user: &str) -> Client {
        let password = format!("{user}-secret");
        let options = ConnectOptions::with_user_and_password(user.to_owned(), password);
        soon(options.connect(self.nats.url())).await.unwrap()
    }

    async fn try_read(&self) -> Result<HyperStack, ConnectError> {
        let login = "nats://reader:reader-secret@";
        let url = self.nats.url().replace("nats://", login);
        let builder = hyperstack_nats::builder(url, PREFIX);
        soon(builder.client(settings()).connect()).await
    }

    async fn bridge(&self, server: &TestServer) -> Running {
        let with = |bridge: hyperstack_nats::BridgeBuilder| {
            bridge.view("Player/list").tape("Trade/append")
        };
        let bridge = Running::over(server, self.connect("bridge").await, with).await;
        bridge.caught_up().await;
        bridge
    }
}

/// Copies and reads rows, one row, and a tape with a gap.
async fn scenario(guarded: &Guarded) {
    let server = server(10).await;
    // NATS asks a reader of more than a megabyte to acknowledge what it has received.
    let text = "x".repeat(10_000);
    for n in 0..120 {
        server.upsert(
            "Player",
            &format!("k{n}"),
            json!({"score": n, "team": text}),
        );
    }
    trade(&server, 0..10);
    let bridge = guarded.bridge(&server).await;
    let hs = guarded.try_read().await.unwrap();
    let mut rows = hs.raw("Player").list().watch_window();
    assert_eq!(next(&mut rows).await.len(), 120);
    let mut row = hs.watch_key::<Player>("k7");
    assert_eq!(next(&mut row).await.data().unwrap().score, 7);
    let mut tape = tape(&hs);
    let expected: Vec<i64> = (0..10).collect();
    assert_eq!(prices(&mut tape, 10).await, expected);
    bridge.stop().await;

    server.upsert("Player", "k7", json!({"score": -7}));
    server.delete("Player", "k8");
    trade(&server, 10..30);
    let _bridge = guarded.bridge(&server).await;
    assert_eq!(next(&mut row).await.data().unwrap().score, -7);
    let gap = soon(async {
        loop {
            match next(&mut tape).await {
                Err(TapeError::Gap(gap)) => break gap,
                Err(TapeError::OverLimit { .. }) => {}
                other => panic!("not a gap: {other:?}"),
            }
        }
    });
    let gap = gap.await;
    assert_eq!(gap.cause, GapCause::MissedByServer);
    let expected: Vec<i64> = (20..30).collect();
    assert_eq!(prices(&mut tape, 10).await, expected);
    while next(&mut rows).await.len() != 119 {}
}

/// Sends a request that the reader may not send.
async fn send(reader: &Client, subject: &'static str) {
    reader.publish(subject, "{}".into()).await.unwrap();
    reader.flush().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_permissions_of_the_readme_suffice_and_are_narrow() {
    let guarded = Guarded::start(&permissions(&STREAMS));
    scenario(&guarded).await;
    // The first violation is that of this message.
    let reader = guarded.connect("reader").await;
    for subject in [
        "$KV.game_Player_list.k1",
        "game.Trade.append.A",
        "$JS.API.STREAM.DELETE.KV_game_Player_list",
        "$JS.API.STREAM.PURGE.KV_game_Player_list",
        "$JS.API.STREAM.UPDATE.KV_game_Player_list",
        "$JS.API.STREAM.INFO.KV_game_Player_top",
    ] {
        send(&reader, subject).await;
        let log = guarded.nats.log_until(&format!("\"{subject}\""));
        assert!(
            log.last().unwrap().contains("Publish Violation"),
            "{log:#?}"
        );
    }
    let log = guarded.nats.log_until("Violation");
    let first = log.last().unwrap();
    assert!(first.contains("$KV.game_Player_list.k1"), "{first}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_accounts_of_the_readme_suffice_and_are_narrow() {
    let guarded = Guarded::start(&config("### Accounts"));
    scenario(&guarded).await;
    let (bridge, reader) = (
        guarded.connect("bridge").await,
        guarded.connect("reader").await,
    );
    let jetstream = async_nats::jetstream::new(bridge);
    let stream = jetstream.get_stream("TAPE_game_Trade_append").await;
    let before = stream.unwrap().cached_info().state.last_sequence;
    let (record, request) = ("game.Trade.append.A", "$JS.API.STREAM.INFO.KV_game");
    send(&reader, record).await;
    send(&reader, "$JS.API.STREAM.DELETE.TAPE_game_Trade_append").await;
    // The bridge's account does not send the reply to this subject.
    let sent = reader.publish_with_reply(request, record, "".into()).await;
    sent.unwrap();
    soon(reader.request(request, "".into())).await.unwrap();
    let written = jetstream.publish(record, "{}".into()).await.unwrap();
    assert_eq!(written.await.unwrap().sequence, before + 1);
}

#[tokio::test]
async fn a_client_without_the_descriptions_cannot_connect() {
    let guarded = Guarded::start(&permissions(&STREAMS[1..]));
    let error = guarded.try_read().await.unwrap_err();
    let expected = "Permissions Violation for Publish to \"$JS.API.STREAM.INFO.KV_game\"";
    assert!(
        matches!(&error, ConnectError::Unreachable { reason, .. } if reason.contains(expected)),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_without_permission_is_an_error_of_this_view() {
    let guarded = Guarded::start(&permissions(&STREAMS[..2]));
    let server = server(10).await;
    server.upsert("Player", "ada", json!({"score": 7}));
    let _bridge = guarded.bridge(&server).await;
    let hs = guarded.try_read().await.unwrap();
    let mut rows = hs.raw("Player").list().watch();
    assert_eq!(next(&mut rows).await.key(), "ada");
    let refused = |stream: &str| {
        format!("Permissions Violation for Publish to \"$JS.API.STREAM.INFO.{stream}\"")
    };

    let mut tape = tape(&hs);
    match next(&mut tape).await {
        Err(TapeError::Rejected { issue, .. }) => {
            assert!(
                issue.message.contains(&refused("TAPE_game_Trade_append")),
                "{issue:?}"
            );
        }
        other => panic!("{other:?}"),
    }
    // No bridge copies this view.
    match soon(hs.raw("Player").collection("Player/top").try_get()).await {
        Err(ReadError::Refused { issue, .. }) => {
            assert!(
                issue.message.contains(&refused("KV_game_Player_top")),
                "{issue:?}"
            );
        }
        other => panic!("{other:?}"),
    }
    server.upsert("Player", "bob", json!({"score": 9}));
    assert_eq!(next(&mut rows).await.key(), "bob");
    assert!(hs.is_connected());
}
