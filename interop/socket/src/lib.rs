//! A WebSocket client with nothing on top, for tests of what a server sends.
//!
//! It keeps no state beyond the socket: the tests say what they send, and see each message as it
//! arrived. Every wait has a deadline that only a failing test reaches.
#![forbid(unsafe_code)]

use std::future::Future;
use std::io::Read;
use std::time::Duration;

use flate2::read::GzDecoder;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{self, Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How a server encoded a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// JSON in a text message.
    Text,
    /// JSON in a binary message.
    Binary,
    /// Compressed JSON in a binary message.
    Gzip,
}

/// What a socket received.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A text or binary message.
    Message(Value, Encoding),
    /// The answer to a WebSocket ping.
    Pong,
    /// The server's close frame: its code and reason, if it has them.
    Close(Option<(u16, String)>),
    /// The connection ended without a close frame.
    Lost,
}

/// A connection to a server.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Connects to a server.
    ///
    /// # Panics
    ///
    /// If the handshake fails.
    pub async fn connect(url: &str) -> Socket {
        Socket::connect_with(url, &[]).await
    }

    /// Connects to a server with these headers in the handshake.
    ///
    /// # Panics
    ///
    /// If the handshake fails.
    pub async fn connect_with(url: &str, headers: &[(&str, &str)]) -> Socket {
        match Socket::try_connect(url, headers).await {
            Ok(socket) => socket,
            Err(error) => panic!("the handshake failed: {error}"),
        }
    }

    /// Connects to a server, or returns the reason why it refused.
    pub async fn try_connect(
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<Socket, tungstenite::Error> {
        let mut request = url.into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(
                HeaderName::from_bytes(name.as_bytes()).expect("a header's name"),
                HeaderValue::from_str(value).expect("a header's value"),
            );
        }
        // Without Nagle's algorithm on this side, only the server's delays remain.
        let connect = tokio_tungstenite::connect_async_with_config(request, None, true);
        let (stream, _) = deadline(connect).await?;
        Ok(Socket { stream })
    }

    /// Sends JSON in a text message.
    pub async fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    /// Sends a text message.
    pub async fn send_text(&mut self, text: &str) {
        self.write(Message::text(text)).await;
    }

    /// Sends JSON in a binary message.
    pub async fn send_binary(&mut self, message: &Value) {
        self.write(Message::binary(message.to_string().into_bytes()))
            .await;
    }

    /// Sends a WebSocket ping.
    pub async fn ping(&mut self) {
        self.write(Message::Ping(Bytes::new())).await;
    }

    async fn write(&mut self, message: Message) {
        let sent = deadline(self.stream.send(message)).await;
        sent.expect("the connection takes a message");
    }

    /// Returns the next thing that arrives.
    pub async fn next(&mut self) -> Event {
        loop {
            return match deadline(self.stream.next()).await {
                Some(Ok(Message::Text(text))) => {
                    Event::Message(json(text.as_bytes()), Encoding::Text)
                }
                Some(Ok(Message::Binary(bytes))) if bytes.starts_with(&[0x1f, 0x8b]) => {
                    let mut text = Vec::new();
                    GzDecoder::new(&bytes[..])
                        .read_to_end(&mut text)
                        .expect("gzip");
                    Event::Message(json(&text), Encoding::Gzip)
                }
                Some(Ok(Message::Binary(bytes))) => Event::Message(json(&bytes), Encoding::Binary),
                Some(Ok(Message::Pong(_))) => Event::Pong,
                Some(Ok(Message::Ping(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(frame))) => Event::Close(
                    frame.map(|frame| (frame.code.into(), frame.reason.as_str().to_owned())),
                ),
                Some(Err(_)) | None => Event::Lost,
            };
        }
    }

    /// Returns the next message; skips pongs.
    ///
    /// # Panics
    ///
    /// If the connection ends instead.
    pub async fn message(&mut self) -> Value {
        self.encoded_message().await.0
    }

    /// Returns the next message and how it was encoded; skips pongs.
    ///
    /// # Panics
    ///
    /// If the connection ends instead.
    pub async fn encoded_message(&mut self) -> (Value, Encoding) {
        loop {
            match self.next().await {
                Event::Message(message, encoding) => return (message, encoding),
                Event::Pong => {}
                ended => panic!("no message, but {ended:?}"),
            }
        }
    }

    /// Reads until the connection ends; returns the close frame or [`Event::Lost`].
    pub async fn end(&mut self) -> Event {
        loop {
            match self.next().await {
                Event::Message(..) | Event::Pong => {}
                ended => return ended,
            }
        }
    }
}

/// A refused handshake, as the server wrote it.
#[derive(Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The header lines, in lower case.
    pub headers: String,
    /// Everything behind the header lines, up to the end of the connection.
    pub body: String,
}

impl Refusal {
    /// Asks for a WebSocket and reads the answer to its end.
    ///
    /// # Panics
    ///
    /// If the server accepts the handshake, or answers with something other than HTTP.
    pub async fn of(address: &str, path: &str, headers: &str) -> Refusal {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream
            .write_all(request.as_bytes())
            .await
            .expect("a request");
        let mut answer = String::new();
        deadline(stream.read_to_string(&mut answer))
            .await
            .expect("an answer that ends");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        let (line, headers) = head.split_once("\r\n").expect("header lines");
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        Refusal {
            status: status.expect("an HTTP status"),
            headers: headers.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }
}

/// Awaits something that happens at once if the test is right.
///
/// # Panics
///
/// If it does not happen for 30 seconds.
pub async fn deadline<F: Future>(future: F) -> F::Output {
    let limit = Duration::from_secs(30);
    match tokio::time::timeout(limit, future).await {
        Ok(output) => output,
        Err(_) => panic!("nothing happened for {limit:?}"),
    }
}

fn json(bytes: &[u8]) -> Value {
    match serde_json::from_slice(bytes) {
        Ok(json) => json,
        Err(error) => panic!("not JSON: {error}: {}", String::from_utf8_lossy(bytes)),
    }
}
