//! The minimum work of a typed client: the SDK's socket library and decoder, without rows and streams.

use crate::contender::Client;
use crate::entity::Shaped;
use crate::meter::{Reader, Seen};
use crate::Result;
use futures_util::{SinkExt, StreamExt};
use hyperstack_sdk::wire::{payload, Frame, Incoming};
use hyperstack_sdk::{Patch, Patchable};
use std::hint::black_box;
use std::marker::PhantomData;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub struct Floor<T> {
    /// The connection, until the reader takes it.
    socket: Option<Socket>,
    reading: Option<AbortHandle>,
    row: PhantomData<fn() -> T>,
}

impl<T: Shaped> Client for Floor<T> {
    async fn connect(url: &str) -> Result<Self> {
        let (socket, _) = tokio_tungstenite::connect_async_with_config(url, None, true).await?;
        Ok(Floor {
            socket: Some(socket),
            reading: None,
            row: PhantomData,
        })
    }

    /// The one reader gets every update.
    async fn read(&mut self, readers: Vec<(Option<String>, Reader)>) -> Result<()> {
        let mut socket = self.socket.take().ok_or("the floor is read once")?;
        let mut only = None;
        for (key, reader) in readers {
            let view = format!("{}/list", T::NAME);
            let subscribe = serde_json::json!({"type": "subscribe", "view": view, "key": key});
            socket.send(Message::text(subscribe.to_string())).await?;
            only = only.or(Some(reader));
        }
        let reader = only.ok_or("no reader")?;
        self.reading = Some(tokio::spawn(read::<T>(socket, reader)).abort_handle());
        Ok(())
    }

    async fn close(self) -> u64 {
        self.reading.iter().for_each(AbortHandle::abort);
        0
    }
}

async fn read<T: Shaped>(mut socket: Socket, reader: Reader) {
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Binary(bytes) = message {
            if let Err(error) = decode::<T>(&bytes, &reader) {
                eprintln!("the floor: {error}");
                return;
            }
        }
    }
}

fn decode<T: Shaped>(message: &[u8], reader: &Reader) -> Result<()> {
    let json = payload::json(message, payload::Limits::default())?;
    match Incoming::decode(&json)? {
        Incoming::Frame(Frame::Patch { row, append, .. }) => {
            let patch = <T as Patchable>::Patch::decode(row.data, &append)?;
            reader.see(Seen::Patch(T::stamp_of_patch(black_box(&patch))));
        }
        Incoming::Frame(Frame::Snapshot { rows, .. }) => {
            for row in rows {
                let patch = <T as Patchable>::Patch::decode(row.data, &[] as &[&str])?;
                black_box(&patch);
                reader.see(Seen::Row);
            }
        }
        _ => {}
    }
    Ok(())
}
