//! The client's driver, over a simulated network.

use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::super::state::Verdict;
use super::journal::Journal;
use super::met::Event;
use super::network::{Arrival, Network};
use super::server::Server;
use super::tokens::Tokens;
use crate::engine::Engine;
use crate::session::{ConnectError, ConnectionLost, Link, Transmit};
use crate::wire::{AuthErrorCode, Request, Secret};
use crate::HyperStack;

/// The number of messages handled in a turn, as in the client's own driver.
const TURN: usize = 128;

/// Runs the session as the client's own driver does: the same loop, with each turn as a function.
pub(super) struct Driver {
    pub(super) client: HyperStack,
    pub(super) network: Network,
    pub(super) tokens: Tokens,
    /// What the delivered frames said.
    pub(super) journal: Journal,
    /// How many connections have ended.
    pub(super) losses: u64,
    /// A hash of all messages in both directions.
    pub(super) trace: DefaultHasher,
}

impl Driver {
    /// Creates a driver whose tokens live this many seconds, if the server requires tokens.
    pub(super) fn new(client: HyperStack, token_life: Option<u64>) -> Self {
        Driver {
            client,
            network: Network::new(),
            tokens: Tokens::new(Duration::from_secs(token_life.unwrap_or_default())),
            journal: Journal::default(),
            losses: 0,
            trace: DefaultHasher::new(),
        }
    }

    /// Does the next thing that is due now. Returns whether there was one.
    pub(super) fn turn(&mut self, server: &mut Server) -> bool {
        let now = Instant::now();
        if self.serve(server, now) {
            return true;
        }
        let shared = self.client.handle().engine().clone();
        match shared.link() {
            Link::Authorizing { .. } => self.fetch(&shared, server, now) || pause(&shared, now),
            Link::Dialing { .. } => match self.network.dial(now) {
                Some(Ok(())) => {
                    match self.admitted(&shared, now) {
                        Ok(until) => {
                            self.network.open(server.admit(), until);
                            shared.handle_open();
                        }
                        Err(cause) => {
                            server.met.note(Event::Expired);
                            shared.handle_failed(cause);
                        }
                    }
                    true
                }
                Some(Err(cause)) => {
                    server.met.note(Event::NoConnection);
                    shared.handle_failed(cause);
                    true
                }
                None => pause(&shared, now),
            },
            Link::Open => {
                let wants = shared.wants_token();
                wants && self.fetch(&shared, server, now) || self.read(&shared, server, now)
            }
            Link::Waiting { .. } => {
                let flies = self.tokens.is_flying();
                flies && self.fetch(&shared, server, now) || pause(&shared, now)
            }
            Link::Closed(reason) => panic!("the client gave up: {reason}"),
        }
    }

    /// Checks the client's token. Returns when an accepted token expires, or the refusal.
    fn admitted(&self, shared: &Engine, now: Instant) -> Result<Option<Instant>, ConnectError> {
        let Some(Secret(token)) = shared.token() else {
            return Ok(None);
        };
        let end = self.tokens.end(&token, now);
        end.map(Some).ok_or(ConnectError::Rejected {
            url: shared.url().to_owned(),
            status: 401,
            code: Some(AuthErrorCode::TokenExpired),
            message: "the test says so".to_owned(),
            retry_after: None,
        })
    }

    /// Hands on the result of fetching a token, if there is one.
    fn fetch(&mut self, shared: &Engine, server: &mut Server, now: Instant) -> bool {
        let fetched = self.tokens.fetch(now);
        if let Some(Err(_)) = fetched {
            server.met.note(Event::NoToken);
        }
        let has_come = fetched.is_some();
        fetched
            .into_iter()
            .for_each(|token| shared.handle_token(token));
        has_come
    }

    /// Returns when something is due next.
    pub(super) fn next(&self) -> Option<Instant> {
        let timeout = self.client.handle().engine().poll_timeout();
        let others = [self.network.next(), self.tokens.next()];
        timeout
            .into_iter()
            .chain(others.into_iter().flatten())
            .min()
    }

    /// Lets the server handle the next message that has arrived there.
    fn serve(&mut self, server: &mut Server, now: Instant) -> bool {
        let Some(wire) = &mut self.network.wire else {
            return false;
        };
        let peer = wire.peer;
        let said = wire.up.arrived(now);
        let has_ended = wire.until.is_some_and(|until| until <= now);
        match &said {
            // When the token has expired, a v2 server closes the connection. A v1 server freezes when it next
            // receives a message.
            Some(Transmit::Text(_)) if has_ended && server.is_v2() => self.expire(server, now),
            Some(Transmit::Text(_)) if has_ended => self.network.cut(),
            Some(Transmit::Text(Request::RefreshAuth { token })) => {
                wire.until = self.tokens.end(&token.0, now);
                let reply = match wire.until {
                    Some(_) => r#"{"success":true}"#,
                    None => r#"{"success":false,"error":"token-expired"}"#,
                };
                server.met.note(Event::Renewed);
                self.network.deliver(Arrival::Message(reply.into()), now);
            }
            Some(Transmit::Ping) => self.network.deliver(Arrival::Pong, now),
            Some(Transmit::Text(request)) => {
                let text = request.to_json();
                self.trace.write(text.as_bytes());
                if server.hear(peer, &text) == Verdict::HangUp {
                    server.met.note(Event::HungUp);
                    server.forget(peer);
                    self.network.deliver(Arrival::End, now);
                }
            }
            Some(Transmit::Pong) | None => {}
        }
        self.collect(server, now);
        said.is_some()
    }

    /// Closes a connection whose token has expired, as a v2 server does.
    fn expire(&mut self, server: &mut Server, now: Instant) {
        if let Some(wire) = &self.network.wire {
            server.forget(wire.peer);
            self.network.deliver(Arrival::Expired, now);
        }
    }

    /// Takes the server's messages.
    pub(super) fn collect(&mut self, server: &mut Server, now: Instant) {
        let Some(wire) = &self.network.wire else {
            return;
        };
        let has_ended = wire.until.is_some_and(|until| until <= now);
        let messages = server.say(wire.peer);
        if has_ended && server.is_v2() && !messages.is_empty() {
            return self.expire(server, now);
        }
        for message in messages {
            self.network.deliver(Arrival::Message(message), now);
        }
    }

    /// Sends the client's messages, then handles those that have arrived.
    fn read(&mut self, shared: &Engine, server: &mut Server, now: Instant) -> bool {
        let mut any = false;
        while let Some(transmit) = shared.poll_transmit() {
            if let Transmit::Text(request) = &transmit {
                self.journal.note_sent(request);
            }
            self.network.say(transmit, now);
            any = true;
        }
        let time = shared.now();
        let mut messages = Vec::new();
        let mut handled = 0;
        let mut is_reported = false;
        while handled < TURN {
            let wire = self.network.wire.as_mut();
            let Some(arrival) = wire.and_then(|wire| wire.down.arrived(now)) else {
                break;
            };
            handled += 1;
            if !matches!(arrival, Arrival::Message(_)) {
                shared.handle_messages(&std::mem::take(&mut messages), time);
            }
            match arrival {
                Arrival::Message(message) => {
                    self.trace.write(&message);
                    self.journal.take_down(&message);
                    messages.push(message);
                }
                Arrival::Pong => shared.handle_alive(),
                Arrival::Expired => {
                    is_reported = true;
                    shared.handle_lost(ConnectionLost::TokenExpired);
                    break;
                }
                Arrival::End => {
                    is_reported = true;
                    shared.handle_lost(ConnectionLost::Closed("the test says so".to_owned()));
                    break;
                }
            }
        }
        shared.handle_messages(&messages, time);
        if handled > 0 {
            shared.finish_turn();
        }
        any |= handled > 0 || pause(shared, now);
        if shared.link() != Link::Open {
            if let Some(wire) = self.network.wire.take() {
                server.forget(wire.peer);
            }
            self.losses += 1;
            server.met.note(if is_reported {
                Event::Lost
            } else {
                Event::Silent
            });
        }
        any
    }
}

/// Lets the session handle its timers, if one is due or a reader has woken it.
fn pause(shared: &Engine, now: Instant) -> bool {
    let is_due = shared.poll_timeout().is_some_and(|at| at <= now);
    let is_woken = shared.woken().now_or_never().is_some();
    if is_due || is_woken {
        shared.handle_timeout();
    }
    is_due || is_woken
}
