//! Moves messages between one connection and the engine.

use std::pin::Pin;
use std::task::{ready, Context, Poll, Waker};

use futures_util::{Sink, Stream};

use crate::engine::Engine;
use crate::session::{ConnectionLost, Time, Transmit};
use crate::upstream::Received;
use crate::wire::Kind;

/// How many messages are handled before readers are woken. A reader's queue holds more. In a longer turn, more rows
/// change again before readers have taken them, and each of these rows is copied.
pub(super) const TURN: usize = 32;

/// How many messages are collected before the engine handles them under one lock.
const MOST_COLLECTED: usize = 16;

/// How many bytes of messages are collected before the engine handles them.
const MOST_BYTES: usize = 64 << 10;

/// A connection, the message that waits to be sent over it, and the messages that arrived.
pub(crate) struct Pump<C, M> {
    connection: C,
    pending: Option<Transmit>,
    unflushed: bool,
    /// The messages that the engine has not handled yet.
    collected: Vec<M>,
    /// The sum of their lengths.
    size: usize,
}

impl<C, M> Pump<C, M>
where
    C: Stream<Item = Result<Received<M>, ConnectionLost>>
        + Sink<Transmit, Error = ConnectionLost>
        + Unpin,
    M: AsRef<[u8]>,
{
    pub(crate) fn new(connection: C) -> Self {
        Pump {
            connection,
            pending: None,
            unflushed: false,
            collected: Vec::new(),
            size: 0,
        }
    }

    /// Sends what the session wants to send, as far as the connection accepts it. Then handles the messages that have
    /// arrived, at most [`TURN`], and returns their number. Pending if there are none.
    pub(crate) fn poll_turn(
        &mut self,
        engine: &Engine,
        context: &mut Context<'_>,
    ) -> Poll<Result<usize, ConnectionLost>> {
        if let Poll::Ready(Err(cause)) = self.poll_send(engine, context) {
            return Poll::Ready(Err(cause));
        }
        // One reading of the clock is exact enough for a short turn.
        let now = engine.now();
        let turn = self.poll_messages(engine, now, context);
        self.hand_over(engine, now);
        turn
    }

    fn poll_messages(
        &mut self,
        engine: &Engine,
        now: Time,
        context: &mut Context<'_>,
    ) -> Poll<Result<usize, ConnectionLost>> {
        for handled in 0..TURN {
            let received = match Pin::new(&mut self.connection).poll_next(context) {
                Poll::Pending if handled == 0 => return Poll::Pending,
                Poll::Pending => return Poll::Ready(Ok(handled)),
                Poll::Ready(Some(received)) => received?,
                Poll::Ready(None) => {
                    let reason = "the upstream closed the connection".to_owned();
                    return Poll::Ready(Err(ConnectionLost::Closed(reason)));
                }
            };
            let (_kind, message) = match received {
                Received::Text(message) => (Kind::Text, message),
                Received::Binary(message) => (Kind::Binary, message),
                Received::Pong => {
                    self.hand_over(engine, now);
                    engine.handle_pong();
                    continue;
                }
                Received::Ping => {
                    engine.handle_alive();
                    continue;
                }
            };
            #[cfg(feature = "testing")]
            engine.record_received(_kind, message.as_ref(), now);
            self.size += message.as_ref().len();
            self.collected.push(message);
            if self.collected.len() >= MOST_COLLECTED || self.size >= MOST_BYTES {
                self.hand_over(engine, now);
            }
        }
        Poll::Ready(Ok(TURN))
    }

    /// Lets the engine handle the collected messages.
    fn hand_over(&mut self, engine: &Engine, now: Time) {
        engine.handle_messages(&self.collected, now);
        self.collected.clear();
        self.size = 0;
    }

    fn poll_send(
        &mut self,
        engine: &Engine,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ConnectionLost>> {
        let mut connection = Pin::new(&mut self.connection);
        loop {
            if self.pending.is_none() {
                self.pending = engine.poll_transmit();
            }
            if self.pending.is_none() {
                break;
            }
            ready!(connection.as_mut().poll_ready(context))?;
            if let Some(transmit) = self.pending.take() {
                #[cfg(feature = "testing")]
                engine.record_sent(&transmit);
                connection.as_mut().start_send(transmit)?;
                self.unflushed = true;
            }
        }
        if self.unflushed {
            ready!(connection.poll_flush(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Closes the connection as far as that is possible without waiting.
    pub(super) fn close(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        // The connection ends even if this fails.
        let _ = Pin::new(&mut self.connection).poll_close(&mut context);
    }
}
