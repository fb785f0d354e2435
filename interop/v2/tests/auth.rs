//! Tokens, sessions and row scopes (protocol-v2.md, section 7).

use std::time::Duration;

use hyperstack_interop_socket::{Encoding, Event, Refusal, Socket};
use hyperstack_interop_v2::{Granted, Mint, Server, StaticTokenAuthPlugin};
use serde_json::{json, Value};

use crate::support::*;

/// Reads how the server refuses a handshake: the status, the code and the JSON of the body.
async fn refused(server: &Server, path: &str, headers: &str) -> (u16, Value) {
    let refusal = Refusal::of(&server.address().to_string(), path, headers).await;
    let body: Value = serde_json::from_str(&refusal.body).expect("JSON");
    let code = format!("x-error-code: {}", body["code"].as_str().expect("a code"));
    assert!(refusal.headers.contains(&code), "{}", refusal.headers);
    // The body ends with the connection.
    assert!(
        !refusal.headers.contains("content-length"),
        "{}",
        refusal.headers
    );
    (refusal.status, body)
}

async fn refresh(client: &mut Client, token: &str) -> Value {
    client
        .socket
        .send(&json!({"type": "refresh_auth", "token": token}))
        .await;
    let (answer, encoding) = client.socket.encoded_message().await;
    assert_eq!(encoding, Encoding::Text);
    assert_eq!(
        (&answer["type"], &answer["protocolVersion"]),
        (&Value::Null, &Value::Null)
    );
    answer
}

#[tokio::test]
async fn a_static_token_is_accepted_in_the_header_and_in_the_query() {
    let server = players()
        .auth(StaticTokenAuthPlugin::new(["secret".to_owned()]))
        .start();
    let mut client = Client::with_token(&server, "secret").await;
    client.open_view("a", "Player/list").await;
    let url = format!("{}/?token=secret", server.url());
    Socket::connect(&url).await;
    // The header wins, and its scheme is case-insensitive.
    Socket::connect_with(
        &format!("{}/?token=wrong", server.url()),
        &[("authorization", "bearer secret")],
    )
    .await;
    let (status, body) = refused(&server, "/", "").await;
    assert_eq!((status, &body["code"]), (401, &json!("token-missing")));
    let (status, body) = refused(&server, "/?token=wrong", "").await;
    assert_eq!(
        (status, &body["code"]),
        (401, &json!("invalid-static-token"))
    );
    // The query is not percent-decoded.
    let (status, _) = refused(&server, "/?token=secre%74", "").await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn a_signed_session_is_accepted_and_others_are_refused_with_a_code() {
    let mint = Mint::new();
    let server = players().auth(mint.plugin()).start();
    let token = mint.token(Duration::from_secs(300));
    let mut client = Client::with_token(&server, &token).await;
    client.open_view("a", "Player/list").await;
    Socket::connect(&format!("{}/?hs_token={token}", server.url())).await;
    let expired = mint.token_with(|claims| claims.exp = claims.iat - 1_000);
    for (token, status, code) in [
        ("nonsense".to_owned(), 400, "token-invalid-format"),
        (expired, 401, "token-expired"),
        (
            Mint::new().token(Duration::from_secs(300)),
            401,
            "token-invalid-signature",
        ),
    ] {
        let headers = format!("Authorization: Bearer {token}\r\n");
        let (answer, body) = refused(&server, "/", &headers).await;
        assert_eq!((answer, &body["code"]), (status, &json!(code)), "{body}");
        assert!(!body.to_string().contains(&token));
    }
}

#[tokio::test]
async fn a_session_bound_to_an_origin_is_refused_from_another_one() {
    let mint = Mint::new();
    let server = players().auth(mint.plugin()).start();
    let token = mint.token_with(|claims| claims.origin = Some("https://a.example".to_owned()));
    let path = format!("/?hs_token={token}");
    let (status, body) = refused(&server, &path, "Origin: https://b.example\r\n").await;
    assert_eq!((status, &body["code"]), (403, &json!("origin-mismatch")));
    let url = format!("{}{path}", server.url());
    Socket::connect_with(&url, &[("origin", "https://a.example")]).await;
    Socket::connect(&url).await;
}

#[tokio::test]
async fn more_connections_than_a_session_allows_are_refused_until_one_closes() {
    let mint = Mint::new();
    let server = players().auth(mint.plugin()).start();
    let token = mint.token_with(|claims| {
        let limits = claims.limits.get_or_insert_default();
        limits.max_connections = Some(1);
    });
    let mut client = Client::with_token(&server, &token).await;
    client.open_view("a", "Player/list").await;
    let headers = format!("Authorization: Bearer {token}\r\n");
    let (status, body) = refused(&server, "/", &headers).await;
    assert_eq!(
        (status, &body["code"]),
        (429, &json!("connection-limit-exceeded"))
    );
    assert_eq!(body["retryable"], true);
    // The count is kept by connection, so the next one is accepted when the first has gone.
    drop(client);
    let header = format!("Bearer {token}");
    let headers = [("authorization", header.as_str())];
    until(async || Socket::try_connect(&server.url(), &headers).await.is_ok()).await;
}

#[tokio::test]
async fn a_session_is_refreshed_in_band() {
    let mint = Mint::new();
    let server = players().auth(mint.plugin()).start();
    let mut client = Client::with_token(&server, &mint.token(Duration::from_secs(60))).await;
    let answer = refresh(&mut client, &mint.token(Duration::from_secs(300))).await;
    assert_eq!(answer["success"], true);
    assert!(answer["expiresAt"].is_u64(), "{answer}");
    // A refused token leaves the session as it was.
    for (token, code) in [
        (
            Mint::new().token(Duration::from_secs(300)),
            "token-invalid-signature",
        ),
        (
            mint.token_with(|claims| claims.exp = claims.iat - 1_000),
            "token-expired",
        ),
        ("nonsense".to_owned(), "token-invalid"),
    ] {
        let answer = refresh(&mut client, &token).await;
        assert_eq!(answer, json!({"success": false, "error": code}));
    }
    client.open_view("a", "Player/list").await;
}

#[tokio::test]
async fn a_refresh_on_a_server_without_signed_sessions_is_refused_and_the_session_stays() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    let answer = refresh(&mut client, "any").await;
    assert_eq!(answer, json!({"success": false, "error": "token-invalid"}));
    client.open_view("a", "Player/list").await;
}

#[tokio::test]
async fn an_expired_session_is_closed_with_1008_at_the_next_message() {
    let server = players()
        .auth(Granted {
            expired: true,
            ..Granted::default()
        })
        .start();
    for message in [
        subscribe("a", json!({"view": "Player/list"})),
        json!({"type": "ping"}),
        json!({"type": "refresh_auth", "token": "new"}),
    ] {
        let mut client = Client::connect(&server).await;
        client.socket.send(&message).await;
        let close = (
            1008,
            "token-expired: Authentication token expired".to_owned(),
        );
        assert_eq!(
            client.socket.next().await,
            Event::Close(Some(close)),
            "{message}"
        );
    }
    // An idle connection stays: a ping has its pong.
    let mut client = Client::connect(&server).await;
    client.socket.ping().await;
    assert_eq!(client.socket.next().await, Event::Pong);
}

#[tokio::test]
async fn a_session_sees_the_rows_of_its_scopes_and_a_row_that_changes_hands_leaves() {
    let mint = Mint::new();
    let server = players()
        .auth(mint.plugin())
        .scope("Player", "owner")
        .start();
    server
        .apply([
            change("mine", json!({"owner": "a", "score": 1})),
            change("theirs", json!({"owner": "b", "score": 2})),
            change("public", json!({"score": 3})),
        ])
        .await;
    let mut client = Client::with_token(&server, &mint.scoped_token(&["a"])).await;
    let rows = client.open_view("a", "Player/list").await;
    assert_eq!(keys(&rows), ["public", "mine"]);
    let mut other = Client::with_token(&server, &mint.scoped_token(&["b"])).await;
    let rows = other.open_view("r", "Player/ranked").await;
    assert_eq!(keys(&rows), ["public", "theirs"]);
    let mut none = Client::with_token(&server, &mint.scoped_token(&[])).await;
    let rows = none.open_view("n", "Player/list").await;
    assert_eq!(keys(&rows), ["public"]);
    server.apply([change("theirs", json!({"score": 5}))]).await;
    server.apply([change("mine", json!({"owner": "b"}))]).await;
    client.update("remove", "mine").await;
    server
        .apply([change("theirs", json!({"owner": "a"}))])
        .await;
    client.update("upsert", "theirs").await;
}

#[tokio::test]
async fn a_refresh_that_changes_the_scopes_sends_an_authoritative_snapshot_without_an_acknowledgement(
) {
    let mint = Mint::new();
    let server = players()
        .auth(mint.plugin())
        .scope("Player", "owner")
        .start();
    server
        .apply([
            change("mine", json!({"owner": "a", "score": 1})),
            change("theirs", json!({"owner": "b", "score": 2})),
        ])
        .await;
    let mut client = Client::with_token(&server, &mint.scoped_token(&["a"])).await;
    assert_eq!(keys(&client.open_view("a", "Player/list").await), ["mine"]);
    client
        .socket
        .send(&json!({"type": "refresh_auth", "token": mint.scoped_token(&["b"])}))
        .await;
    let mut rows = None;
    let mut refreshed = false;
    while rows.is_none() || !refreshed {
        let message = client.socket.message().await;
        if message["success"] == true {
            refreshed = true;
        } else {
            assert_eq!(
                (&message["op"], &message["authoritative"]),
                (&json!("snapshot"), &json!(true))
            );
            rows = Some(batch_rows(&message));
        }
    }
    assert_eq!(keys(&rows.expect("rows")), ["theirs"]);
    server.apply([change("theirs", json!({"score": 5}))]).await;
    client.update("patch", "theirs").await;
}

#[tokio::test]
async fn a_refresh_that_changes_the_scopes_ends_a_tape() {
    let mint = Mint::new();
    let server = players()
        .tapes(100)
        .auth(mint.plugin())
        .scope("Player", "owner")
        .start();
    let mut client = Client::with_token(&server, &mint.scoped_token(&["a"])).await;
    client
        .subscribe("tape", json!({"view": "Player/append"}))
        .await;
    client.expect("tape", "subscribed").await;
    client
        .socket
        .send(&json!({"type": "refresh_auth", "token": mint.scoped_token(&["b"])}))
        .await;
    let mut codes = Vec::new();
    for _ in 0..2 {
        let message = client.socket.message().await;
        if message["type"] == "error" {
            assert_eq!(message["subscriptionId"], "tape");
            assert_eq!(
                (&message["fatal"], &message["retryable"]),
                (&json!(true), &json!(true))
            );
            codes.push(message["code"].clone());
        } else {
            assert_eq!(message["success"], true);
        }
    }
    assert_eq!(codes, ["subscription-rescoped"]);
    client.unsubscribe("tape").await;
    client.expect("tape", "unsubscribed").await;
    client
        .subscribe("tape", json!({"view": "Player/append"}))
        .await;
    client.expect("tape", "subscribed").await;
}
