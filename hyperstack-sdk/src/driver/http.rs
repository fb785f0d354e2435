//! One HTTP request over an open stream.

use std::future::poll_fn;
use std::io;
use std::pin::{pin, Pin};
use std::task::{ready, Context, Poll};

use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::rt::ReadBufCursor;
use hyper::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::address::Stream;

/// Sends a request and reads the reply. Stops reading the body once it exceeds `limit` bytes. Dropping the future
/// closes the stream.
pub(super) async fn exchange(
    stream: Stream,
    request: Request<String>,
    limit: usize,
) -> hyper::Result<Response<Vec<u8>>> {
    let mut builder = http1::Builder::new();
    let connection = builder.max_buf_size(limit).handshake(Io(stream));
    let (mut sender, connection) = connection.await?;
    let mut connection = pin!(connection);
    let mut exchange = pin!(async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(head, read(body, limit).await?))
    });
    tokio::select! {
        biased;
        reply = &mut exchange => reply,
        // If the connection ends cleanly, the rest of the reply may still be buffered.
        ended = &mut connection => {
            ended?;
            exchange.await
        }
    }
}

async fn read(mut body: Incoming, limit: usize) -> hyper::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame?.into_data() {
            bytes.extend_from_slice(&data);
        }
        if bytes.len() > limit {
            break;
        }
    }
    Ok(bytes)
}

/// Adapts a tokio stream to hyper's traits.
struct Io(Stream);

impl hyper::rt::Read for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // Copied, because only unsafe code can read into hyper's own buffer.
        let mut bytes = [0; 4096];
        let size = bytes.len().min(buffer.remaining());
        let mut read = ReadBuf::new(&mut bytes[..size]);
        ready!(Pin::new(&mut self.0).poll_read(context, &mut read))?;
        buffer.put_slice(read.filled());
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
