//! Copies the rows of a view into a bucket.

mod bucket;
mod copier;
mod decide;
#[cfg(test)]
mod model;
mod source;
mod stamp;

use std::convert::Infallible;
use std::future::poll_fn;
use std::task::Poll;

use futures_util::future::{BoxFuture, OptionFuture};
use futures_util::stream::{FuturesUnordered, StreamExt};
use futures_util::FutureExt;
use hyperstack_sdk::{Protocol, SubscriptionStats};

use self::bucket::Bucket;
use self::copier::{Copier, Outcome, Verdict};
use self::source::Source;
use super::context::{timer, Context, IN_FLIGHT};
use super::error::ViewError;
use super::status::Reporter;
use crate::meta::{Kind, Meta};

/// The number of rows of a derived view of a v1 server, which does not announce it.
const V1_LIMIT: u64 = 100;

/// Copies a view until something fails.
pub(super) async fn copy(
    context: &Context,
    view: &str,
    status: &Reporter,
) -> Result<Infallible, ViewError> {
    let connects = context.connected().await?;
    let limit = context.max_size();
    let mut copier = Copier::default();
    let mut bucket = Bucket::open(context, connects, view, &mut copier).await?;
    let (name, stream) = (bucket.name.clone(), bucket.stream.clone());
    copier.begin_snapshot();
    let mut source = Source::open(&context.hyperstack, view).await?;

    let mut writes = FuturesUnordered::new();
    let mut beat: Option<BoxFuture<'_, _>> = None;
    let mut beats = timer(context.interval);
    let mut checks = timer(context.patience);
    let mut is_due = false;
    loop {
        while writes.len() < IN_FLIGHT {
            let Some(write) = copier.poll_write() else {
                break;
            };
            let name = &name;
            writes.push(async move {
                let outcome = bucket::write(context, limit, name, view, &write).await;
                (write, outcome)
            });
        }
        status.set_rows(copier.rows() as u64);
        if let Some(error) = source.take_late() {
            status.lose(Some(error));
        }
        is_due |= beat.is_none() && !status.is_caught_up() && copier.is_settled();
        if is_due && beat.is_none() {
            is_due = false;
            if let Some(stats) = source.ready() {
                let meta = describe(context, stats);
                beat = Some(context.beat(meta, &stream, bucket.identity).boxed());
            }
        }
        let news = poll_fn(|task| {
            let rows = source.poll(&mut copier, task);
            let entries = bucket.poll(&mut copier, task);
            match (rows, entries) {
                (Poll::Ready(Err(error)), _) | (_, Poll::Ready(Err(error))) => {
                    Poll::Ready(Err(error))
                }
                (Poll::Pending, Poll::Pending) => Poll::Pending,
                _ => Poll::Ready(Ok(())),
            }
        });
        tokio::select! {
            read = news => read?,
            Some((write, written)) = writes.next() => {
                let outcome = match written {
                    Err((Outcome::Unwritable, error)) => {
                        (beat, is_due) = (None, false);
                        status.lose(Some(error));
                        Outcome::Unwritable
                    }
                    Err((_, error)) => return Err(error),
                    Ok(Outcome::Unknown) => {
                        let operation = format!("write to the bucket \"{name}\"");
                        status.lose(Some(ViewError::unanswered(operation)));
                        Outcome::Unknown
                    }
                    Ok(outcome) => outcome,
                };
                copier.handle_outcome(&write, outcome);
                let is_conflict = matches!(outcome, Outcome::Conflict | Outcome::Unknown);
                status.count(is_conflict, matches!(outcome, Outcome::Written(_)));
            }
            Some(written) = OptionFuture::from(beat.as_mut()) => {
                beat = None;
                written?;
                status.beat();
            }
            _ = beats.tick() => {
                let is_ready = source.ready().is_some();
                is_due = copier.beat() && is_ready;
                if !is_due {
                    beat = None;
                    status.lose(None);
                }
                if !is_ready {
                    copier.lose();
                }
            }
            _ = checks.tick() => match copier.check() {
                Verdict::Refresh if source.ready().is_some() => {
                    (beat, is_due) = (None, false);
                    status.refresh();
                    drop(source);
                    copier.begin_snapshot();
                    source = Source::open(&context.hyperstack, view).await?;
                }
                Verdict::StartOver => {
                    let cause = "the bucket has changed unexpectedly";
                    return Err(ViewError::nats(format!("write to the bucket \"{name}\""), cause));
                }
                Verdict::Refresh | Verdict::Fine => {}
            },
        }
        context.check_connected(connects)?;
    }
}

fn describe(context: &Context, stats: SubscriptionStats) -> Meta {
    // A v1 server limits derived views without saying so.
    let is_limited = stats.protocol == Protocol::V1 && !stats.view.ends_with("/list");
    let take = stats.limit.or(is_limited.then_some(V1_LIMIT));
    let sort = stats.sort;
    context.describe(stats.view, Kind::Rows { sort, take }, stats.protocol)
}
