//! The stream of a tape's records in NATS.

use std::time::Duration;

use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::stream::{Config, RawMessageErrorKind};

use super::pipeline::{Expected, Message};
use super::position::Position;
use crate::bridge::context::{Context, Identity};
use crate::bridge::error::ViewError;
use crate::meta::Meta;
use crate::{names, store};

/// How long NATS remembers ids, unless it drops records earlier.
const DUPLICATES: Duration = Duration::from_secs(120);

/// A tape's stream.
pub(super) struct Log<'a> {
    context: &'a Context,
    view: &'a str,
    pub(super) name: String,
    pub(super) identity: Identity,
}

/// What became of a message.
pub(super) enum Sent {
    /// It is stored under this sequence number.
    Stored(u64),
    /// The stream has a message with this id.
    Duplicate,
    /// It was not at its place.
    Rejected,
    /// There was no reply.
    Unanswered,
}

impl<'a> Log<'a> {
    /// Opens the stream, or creates it.
    pub(super) async fn open(context: &'a Context, view: &'a str) -> Result<Self, ViewError> {
        let name = names::tape_stream(&context.prefix, view);
        let subject = names::tape_subject(&context.prefix, view);
        let stream = match context.stream(&name).await? {
            Some(stream) => stream,
            None => {
                let config = Config {
                    name: name.clone(),
                    subjects: vec![subject.clone(), format!("{subject}.*")],
                    max_messages: context.max_records,
                    max_bytes: context.max_bytes,
                    max_age: context.max_age,
                    duplicate_window: match context.max_age {
                        Duration::ZERO => DUPLICATES,
                        max_age => DUPLICATES.min(max_age),
                    },
                    storage: context.storage,
                    num_replicas: context.replicas,
                    allow_direct: true,
                    ..Config::default()
                };
                context.create(config).await?
            }
        };
        Ok(Log {
            context,
            view,
            identity: Identity::of(stream.cached_info()),
            name,
        })
    }

    /// Returns the sequence number of the stream's last message, and its position. `known` is the last message that the
    /// caller knows.
    pub(super) async fn last(
        &self,
        known: (u64, Option<&Position>),
    ) -> Result<(u64, Option<Position>), ViewError> {
        let failed = |cause: &dyn ToString| {
            ViewError::nats(format!("read the stream \"{}\"", self.name), cause)
        };
        let stream = self.context.stream(&self.name).await?;
        let stream = stream.filter(|now| Identity::of(now.cached_info()) == self.identity);
        let stream = stream.ok_or_else(|| failed(&"it was deleted"))?;
        let last = stream.cached_info().state.last_sequence;
        if last == 0 || last == known.0 && known.1.is_some() {
            return Ok((last, known.1.cloned()));
        }
        match stream.get_raw_message(last).await {
            Ok(message) => {
                let id = message.headers.get(NATS_MESSAGE_ID);
                let position = id.and_then(|id| id.as_str().parse().ok());
                let foreign = || failed(&"its last message is not from a bridge");
                Ok((last, Some(position.ok_or_else(foreign)?)))
            }
            // The stream has dropped it.
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {
                Ok((last, self.described(last).await?))
            }
            Err(error) => Err(failed(&error)),
        }
    }

    /// Returns the position of a message that the stream has dropped, from the tape's description.
    async fn described(&self, sequence: u64) -> Result<Option<Position>, ViewError> {
        let name = names::meta_bucket(&self.context.prefix);
        let Some(bucket) = self.context.stream(&store::stream_of(&name)).await? else {
            return Ok(None);
        };
        let subject = store::subject_of(&name, &names::meta_key(self.view));
        let message = match bucket.get_last_raw_message_by_subject(&subject).await {
            Ok(message) => message,
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => return Ok(None),
            Err(error) => return Err(ViewError::nats("read the description of a tape", &error)),
        };
        let meta: Option<Meta> = serde_json::from_slice(&message.payload).ok();
        let position = meta.and_then(|meta| meta.position);
        let position = position.filter(|position| position.sequence == sequence);
        Ok(position.and_then(|position| position.cursor.parse().ok()))
    }

    /// Sends a message. The reply arrives later.
    pub(super) async fn send(
        &self,
        message: Message,
        expected: Expected,
    ) -> Result<PublishAckFuture, ViewError> {
        let mut publish = PublishMessage::build()
            .message_id(message.position.to_string())
            .expected_last_sequence(expected.sequence)
            .payload(message.payload.into());
        if let Some(id) = expected.id {
            publish = publish.expected_last_message_id(id);
        }
        let sent = self
            .context
            .jetstream
            .send_publish(message.subject, publish);
        sent.await.map_err(|error| self.failed(&error))
    }

    /// Reads the reply to a message.
    pub(super) fn read(&self, reply: Result<PublishAck, PublishError>) -> Result<Sent, ViewError> {
        match reply {
            Ok(reply) if reply.duplicate => Ok(Sent::Duplicate),
            Ok(reply) => Ok(Sent::Stored(reply.sequence)),
            Err(error) => match error.kind() {
                PublishErrorKind::WrongLastSequence | PublishErrorKind::WrongLastMessageId => {
                    Ok(Sent::Rejected)
                }
                PublishErrorKind::TimedOut => Ok(Sent::Unanswered),
                _ => Err(self.failed(&error)),
            },
        }
    }

    fn failed(&self, error: &PublishError) -> ViewError {
        ViewError::nats(format!("write to the stream \"{}\"", self.name), error)
    }
}
