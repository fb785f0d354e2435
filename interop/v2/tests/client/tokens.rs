//! Tokens: static ones, signed sessions, sessions that end, and row scopes.

use std::any::Any;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arete_server::websocket::{AuthDecision, ConnectionAuthRequest, WebSocketAuthPlugin};
use async_trait::async_trait;
use hyperstack_interop_v2::{Granted, Limits, Mint, Setup, StaticTokenAuthPlugin};
use hyperstack_sdk::{AuthToken, TokenError, TokenProvider};

use super::*;

const LIFE: Duration = Duration::from_secs(300);

/// Returns a provider that passes the number of the call, from 1, to `token`.
fn provider(
    calls: &Arc<AtomicU32>,
    token: impl Fn(u32) -> AuthToken + Send + Sync + 'static,
) -> impl TokenProvider {
    let calls = calls.clone();
    move || {
        let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
        std::future::ready(Ok::<_, TokenError>(token(call)))
    }
}

/// A client that renews its token when its clock is [advanced](renew), and not before.
fn renewing(server: &Server, provider: impl TokenProvider) -> HyperStackBuilder {
    client(server)
        .token_provider(provider)
        .ping_interval(Duration::from_secs(3600))
}

/// Advances the client's clock to the renewal of a token that lives [`LIFE`]. The server's clock goes on
/// as before.
pub(super) async fn renew() {
    tokio::time::pause();
    tokio::time::advance(LIFE - Duration::from_secs(50)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn static_and_signed_tokens_are_sent_also_after_a_lost_connection() {
    let mint = Mint::new();
    let secret = "let me in".to_owned();
    for (setup, token) in [
        (
            players().auth(StaticTokenAuthPlugin::new([secret.clone()])),
            secret,
        ),
        (players().auth(mint.plugin()), mint.token(LIFE)),
    ] {
        let mut server = setup.start();
        server.apply(crowd(3)).await;
        let hs = client(&server).token(token).connect().await;
        let hs = hs.expect("a connection");
        let mut list = Reader::new(hs.watch::<Player>());
        list.reaches(server.rows("Player/list").await).await;
        server.kill().await;
        server.apply([change("p1", json!({"score": 10}))]).await;
        server.start();
        list.reaches(server.rows("Player/list").await).await;
        settles(&server, "Player/list", "p1", &mut list).await;
    }
}

/// The next token allows more subscriptions. The server applies it without a new connection.
#[tokio::test]
async fn a_token_is_renewed_on_the_open_connection() {
    let mint = Mint::new();
    let server = players().auth(mint.plugin()).start();
    server.apply(crowd(3)).await;
    let calls = Arc::default();
    let provider = provider(&calls, move |call| {
        AuthToken::new(mint.token_with(|claims| {
            claims.limits = Some(Limits {
                max_subscriptions: Some(if call == 1 { 2 } else { 10 }),
                ..Limits::default()
            });
        }))
    });
    let builder = renewing(&server, provider).linger(Duration::ZERO);
    let hs = builder.connect().await.expect("a connection");
    let views = hs.views::<PlayerViews>();
    let mut list = Reader::new(hs.watch::<Player>());
    let mut top = Reader::new(views.top().watch());
    list.reaches(server.rows("Player/list").await).await;
    top.reaches(server.window("Player/top", 0, 3).await).await;
    let refused = deadline(views.best().try_get()).await;
    assert!(
        matches!(refused, Err(ReadError::Refused { .. })),
        "{refused:?}"
    );
    renew().await;
    until(async || views.best().try_get().await.is_ok()).await;
    settles(&server, "Player/list", "p1", &mut list).await;
    assert_eq!(hs.stats().reconnects, 0);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_refused_renewal_is_followed_by_a_connection_with_the_next_token() {
    let (mint, stranger) = (Mint::new(), Mint::new());
    let server = players().auth(mint.plugin()).start();
    server.apply(crowd(3)).await;
    let calls = Arc::default();
    let provider = provider(&calls, move |call| {
        let mint = if call == 2 { &stranger } else { &mint };
        AuthToken::new(mint.token(LIFE))
    });
    let hs = renewing(&server, provider).connect().await;
    let hs = hs.expect("a connection");
    let mut faults = hs.faults();
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    renew().await;
    let fault = deadline(faults.next()).await.expect("a fault");
    let Fault::Connection(ConnectError::Lost {
        cause: ConnectionLost::RefreshRejected { code },
        ..
    }) = fault
    else {
        panic!("another fault: {fault:?}");
    };
    assert_eq!(code, Some("token-invalid-signature".into()));
    settles(&server, "Player/list", "p1", &mut list).await;
    assert_eq!(hs.stats().reconnects, 1);
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_refused_token_is_replaced_by_the_next_one() {
    let mint = Mint::new();
    let server = players().auth(mint.plugin()).start();
    server.apply(crowd(3)).await;
    let calls = Arc::default();
    let provider = provider(&calls, move |call| {
        AuthToken::new(mint.token_with(|claims| {
            if call == 1 {
                claims.exp = claims.iat - 1_000;
            }
        }))
    });
    let builder = client(&server).token_provider(provider);
    let hs = deadline(builder.wait_for_server(true).connect()).await;
    let read = deadline(hs.expect("a connection").try_list::<Player>()).await;
    assert_eq!(
        names(&read.expect("rows")),
        keys(&server.rows("Player/list").await)
    );
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

/// Accepts every connection. The session of the token `short` ends after a while, that of `ended` has
/// ended already.
struct Ending(Duration);

#[async_trait]
impl WebSocketAuthPlugin for Ending {
    async fn authorize(&self, request: &ConnectionAuthRequest) -> AuthDecision {
        let AuthDecision::Allow(mut session) = Granted::default().authorize(request).await else {
            unreachable!("everyone is accepted");
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("now");
        match request.bearer_token() {
            Some("short") => session.expires_at = (now + self.0).as_secs(),
            Some("ended") => session.expires_at = 0,
            _ => {}
        }
        AuthDecision::Allow(session)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Connects with this token first and then with others, makes changes until the server has ended the
/// session, and asserts that the reader misses none.
async fn session_ends(token: &'static str) {
    let server = players().auth(Ending(Duration::from_secs(2))).start();
    server.apply(crowd(3)).await;
    let calls = Arc::default();
    let provider = provider(&calls, move |call| {
        AuthToken::new(if call == 1 { token } else { "lasting" })
    });
    let builder = client(&server).token_provider(provider);
    let hs = builder.connect().await.expect("a connection");
    let mut faults = hs.faults();
    let mut list = Reader::new(hs.watch::<Player>());
    let mut top = Reader::new(hs.views::<PlayerViews>().top().watch());
    list.begins().await;
    top.begins().await;
    let fault = deadline(async {
        for n in 0.. {
            server
                .apply([change(&format!("p{}", n % 3), json!({"score": n}))])
                .await;
            tokio::select! {
                biased;
                fault = faults.next() => return fault,
                () = tokio::task::yield_now() => {}
            }
        }
        unreachable!("the loop has no end")
    });
    let fault = fault.await.expect("a fault");
    let Fault::Connection(ConnectError::Lost {
        cause: ConnectionLost::Expelled { code, .. },
        ..
    }) = fault
    else {
        panic!("another fault: {fault:?}");
    };
    assert_eq!(code, "token-expired");
    list.reaches(server.rows("Player/list").await).await;
    top.reaches(server.window("Player/top", 0, 3).await).await;
    settles(&server, "Player/list", "p1", &mut list).await;
    assert_eq!(hs.stats().reconnects, 1);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

/// The server closes the connection with 1008.
#[tokio::test]
async fn a_session_that_has_ended_is_followed_by_one_with_a_new_token() {
    session_ends("ended").await;
}

#[tokio::test]
async fn a_session_that_ends_while_it_is_read_is_followed_by_one_with_a_new_token() {
    session_ends("short").await;
}

/// A server of rows that belong to `a`, to `b` and to everyone.
fn scoped(mint: &Mint) -> Setup {
    players().auth(mint.plugin()).scope("Player", "owner")
}

fn owned(key: &str, owner: &str, score: i64) -> hyperstack_interop_v2::Change {
    change(key, json!({"name": key, "owner": owner, "score": score}))
}

/// The rows of this owner and those of everyone.
async fn rows_of(server: &Server, owner: &str) -> Vec<Row> {
    let rows = server.rows("Player/list").await.into_iter();
    rows.filter(|(_, row)| row["owner"].is_null() || row["owner"] == owner)
        .collect()
}

#[tokio::test]
async fn a_row_that_changes_hands_comes_and_goes() {
    let mint = Mint::new();
    let server = scoped(&mint).start();
    server
        .apply([owned("x", "a", 1), owned("y", "b", 2), player("all", 3)])
        .await;
    let builder = client(&server).token(mint.scoped_token(&["a"]));
    let hs = builder.connect().await.expect("a connection");
    let mut list = Reader::new(hs.watch::<Player>());
    let mut top = Reader::new(hs.views::<PlayerViews>().top().watch());
    let mut one = Reader::new(hs.watch_keys::<Player>(&["x", "y"]));
    for (key, owner) in [("x", "a"), ("x", "b"), ("y", "a"), ("x", "a"), ("y", "b")] {
        server.apply([change(key, json!({ "owner": owner }))]).await;
        let rows = rows_of(&server, "a").await;
        list.reaches(rows.clone()).await;
        top.reaches(rows.clone()).await;
        one.reaches(rows.into_iter().filter(|(key, _)| key != "all"))
            .await;
    }
}

/// A server of a row of `a`, one of `b` and one of everyone. Each [renewal](renew) gives the client the
/// token of the other owner, and `a` is first.
pub(super) async fn alternating(change: impl FnOnce(Setup) -> Setup) -> (Server, HyperStack) {
    let mint = Mint::new();
    let server = change(scoped(&mint)).start();
    server
        .apply([owned("x", "a", 1), owned("y", "b", 2), player("all", 3)])
        .await;
    let calls = Arc::default();
    let provider = provider(&calls, move |call| {
        let scope = if call % 2 == 1 { "a" } else { "b" };
        AuthToken::new(mint.scoped_token(&[scope]))
    });
    let hs = renewing(&server, provider).connect().await;
    let hs = hs.expect("a connection");
    (server, hs)
}

/// The server sends every affected subscription a new snapshot, without an acknowledgement.
#[tokio::test]
async fn rows_come_and_go_when_a_new_token_has_other_scopes() {
    let (server, hs) = alternating(|setup| setup).await;
    let views = hs.views::<PlayerViews>();
    let mut list = Reader::new(hs.watch::<Player>());
    let mut top = Reader::new(views.top().watch());
    let mut page = Reader::new(views.ranked().take(2).watch());
    let mut filtered = Reader::new(views.list().filter("note", "x").watch());
    let mut some = Reader::new(hs.watch_keys::<Player>(&["x", "y"]));
    for owner in ["a", "b", "a", "b"] {
        for round in 0..2 {
            let rows = rows_of(&server, owner).await;
            list.reaches(rows.clone()).await;
            top.reaches(rows.clone()).await;
            let mut ranked = rows.clone();
            ranked.sort_by_key(|(_, row)| -row["score"].as_i64().expect("a score"));
            ranked.truncate(2);
            page.reaches(ranked).await;
            let noted = rows.iter().filter(|(_, row)| row["note"] == "x");
            filtered.reaches(noted.cloned()).await;
            let mine = rows.iter().filter(|(key, _)| key != "all");
            some.reaches(mine.cloned()).await;
            shows(|| hs.list_sync::<Player>(), rows).await;
            let note = if round == 0 { "x" } else { "z" };
            server
                .apply(["x", "y", "all"].map(|key| change(key, json!({ "note": note }))))
                .await;
        }
        renew().await;
    }
    assert_eq!(hs.stats().reconnects, 0);
}

#[tokio::test]
async fn an_append_view_that_new_scopes_end_begins_again() {
    let (server, hs) = alternating(|setup| setup).await;
    let append = hs.raw("Player").collection("Player/append");
    let mut reader = Reader::new(append.watch());
    for owner in ["a", "b", "a"] {
        let rows = server.rows("Player/append").await.into_iter();
        reader
            .reaches(rows.filter(|(_, row)| row["owner"].is_null() || row["owner"] == owner))
            .await;
        renew().await;
    }
}

/// The list ends with `subscription-rescoped`, because its new snapshot would exceed the row limit. So does the list
/// that the client then requests.
#[tokio::test]
async fn new_scopes_with_too_many_rows_are_an_error_of_the_list_and_other_readers_continue() {
    let mint = Mint::new();
    let server = scoped(&mint).start();
    let crowd = (0..5).map(|n| owned(&format!("b{n}"), "b", n));
    server.apply([owned("x", "a", 1)]).await;
    server.apply(crowd).await;
    let calls = Arc::default();
    let provider = provider(&calls, move |call| {
        let scope = if call % 2 == 1 { "a" } else { "b" };
        AuthToken::new(mint.token_with(|claims| {
            claims.row_scopes = Some([scope.to_owned()].into());
            let limits = claims.limits.get_or_insert_default();
            limits.max_snapshot_rows = Some(4);
        }))
    });
    let hs = renewing(&server, provider).connect().await;
    let hs = hs.expect("a connection");
    let mut issues = hs.socket_issues();
    let mut list = hs.try_watch::<Player>();
    let mut top = Reader::new(hs.views::<PlayerViews>().top().watch());
    assert!(deadline(list.next()).await.expect("an item").is_ok());
    top.reaches(rows_of(&server, "a").await).await;
    renew().await;
    for code in ["subscription-rescoped", "subscription-rejected"] {
        let issue = deadline(issues.next()).await.expect("an issue");
        assert_eq!(issue.code, code);
    }
    let refused = deadline(list.next()).await.expect("an item");
    let Err(StreamError::Refused(issue)) = refused else {
        panic!("no refusal: {refused:?}")
    };
    assert_eq!(issue.code, "subscription-rejected");
    let mut rows = rows_of(&server, "b").await;
    rows.sort_by_key(|(_, row)| -row["score"].as_i64().expect("a score"));
    top.reaches(rows.into_iter().take(3)).await;
    // With the earlier scopes, the list has few enough rows again, and the next read of it takes place.
    renew().await;
    top.reaches(rows_of(&server, "a").await).await;
    let read = deadline(hs.try_list::<Player>()).await.expect("rows");
    assert_eq!(names(&read), ["x"]);
    assert_eq!(hs.stats().reconnects, 0);
}
