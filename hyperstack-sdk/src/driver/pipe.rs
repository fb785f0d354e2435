//! The stream under a WebSocket, with two ways to bypass tungstenite.
//!
//! At the level TRACE, tungstenite logs each frame that it sends. A frame with a token in it is therefore encoded
//! and written here.
//!
//! If tungstenite is given the bytes that followed the handshake, it starts with a read buffer of their size, and reads
//! the socket once per message as long as messages share the buffer. They are therefore read from here.

use std::io::{self, Cursor};
use std::pin::Pin;
use std::task::{ready, Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

use super::address::Stream;
use super::random;

pub(super) struct Pipe {
    stream: Stream,
    /// Bytes that have arrived, to read before anything else.
    arrived: Cursor<Vec<u8>>,
    /// Bytes to write before anything else.
    aside: Vec<u8>,
}

impl Pipe {
    pub(super) fn new(stream: Stream, arrived: Vec<u8>) -> Self {
        Pipe {
            stream,
            arrived: Cursor::new(arrived),
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
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.arrived).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            return Poll::Ready(Ok(()));
        }
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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::Arc;

    use futures_util::StreamExt;
    use tokio_tungstenite::tungstenite::protocol::Role;
    use tokio_tungstenite::WebSocketStream;

    use super::*;

    /// Counts reads.
    struct Counted {
        bytes: Cursor<Vec<u8>>,
        reads: Arc<AtomicUsize>,
    }

    impl AsyncRead for Counted {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            self.reads.fetch_add(1, Ordering::Relaxed);
            Pin::new(&mut self.bytes).poll_read(context, buffer)
        }
    }

    impl AsyncWrite for Counted {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn one_read_brings_many_messages_although_some_are_kept() {
        const MESSAGES: usize = 10_000;
        let mut bytes: Vec<u8> = [[0x82, 100].as_slice(), &[7; 100]]
            .concat()
            .repeat(MESSAGES);
        let rest = bytes.split_off(150);
        let reads = Arc::new(AtomicUsize::new(0));
        let counted = Counted {
            bytes: Cursor::new(rest),
            reads: reads.clone(),
        };
        let pipe = Pipe::new(Box::new(counted), bytes);
        let mut socket = WebSocketStream::from_raw_socket(pipe, Role::Client, None).await;
        let mut kept = VecDeque::new();
        for _ in 0..MESSAGES {
            let message = socket.next().await.unwrap().unwrap();
            assert_eq!(message.len(), 100);
            kept.push_back(message);
            if kept.len() > 16 {
                kept.pop_front();
            }
        }
        let reads = reads.load(Ordering::Relaxed);
        assert!(reads < 100, "{reads} reads of a megabyte");
    }
}
