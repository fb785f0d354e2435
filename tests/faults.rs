//! Faults that the client survives. Each is a typed error for readers of errors, is counted, and changes no
//! rows held.

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use hyperstack_sdk::wire::FrameError;
use hyperstack_sdk::{Feed, RowErrorCause};
use serde_json::json;

use crate::support::*;

/// A client that reads rows `a` and `b` with errors, just before a fault.
struct Scene {
    server: TestServer,
    hs: HyperStack,
    faults: Feed<Fault>,
    updates: TryEntityStream<Game>,
    rows: Vec<Game>,
}

impl Scene {
    async fn new(configure: impl FnOnce(HyperStackBuilder) -> HyperStackBuilder) -> Self {
        let server = games().start().await.unwrap();
        put(&server, "a", 1.0);
        put(&server, "b", 2.0);
        let hs = configure(client(&server)).connect().await.unwrap();
        let faults = hs.faults();
        let mut updates = hs.views::<GameViews>().list().try_watch();
        for _ in 0..2 {
            assert!(next(&mut updates).await.is_ok());
        }
        let rows = sorted(soon(hs.list::<Game>()).await);
        assert_eq!(names(&rows), ["a", "b"]);
        Scene {
            server,
            hs,
            faults,
            updates,
            rows,
        }
    }

    /// Returns the one error of a message, which both kinds of reader get. Then updates continue as before.
    async fn frame_error(mut self) -> FrameError {
        let Err(StreamError::Frame(error)) = next(&mut self.updates).await else {
            panic!("no error of a message on the stream");
        };
        assert_eq!(next(&mut self.faults).await, Fault::Frame(error.clone()));
        let stats = self.hs.stats();
        assert_eq!((stats.frame_errors, stats.row_errors), (1, 0));
        self.goes_on().await;
        error
    }

    /// The same for the error of a row.
    async fn row_error(mut self) -> RowError {
        let Err(StreamError::Row(error)) = next(&mut self.updates).await else {
            panic!("no error of a row on the stream");
        };
        assert_eq!(next(&mut self.faults).await, Fault::Row(error.clone()));
        let stats = self.hs.stats();
        assert_eq!((stats.frame_errors, stats.row_errors), (0, 1));
        assert_eq!(error.view, "Game/list");
        let text = error.to_string();
        for part in ["Game/list", &error.key, error.path()] {
            assert!(text.contains(part), "{text}");
        }
        self.goes_on().await;
        error
    }

    async fn goes_on(mut self) {
        assert_eq!(sorted(soon(self.hs.list::<Game>()).await), self.rows);
        put(&self.server, "c", 3.0);
        let update = next(&mut self.updates).await;
        assert_eq!(update.as_ref().map(brief), Ok("patch c 3".into()));
        settled(&self.server, &mut self.faults).await;
        let stats = self.hs.stats();
        assert_eq!(stats.rows - stats.partial_rows, 3);
        assert_eq!(self.server.connections_accepted(), 1);
        assert_eq!(self.hs.connection_state().await, ConnectionState::Connected);
    }
}

/// Rows sorted by name, because an update moves its row to the front.
fn sorted(mut rows: Vec<Game>) -> Vec<Game> {
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    rows
}

fn default(builder: HyperStackBuilder) -> HyperStackBuilder {
    builder
}

/// Returns a frame that would change row `a` if it were applied.
fn frame(operation: &str, data: serde_json::Value) -> serde_json::Value {
    json!({"mode": "list", "entity": "Game/list", "op": operation, "key": "a", "data": data})
}

#[tokio::test]
async fn a_malformed_message() {
    for bytes in [
        &b"{\"op\":\"patch\",\"entity\":\"Game/list\""[..],
        b"nonsense",
        b"",
        b"[]",
        b"{\"op\":\"patch\",\"entity\":\"Game/list\",\"data\":{\"score\":9}}",
        b"{\"op\":\"patch\",\"key\":\"a\",\"data\":{\"score\":9}}",
        b"{\"op\":\"patch\",\"entity\":\"Game/list\",\"key\":\"a\"}",
        b"{\"op\":\"snapshot\",\"entity\":\"Game/list\",\"data\":{}}",
        b"{\"op\":7,\"entity\":\"Game/list\"}",
        b"{\"op\":\"patch\",\"entity\":\"Game/list\",\"key\":\"a\",\"data\":{}}{}",
        &[0xff, 0xfe, 0x00],
    ] {
        let scene = Scene::new(default).await;
        scene.server.send_binary(bytes);
        let error = scene.frame_error().await;
        let shown = String::from_utf8_lossy(bytes);
        assert!(
            matches!(error, FrameError::Malformed(_)),
            "{shown}: {error}"
        );
    }
}

#[tokio::test]
async fn a_message_of_an_unknown_kind() {
    let scene = Scene::new(default).await;
    scene.server.send_text("{\"type\":\"greeting\"}");
    let error = scene.frame_error().await;
    assert!(matches!(error, FrameError::UnknownMessage(_)), "{error}");
}

#[tokio::test]
async fn a_malformed_row_of_a_snapshot_is_the_only_one_lost() {
    let mut scene = Scene::new(default).await;
    scene.server.send(json!({
        "mode": "list", "entity": "Game/list", "op": "snapshot", "complete": true,
        "data": [{"data": game("x", 9.0)}, {"key": "d", "data": game("d", 4.0)}],
    }));
    let mut items = (None, None);
    for _ in 0..2 {
        match next(&mut scene.updates).await {
            Ok(update) => items.0 = Some(brief(&update)),
            Err(error) => items.1 = Some(error),
        }
    }
    let (row, error) = items;
    assert_eq!(row.as_deref(), Some("upsert d 4"));
    let Some(StreamError::Frame(error @ FrameError::MalformedRow { .. })) = error else {
        panic!("{error:?}");
    };
    assert_eq!(next(&mut scene.faults).await, Fault::Frame(error));
    assert_eq!(scene.hs.stats().frame_errors, 1);
    assert_eq!(soon(scene.hs.list::<Game>()).await.len(), 3);
    assert_eq!(scene.server.connections_accepted(), 1);
}

#[tokio::test]
async fn broken_compression() {
    let scene = Scene::new(default).await;
    scene
        .server
        .send_binary([0x1f, 0x8b, 0x08, 0x00, 0x01, 0x02, 0x03]);
    let error = scene.frame_error().await;
    assert!(matches!(error, FrameError::Inflate(_)), "{error}");
}

#[tokio::test]
async fn an_oversized_message() {
    let scene = Scene::new(|builder| builder.max_message_size(2000)).await;
    let large = frame("patch", json!({"score": 9, "note": "x".repeat(2000)}));
    let length = large.to_string().len();
    scene.server.send(large);
    assert_eq!(
        scene.frame_error().await,
        FrameError::TooLarge {
            size: length,
            limit: 2000
        }
    );
}

#[tokio::test]
async fn a_message_far_over_the_limit_ends_only_the_connection() {
    let mut scene = Scene::new(|builder| builder.max_message_size(2000)).await;
    let large = frame("patch", json!({"score": 9, "note": "x".repeat(100_000)}));
    scene.server.send(large);
    let fault = next(&mut scene.faults).await;
    let Fault::Connection(ConnectError::Lost {
        cause: ConnectionLost::TooLarge { size, limit },
        ..
    }) = fault
    else {
        panic!("{fault}");
    };
    assert!(size > 100_000 && limit == 8000, "{size} of {limit}");
    soon(scene.server.wait_for_accepted(2)).await;
    soon(scene.server.wait_for_subscription("Game/list")).await;
    put(&scene.server, "c", 3.0);
    // This is a snapshot row or a patch, depending on when the subscription started.
    let items = [
        next(&mut scene.updates).await,
        next(&mut scene.updates).await,
    ];
    assert!(items.contains(&Err(StreamError::Resynced)), "{items:?}");
    let update = items.iter().find_map(|item| item.as_ref().ok());
    assert_eq!(update.map(Update::key), Some("c"));
    let rows = soon(scene.hs.list::<Game>()).await;
    assert_eq!(sorted(rows)[..2], scene.rows);
}

#[tokio::test]
async fn a_frame_over_its_own_limit_is_not_received() {
    let mut scene = Scene::new(|builder| builder.max_frame_size(3000)).await;
    let large = frame("patch", json!({"score": 9, "note": "x".repeat(4000)}));
    scene.server.send(large);
    let fault = next(&mut scene.faults).await;
    let Fault::Connection(ConnectError::Lost {
        cause: ConnectionLost::TooLarge { size, limit },
        ..
    }) = fault
    else {
        panic!("{fault}");
    };
    assert!(size > 4000 && limit == 3000, "{size} of {limit}");
}

#[tokio::test]
async fn a_message_that_inflates_too_far() {
    let scene = Scene::new(|builder| builder.max_inflated_size(10_000)).await;
    let bomb = frame("patch", json!({"score": 9, "note": "x".repeat(10_000_000)}));
    scene.server.send_gzip(bomb);
    let error = scene.frame_error().await;
    assert!(
        matches!(error, FrameError::InflatesTooLarge { size, limit: 10_000 } if size > 0),
        "{error}"
    );
}

#[tokio::test]
async fn an_unknown_operation() {
    for operation in ["truncate", "heartbeat", "UPSERT", ""] {
        let scene = Scene::new(default).await;
        scene.server.send(frame(operation, game("x", 9.0)));
        assert_eq!(
            scene.frame_error().await,
            FrameError::UnknownOperation {
                operation: operation.into(),
                view: Some("Game/list".into()),
                key: Some("a".into()),
            }
        );
    }
}

#[tokio::test]
async fn an_unknown_operation_on_another_view_does_not_reach_this_reader() {
    let mut scene = Scene::new(default).await;
    scene
        .server
        .send(json!({"entity": "Game/top", "op": "x", "key": "a", "data": {}}));
    let fault = next(&mut scene.faults).await;
    assert!(matches!(
        fault,
        Fault::Frame(FrameError::UnknownOperation { .. })
    ));
    scene.goes_on().await;
}

#[tokio::test]
async fn a_wrong_type_in_a_patch() {
    for (patch, path) in [
        (json!({"score": "high"}), "score"),
        (json!({"name": 7}), "name"),
        (json!({"note": ["x"]}), "note"),
        (json!([1]), ""),
    ] {
        let scene = Scene::new(default).await;
        scene.server.send(frame("patch", patch.clone()));
        let error = scene.row_error().await;
        assert_eq!((&*error.key, error.path()), ("a", path), "{patch}");
        assert!(matches!(error.cause, RowErrorCause::Decode(_)), "{error}");
    }
}

#[tokio::test]
async fn an_unexpected_null() {
    let scene = Scene::new(default).await;
    scene.server.send(frame("patch", json!({"name": null})));
    let error = scene.row_error().await;
    assert_eq!((&*error.key, error.path()), ("a", "name"));
    assert!(matches!(error.cause, RowErrorCause::Patch(_)), "{error}");
}

#[tokio::test]
async fn the_fields_beside_a_bad_one_apply() {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = games().protocol(protocol).start().await.unwrap();
        put(&server, "a", 1.0);
        let hs = client(&server).connect().await.unwrap();
        let mut faults = hs.faults();
        let mut updates = hs.watch::<Game>();
        assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
        server.patch("Game", "a", json!({"score": "high", "note": "new"}));
        let update = next(&mut updates).await.into_data().unwrap();
        assert_eq!((update.score, update.note.as_deref()), (1.0, Some("new")));
        let Fault::Row(error) = next(&mut faults).await else {
            panic!("another fault");
        };
        assert_eq!((&*error.key, error.path()), ("a", "score"));
        let games = hs.views::<GameViews>();
        assert_eq!(games.state().stale_fields("a"), ["score"]);
        assert_eq!(games.list().stale_fields("a"), ["score"]);
        server.patch("Game", "a", json!({"score": 9}));
        assert_eq!(read(&mut updates, 1).await, ["patch a 9"]);
        assert_eq!(games.state().stale_fields("a"), [""; 0]);
        assert_eq!(hs.stats().row_errors, 1);
    }
}

#[derive(Debug, Clone, PartialEq, Entity)]
struct Log {
    lines: Vec<u32>,
}

#[tokio::test]
async fn a_list_that_lacks_an_element_is_fetched_again() {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = games().protocol(protocol).entity("Log");
        let server = server.start().await.unwrap();
        server.upsert("Log", "a", json!({"lines": [1]}));
        let hs = client(&server).connect().await.unwrap();
        let mut rows = hs.listen::<Log>();
        assert_eq!(next(&mut rows).await.lines, [1]);
        server.append("Log", "a", json!({"lines": ["x"]}), &["lines"]);
        server.append("Log", "a", json!({"lines": [3]}), &["lines"]);
        until(|| hs.stats().resyncs == 1).await;
        // The snapshot has the bad element too. Once the server's list is valid, it is shown.
        server.patch("Log", "a", json!({"lines": [1, 2, 3]}));
        assert_eq!(next(&mut rows).await.lines, [1, 2, 3]);
        server.append("Log", "a", json!({"lines": [4]}), &["lines"]);
        assert_eq!(next(&mut rows).await.lines, [1, 2, 3, 4]);
    }
}

#[derive(Debug, Clone, PartialEq, Entity)]
struct Pool {
    fees: Fees,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct Fees {
    buy: Option<u64>,
    sell: Option<u64>,
}

#[tokio::test]
async fn a_section_that_the_server_replaced_is_fetched_again() {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = games().protocol(protocol).entity("Pool");
        let server = server.start().await.unwrap();
        server.upsert("Pool", "a", json!({"fees": {"buy": 1, "sell": 1}}));
        let hs = client(&server).connect().await.unwrap();
        let mut rows = hs.listen::<Pool>();
        let fees = |row: Pool| (row.fees.buy, row.fees.sell);
        assert_eq!(fees(next(&mut rows).await), (Some(1), Some(1)));
        server.patch("Pool", "a", json!({"fees": 7}));
        server.patch("Pool", "a", json!({"fees": {"buy": 2}}));
        assert_eq!(fees(next(&mut rows).await), (Some(2), Some(1)));
        // The server's section has no other field.
        assert_eq!(fees(next(&mut rows).await), (Some(2), None));
    }
}

#[tokio::test]
async fn a_wrong_type_in_a_whole_row() {
    let scene = Scene::new(default).await;
    scene
        .server
        .send(frame("upsert", json!({"name": "a", "score": []})));
    let error = scene.row_error().await;
    assert_eq!((&*error.key, error.path()), ("a", "score"));
}

#[tokio::test]
async fn a_whole_row_that_lacks_a_field() {
    let scene = Scene::new(default).await;
    scene.server.send(frame("upsert", json!({"name": "a"})));
    let error = scene.row_error().await;
    assert_eq!((&*error.key, error.path()), ("a", "score"));
    assert!(matches!(error.cause, RowErrorCause::Patch(_)), "{error}");
}

#[tokio::test]
async fn a_wrong_type_in_a_row_of_a_snapshot() {
    let scene = Scene::new(default).await;
    scene.server.send(json!({
        "mode": "list", "entity": "Game/list", "op": "snapshot", "complete": true,
        "data": [
            {"key": "b", "data": game("b", 2.0)},
            {"key": "a", "data": {"name": "a", "score": false}},
        ],
    }));
    let error = scene.row_error().await;
    assert_eq!((&*error.key, error.path()), ("a", "score"));
}

#[tokio::test]
async fn a_bad_row_of_an_unknown_key_adds_no_row() {
    let scene = Scene::new(default).await;
    scene.server.send(json!({
        "mode": "list", "entity": "Game/list", "op": "patch", "key": "z",
        "data": {"name": "z", "score": "high"},
    }));
    let error = scene.row_error().await;
    assert_eq!((&*error.key, error.path()), ("z", "score"));
}

#[tokio::test]
async fn a_server_error_is_a_fault() {
    let mut scene = Scene::new(default).await;
    let complaint = hyperstack_sdk::testing::Refusal::new("snapshot-limit-exceeded");
    scene.server.send_issue(&complaint, false);
    let Fault::Issue(issue) = next(&mut scene.faults).await else {
        panic!("another fault");
    };
    assert_eq!(issue.code, "snapshot-limit-exceeded");
    assert!(issue.retryable && !issue.fatal);
    scene.goes_on().await;
}

#[tokio::test]
async fn every_reader_gets_the_faults_since_it_joined() {
    let scene = Scene::new(default).await;
    let mut early = [scene.hs.faults(), scene.hs.faults()];
    scene.server.send_binary(*b"first");
    for faults in &mut early {
        assert!(matches!(next(faults).await, Fault::Frame(_)));
    }
    let mut late = scene.hs.faults();
    scene.server.send(frame("patch", json!({"score": "high"})));
    assert!(matches!(next(&mut late).await, Fault::Row(_)));
    scene.hs.disconnect().await;
    assert_eq!(soon(late.next()).await, None);
    let mut too_late = scene.hs.faults();
    assert_eq!(soon(too_late.next()).await, None);
}
