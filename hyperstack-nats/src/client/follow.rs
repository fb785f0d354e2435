//! Reads a stream of NATS in order.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::consumer::{pull, AckPolicy, DeliverPolicy, PullConsumer};
use async_nats::jetstream::stream::Info;
use async_nats::jetstream::Context;
use futures_util::StreamExt;
use hyperstack_sdk::session::ConnectionLost;
use tokio::runtime::Handle;

use crate::{names, store};

/// The number of messages that the client requests at once.
const BATCH: usize = 256;

/// How often NATS says that it is alive while there are no messages.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// How long a request for messages lasts.
const EXPIRES: Duration = Duration::from_secs(60);

/// How long NATS keeps a consumer that no longer requests messages.
const INACTIVE: Duration = Duration::from_secs(30);

/// How long to wait until NATS has deleted a consumer.
const DELETION: Duration = Duration::from_secs(1);

/// How long to wait for messages that NATS has announced before the client checks that they exist.
const QUIET: Duration = Duration::from_millis(100);

/// The messages of a stream, in order. A lost message is an error, and so is the end of the stream.
///
/// async-nats has ordered consumers, which continue by themselves after a loss. They are wrong without notice if the
/// stream was deleted and created again in between. So this one ends, and the client reads everything again.
pub(super) struct Follow {
    jetstream: Context,
    stream: String,
    consumer: PullConsumer,
    messages: pull::Stream,
    received: u64,
    /// The number of the last message in the stream.
    sequence: u64,
    /// The number of messages that follow.
    pending: u64,
}

/// A message of a stream.
pub(super) struct Item {
    pub(super) message: async_nats::Message,
    /// The number of the message in the stream.
    pub(super) sequence: u64,
    /// How old the message was when the client began to read.
    pub(super) age: Duration,
}

impl Follow {
    /// Starts to read the messages of a stream that have this subject.
    pub(super) async fn open(
        jetstream: &Context,
        stream: &str,
        subject: &str,
        from: DeliverPolicy,
    ) -> Result<Self, ConnectionLost> {
        let config = pull::Config {
            deliver_policy: from,
            ack_policy: AckPolicy::None,
            filter_subject: subject.to_owned(),
            inactive_threshold: INACTIVE,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let cannot_read = |error: &dyn std::error::Error| cannot_read(stream, error);
        let consumer = jetstream.create_consumer_on_stream(config, stream).await;
        let consumer = consumer.map_err(|error| cannot_read(&error))?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(BATCH)
            .heartbeat(HEARTBEAT)
            .expires(EXPIRES)
            .messages()
            .await
            .map_err(|error| cannot_read(&error))?;
        Ok(Follow {
            jetstream: jetstream.clone(),
            stream: stream.to_owned(),
            pending: consumer.cached_info().num_pending,
            consumer,
            messages,
            received: 0,
            sequence: 0,
        })
    }

    /// Waits for the next message of those that a bucket has now. Returns `None` after the last one.
    pub(super) async fn next_stored(&mut self) -> Result<Option<Item>, ConnectionLost> {
        while self.pending > 0 {
            match tokio::time::timeout(QUIET, self.next()).await {
                Ok(item) => return item.map(Some),
                // NATS 2.9 counts wrong if messages are replaced while they are read.
                Err(_) => {
                    let state = info(&self.jetstream, &self.stream).await?;
                    let state = state.ok_or_else(|| gone(&self.stream))?.state;
                    if state.messages == 0 || self.sequence >= state.last_sequence {
                        self.pending = 0;
                    }
                }
            }
        }
        Ok(None)
    }

    /// Waits for the next message. Cancel safe.
    pub(super) async fn next(&mut self) -> Result<Item, ConnectionLost> {
        let Some(message) = self.messages.next().await else {
            let reason = format!("NATS ended the delivery of the stream \"{}\"", self.stream);
            return Err(ConnectionLost::Closed(reason));
        };
        let message = message.map_err(|error| cannot_read(&self.stream, &error))?;
        let info = message.info().map_err(|error| {
            let reason = format!(
                "a message of the stream \"{}\" is invalid: {error}",
                self.stream
            );
            ConnectionLost::Closed(reason)
        })?;
        self.received += 1;
        if info.consumer_sequence != self.received {
            let reason = format!("a message of the stream \"{}\" was lost", self.stream);
            return Err(ConnectionLost::Closed(reason));
        }
        (self.sequence, self.pending) = (info.stream_sequence, info.pending);
        let age = self.consumer.cached_info().created - info.published;
        Ok(Item {
            sequence: info.stream_sequence,
            age: age.try_into().unwrap_or_default(),
            message: message.message,
        })
    }
}

impl Drop for Follow {
    /// Deletes the consumer. If that fails, NATS does so after [`INACTIVE`].
    fn drop(&mut self) {
        let is_connected = self.jetstream.client().connection_state() == State::Connected;
        if let (true, Ok(runtime)) = (is_connected, Handle::try_current()) {
            let name = self.consumer.cached_info().name.clone();
            let (jetstream, stream) = (self.jetstream.clone(), std::mem::take(&mut self.stream));
            runtime.spawn(async move {
                let deleted = jetstream.delete_consumer_from_stream(name, stream);
                tokio::time::timeout(DELETION, deleted).await
            });
        }
    }
}

impl Item {
    /// Whether this message of a bucket deletes its key.
    pub(super) fn is_delete(&self) -> bool {
        store::is_delete(self.message.headers.as_ref())
    }

    /// Returns the row's key of a message of a bucket, or `None` if no bridge writes such a key.
    pub(super) fn key(&self) -> Option<String> {
        // `$KV.<bucket>.<key>`
        let key = self.message.subject.splitn(3, '.').nth(2)?;
        names::decode_key(key)
    }
}

/// Returns the state of a stream, or `None` if it does not exist.
pub(super) async fn info(
    jetstream: &Context,
    stream: &str,
) -> Result<Option<Info>, ConnectionLost> {
    let found = store::find_stream(jetstream, stream).await;
    let found = found.map_err(|error| cannot_read(stream, &error))?;
    Ok(found.map(|stream| stream.cached_info().clone()))
}

/// The error of a stream that does not exist.
pub(super) fn gone(stream: &str) -> ConnectionLost {
    ConnectionLost::Closed(format!("the stream \"{stream}\" no longer exists"))
}

pub(super) fn cannot_read(stream: &str, error: &dyn std::error::Error) -> ConnectionLost {
    ConnectionLost::Closed(format!("cannot read the stream \"{stream}\": {error}"))
}
