//! What arrives over a connection.

/// Something that arrived over a connection.
///
/// A message is the JSON of protocol v2, gzip-compressed or not. `M` is its bytes, such as a `String` or a `Vec<u8>`. The
/// client reads text and binary messages alike; only a [recording](crate::HyperStackBuilder::record) tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Received<M> {
    /// A text message.
    Text(M),
    /// A binary message.
    Binary(M),
    /// A ping, or anything else that only shows that the peer is alive. The client does not answer it.
    Ping,
    /// The answer to a [`Transmit::Ping`](crate::session::Transmit::Ping).
    Pong,
}
