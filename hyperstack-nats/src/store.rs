//! How NATS stores buckets: a bucket is a stream with a subject per key, and a deletion is a message.

use async_nats::header::HeaderMap;
use async_nats::jetstream::context::{GetStreamError, GetStreamErrorKind};
use async_nats::jetstream::stream::Stream;
use async_nats::jetstream::{Context, ErrorCode};

/// The header that makes an entry a deletion, and its value for one key.
pub(crate) const OPERATION: &str = "KV-Operation";
pub(crate) const DELETE: &str = "DEL";

/// Returns the name of a bucket's stream.
pub(crate) fn stream_of(bucket: &str) -> String {
    format!("KV_{bucket}")
}

/// Returns the subject of an entry. The key `>` stands for all keys.
pub(crate) fn subject_of(bucket: &str, key: &str) -> String {
    format!("$KV.{bucket}.{key}")
}

/// Whether an entry with these headers deletes its key.
pub(crate) fn is_delete(headers: Option<&HeaderMap>) -> bool {
    let operation = headers.and_then(|headers| headers.get(OPERATION));
    operation.is_some_and(|operation| [DELETE, "PURGE"].contains(&operation.as_str()))
}

/// Opens a stream. Returns `None` if it does not exist.
pub(crate) async fn find_stream(
    jetstream: &Context,
    name: &str,
) -> Result<Option<Stream>, GetStreamError> {
    match jetstream.get_stream(name).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(cause)
                if cause.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                Ok(None)
            }
            _ => Err(error),
        },
    }
}
