//! The rows of a view in a bucket of NATS.

use std::future::poll_fn;
use std::task::{self, ready, Poll};

use async_nats::jetstream::consumer::push::{Ordered, OrderedConfig};
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::Message;
use futures_util::StreamExt;
use serde_json::Value;

use super::copier::{Copier, Outcome, Write};
use super::stamp::Stamp;
use crate::bridge::context::{check_storable, timer, Context, Identity};
use crate::bridge::error::ViewError;
use crate::{names, store};

/// The headers of a deletion: the position of the row that was deleted.
const VERSION: &str = "Hyperstack-Version";
const SEQ: &str = "Hyperstack-Seq";

/// How many entries are read at once.
const BATCH: usize = 1_024;

/// A bucket, and what it tells of its changes.
pub(super) struct Bucket {
    pub(super) name: String,
    pub(super) identity: Identity,
    /// The stream of the bucket.
    pub(super) stream: String,
    entries: Ordered,
}

impl Bucket {
    /// Opens the bucket of a view, or creates it, and reads all of it.
    pub(super) async fn open(
        context: &Context,
        connects: u64,
        view: &str,
        copier: &mut Copier,
    ) -> Result<Self, ViewError> {
        let name = names::bucket(&context.prefix, view);
        let failed =
            |cause: &dyn ToString| ViewError::nats(format!("read the bucket \"{name}\""), cause);
        let stream = context.bucket(&name).await?;
        let last = stream.cached_info().state.last_sequence;
        let consumer = stream
            .create_consumer(OrderedConfig {
                deliver_subject: context.client.new_inbox(),
                description: Some("hyperstack bridge".to_owned()),
                filter_subject: store::subject_of(&name, ">"),
                deliver_policy: DeliverPolicy::LastPerSubject,
                ..OrderedConfig::default()
            })
            .await
            .map_err(|error| failed(&error))?;
        let is_empty = consumer.cached_info().num_pending == 0;
        let entries = consumer.messages().await.map_err(|error| failed(&error))?;
        let mut bucket = Bucket {
            identity: Identity::of(stream.cached_info()),
            stream: store::stream_of(&name),
            name,
            entries,
        };
        let mut looks = timer(context.interval);
        let mut is_complete = is_empty;
        let (mut last, mut read_to) = (last, 0);
        while !is_complete {
            tokio::select! {
                read = poll_fn(|task| bucket.poll_next(copier, task)) => {
                    let (sequence, pending) = read?;
                    read_to = sequence;
                    // If entries are replaced meanwhile, NATS 2.9 counts too many that follow.
                    is_complete = pending == 0 || read_to >= last;
                }
                _ = looks.tick() => {
                    context.check_connected(connects)?;
                    // The last entry may have been purged.
                    let now = context.bucket(&bucket.name).await?;
                    last = now.cached_info().state.last_sequence;
                    is_complete = now.cached_info().state.messages == 0 || read_to >= last;
                }
            }
        }
        Ok(bucket)
    }

    /// Passes entries on that have changed. Returns `Pending` if there are none.
    pub(super) fn poll(
        &mut self,
        copier: &mut Copier,
        context: &mut task::Context<'_>,
    ) -> Poll<Result<(), ViewError>> {
        ready!(self.poll_next(copier, context))?;
        for _ in 1..BATCH {
            if self.poll_next(copier, context)?.is_pending() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Passes the next entry on. Returns its number, and how many follow.
    fn poll_next(
        &mut self,
        copier: &mut Copier,
        context: &mut task::Context<'_>,
    ) -> Poll<Result<(u64, u64), ViewError>> {
        let failed = |cause: &dyn ToString| {
            ViewError::nats(format!("read the bucket \"{}\"", self.name), cause)
        };
        let message = match ready!(self.entries.poll_next_unpin(context)) {
            Some(message) => message.map_err(|error| failed(&error))?,
            None => return Poll::Ready(Err(failed(&"the NATS client has closed"))),
        };
        let info = message.info().map_err(|error| failed(&error.to_string()))?;
        // A bridge writes no other keys.
        if let Some(key) = decode(&message) {
            copier.put_entry(&key.into(), info.stream_sequence, || read(&message));
        }
        Poll::Ready(Ok((info.stream_sequence, info.pending)))
    }
}

/// Writes a row if the bucket still has the expected revision of it.
pub(super) async fn write(
    context: &Context,
    limit: usize,
    bucket: &str,
    view: &str,
    write: &Write,
) -> Result<Outcome, (Outcome, ViewError)> {
    let key = names::encode_key(&write.key);
    let failed =
        |cause: &dyn ToString| ViewError::nats(format!("write to the bucket \"{bucket}\""), cause);
    let mut message = PublishMessage::build().expected_last_subject_sequence(write.expected);
    match &write.row {
        Some(row) => {
            let payload = serde_json::to_vec(&**row);
            let payload = payload.map_err(|error| (Outcome::Unwritable, failed(&error)))?;
            check_storable(limit, view, &write.key, &key, payload.len())
                .map_err(|error| (Outcome::Unwritable, error))?;
            message = message.payload(payload.into());
        }
        None => {
            message = message.header(store::OPERATION, store::DELETE);
            if let Some(version) = write.stamp.version {
                message = message.header(VERSION, version.to_string());
            }
            if let Some(seq) = write.stamp.seq {
                message = message.header(SEQ, seq.to_string());
            }
        }
    }
    let subject = store::subject_of(bucket, &key);
    let written = match context.jetstream.send_publish(subject, message).await {
        Ok(acknowledgment) => acknowledgment.await,
        Err(error) => Err(error),
    };
    match written {
        Ok(acknowledged) => Ok(Outcome::Written(acknowledged.sequence)),
        Err(error) => match error.kind() {
            PublishErrorKind::WrongLastSequence => Ok(Outcome::Conflict),
            PublishErrorKind::TimedOut => Ok(Outcome::Unknown),
            _ => Err((Outcome::Unknown, failed(&error))),
        },
    }
}

/// Returns the row's key.
fn decode(message: &Message) -> Option<String> {
    let key = message.subject.as_str().rsplit('.').next()?;
    names::decode_key(key)
}

/// Returns whether an entry deletes its row, and the stamp of the row.
fn read(message: &Message) -> (bool, Stamp) {
    let header = |name: &str| {
        let value = message.headers.as_ref()?.get(name)?;
        Some(value.as_str())
    };
    if store::is_delete(message.headers.as_ref()) {
        let version = header(VERSION).and_then(|version| version.parse().ok());
        let seq = header(SEQ).and_then(|seq| seq.parse().ok());
        return (true, Stamp::deleted(version, seq));
    }
    let row = serde_json::from_slice::<Value>(&message.payload);
    // Text that is not JSON differs from every row.
    (false, Stamp::of(&row.unwrap_or_default()))
}
