//! Serves the rows of a view from its bucket.

use std::collections::BTreeSet;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::Context;
use hyperstack_sdk::session::ConnectionLost;
use hyperstack_sdk::wire::Sort;

use super::follow::{gone, info, Follow};
use super::frames::Frames;
use super::serve::Out;
use crate::{names, store};

/// A query for the rows of a view, or for one of them.
pub(super) struct Rows {
    pub(super) bucket: String,
    pub(super) key: Option<String>,
    pub(super) sort: Option<Sort>,
    pub(super) take: Option<u64>,
}

impl Rows {
    /// Sends the rows, and then each change, until the subscription ends.
    pub(super) async fn serve(
        self,
        jetstream: Context,
        frames: Frames,
        out: Out,
    ) -> Result<(), ConnectionLost> {
        let stream = store::stream_of(&self.bucket);
        let before = info(&jetstream, &stream).await?;
        let before = before.ok_or_else(|| gone(&stream))?.state.last_sequence;
        let key = self.key.as_deref().map(names::encode_key);
        let subject = store::subject_of(&self.bucket, key.as_deref().unwrap_or(">"));
        let from = DeliverPolicy::LastPerSubject;
        let mut follow = Follow::open(&jetstream, &stream, &subject, from).await?;

        out.send(frames.rows(self.key.as_deref(), self.sort.as_ref(), self.take))
            .await?;
        let mut snapshot = frames.snapshot();
        // Rows that were deleted while the snapshot arrived may be in it.
        let mut deleted = BTreeSet::new();
        while let Some(item) = follow.next_stored().await? {
            let Some(key) = item.key() else {
                continue;
            };
            if !item.is_delete() {
                deleted.remove(&key);
                snapshot.push(&key, &item.message.payload);
            } else if item.sequence > before {
                deleted.insert(key);
            }
            if snapshot.is_full() {
                let full = std::mem::replace(&mut snapshot, frames.snapshot());
                out.send(full.finish(false)).await?;
            }
            if self.key.is_some() {
                break;
            }
        }
        out.send(snapshot.finish(true)).await?;
        for key in deleted {
            out.send(frames.delete(&key)).await?;
        }

        loop {
            let item = follow.next().await?;
            // A key that no bridge writes is not a row.
            let Some(key) = item.key() else {
                continue;
            };
            let frame = match item.is_delete() {
                true => frames.delete(&key),
                false => frames.upsert(&key, &item.message.payload),
            };
            out.send(frame).await?;
        }
    }
}
