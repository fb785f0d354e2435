//! Moves messages between one connection and the engine.

use std::pin::Pin;
use std::task::{ready, Context, Poll, Waker};

use futures_util::{Sink, Stream};

use crate::engine::Engine;
use crate::session::{ConnectionLost, Transmit};
use crate::upstream::Received;
use crate::wire::Kind;

/// How many messages are handled before readers are woken. A reader's queue holds more.
pub(super) const TURN: usize = 128;

/// A connection, and the message that waits to be sent over it.
pub(crate) struct Pump<C> {
    connection: C,
    pending: Option<Transmit>,
    unflushed: bool,
}

impl<C, M> Pump<C>
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
            engine.handle_message(message.as_ref(), now);
        }
        Poll::Ready(Ok(TURN))
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
