//! The tasks: one accepts connections, and one serves each connection. Only this file awaits sockets.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, Instant};
use tokio_tungstenite::tungstenite::handshake::server::{
    Callback, ErrorResponse, Request, Response,
};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{accept_hdr_async, WebSocketStream};

use super::handshake::{rejection, Handshake};
use super::peer::Peer;
use super::shared::Shared;
use super::state::Verdict;

type Socket = WebSocketStream<TcpStream>;

/// Accepts connections until `stop` is dropped, then ends all of them before it returns.
pub(super) async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    mut stop: oneshot::Receiver<Infallible>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(open(stream, Arc::clone(&shared)));
                }
                // The client gave up, or the process is out of file descriptors. Let other tasks run.
                Err(_) => tokio::task::yield_now().await,
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// Keeps a connection in the state until it is dropped.
struct Seat {
    shared: Arc<Shared>,
    id: u64,
    woken: watch::Receiver<()>,
}

impl Seat {
    fn change(&self, change: impl FnOnce(&mut Peer)) {
        self.shared
            .change(|state| state.peers.get_mut(&self.id).map(change));
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.change(|state| state.peers.remove(&self.id));
    }
}

async fn open(stream: TcpStream, shared: Arc<Shared>) {
    // Without this, small messages would wait for acknowledgements, which only makes tests slower.
    let _ = stream.set_nodelay(true);
    shared
        .until(|state| (!state.faults.frozen).then_some(()))
        .await;
    let mut seat = None;
    let door = Door {
        shared: &shared,
        seat: &mut seat,
    };
    let socket = accept_hdr_async(stream, door).await;
    if let (Ok(socket), Some(seat)) = (socket, seat) {
        serve(socket, &seat).await;
    }
}

/// Adds a client to the state before its handshake is answered, so that it counts as connected by the time it
/// learns that it is.
struct Door<'a> {
    shared: &'a Arc<Shared>,
    seat: &'a mut Option<Seat>,
}

impl Callback for Door<'_> {
    fn on_request(self, request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        let handshake = Handshake::of(request);
        match self.shared.change(|state| state.admit(handshake)) {
            Ok((id, woken)) => {
                let shared = Arc::clone(self.shared);
                *self.seat = Some(Seat { shared, id, woken });
                Ok(response)
            }
            Err(refusal) => Err(rejection(&refusal)),
        }
    }
}

/// Serves a connection until it ends. The server never closes it by itself.
async fn serve(socket: Socket, seat: &Seat) {
    let (sink, stream) = socket.split();
    let (read, write) = (pin!(read(stream, seat)), pin!(write(sink, seat)));
    tokio::select! {
        () = read => {}
        () = write => {}
        () = play(seat) => {}
    }
}

/// Handles incoming messages one after another.
async fn read(mut stream: SplitStream<Socket>, seat: &Seat) {
    let mut woken = seat.woken.clone();
    loop {
        woken.mark_unchanged();
        let frozen = seat
            .shared
            .look(|state| (state.peers.contains_key(&seat.id)).then_some(state.faults.frozen));
        let Some(frozen) = frozen else { return };
        tokio::select! {
            changed = woken.changed() => if changed.is_err() { return },
            message = stream.next(), if !frozen => match message {
                Some(Ok(Message::Text(text))) => {
                    let now = Instant::now();
                    let verdict = seat.shared.change(|state| state.receive(seat.id, &text, now));
                    if verdict == Verdict::HangUp {
                        return;
                    }
                }
                // The server leaves a client's Close unanswered.
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    }
}

/// Writes queued messages.
async fn write(mut sink: SplitSink<Socket, Message>, seat: &Seat) {
    let mut woken = seat.woken.clone();
    loop {
        woken.mark_unchanged();
        match seat.shared.look(|state| state.pop(seat.id)) {
            Some(message) => {
                let closes = message.is_close();
                if sink.feed(message).await.is_err() {
                    return;
                }
                if closes {
                    // The client closes the connection next. If the flush fails, `read` notices.
                    let _ = sink.flush().await;
                    seat.change(Peer::flushed);
                    pending::<()>().await;
                }
            }
            None => {
                if sink.flush().await.is_err() {
                    return;
                }
                seat.change(Peer::flushed);
                if woken.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Queues recorded messages when they are due.
async fn play(seat: &Seat) {
    let mut woken = seat.woken.clone();
    loop {
        woken.mark_unchanged();
        let due = seat.shared.look(|state| {
            let peer = state.peers.get_mut(&seat.id)?;
            peer.release_due(Instant::now())
        });
        let changed = match due {
            Some(due) => tokio::select! {
                () = sleep_until(due) => Ok(()),
                changed = woken.changed() => changed,
            },
            None => woken.changed().await,
        };
        if changed.is_err() {
            return;
        }
    }
}
