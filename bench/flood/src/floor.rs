//! The minimum work of a typed client: the SDK's socket library and decoder, without rows and streams.

use crate::contender::{Client, Generation};
use crate::entity::Shaped;
use crate::meter::{Reader, Seen};
use crate::view::Part;
use crate::Result;
use futures_util::{SinkExt, StreamExt};
use hyperstack_sdk::wire::{payload, Frame, Incoming, Query, Request, Row, Subscribe};
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
    generation: Generation,
    reading: Option<AbortHandle>,
    row: PhantomData<fn() -> T>,
}

impl<T: Shaped> Client for Floor<T> {
    async fn connect(url: &str, generation: Generation) -> Result<Self> {
        let (socket, _) = tokio_tungstenite::connect_async_with_config(url, None, true).await?;
        Ok(Floor {
            socket: Some(socket),
            generation,
            reading: None,
            row: PhantomData,
        })
    }

    /// The one reader gets every update.
    async fn read(&mut self, readers: Vec<(Part, Reader)>) -> Result<()> {
        let mut socket = self.socket.take().ok_or("the floor is read once")?;
        let mut only = None;
        for (index, (part, reader)) in readers.into_iter().enumerate() {
            let request = request(self.generation, index, &part, T::NAME);
            socket.send(Message::text(request.to_json())).await?;
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

fn request(generation: Generation, index: usize, part: &Part, entity: &str) -> Request {
    let key = match part {
        Part::Key(key) => Some(key.clone()),
        _ => None,
    };
    match generation {
        Generation::V1 => {
            let mut subscribe = Subscribe::default();
            (subscribe.view, subscribe.key) = (part.view_id(entity, generation), key);
            Request::Subscribe(subscribe)
        }
        Generation::V2 => {
            let mut query = Query::default();
            (query.view, query.key) = (part.view_id(entity, generation), key);
            if let Part::Window { skip, take } = part {
                (query.skip, query.take) = (Some(*skip as u64), Some(*take as u64));
            }
            Request::Query {
                id: index.to_string(),
                query,
                snapshot: true,
            }
        }
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
    let (Incoming::Frame(frame) | Incoming::Routed { frame, .. }) = Incoming::decode(&json)? else {
        return Ok(());
    };
    match frame {
        Frame::Patch {
            row,
            append,
            offset,
            ..
        } => {
            let patch = <T as Patchable>::Patch::decode(row.data, &append)?;
            let stamp = T::stamp_of_patch(black_box(&patch));
            reader.see(offset.map_or(Seen::Patch(stamp), Seen::Record));
        }
        Frame::Upsert { row, .. } => whole_row::<T>(&row, reader)?,
        Frame::Snapshot { rows, .. } => {
            for row in rows {
                whole_row::<T>(&row, reader)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn whole_row<T: Shaped>(row: &Row<'_>, reader: &Reader) -> Result<()> {
    let patch = <T as Patchable>::Patch::decode(row.data, &[] as &[&str])?;
    black_box(&patch);
    reader.see(Seen::Row);
    Ok(())
}
