//! The views that bridges serve, by their descriptions.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::Context;
use hyperstack_sdk::session::ConnectionLost;
use tokio::time::Instant;

use super::follow::{info, Follow, Item};
use crate::meta::Meta;
use crate::{names, store};

/// The views of a prefix. A bridge writes a view's description again and again, as a sign that its rows are up to date.
pub(super) struct Views {
    follow: Follow,
    views: BTreeMap<String, View>,
    /// The number of intervals after which a silent view is stale.
    missed: u32,
}

/// A view that a bridge has described.
#[derive(Debug)]
pub(super) struct View {
    pub(super) meta: Meta,
    /// When it is stale, unless a bridge writes the description again.
    pub(super) stale_at: Instant,
}

impl Views {
    /// Reads all descriptions. Fails if no bridge is alive.
    pub(super) async fn open(
        jetstream: &Context,
        prefix: &str,
        missed: u32,
    ) -> Result<Self, ConnectionLost> {
        let bucket = names::meta_bucket(prefix);
        let stream = store::stream_of(&bucket);
        let lacks_bridge = |since: &str| {
            ConnectionLost::Closed(format!(
                "no bridge has written to the prefix \"{prefix}\"{since} (`hs bridge` starts one)"
            ))
        };
        if info(jetstream, &stream).await?.is_none() {
            return Err(lacks_bridge(""));
        }
        let subject = store::subject_of(&bucket, ">");
        let from = DeliverPolicy::LastPerSubject;
        let mut views = Views {
            follow: Follow::open(jetstream, &stream, &subject, from).await?,
            views: BTreeMap::new(),
            missed,
        };
        while let Some(item) = views.follow.next_stored().await? {
            views.read(&item)?;
        }
        match views.views.values().max_by_key(|view| view.stale_at) {
            None => Err(lacks_bridge("")),
            Some(view) if view.is_stale() => {
                let silence = views.tolerance(&view.meta);
                Err(lacks_bridge(&format!(" for {silence:?}")))
            }
            Some(_) => Ok(views),
        }
    }

    /// Waits for the next description. Returns the view's id if its rows must be read again. Cancel safe.
    pub(super) async fn next(&mut self) -> Result<Option<String>, ConnectionLost> {
        let item = self.follow.next().await?;
        self.read(&item)
    }

    fn read(&mut self, item: &Item) -> Result<Option<String>, ConnectionLost> {
        // A key that no bridge writes.
        let Some(id) = item.key() else {
            return Ok(None);
        };
        if item.is_delete() {
            self.views.remove(&id);
            return Ok(Some(id));
        }
        let meta: Meta = match serde_json::from_slice(&item.message.payload) {
            Ok(meta) => meta,
            Err(error) => {
                tracing::warn!("cannot read the description of the view \"{id}\": {error}");
                self.views.remove(&id);
                return Ok(Some(id));
            }
        };
        let kind = meta.kind.clone();
        let stale_at = Instant::now() + self.tolerance(&meta).saturating_sub(item.age);
        let before = self.views.insert(id.clone(), View { meta, stale_at });
        Ok(before
            .is_some_and(|before| before.meta.kind != kind)
            .then_some(id))
    }

    pub(super) fn get(&self, id: &str) -> Option<&View> {
        self.views.get(id)
    }

    /// Whether a live bridge copies a view that it has not described yet.
    pub(super) fn announce(&self, id: &str) -> bool {
        let mut alive = self.views.values().filter(|view| !view.is_stale());
        alive.any(|view| view.meta.views.iter().any(|view| view == id))
    }

    /// Returns the ids of all views.
    pub(super) fn ids(&self) -> String {
        let ids: Vec<&str> = self.views.keys().map(String::as_str).collect();
        ids.join(", ")
    }

    /// How long a view may be silent.
    pub(super) fn tolerance(&self, meta: &Meta) -> Duration {
        meta.interval().saturating_mul(self.missed)
    }
}

impl View {
    pub(super) fn is_stale(&self) -> bool {
        self.stale_at <= Instant::now()
    }
}
