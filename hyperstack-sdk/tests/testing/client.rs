//! A client without logic: it sends what a test tells it to, and returns what arrives.

use std::io::Read;

use flate2::read::GzDecoder;
use futures_util::{SinkExt, StreamExt};
use hyperstack_sdk::testing::TestServer;
use serde_json::{json, Value};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{connect_async, MaybeTlsStream, WebSocketStream};

pub(crate) struct Client(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

/// A message of the server, with its encoding.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Got {
    pub(crate) value: Value,
    pub(crate) gzip: bool,
    pub(crate) text: bool,
}

impl Client {
    pub(crate) async fn connect(server: &TestServer) -> Self {
        Self(connect_async(server.url()).await.expect("a connection").0)
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .expect("an open connection");
    }

    pub(crate) async fn subscribe(&mut self, view: &str) {
        self.say(json!({"type": "subscribe", "view": view})).await;
    }

    /// Returns the next message, or `None` at the end of the connection.
    pub(crate) async fn next(&mut self) -> Option<Got> {
        loop {
            let (bytes, text) = match self.0.next().await? {
                Ok(Message::Binary(bytes)) => (bytes.to_vec(), false),
                Ok(Message::Text(text)) => (text.as_bytes().to_vec(), true),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => continue,
            };
            let gzip = bytes.starts_with(&[0x1f, 0x8b]);
            let bytes = if gzip { inflate(&bytes) } else { bytes };
            let value = serde_json::from_slice(&bytes).expect("JSON");
            return Some(Got { value, gzip, text });
        }
    }

    pub(crate) async fn frame(&mut self) -> Value {
        self.next().await.expect("a message").value
    }

    pub(crate) async fn frames(&mut self, count: usize) -> Vec<Value> {
        let mut frames = Vec::new();
        for _ in 0..count {
            frames.push(self.frame().await);
        }
        frames
    }

    /// Returns everything that arrives before the answer to a request made now.
    pub(crate) async fn drain(&mut self, entity: &str) -> Vec<Got> {
        let view = format!("{entity}/append");
        let barrier = json!({"view": view, "key": "no such key", "withSnapshot": false});
        self.say(barrier).await;
        let mut got = Vec::new();
        loop {
            let message = self.next().await.expect("the barrier");
            if message.value["op"] == "subscribed" && message.value["view"] == view.as_str() {
                break;
            }
            got.push(message);
        }
        self.say(json!({"type": "unsubscribe", "view": view, "key": "no such key"}))
            .await;
        got
    }

    /// Waits for the end of the connection, and returns how it ended.
    pub(crate) async fn end(&mut self) -> Option<Result<Message, Error>> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Binary(_) | Message::Text(_) | Message::Pong(_))) => {}
                end => return end,
            }
        }
    }
}

/// The keys of a snapshot's rows.
pub(crate) fn keys(snapshot: &Value) -> Vec<&str> {
    let rows = snapshot["data"].as_array().expect("rows");
    rows.iter()
        .map(|row| row["key"].as_str().expect("a key"))
        .collect()
}

/// `op key`, in the order of the frames.
pub(crate) fn steps(frames: &[Value]) -> Vec<String> {
    frames
        .iter()
        .map(|frame| {
            let part = |name: &str| frame[name].as_str().unwrap_or_default();
            format!("{} {}", part("op"), part("key"))
        })
        .collect()
}

fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut inflated = Vec::new();
    GzDecoder::new(bytes)
        .read_to_end(&mut inflated)
        .expect("sound gzip");
    inflated
}
