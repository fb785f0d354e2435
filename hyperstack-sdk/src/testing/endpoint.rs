//! A token endpoint.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{json, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::error::ServerError;

/// A token endpoint on this machine, which answers as the test tells it to.
///
/// Each request takes the next reply, and waits for one if there is none. When it is dropped, its port and
/// its connections are closed.
///
/// ```
/// use hyperstack_sdk::testing::{TokenEndpoint, TokenReply};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let endpoint = TokenEndpoint::start().await?;
/// endpoint.reply(TokenReply::refusal(429, "rate-limit-exceeded", "slow down").retry_after(7));
/// endpoint.reply(TokenReply::token("t1", 1_893_456_000));
/// assert!(endpoint.url().starts_with("http://127.0.0.1:"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TokenEndpoint {
    address: SocketAddr,
    script: Arc<Script>,
    task: JoinHandle<()>,
}

/// A request that came to a [`TokenEndpoint`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TokenRequest {
    /// Method and target, as in `POST /ws/sessions`.
    pub target: String,
    /// The headers, names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body; `null` if it is no JSON.
    pub body: Value,
}

impl TokenRequest {
    /// The first header of this name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// How a [`TokenEndpoint`] answers once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenReply {
    head: String,
    body: String,
}

impl TokenReply {
    /// A token that expires then, in seconds since 1970.
    pub fn token(token: &str, expires_at: u64) -> Self {
        let body = json!({"token": token, "expires_at": expires_at, "token_type": "Bearer"});
        Self::new(200, body.to_string())
    }

    /// A refusal as the reference endpoint words it.
    pub fn refusal(status: u16, code: &str, text: &str) -> Self {
        Self::new(status, json!({"error": text, "code": code}).to_string())
    }

    /// Any status and body.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        TokenReply {
            head: format!("HTTP/1.1 {status} Status\r\n"),
            body: body.into(),
        }
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    /// With so many seconds in the header `Retry-After`.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header("Retry-After", &seconds.to_string())
    }
}

#[derive(Debug)]
struct Script {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    replies: VecDeque<TokenReply>,
    requests: Vec<TokenRequest>,
}

impl TokenEndpoint {
    /// Starts an endpoint, on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// Where no port can be opened.
    pub async fn start() -> Result<Self, ServerError> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let failed = |error| ServerError::Listen(any, error);
        let listener = TcpListener::bind(any).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let script = Arc::new(Script {
            state: Mutex::default(),
            changed: watch::Sender::new(()),
        });
        let task = tokio::spawn(accept(listener, script.clone()));
        Ok(TokenEndpoint {
            address,
            script,
            task,
        })
    }

    /// Where to ask: `http://127.0.0.1:port/ws/sessions`.
    pub fn url(&self) -> String {
        format!("http://{}/ws/sessions", self.address)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers with this, once, after what it was told before.
    pub fn reply(&self, reply: TokenReply) {
        self.script.change(|state| state.replies.push_back(reply));
    }

    /// Every request so far, unanswered ones included.
    pub fn requests(&self) -> Vec<TokenRequest> {
        self.script.lock().requests.clone()
    }

    /// Waits until there were this many requests.
    pub async fn wait_for_requests(&self, requests: usize) {
        self.script
            .until(|state| (state.requests.len() >= requests).then_some(()))
            .await;
    }
}

impl Drop for TokenEndpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Script {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.send_replace(());
    }

    async fn until<R>(&self, mut find: impl FnMut(&mut State) -> Option<R>) -> R {
        let mut changed = self.changed.subscribe();
        loop {
            changed.mark_unchanged();
            if let Some(found) = find(&mut self.lock()) {
                return found;
            }
            // The sender lives as long as `self`: this waits for a change and cannot fail.
            let _ = changed.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(listener: TcpListener, script: Arc<Script>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(answer(stream, script.clone()));
                }
                // The client gave up, or we are out of descriptors: let others run.
                Err(_) => tokio::task::yield_now().await,
            },
        }
    }
}

/// Answers one request; the connection ends with the answer, or with the client.
async fn answer(mut stream: TcpStream, script: Arc<Script>) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    script.change(|state| state.requests.push(request));
    let reply = tokio::select! {
        reply = script.until(|state| state.replies.pop_front()) => reply,
        // Nothing is said after a request: this is the client hanging up.
        _ = stream.read_u8() => return,
    };
    let TokenReply { head, body } = reply;
    let size = body.len();
    let text = format!(
        "{head}Content-Type: application/json\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n{body}"
    );
    // A client that has gone wants no answer.
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<TokenRequest> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut body = bytes.split_off(end + 4);
    let head = String::from_utf8_lossy(&bytes);
    let mut lines = head.lines();
    let target = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let mut request = TokenRequest {
        target,
        headers: headers.collect(),
        body: Value::Null,
    };
    let size = request
        .header("content-length")
        .and_then(|size| size.parse().ok());
    while body.len() < size.unwrap_or(0) {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    request.body = serde_json::from_slice(&body).unwrap_or_default();
    Some(request)
}
