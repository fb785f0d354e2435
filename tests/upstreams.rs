//! Clients over an upstream that is not a server. The test serves each connection.

use std::collections::VecDeque;
use std::future::pending as forever;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{FutureExt, Sink};
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::session::Transmit;
use hyperstack_sdk::upstream::{channel, Channel, Coverage, Peer, Received, Upstream};
use hyperstack_sdk::wire::{Query, Request};
use hyperstack_sdk::{ConfigError, GapCause, TapeError};
use serde_json::{json, Value};
use tokio::sync::mpsc;

use crate::support::{game, names, next, now, pending, read, soon, until, Game, GameViews, Other};

/// An upstream that hands each connection to the test.
struct Scripted {
    coverage: Coverage,
    lines: mpsc::UnboundedSender<Line>,
    /// The errors of the next attempts to connect.
    failures: Mutex<VecDeque<ConnectError>>,
}

impl Upstream for Scripted {
    type Message = String;
    type Connection = Channel<String>;

    fn name(&self) -> String {
        "memory://games".to_owned()
    }

    fn coverage(&self) -> Coverage {
        self.coverage
    }

    async fn connect(&self) -> Result<Channel<String>, ConnectError> {
        if let Some(error) = self.failures.lock().unwrap().pop_front() {
            return Err(error);
        }
        // Less than the tests send, so that `send` has to wait.
        let (connection, peer) = channel(1);
        self.lines.send(Line { peer }).unwrap();
        Ok(connection)
    }
}

/// The upstream's end of a connection.
struct Line {
    peer: Peer<String>,
}

impl Line {
    /// Waits for a query.
    async fn query(&mut self) -> (String, Query) {
        match soon(self.peer.recv()).await {
            Some(Request::Query { id, query, .. }) => (id, query),
            other => panic!("{other:?}"),
        }
    }

    /// Waits until the client ends the connection.
    async fn ended(&mut self) {
        soon(async { while self.peer.recv().await.is_some() {} }).await;
    }

    fn has_request(&mut self) -> bool {
        self.peer.recv().now_or_never().is_some()
    }

    async fn say(&self, message: Value) {
        soon(self.peer.send(message.to_string())).await.unwrap();
    }

    /// Sends the rows of a query, in two messages.
    async fn rows(&self, id: &str, view: &str, rows: &[(&str, f64)]) {
        let acknowledged = json!({
            "op": "subscribed", "subscriptionId": id, "query": {"view": view},
            "sort": {"field": ["score"], "order": "desc"}, "wholeEntities": true,
        });
        self.say(acknowledged).await;
        let row = |(key, score): &(&str, f64)| json!({"key": key, "data": game(key, *score)});
        let (first, rest) = rows.split_at(rows.len() / 2);
        for (rows, complete) in [(first, false), (rest, true)] {
            let rows: Vec<_> = rows.iter().map(row).collect();
            self.say(json!({
                "op": "snapshot", "subscriptionId": id, "entity": view,
                "data": rows, "complete": complete,
            }))
            .await;
        }
    }

    /// Waits for a query, and sends its rows. Returns its id.
    async fn serve(&mut self, view: &str, rows: &[(&str, f64)]) -> String {
        let (id, query) = self.query().await;
        let expected = Query::default();
        let expected = (view, expected.filters, expected.take, expected.skip);
        assert_eq!(
            (&*query.view, query.filters, query.take, query.skip),
            expected
        );
        self.rows(&id, view, rows).await;
        id
    }

    /// Sends a live update of `Game/list`.
    async fn live(&self, id: &str, op: &str, key: &str, data: Value) {
        self.say(json!({
            "op": op, "subscriptionId": id, "entity": "Game/list", "key": key, "data": data,
        }))
        .await;
    }
}

fn scripted(coverage: Coverage) -> (Scripted, mpsc::UnboundedReceiver<Line>) {
    let (lines, connections) = mpsc::unbounded_channel();
    let failures = Mutex::default();
    let upstream = Scripted {
        coverage,
        lines,
        failures,
    };
    (upstream, connections)
}

fn builder() -> HyperStackBuilder {
    HyperStack::builder()
        .reconnect_intervals(vec![Duration::ZERO])
        .linger(Duration::ZERO)
}

/// Returns a client, its first connection, and the later ones.
async fn connected(coverage: Coverage) -> (HyperStack, Line, mpsc::UnboundedReceiver<Line>) {
    let (upstream, mut lines) = scripted(coverage);
    let hs = soon(builder().connect_over(upstream)).await.unwrap();
    let line = lines.recv().await.unwrap();
    (hs, line, lines)
}

fn unreachable() -> ConnectError {
    ConnectError::Unreachable {
        url: "memory://games".to_owned(),
        reason: "the test says so".to_owned(),
    }
}

const ROWS: [(&str, f64); 4] = [("a", 1.0), ("b", 4.0), ("c", 3.0), ("d", 2.0)];

#[tokio::test]
async fn one_subscription_serves_all_windows_and_filters_of_a_whole_view() {
    let (hs, mut line, _lines) = connected(Coverage::WholeViews).await;
    let games = hs.views::<GameViews>().list();
    let page = games.clone().skip(1).take(2);
    let named = games.clone().filter("name", "a");
    let good = games.clone().filter_rows(|game| game.score > 2.0).take(1);
    let (all, page, named, good, id) = tokio::join!(
        games.get(),
        page.get(),
        named.get(),
        good.get(),
        line.serve("Game/list", &ROWS)
    );
    assert_eq!(names(&all), ["b", "c", "d", "a"]);
    assert_eq!(names(&page), ["c", "d"]);
    assert_eq!(names(&named), ["a"]);
    assert_eq!(names(&good), ["b"]);
    assert_eq!(id, "1");
    assert!(hs.get::<Game>("d").await.is_some());
    assert!(!line.has_request());
}

#[tokio::test]
async fn changes_and_deletes_move_rows_through_local_windows() {
    let (hs, mut line, _lines) = connected(Coverage::WholeViews).await;
    let games = hs.views::<GameViews>().list();
    let mut best = games.clone().take(2).watch();
    let mut named = games.filter("note", "x").watch();
    assert!(now(&mut best).is_empty() && now(&mut named).is_empty());
    let id = line.serve("Game/list", &ROWS).await;
    assert_eq!(read(&mut best, 2).await, ["upsert b 4", "upsert c 3"]);

    line.live(&id, "patch", "a", json!({"score": 9.0})).await;
    assert_eq!(read(&mut best, 2).await, ["patch a 9", "delete c"]);
    line.live(&id, "delete", "b", Value::Null).await;
    assert_eq!(read(&mut best, 2).await, ["upsert c 3", "delete b"]);
    line.live(&id, "remove", "a", Value::Null).await;
    assert_eq!(read(&mut best, 2).await, ["upsert d 2", "delete a"]);

    line.live(&id, "patch", "d", json!({"note": "x"})).await;
    assert_eq!(read(&mut named, 1).await, ["patch d 2"]);
    line.live(&id, "patch", "d", json!({"note": null})).await;
    assert_eq!(read(&mut named, 1).await, ["delete d"]);
}

#[tokio::test]
async fn a_row_is_read_by_key_from_its_whole_view() {
    let (hs, mut line, _lines) = connected(Coverage::WholeViews).await;
    let serve = async {
        let (id, query) = line.query().await;
        assert_eq!(
            (&*query.view, query.key.as_deref()),
            ("Game/list", Some("b"))
        );
        line.rows(&id, "Game/list", &ROWS[1..2]).await;
    };
    let (row, ()) = tokio::join!(hs.get::<Game>("b"), serve);
    assert_eq!(row.map(|row| row.score), Some(4.0));
}

#[tokio::test]
async fn a_derived_view_is_cut_from_the_whole_one_in_its_order() {
    let (hs, mut line, _lines) = connected(Coverage::WholeViews).await;
    let views = hs.views::<GameViews>();
    let mut first = views.best().watch();
    assert!(now(&mut first).is_empty());
    let id = line.serve("Game/best", &ROWS).await;
    assert_eq!(read(&mut first, 1).await, ["upsert b 4"]);
    line.live(&id, "delete", "b", Value::Null).await;
    assert_eq!(read(&mut first, 2).await, ["upsert c 3", "delete b"]);

    let (page, rest) = (views.top().take(2), views.top().skip(2));
    let (page, rest, _) = tokio::join!(page.get(), rest.get(), line.serve("Game/top", &ROWS));
    assert_eq!(
        (names(&page), names(&rest)),
        (vec!["b", "c"], vec!["d", "a"])
    );
}

#[tokio::test]
async fn the_client_keeps_the_row_limit_of_a_whole_view() {
    let (upstream, mut lines) = scripted(Coverage::WholeViews);
    let limited = builder().max_entries_per_view(2).connect_over(upstream);
    let hs = soon(limited).await.unwrap();
    let mut line = lines.recv().await.unwrap();
    let mut faults = hs.faults();
    let (rows, id) = tokio::join!(hs.list::<Game>(), line.serve("Game/list", &ROWS));
    assert_eq!(names(&rows), ["b", "c"]);
    assert_eq!(id, "1");
    assert!(matches!(
        next(&mut faults).await,
        Fault::Full { limit: 2, .. }
    ));
}

#[tokio::test]
async fn an_upstream_that_serves_queries_gets_filters_windows_and_the_row_limit() {
    let (upstream, mut lines) = scripted(Coverage::Queries);
    let limited = builder().max_entries_per_view(100).connect_over(upstream);
    let hs = soon(limited).await.unwrap();
    let mut line = lines.recv().await.unwrap();
    let games = hs.views::<GameViews>().list();
    let mut parts = [
        games.clone().watch(),
        games.filter("name", "a").skip(1).take(2).watch(),
        hs.watch_key::<Game>("b"),
    ];
    for part in &mut parts {
        assert!(now(part).is_empty());
    }
    let mut queries = Vec::new();
    for _ in 0..parts.len() {
        queries.push(line.query().await.1);
    }
    queries.sort_by_key(|query| (query.key.is_some(), query.take));
    let [part, whole, row] = &queries[..] else {
        panic!("{queries:?}")
    };
    assert_eq!((whole.take, &*whole.filters), (Some(100), &[][..]));
    assert_eq!((part.skip, part.take), (Some(1), Some(2)));
    assert_eq!(part.filters, [("name".to_owned(), "\"a\"".to_owned())]);
    assert_eq!((&*row.view, row.key.as_deref()), ("Game/state", Some("b")));
}

#[tokio::test]
async fn a_tape_continues_after_a_cursor_and_is_filtered_by_the_client() {
    let (hs, mut line, mut lines) = connected(Coverage::WholeViews).await;
    let record = |id: &str, offset: u64, name: &str| {
        json!({
            "op": "patch", "subscriptionId": id, "entity": "Game/append", "key": "a",
            "data": {"name": name}, "offset": offset,
        })
    };
    let opened = |id: &str, earliest: u64| {
        json!({
            "op": "subscribed", "subscriptionId": id, "query": {"view": "Game/append"},
            "replayWindow": {"epoch": "e", "earliest": earliest, "next": 9},
        })
    };
    let tape = hs.raw("Game").append().tape().key("a").filter("name", "x");
    let mut tape = tape.after("e:4".parse().unwrap());
    assert!(tape.next().now_or_never().is_none());
    let (id, query) = line.query().await;
    assert_eq!(
        (&*query.view, query.key.as_deref()),
        ("Game/append", Some("a"))
    );
    assert_eq!(
        (query.after.as_deref(), query.filters.len()),
        (Some("e:4"), 0)
    );
    line.say(opened(&id, 2)).await;
    for (offset, name) in [(5, "y"), (6, "x")] {
        line.say(record(&id, offset, name)).await;
    }
    let first = next(&mut tape).await.unwrap();
    assert_eq!(first.cursor.to_string(), "e:6");

    // It resumes after a loss, and reports what the upstream no longer has.
    drop(line);
    let mut line = soon(lines.recv()).await.unwrap();
    let (id, query) = line.query().await;
    assert_eq!(query.after.as_deref(), Some("e:6"));
    let window = json!({"epoch": "e", "earliest": 8, "next": 9});
    line.say(json!({
        "type": "error", "subscriptionId": id, "code": "cursor-expired", "replayWindow": window,
    }))
    .await;
    let (id, query) = line.query().await;
    assert_eq!(query.after, None);
    line.say(opened(&id, 8)).await;
    line.say(record(&id, 8, "x")).await;
    match next(&mut tape).await {
        Err(TapeError::Gap(gap)) => {
            assert_eq!((gap.lost, &gap.cause), (Some(1), &GapCause::Expired));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(next(&mut tape).await.unwrap().cursor.to_string(), "e:8");
}

#[tokio::test]
async fn after_a_loss_the_client_connects_again_and_yields_what_differs() {
    let (hs, mut line, mut lines) = connected(Coverage::WholeViews).await;
    let mut states = hs.connection_states();
    let mut games = hs.watch::<Game>();
    let mut best = hs.views::<GameViews>().list().take(1).watch();
    assert!(now(&mut games).is_empty() && now(&mut best).is_empty());
    line.serve("Game/list", &ROWS[..2]).await;
    assert_eq!(read(&mut games, 2).await, ["upsert a 1", "upsert b 4"]);
    assert_eq!(read(&mut best, 1).await, ["upsert b 4"]);

    let cause = ConnectionLost::Closed("the broker stopped".to_owned());
    line.peer.fail(cause.clone()).await;
    let mut line = soon(lines.recv()).await.unwrap();
    line.serve("Game/list", &[("a", 1.0), ("c", 3.0)]).await;
    assert_eq!(read(&mut games, 2).await, ["upsert c 3", "delete b"]);
    assert_eq!(read(&mut best, 2).await, ["upsert c 3", "delete b"]);
    let lost = ConnectError::Lost {
        url: "memory://games".to_owned(),
        cause,
    };
    assert_eq!(
        lost.to_string(),
        "lost the connection to memory://games: the broker stopped"
    );
    assert_eq!(hs.last_error(), Some(lost.clone()));
    assert_eq!(hs.stats().reconnects, 1);
    let changes = pending(&mut states).into_iter();
    let causes: Vec<_> = changes.filter_map(|change| change.cause).collect();
    assert!(causes.contains(&lost), "{causes:?}");
}

#[tokio::test]
async fn an_upstream_that_drops_a_connection_has_closed_it() {
    let (hs, line, mut lines) = connected(Coverage::Queries).await;
    drop(line);
    let _line = soon(lines.recv()).await.unwrap();
    assert_eq!(
        hs.last_error().map(|error| error.to_string()).as_deref(),
        Some("lost the connection to memory://games: the upstream closed the connection")
    );
}

#[tokio::test]
async fn a_failure_to_connect_is_the_error_of_connect_over_or_is_retried() {
    let (upstream, _lines) = scripted(Coverage::Queries);
    upstream.failures.lock().unwrap().push_back(unreachable());
    let failed = soon(builder().connect_over(upstream)).await;
    assert_eq!(failed.err(), Some(unreachable()));

    let (upstream, mut lines) = scripted(Coverage::Queries);
    upstream.failures.lock().unwrap().push_back(unreachable());
    let waiting = builder().wait_for_server(true).connect_over(upstream);
    let hs = soon(waiting).await.unwrap();
    assert!(hs.is_connected());
    assert!(lines.recv().await.is_some());
    assert_eq!(hs.last_error(), Some(unreachable()));

    let refused = ConnectError::Rejected {
        url: "memory://games".to_owned(),
        status: 403,
        code: None,
        message: "the credentials were revoked".to_owned(),
        retry_after: None,
    };
    let (upstream, _lines) = scripted(Coverage::Queries);
    upstream.failures.lock().unwrap().push_back(refused.clone());
    let waiting = builder().wait_for_server(true).connect_over(upstream);
    assert_eq!(soon(waiting).await.err(), Some(refused));
}

/// An upstream that never connects, and notes when an attempt is dropped.
struct Silent {
    attempts: Arc<()>,
}

impl Upstream for Silent {
    type Message = String;
    type Connection = Channel<String>;

    fn name(&self) -> String {
        "memory://silent".to_owned()
    }

    async fn connect(&self) -> Result<Channel<String>, ConnectError> {
        let _attempt = self.attempts.clone();
        forever().await
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_to_connect_has_a_deadline() {
    let attempts = Arc::new(());
    let upstream = Silent {
        attempts: attempts.clone(),
    };
    let after = Duration::from_secs(3);
    let connecting = HyperStack::builder().connect_timeout(after);
    let error = connecting.connect_over(upstream).await.err();
    let expected = ConnectError::Timeout {
        url: "memory://silent".to_owned(),
        after,
        reason: String::new(),
    };
    assert_eq!(error, Some(expected));
    until(|| Arc::strong_count(&attempts) == 1).await;
}

#[tokio::test]
async fn dropping_connect_over_drops_the_attempt_and_the_upstream() {
    let attempts = Arc::new(());
    let upstream = Silent {
        attempts: attempts.clone(),
    };
    let mut connecting = Box::pin(builder().connect_over(upstream));
    assert!((&mut connecting).now_or_never().is_none());
    until(|| Arc::strong_count(&attempts) == 3).await;
    drop(connecting);
    until(|| Arc::strong_count(&attempts) == 1).await;
}

#[tokio::test]
async fn dropping_or_disconnecting_the_client_drops_the_connection() {
    let (hs, mut line, _lines) = connected(Coverage::Queries).await;
    drop(hs);
    line.ended().await;
    assert!(soon(line.peer.send(String::new())).await.is_err());

    let (hs, mut line, mut lines) = connected(Coverage::Queries).await;
    let mut games = hs.watch::<Game>();
    assert!(now(&mut games).is_empty());
    hs.disconnect().await;
    line.ended().await;
    assert_eq!(hs.end_reason(), Some(CloseReason::Disconnected));
    assert!(soon(games.next()).await.is_none());
    // The upstream was dropped, so it makes no more connections.
    assert!(soon(lines.recv()).await.is_none());
}

#[tokio::test]
async fn an_unknown_view_and_an_undecodable_message_are_reported() {
    let (hs, mut line, _lines) = connected(Coverage::WholeViews).await;
    let mut faults = hs.faults();
    let serve = async {
        let (id, query) = line.query().await;
        let message = format!("unknown view: {}", query.view);
        line.say(json!({
            "type": "error", "subscriptionId": id,
            "code": "subscription-rejected", "message": message,
        }))
        .await;
    };
    let (rows, ()) = tokio::join!(hs.try_list::<Other>(), serve);
    assert!(
        matches!(rows, Err(ReadError::UnknownView { .. })),
        "{rows:?}"
    );
    assert!(matches!(next(&mut faults).await, Fault::Issue(_)));

    line.say(json!({"op": "upsert", "entity": "Game/list", "key": "a", "data": {}}))
        .await;
    assert_eq!(
        next(&mut faults).await.to_string(),
        "malformed message: frame of Game/list lacks `subscriptionId`"
    );
    assert!(hs.is_connected());
}

#[tokio::test]
async fn settings_of_a_server_contradict_an_upstream() {
    let token = || async { Ok(hyperstack_sdk::AuthToken::new("t")) };
    for (setting, builder) in [
        ("url", builder().url("wss://ore.example")),
        ("token", builder().token("sup3rs3cr3t")),
        ("token_provider", builder().token_provider(token)),
        ("api_key", builder().api_key("sup3rs3cr3t")),
        ("header", builder().header("X-Key", "sup3rs3cr3t")),
        ("origin", builder().origin("https://app.example")),
        ("proxy", builder().proxy("http://proxy.example")),
        ("root_certificates", builder().root_certificates("")),
        ("protocol", builder().protocol(Protocol::V1)),
    ] {
        let (upstream, mut lines) = scripted(Coverage::Queries);
        let error = soon(builder.connect_over(upstream)).await.err();
        let Some(ConnectError::Config(ConfigError::InvalidSetting {
            setting: found,
            reason,
        })) = error
        else {
            panic!("{setting}: {error:?}")
        };
        assert_eq!(found, setting);
        assert!(!reason.contains("sup3rs3cr3t"), "{reason}");
        assert!(lines.recv().await.is_none(), "{setting}: it connected");
    }
    let invalid = builder().max_entries_per_view(0);
    let (upstream, _lines) = scripted(Coverage::Queries);
    let error = soon(invalid.connect_over(upstream)).await.err();
    let expected = "invalid setting `max_entries_per_view`: must be at least 1";
    assert_eq!(
        error.map(|error| error.to_string()).as_deref(),
        Some(expected)
    );
}

#[tokio::test]
async fn the_name_of_an_upstream_stands_in_for_the_url() {
    let (hs, _line, _lines) = connected(Coverage::Queries).await;
    assert!(format!("{hs:?}").contains("memory://games"), "{hs:?}");
    assert_eq!(hs.stats().protocol, Protocol::V2);
}

/// An upstream that is a stream and a sink, and answers pings.
struct Pinged {
    pings: mpsc::UnboundedSender<Transmit>,
    /// How many pings each connection answers.
    answers: usize,
}

struct PingedConnection {
    pings: mpsc::UnboundedSender<Transmit>,
    answers: usize,
    pongs: usize,
}

impl Upstream for Pinged {
    type Message = &'static [u8];
    type Connection = PingedConnection;

    fn name(&self) -> String {
        "memory://pinged".to_owned()
    }

    async fn connect(&self) -> Result<PingedConnection, ConnectError> {
        Ok(PingedConnection {
            pings: self.pings.clone(),
            answers: self.answers,
            pongs: 0,
        })
    }

    fn is_pinged(&self) -> bool {
        true
    }
}

impl Stream for PingedConnection {
    type Item = Result<Received<&'static [u8]>, ConnectionLost>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // The client polls after it has sent, so no waker is needed.
        if self.pongs == 0 {
            return Poll::Pending;
        }
        self.pongs -= 1;
        Poll::Ready(Some(Ok(Received::Pong)))
    }
}

impl Sink<Transmit> for PingedConnection {
    type Error = ConnectionLost;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ConnectionLost>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, transmit: Transmit) -> Result<(), ConnectionLost> {
        if transmit == Transmit::Ping && self.answers > 0 {
            self.answers -= 1;
            self.pongs += 1;
        }
        let _ = self.pings.send(transmit);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ConnectionLost>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ConnectionLost>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_is_pinged_is_lost_when_it_falls_silent() {
    let (pings, mut sent) = mpsc::unbounded_channel();
    let answers = 2;
    let upstream = Pinged { pings, answers };
    let interval = Duration::from_secs(10);
    let settings = builder().ping_interval(interval).auto_reconnect(false);
    let hs = settings.connect_over(upstream).await.unwrap();
    let began = tokio::time::Instant::now();
    let mut states = hs.connection_states();
    // Without a deadline, which the paused clock would reach first.
    while states.next().await.is_some() {}
    let silent = 2 * interval;
    let lost = CloseReason::Lost(ConnectionLost::Silent { silent });
    assert_eq!(hs.end_reason(), Some(lost));
    // The pings after 10 and 20 seconds were answered.
    assert_eq!(began.elapsed(), 4 * interval);
    drop(hs);
    let mut pings = 0;
    while let Some(transmit) = sent.recv().await {
        pings += usize::from(transmit == Transmit::Ping);
    }
    assert_eq!(pings, 3);
}

/// An upstream over a channel that answers this many pings.
struct Answering(u32);

impl Upstream for Answering {
    type Message = String;
    type Connection = Channel<String>;

    fn name(&self) -> String {
        "memory://answering".to_owned()
    }

    async fn connect(&self) -> Result<Channel<String>, ConnectError> {
        let (connection, mut peer) = channel(1);
        let mut answers = self.0;
        tokio::spawn(async move {
            while let Some(request) = peer.recv().await {
                if request == Request::Ping && answers > 0 {
                    answers -= 1;
                    peer.pong().await?;
                }
            }
            Ok::<(), ConnectionLost>(())
        });
        Ok(connection)
    }

    fn is_pinged(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn an_upstream_can_answer_pings_over_a_channel() {
    let interval = Duration::from_secs(10);
    let settings = builder().ping_interval(interval).auto_reconnect(false);
    let hs = settings.connect_over(Answering(3)).await.unwrap();
    let began = tokio::time::Instant::now();
    let mut states = hs.connection_states();
    while states.next().await.is_some() {}
    let silent = 2 * interval;
    let lost = CloseReason::Lost(ConnectionLost::Silent { silent });
    assert_eq!(hs.end_reason(), Some(lost));
    // The pings after 10, 20 and 30 seconds were answered.
    assert_eq!(began.elapsed(), 5 * interval);
}

/// An upstream that always has another message, and does not use the budget of Tokio's tasks.
struct Endless;

struct EndlessConnection {
    subscription: Option<String>,
    sent: u64,
    /// Whether the next poll finds nothing.
    rests: bool,
}

impl Upstream for Endless {
    type Message = String;
    type Connection = EndlessConnection;

    fn name(&self) -> String {
        "memory://endless".to_owned()
    }

    async fn connect(&self) -> Result<EndlessConnection, ConnectError> {
        Ok(EndlessConnection {
            subscription: None,
            sent: 0,
            rests: false,
        })
    }
}

impl Stream for EndlessConnection {
    type Item = Result<Received<String>, ConnectionLost>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(id) = self.subscription.clone() else {
            // The client polls again after it has sent a request.
            return Poll::Pending;
        };
        // The client polls again when it has handled what came before.
        self.rests = !self.rests;
        if !self.rests {
            return Poll::Pending;
        }
        self.sent += 1;
        let score = self.sent;
        let message = match score {
            1 => json!({
                "op": "subscribed", "subscriptionId": id, "query": {"view": "Game/list"},
                "wholeEntities": true,
            }),
            2 => json!({
                "op": "snapshot", "subscriptionId": id, "entity": "Game/list", "data": [],
                "complete": true,
            }),
            _ => json!({
                "op": "upsert", "subscriptionId": id, "entity": "Game/list", "key": "a",
                "data": game("a", score as f64),
            }),
        };
        Poll::Ready(Some(Ok(Received::Text(message.to_string()))))
    }
}

impl Sink<Transmit> for EndlessConnection {
    type Error = ConnectionLost;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ConnectionLost>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, transmit: Transmit) -> Result<(), ConnectionLost> {
        if let Transmit::Text(Request::Query { id, .. }) = transmit {
            self.subscription = Some(id);
        }
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ConnectionLost>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ConnectionLost>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn an_endless_upstream_leaves_readers_their_turn() {
    let hs = builder().connect_over(Endless).await.unwrap();
    let mut updates = hs.watch::<Game>();
    for _ in 0..3 {
        assert!(updates.next().await.is_some());
    }
}
