//! Answers to the handshake that the test server does not give.

use hyperstack_sdk::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Returns the error of a client whose server answers with these pieces and keeps the connection open.
async fn error(pieces: &[&'static str]) -> anyhow::Result<String> {
    let pieces = pieces.to_vec();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}", listener.local_addr()?);
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            stream.read_buf(&mut request).await?;
        }
        for piece in pieces {
            stream.write_all(piece.as_bytes()).await?;
            settle().await;
        }
        // The write ends when the client closes the connection.
        stream.read_to_end(&mut request).await?;
        std::io::Result::Ok(())
    });
    let error = soon(HyperStack::connect(url.as_str())).await.unwrap_err();
    soon(server).await??;
    Ok(error.to_string().replace(&url, "ws://server"))
}

#[tokio::test]
async fn the_body_of_a_refusal_may_come_later_and_in_chunks() -> anyhow::Result<()> {
    let wanted = "ws://server rejected the connection with status 403 (origin-mismatch): not from \
                  here (set an origin that the server accepts with `.origin(\"https://…\")`)";
    let head = "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n";
    let body = r#"{"message": "not from here", "code": "origin-mismatch"}"#;
    assert_eq!(
        error(&[head, "37\r\n", body, "\r\n0\r\n\r\n"]).await?,
        wanted
    );
    let [start, end] = [
        r#"{"message": "not from here","#,
        r#" "code": "origin-mismatch"}"#,
    ];
    assert_eq!(
        error(&["HTTP/1.1 403 ", "No\r\n\r\n", start, end]).await?,
        wanted
    );
    Ok(())
}

#[tokio::test]
async fn an_unfinished_refusal_shows_what_has_arrived() -> anyhow::Result<()> {
    let still = Still::new();
    let answer = ["HTTP/1.1 503 Oops\r\nContent-Length: 90\r\n\r\nback at"];
    let (error, ()) = tokio::join!(error(&answer), async {
        // This is long enough for the body's deadline but not for the connection's.
        for _ in 0..4 {
            still.advance(SECOND).await;
        }
    });
    assert_eq!(
        error?,
        "ws://server rejected the connection with status 503: back at"
    );
    Ok(())
}

#[tokio::test]
async fn a_server_without_websocket_is_a_distinct_error() -> anyhow::Result<()> {
    const UPGRADE: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: keep-alive, Upgrade\r\n";
    let cases: [(&[&str], &str); 4] = [
        (&["SSH-2.0-OpenSSH_9.6\r\n"], "it is not HTTP"),
        (
            &["HTTP/1.1 101 Switching Protocols\r\n\r\n"],
            "it does not upgrade to WebSocket",
        ),
        (
            &[UPGRADE, "Upgrade: WebSocket\r\n\r\n"],
            "its `Sec-WebSocket-Accept` belongs to another request",
        ),
        (
            &[
                UPGRADE,
                "Upgrade: websocket\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
            ],
            "its `Sec-WebSocket-Accept` belongs to another request",
        ),
    ];
    for (pieces, reason) in cases {
        assert_eq!(
            error(pieces).await?,
            format!(
                "cannot reach ws://server: the reply is not a valid WebSocket handshake: {reason}"
            )
        );
    }
    Ok(())
}
