//! A fixed token, and how it is presented.

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::Refusal;
use hyperstack_sdk::ConfigError;

use super::*;

#[tokio::test]
async fn a_token_is_presented_in_a_header() -> anyhow::Result<()> {
    let server = guarded().await?;
    let hs = client(&server).token("one").connect().await?;
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["a"]);
    let handshake = &server.handshakes()[0];
    assert_eq!(handshake.target, "/");
    assert_eq!(handshake.header("authorization"), Some("Bearer one"));
    Ok(())
}

#[tokio::test]
async fn a_token_is_presented_in_the_query_by_choice() -> anyhow::Result<()> {
    let server = games().token("a+b/c==").start().await?;
    for (parameter, path, target) in [
        ("hs_token", "", "/?hs_token=a+b/c=="),
        ("token", "/v1?x=1", "/v1?x=1&token=a+b/c=="),
    ] {
        let url = server.url() + path;
        let builder = client(&server).url(url).token("a+b/c==");
        builder.token_in_query(parameter).connect().await?;
        let handshake = server.handshakes().pop().unwrap();
        assert_eq!(handshake.target, target);
        assert_eq!(handshake.header("authorization"), None);
    }
    Ok(())
}

#[tokio::test]
async fn headers_arrive_as_they_were_given() -> anyhow::Result<()> {
    let server = games().start().await?;
    let builder = client(&server)
        .header("Origin", "https://old.example")
        .header("X-Trace", "a: b")
        .header("origin", "https://app.example");
    builder.connect().await?;
    let handshake = &server.handshakes()[0];
    assert_eq!(handshake.header("origin"), Some("https://app.example"));
    assert_eq!(handshake.header("x-trace"), Some("a: b"));
    // A client without a token may use another scheme.
    let basic = client(&server).header("Authorization", "Basic YTpi");
    basic.connect().await?;
    let handshake = &server.handshakes()[1];
    assert_eq!(handshake.header("authorization"), Some("Basic YTpi"));
    Ok(())
}

#[tokio::test]
async fn the_user_and_password_of_a_url_are_sent_as_basic_auth() -> anyhow::Result<()> {
    let server = games().start().await?;
    let url = format!("ws://me:p%40ss@{}/games", server.address());
    client(&server).url(url).connect().await?;
    let handshake = &server.handshakes()[0];
    assert_eq!(handshake.target, "/games");
    assert_eq!(
        handshake.header("host"),
        Some(&*server.address().to_string())
    );
    // `me:p@ss`
    let basic = handshake.header("authorization");
    assert_eq!(basic, Some("Basic bWU6cEBzcw=="));
    Ok(())
}

#[tokio::test]
async fn a_token_goes_unencrypted_to_another_machine_if_you_allow_it() -> anyhow::Result<()> {
    let server = guarded().await?;
    // This address counts as another machine, but leads to this one.
    let url = format!("ws://0.0.0.0:{}", server.address().port());
    let builder = client(&server).url(url.as_str()).token("one");
    let error = builder.clone().connect().await.unwrap_err();
    let secret = "`token`".to_owned();
    let insecure = ConfigError::Insecure { secret, url };
    assert_eq!(error, ConnectError::Config(insecure));
    assert_eq!(server.handshakes().len(), 0);
    soon(builder.allow_insecure_auth(true).connect()).await?;
    assert_eq!(presented(&server), ["one"]);
    Ok(())
}

#[tokio::test]
async fn an_echoed_url_password_is_redacted() -> anyhow::Result<()> {
    let server = games().start().await?;
    // "me:sup3r@s3cr3t", decoded, as it is in the URL, and in base64.
    let echo = "sup3r@s3cr3t sup3r%40s3cr3t bWU6c3VwM3JAczNjcjN0";
    server.refuse(Refusal::new("invalid-static-token").message(echo));
    let url = format!("ws://me:sup3r%40s3cr3t@{}", server.address());
    let error = soon(client(&server).url(url).connect()).await.unwrap_err();
    assert!(error.to_string().ends_with(": *** *** ***"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_wrong_token_is_not_tried_again() -> anyhow::Result<()> {
    let server = guarded().await?;
    let builder = client(&server).token("other").wait_for_server(true);
    let error = soon(builder.connect()).await.unwrap_err();
    assert_eq!(code(&error), "invalid-static-token");
    assert_eq!(
        error.to_string(),
        format!(
            "{} rejected the connection with status 401 (invalid-static-token): Refused: invalid \
             static token",
            server.url()
        )
    );
    assert_eq!(server.handshakes().len(), 1);
    Ok(())
}

#[tokio::test]
async fn streams_end_with_the_servers_token_error() -> anyhow::Result<()> {
    for wanted in [
        "invalid-static-token",
        "token-expired",
        "token-missing",
        "origin-mismatch",
    ] {
        let server = guarded().await?;
        let hs = client(&server).token("one").connect().await?;
        let mut updates = hs.watch::<Game>();
        read(&mut updates, 1).await;
        match wanted {
            "invalid-static-token" => server.set_token(Some("two")),
            "token-expired" => server.expire_token("one"),
            code => server.refuse(Refusal::new(code)),
        }
        server.drop_connections();
        assert_eq!(code(&ended_by(&mut updates).await), wanted);
        assert_eq!(presented(&server), ["one", "one"]);
    }
    Ok(())
}

#[tokio::test]
async fn a_refusal_without_a_code_is_judged_by_its_status() -> anyhow::Result<()> {
    let server = guarded().await?;
    let mut forbidden = Refusal::new("").status(403);
    forbidden.message = "go away".into();
    server.refuse(forbidden);
    let builder = client(&server).wait_for_server(true);
    let error = soon(builder.connect()).await.unwrap_err();
    assert!(
        matches!(&error, ConnectError::Rejected { status: 403, message, .. } if message == "go away"),
        "{error:?}"
    );
    assert_eq!(server.handshakes().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_with_the_same_token() -> anyhow::Result<()> {
    let server = guarded().await?;
    let still = Still::new();
    let desk = Desk::default();
    desk.tell(Ok(AuthToken::new("one")));
    let hs = quiet(&server)
        .token_provider(desk.clone())
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    server.refuse_next(Refusal::new("rate-limit-exceeded").retry_after(7));
    server.drop_connections();
    still.advance(Duration::ZERO).await;
    soon(server.wait_for_handshakes(2)).await;
    still.advance(SECOND * 7 - Duration::from_millis(2)).await;
    settle().await;
    assert_eq!(server.handshakes().len(), 2);
    still.advance(Duration::from_millis(2)).await;
    soon(server.wait_for_accepted(2)).await;
    assert_eq!(presented(&server), ["one"; 3]);
    assert_eq!(desk.asked(), 1);
    Ok(())
}

#[tokio::test]
async fn a_token_in_the_url_is_not_shown_though_the_server_repeats_it() -> anyhow::Result<()> {
    let server = games().start().await?;
    let refusal = Refusal::new("invalid-static-token").message("no such token: sup3rs3cr3t");
    server.refuse(refusal);
    let url = server.url() + "/?token=sup3rs3cr3t";
    let error = soon(client(&server).url(url).connect()).await.unwrap_err();
    assert!(error.to_string().contains("no such token: ***"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_token_is_not_shown_though_the_server_repeats_it() -> anyhow::Result<()> {
    let server = games().token("sup3rs3cr3t").start().await?;
    let hs = client(&server).token("sup3rs3cr3t").connect().await?;
    let mut faults = hs.faults();
    let complaint = Refusal::new("rate-limit-exceeded").message("sup3rs3cr3t is busy");
    server.send_issue(&complaint, false);
    let shown = next(&mut faults).await.to_string();
    assert!(shown.contains("*** is busy"), "{shown}");
    server.close_connections(4001, "bye sup3rs3cr3t");
    let shown = next(&mut faults).await.to_string();
    assert!(shown.contains("bye ***"), "{shown}");
    Ok(())
}
