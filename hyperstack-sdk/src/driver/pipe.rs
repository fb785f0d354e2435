//! The stream under a WebSocket, with a way to bypass tungstenite.
//!
//! At the level TRACE, tungstenite logs each frame that it sends. A frame with a token in it is therefore encoded
//! and written here.

use std::io;
use std::pin::Pin;
use std::task::{ready, Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

use super::address::Stream;
use super::random;

pub(super) struct Pipe {
    stream: Stream,
    /// Bytes to write before anything else.
    aside: Vec<u8>,
}

impl Pipe {
    pub(super) fn new(stream: Stream) -> Self {
        Pipe {
            stream,
            aside: Vec::new(),
        }
    }

    /// Queues a text message. Everything written before it must be complete frames.
    pub(super) fn put_text(&mut self, text: String) -> io::Result<()> {
        let [a, b, c, d, ..] = random().to_le_bytes();
        let header = FrameHeader {
            opcode: OpCode::Data(Data::Text),
            mask: Some([a, b, c, d]),
            ..FrameHeader::default()
        };
        let frame = Frame::from_payload(header, text.into());
        frame.format(&mut self.aside).map_err(io::Error::other)
    }

    fn poll_aside(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.aside.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.aside))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.aside.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_aside(context))?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_aside(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_aside(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
