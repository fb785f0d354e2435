//! What all views of a bridge share.

use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Duration;

use async_nats::client::FlushErrorKind;
use async_nats::jetstream;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, StorageType, Stream};
use async_nats::Client;
use hyperstack_sdk::{HyperStack, Protocol};
use tokio::time::{interval_at, Instant, Interval, MissedTickBehavior};

use super::error::ViewError;
use crate::meta::{Kind, Meta};
use crate::{names, store};

/// The greatest size of an escaped key. A subject must fit into a line of 4,096 bytes together with other names.
const MAX_KEY: usize = 3_000;

/// How many writes of a view are not acknowledged at the same time.
pub(super) const IN_FLIGHT: usize = 256;

/// The settings and connections of a bridge.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) hyperstack: HyperStack,
    pub(super) client: Client,
    pub(super) jetstream: jetstream::Context,
    pub(super) prefix: String,
    /// The ids of all views that the bridge copies.
    pub(super) views: Arc<[String]>,
    pub(super) interval: Duration,
    pub(super) patience: Duration,
    pub(super) storage: StorageType,
    pub(super) replicas: usize,
    pub(super) max_records: i64,
    pub(super) max_bytes: i64,
    pub(super) max_age: Duration,
}

/// The identity of a stream: one that is deleted and created again has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(i128);

impl Identity {
    pub(super) fn of(info: &Info) -> Self {
        Identity(info.created.unix_timestamp_nanos())
    }
}

impl Context {
    /// Waits until the client is connected to NATS. Returns how often it has connected: the views start again when this
    /// changes.
    pub(super) async fn connected(&self) -> Result<u64, ViewError> {
        match self.client.flush().await {
            Ok(()) => Ok(self.connects()),
            Err(error) if error.kind() == FlushErrorKind::SendError => Err(ViewError::NatsClosed),
            Err(error) => Err(ViewError::nats("connect to NATS", &error)),
        }
    }

    fn connects(&self) -> u64 {
        self.client.statistics().connects.load(Ordering::Relaxed)
    }

    /// Fails if the client has connected again: what it reads may lack messages then.
    pub(super) fn check_connected(&self, connects: u64) -> Result<(), ViewError> {
        if self.connects() == connects {
            return Ok(());
        }
        Err(ViewError::nats("watch NATS", "the connection was lost"))
    }

    /// Returns the description of a view.
    pub(super) fn describe(&self, view: String, kind: Kind, protocol: Protocol) -> Meta {
        Meta {
            view,
            kind,
            source: self.hyperstack.url().to_owned(),
            protocol,
            interval: self.interval.as_millis().try_into().unwrap_or(u64::MAX),
            position: None,
            views: self.views.to_vec(),
        }
    }

    /// Returns the greatest size of a payload that NATS accepts. Some bytes are left for the headers.
    pub(super) fn max_size(&self) -> usize {
        const HEADERS: usize = 1_024;
        let limit = self.client.server_info().max_payload;
        limit.saturating_sub(HEADERS)
    }

    /// Opens the stream of a bucket, or creates the bucket.
    pub(super) async fn bucket(&self, name: &str) -> Result<Stream, ViewError> {
        if let Some(stream) = self.stream(&store::stream_of(name)).await? {
            return Ok(stream);
        }
        // `create_key_value` of async-nats needs an account's details in a form that NATS 2.9 does not have.
        let config = Config {
            name: store::stream_of(name),
            subjects: vec![store::subject_of(name, ">")],
            max_messages_per_subject: 1,
            discard: DiscardPolicy::New,
            allow_rollup: true,
            deny_delete: true,
            allow_direct: true,
            storage: self.storage,
            num_replicas: self.replicas,
            ..Config::default()
        };
        self.create(config).await
    }

    /// Creates a stream.
    pub(super) async fn create(&self, config: Config) -> Result<Stream, ViewError> {
        let name = config.name.clone();
        let created = self.jetstream.create_stream(config).await;
        created.map_err(|error| ViewError::nats(format!("create the stream \"{name}\""), &error))
    }

    /// Opens a stream. Returns `None` if it does not exist.
    pub(super) async fn stream(&self, name: &str) -> Result<Option<Stream>, ViewError> {
        let found = store::find_stream(&self.jetstream, name).await;
        found.map_err(|error| ViewError::nats(format!("open the stream \"{name}\""), &error))
    }

    /// Writes the description of a view, which is a heartbeat, if its stream is still the one that was written to.
    pub(super) async fn beat(
        &self,
        meta: Meta,
        stream: &str,
        identity: Identity,
    ) -> Result<(), ViewError> {
        let failed = |cause: &dyn ToString| ViewError::nats("write a heartbeat", cause);
        let now = self.stream(stream).await?;
        if now.is_none_or(|now| Identity::of(now.cached_info()) != identity) {
            return Err(failed(&format!("the stream \"{stream}\" was deleted")));
        }
        let bucket = names::meta_bucket(&self.prefix);
        let subject = store::subject_of(&bucket, &names::meta_key(&meta.view));
        let payload = serde_json::to_vec(&meta).map_err(|error| failed(&error))?;
        loop {
            let sent = self
                .jetstream
                .publish(subject.clone(), payload.clone().into());
            let written = match sent.await {
                Ok(acknowledgment) => acknowledgment.await,
                Err(error) => Err(error),
            };
            match written {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == PublishErrorKind::StreamNotFound => {
                    self.bucket(&bucket).await?;
                }
                Err(error) => return Err(failed(&error)),
            }
        }
    }
}

/// Returns a timer that ticks once per period, the first time after one.
pub(super) fn timer(period: Duration) -> Interval {
    let mut timer = interval_at(Instant::now() + period, period);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timer
}

/// Checks that NATS can store a row or record: its key, which is `escaped` there, and its payload of `size` bytes.
pub(super) fn check_storable(
    limit: usize,
    view: &str,
    key: &str,
    escaped: &str,
    size: usize,
) -> Result<(), ViewError> {
    let (view, start) = (view.to_owned(), || key.chars().take(64).collect());
    if escaped.len() > MAX_KEY {
        return Err(ViewError::KeyTooLong {
            view,
            key: start(),
            size: escaped.len(),
            limit: MAX_KEY,
        });
    }
    if size > limit {
        return Err(ViewError::TooLarge {
            view,
            key: start(),
            size,
            limit,
        });
    }
    Ok(())
}
