//! Tokens: presented, fetched, renewed, refused, and never shown.

mod endpoint;
mod fetched;
mod handshake;
mod renewed;
mod secrets;
mod settings;
mod still;
mod token;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Refresh, TestServer};
use hyperstack_sdk::{AuthToken, TokenError, TokenProvider};
use tokio::sync::Notify;

use crate::support::*;

pub(crate) use still::{settle, Still};

/// A later date than any test runs at.
const FAR: u64 = 32_503_680_000;

const SECOND: Duration = Duration::from_secs(1);

type Reply = Result<AuthToken, TokenError>;

/// A provider with scripted answers. Without one, a call waits.
#[derive(Clone, Default)]
struct Desk(Arc<Inner>);

#[derive(Default)]
struct Inner {
    asked: Mutex<usize>,
    replies: Mutex<VecDeque<Reply>>,
    added: Notify,
    woken: Notify,
}

impl Desk {
    fn tell(&self, reply: Reply) {
        self.0.replies.lock().unwrap().push_back(reply);
        self.0.added.notify_one();
    }

    /// Adds a token that lives 100 seconds, and so is renewed after 50.
    fn give(&self, token: &str) {
        self.tell(Ok(AuthToken::new(token).expires_in(100 * SECOND)));
    }

    fn asked(&self) -> usize {
        *self.0.asked.lock().unwrap()
    }

    async fn wait_for_asked(&self, times: usize) {
        soon(async {
            while self.asked() < times {
                self.0.woken.notified().await;
            }
        })
        .await;
        assert_eq!(self.asked(), times);
    }
}

impl TokenProvider for Desk {
    fn token(&self) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>> {
        *self.0.asked.lock().unwrap() += 1;
        self.0.woken.notify_one();
        Box::pin(async {
            loop {
                if let Some(reply) = self.0.replies.lock().unwrap().pop_front() {
                    return reply;
                }
                self.0.added.notified().await;
            }
        })
    }
}

/// Starts a server that accepts the token `one`, and checks the tokens of refreshes.
async fn guarded() -> anyhow::Result<TestServer> {
    let refresh = Refresh::Check { expires_at: FAR };
    let server = games().token("one").refresh(refresh).start().await?;
    put(&server, "a", 1.0);
    Ok(server)
}

/// Returns the settings of a client without pings, so that the clock may jump.
fn quiet(server: &TestServer) -> HyperStackBuilder {
    client(server).ping_interval(crate::defects::HOUR * 1000)
}

/// Returns the presented tokens, in order.
fn presented(server: &TestServer) -> Vec<String> {
    let handshakes = server.handshakes().into_iter();
    let tokens = handshakes.map(|handshake| handshake.token().unwrap_or("none").to_owned());
    tokens.collect()
}

/// Returns the code of the refusal that ended a stream.
async fn ended_by(updates: &mut EntityStream<Game>) -> ConnectError {
    assert_eq!(soon(updates.next()).await, None);
    match updates.end_reason() {
        Some(EndReason::Closed(CloseReason::Failed(cause))) => cause.clone(),
        other => panic!("the stream ended with {other:?}"),
    }
}

fn code(error: &ConnectError) -> &str {
    match error {
        ConnectError::Rejected { code, .. } => code.as_ref().map_or("", |code| code.as_str()),
        ConnectError::Lost {
            cause: ConnectionLost::Expelled { code, .. },
            ..
        } => code.as_str(),
        other => panic!("no refusal: {other}"),
    }
}
