//! Copies the records of a tape into a stream.

mod log;
#[cfg(test)]
mod model;
mod pipeline;
mod position;

use std::convert::Infallible;
use std::future::{poll_fn, IntoFuture};
use std::task::Poll;

use futures_util::future::{BoxFuture, OptionFuture};
use futures_util::stream::{FuturesOrdered, StreamExt};
use futures_util::FutureExt;
use hyperstack_sdk::session::{GapCause, TapeGap};
use hyperstack_sdk::{Cursor, TapeError, TapeRecord, Value};
use serde::Serialize;

use self::log::{Log, Sent};
use self::pipeline::{Diverged, Pipeline};
use super::context::{check_storable, timer, Context, IN_FLIGHT};
use super::error::ViewError;
use super::status::Reporter;
use crate::meta::{Gap, Kind, LastMessage, Meta};
use crate::names;

/// How many records wait to be written or skipped.
const WAITING: usize = 8_192;

/// How often a bridge looks whether another one is writing, during its patience.
const LOOKS: u32 = 4;

/// Why a tape is read again.
pub(super) enum Stop {
    Failed(ViewError),
    /// Another bridge has written something that this one has not read.
    Diverged,
}

impl From<ViewError> for Stop {
    fn from(error: ViewError) -> Self {
        Stop::Failed(error)
    }
}

impl From<Diverged> for Stop {
    fn from(_: Diverged) -> Self {
        Stop::Diverged
    }
}

/// Copies a tape until something fails.
///
/// If several bridges copy a tape, the one whose message is rejected stops writing: it only skips the records that
/// the other one writes. It writes again when the other one has not written a record for as long as its patience.
pub(super) async fn copy(
    context: &Context,
    view: &str,
    status: &Reporter,
) -> Result<Infallible, Stop> {
    let connects = context.connected().await?;
    let limit = context.max_size();
    let log = Log::open(context, view).await?;
    let (last, position) = log.last((0, None)).await?;
    let entity = view.split('/').next().unwrap_or(view);
    let mut tape = context.hyperstack.raw(entity).collection(view).tape();
    match &position {
        Some(position) => tape = tape.after(position.cursor.clone()),
        None if last > 0 => tracing::warn!(
            "the stream \"{}\" has dropped its last record, so records of the server can repeat",
            log.name
        ),
        None => {}
    }
    let mut pipeline = Pipeline::new(last, position);
    let subject = names::tape_subject(&context.prefix, view);

    let mut replies = FuturesOrdered::new();
    let mut beat: Option<BoxFuture<'_, _>> = None;
    let mut beats = timer(context.interval);
    let mut looks = timer(context.patience / LOOKS);
    let mut is_due = false;
    // How often it has looked without a new record, if another bridge is writing.
    let mut following: Option<u32> = None;
    let mut was_caught_up = false;
    loop {
        while following.is_none() && replies.len() < IN_FLIGHT {
            let Some((message, expected)) = pipeline.poll_send() else {
                break;
            };
            replies.push_back(log.send(message, expected).await?.into_future());
        }
        let is_current = context.hyperstack.is_connected() && tape.is_caught_up();
        is_due |= beat.is_none() && !status.is_caught_up() && pipeline.len() == 0;
        if is_due && beat.is_none() {
            is_due = false;
            if is_current {
                let meta = describe(context, view, &pipeline);
                beat = Some(context.beat(meta, &log.name, log.identity).boxed());
            }
        }
        let item = poll_fn(|task| match tape.poll_next_unpin(task) {
            Poll::Ready(item) => Poll::Ready(Some(item)),
            Poll::Pending if !was_caught_up && tape.is_caught_up() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        tokio::select! {
            item = item, if pipeline.len() < WAITING => match item {
                Some(item) => {
                    push(limit, view, &subject, item, &mut pipeline)?;
                    for _ in 1..IN_FLIGHT {
                        let Some(item) = tape.next().now_or_never() else {
                            break;
                        };
                        push(limit, view, &subject, item, &mut pipeline)?;
                    }
                }
                None => was_caught_up = true,
            },
            Some(reply) = replies.next() => {
                let sent = log.read(reply)?;
                if let Sent::Stored(sequence) = sent {
                    if let Some(message) = pipeline.acknowledge(sequence) {
                        status.count(false, true);
                        if message.subject == subject {
                            let gap: Option<Gap> = serde_json::from_slice(&message.payload).ok();
                            status.gap(gap.map(|gap| gap.message));
                        }
                        continue;
                    }
                }
                if let Sent::Unanswered = sent {
                    let operation = format!("write to the stream \"{}\"", log.name);
                    status.lose(Some(ViewError::unanswered(operation)));
                }
                status.count(true, false);
                // Each of the messages behind it names it.
                while let Some(reply) = replies.next().await {
                    let is_stored = matches!(log.read(reply)?, Sent::Stored(_));
                    status.count(false, is_stored);
                }
                let (last, position) = log.last(pipeline.last()).await?;
                if pipeline.rewind(last, position)? {
                    following = Some(0);
                } else if let Sent::Duplicate = sent {
                    pipeline.rename_first();
                }
            }
            _ = looks.tick(), if following.is_some() => {
                if pipeline.len() > 0 {
                    let (last, position) = log.last(pipeline.last()).await?;
                    let is_new = pipeline.rewind(last, position)?;
                    let looked = following.filter(|_| !is_new).map_or(0, |looks| looks + 1);
                    following = Some(looked).filter(|looks| *looks <= LOOKS);
                }
            }
            Some(written) = OptionFuture::from(beat.as_mut()) => {
                beat = None;
                written?;
                status.beat();
            }
            _ = beats.tick() => {
                is_due = pipeline.beat() && is_current;
                if !is_due {
                    beat = None;
                    status.lose(None);
                }
            }
        }
        context.check_connected(connects)?;
    }
}

fn describe(context: &Context, view: &str, pipeline: &Pipeline) -> Meta {
    let protocol = context.hyperstack.stats().protocol;
    let (sequence, position) = pipeline.last();
    Meta {
        position: position.map(|position| LastMessage {
            sequence,
            cursor: position.to_string(),
        }),
        ..context.describe(view.to_owned(), Kind::Tape, protocol)
    }
}

/// Adds what the tape yields to the pipeline.
fn push(
    limit: usize,
    view: &str,
    subject: &str,
    item: Option<Result<TapeRecord<Value>, TapeError>>,
    pipeline: &mut Pipeline,
) -> Result<(), Stop> {
    match item {
        Some(Ok(record)) => {
            let key = names::encode_key(&record.key);
            let payload = json(&Record {
                key: &record.key,
                patch: &record.patch.value,
                append: &record.patch.append,
            })?;
            let Err(error) = check_storable(limit, view, &record.key, &key, payload.len()) else {
                pipeline.push(record.cursor, format!("{subject}.{key}"), payload)?;
                return Ok(());
            };
            tracing::warn!("cannot copy the record {}: {error}", record.cursor);
            let before = pipeline.end();
            let gap = Gap {
                after: before.map_or_else(|| "none".to_owned(), |before| before.cursor.to_string()),
                resumed: record.cursor.to_string(),
                lost: Some(1),
                cause: "too-large".to_owned(),
                message: error.to_string(),
            };
            push_gap(subject, record.cursor, &gap, pipeline)
        }
        Some(Err(TapeError::Gap(gap))) => {
            tracing::warn!("{gap}");
            push_gap(subject, gap.resumed.clone(), &of_gap(&gap), pipeline)
        }
        // The record follows without the field.
        Some(Err(TapeError::Decode { .. })) => Ok(()),
        Some(Err(error)) => Err(ViewError::of_tape(error, view).into()),
        None => Err(ViewError::Unreadable {
            view: view.to_owned(),
            cause: "the tape has ended".to_owned(),
        }
        .into()),
    }
}

fn push_gap(
    subject: &str,
    resumed: Cursor,
    gap: &Gap,
    pipeline: &mut Pipeline,
) -> Result<(), Stop> {
    let payload = json(gap)?;
    Ok(pipeline.push(resumed, subject.to_owned(), payload)?)
}

fn of_gap(gap: &TapeGap) -> Gap {
    Gap {
        after: gap.after.to_string(),
        resumed: gap.resumed.to_string(),
        lost: gap.lost,
        cause: match gap.cause {
            GapCause::Expired => "expired",
            GapCause::NewEpoch => "new-epoch",
            GapCause::UnknownCursor => "unknown-cursor",
            GapCause::MissedByServer => "missed-by-server",
            GapCause::Unreadable(_) => "unreadable",
            _ => "other",
        }
        .to_owned(),
        message: gap.to_string(),
    }
}

/// The payload of a record.
#[derive(Serialize)]
struct Record<'a> {
    key: &'a str,
    patch: &'a Value,
    /// The paths of arrays in the patch that have only the new elements.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    append: &'a [String],
}

fn json(payload: &impl Serialize) -> Result<Vec<u8>, ViewError> {
    serde_json::to_vec(payload).map_err(|error| ViewError::nats("write JSON", &error))
}
