//! The rows of a view at the server.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use hyperstack_sdk::{
    ErasedStream, HyperStack, ReadError, StreamError, SubscriptionStats, Update, Value, WindowView,
};

use super::copier::Copier;
use crate::bridge::error::ViewError;

/// How many updates are read at once.
const BATCH: usize = 1_024;

/// How long a new subscription waits for the end of the one before, and how often it looks.
const WAIT: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(5);

/// A subscription to all rows of a view.
pub(super) struct Source {
    hyperstack: HyperStack,
    view: WindowView<Value>,
    rows: ErasedStream<Result<Update<Arc<Value>>, StreamError>>,
    /// Resolves when the snapshot is complete.
    complete: Option<Complete>,
    /// Whether rows have arrived since the client last reported that the snapshot is late.
    has_progress: bool,
    /// Why the snapshot is late, until it is reported.
    late: Option<ViewError>,
}

type Complete = Pin<Box<dyn Future<Output = Result<(), ReadError>> + Send>>;

impl Source {
    /// Subscribes to a view. Waits for the end of an earlier subscription, whose rows may be older.
    pub(super) async fn open(hyperstack: &HyperStack, id: &str) -> Result<Self, ViewError> {
        let ended = async {
            while stats(hyperstack, id).is_some() {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(WAIT, ended).await.is_err() {
            let view = id.to_owned();
            return Err(ViewError::InUse { view });
        }
        let entity = id.split('/').next().unwrap_or(id);
        let view = hyperstack.raw(entity).collection(id);
        Ok(Source {
            hyperstack: hyperstack.clone(),
            rows: view.try_watch().shared().erased(),
            complete: Some(complete_of(&view)),
            has_progress: false,
            late: None,
            view,
        })
    }

    /// Returns the counters of the subscription if its rows are up to date.
    pub(super) fn ready(&self) -> Option<SubscriptionStats> {
        let stats = stats(&self.hyperstack, self.view.id());
        stats.filter(|stats| stats.is_ready && self.complete.is_none())
    }

    /// Returns why the snapshot is late, unless that was reported already or rows are arriving.
    pub(super) fn take_late(&mut self) -> Option<ViewError> {
        self.late.take()
    }

    /// Passes changes on. Returns `Pending` if there are none.
    pub(super) fn poll(
        &mut self,
        copier: &mut Copier,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ViewError>> {
        // The stream subscribes when it is first polled, and the other read joins it.
        let mut has_read = self.poll_rows(BATCH, copier, context)?;
        while let Some(complete) = &mut self.complete {
            match complete.poll_unpin(context) {
                Poll::Pending => break,
                Poll::Ready(Ok(())) => {
                    // All rows of the snapshot are queued.
                    self.poll_rows(usize::MAX, copier, context)?;
                    self.complete = None;
                    copier.complete_snapshot();
                    has_read = true;
                }
                Poll::Ready(Err(error)) => {
                    let is_late = matches!(
                        error,
                        ReadError::NotYet { .. } | ReadError::Disconnected { .. }
                    );
                    let error = ViewError::of_read(error, self.view.id());
                    if !is_late {
                        return Poll::Ready(Err(error));
                    }
                    if !std::mem::take(&mut self.has_progress) {
                        self.late = Some(error);
                    }
                    self.complete = Some(complete_of(&self.view));
                    has_read = true;
                }
            }
        }
        if has_read {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    /// Passes queued updates on. Returns whether there were any.
    fn poll_rows(
        &mut self,
        most: usize,
        copier: &mut Copier,
        context: &mut Context<'_>,
    ) -> Result<bool, ViewError> {
        for read in 0..most {
            match self.rows.poll_next_unpin(context) {
                Poll::Pending => return Ok(read > 0),
                Poll::Ready(Some(Ok(
                    Update::Upsert { key, data } | Update::Patch { key, data },
                ))) => {
                    self.has_progress = true;
                    copier.put_row(&key.into(), data);
                }
                Poll::Ready(Some(Ok(Update::Delete { key }))) => copier.delete_row(&key.into()),
                Poll::Ready(Some(Err(error))) => {
                    if let Some(error) = ViewError::of_stream(error, self.view.id()) {
                        return Err(error);
                    }
                }
                // The item before said why.
                Poll::Ready(None) => return Ok(read > 0),
            }
        }
        Ok(true)
    }
}

/// Waits for the complete snapshot, for at most the client's timeout.
fn complete_of(view: &WindowView<Value>) -> Complete {
    let view = view.shared();
    Box::pin(async move { view.try_get().await.map(drop) })
}

/// Returns the counters of the subscription to all rows of a view.
fn stats(hyperstack: &HyperStack, id: &str) -> Option<SubscriptionStats> {
    let stats = hyperstack.subscription_stats();
    let is_whole = |it: &SubscriptionStats| it.view == id && it.keys.is_empty();
    stats.into_iter().find(is_whole)
}
