//! A token endpoint for tests.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{json, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::error::ServerError;

/// An in-process HTTP token endpoint that answers with scripted replies.
///
/// Each request takes the next reply, and waits if there is none. Dropping the endpoint closes its port and
/// its connections.
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

/// A request that a [`TokenEndpoint`] received.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TokenRequest {
    /// The method and target, such as `POST /ws/sessions`.
    pub target: String,
    /// The headers in the order received, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The JSON body, or `null` if it is not JSON.
    pub body: Value,
}

impl TokenRequest {
    /// Returns the value of the first header with this name, which must be in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A reply of a [`TokenEndpoint`] to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenReply {
    head: String,
    body: String,
}

impl TokenReply {
    /// Replies with a token that expires at `expires_at`, in Unix seconds.
    pub fn token(token: &str, expires_at: u64) -> Self {
        let body = json!({"token": token, "expires_at": expires_at, "token_type": "Bearer"});
        Self::new(200, body.to_string())
    }

    /// Refuses with a body of the reference endpoint's form.
    pub fn refusal(status: u16, code: &str, text: &str) -> Self {
        Self::new(status, json!({"error": text, "code": code}).to_string())
    }

    /// Replies with any status and body.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        TokenReply {
            head: format!("HTTP/1.1 {status} Status\r\n"),
            body: body.into(),
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    /// Adds a `Retry-After` header with this many seconds.
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
    /// Starts an endpoint on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// Returns an error if no port can be opened.
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

    /// Returns the endpoint's URL, `http://127.0.0.1:port/ws/sessions`.
    pub fn url(&self) -> String {
        format!("http://{}/ws/sessions", self.address)
    }

    /// Returns the address that the endpoint listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds a reply to the queue. It answers one request.
    pub fn reply(&self, reply: TokenReply) {
        self.script.change(|state| state.replies.push_back(reply));
    }

    /// Returns every request so far, unanswered ones included.
    pub fn requests(&self) -> Vec<TokenRequest> {
        self.script.lock().requests.clone()
    }

    /// Waits until at least this many requests have arrived.
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
                // The client gave up, or the process is out of file descriptors. Let other tasks run.
                Err(_) => tokio::task::yield_now().await,
            },
        }
    }
}

/// Answers one request, then closes the connection. It also ends if the client closes it first.
async fn answer(mut stream: TcpStream, script: Arc<Script>) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    script.change(|state| state.requests.push(request));
    let reply = tokio::select! {
        reply = script.until(|state| state.replies.pop_front()) => reply,
        // A client sends nothing after its request, so this means that it closed the connection.
        _ = stream.read_u8() => return,
    };
    let TokenReply { head, body } = reply;
    let size = body.len();
    let text = format!(
        "{head}Content-Type: application/json\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n{body}"
    );
    // If the client has gone, there is no one to answer.
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
