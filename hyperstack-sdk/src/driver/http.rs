//! One HTTP request over an open stream.

use std::future::poll_fn;
use std::io;
use std::pin::{pin, Pin};
use std::task::{ready, Context, Poll};

use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::http::response::Parts;
use hyper::rt::ReadBufCursor;
use hyper::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{timeout_at, Instant};

use super::address::Stream;
use super::body::{Framing, LIMIT, PAUSE, WITHIN};
use super::refusal::first_value;

/// Sends a request and reads the reply. Stops reading the body once it exceeds [`LIMIT`]. Dropping the future closes
/// the stream.
pub(super) async fn exchange(
    stream: Stream,
    request: Request<String>,
) -> hyper::Result<Response<Vec<u8>>> {
    let mut builder = http1::Builder::new();
    let connection = builder.max_buf_size(LIMIT).handshake(Io(stream));
    let (mut sender, connection) = connection.await?;
    let mut connection = pin!(connection);
    let mut exchange = pin!(async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = read(&head, body).await?;
        Ok(Response::from_parts(head, body))
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

/// Reads a body until it ends or has a complete JSON object: the connection may stay open.
///
/// If the reply has no token, its body is read only as far as it arrives in time. That applies to refusals, and to bodies
/// that are not JSON objects.
async fn read(head: &Parts, mut body: Incoming) -> hyper::Result<Vec<u8>> {
    let pause = match Framing::of(&head.headers) {
        Framing::UntilClose => PAUSE,
        _ => WITHIN,
    };
    let deadline = Instant::now() + WITHIN;
    let mut bytes = Vec::new();
    loop {
        let is_refusal = !head.status.is_success() || !may_be_object(&bytes);
        let next = poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let next = match is_refusal {
            true => {
                let deadline = deadline.min(Instant::now() + pause);
                timeout_at(deadline, next).await.ok().flatten()
            }
            false => next.await,
        };
        match next {
            Some(Ok(frame)) => bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
            Some(Err(error)) if !is_refusal => return Err(error),
            Some(Err(_)) | None => break,
        }
        if bytes.len() > LIMIT || first_value(&bytes).is_some() {
            break;
        }
    }
    Ok(bytes)
}

/// Whether a body can be a JSON object, as far as it has arrived.
fn may_be_object(bytes: &[u8]) -> bool {
    let first = bytes.trim_ascii_start().first();
    first.is_none_or(|first| *first == b'{')
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
