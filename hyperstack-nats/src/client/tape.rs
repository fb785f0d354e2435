//! Serves the records of a tape from its stream.
//!
//! The numbers of the records are those of the stream's messages. A bridge writes a message of its own where it missed
//! records. A subscription can announce one such gap, so it ends at the next one, and the client subscribes again.

use std::str::FromStr;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::stream::{Info, RawMessageErrorKind};
use async_nats::jetstream::Context;
use hyperstack_sdk::session::ConnectionLost;
use hyperstack_sdk::Cursor;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{json, Value};

use super::follow::{cannot_read, gone, info, Follow, Item};
use super::frames::{Frames, ReplayWindow};
use super::serve::Out;
use crate::names;

/// A query for the records of a tape.
pub(super) struct Tape {
    pub(super) stream: String,
    /// The subject of gaps. A record's subject has the record's key after it.
    pub(super) subject: String,
    pub(super) key: Option<String>,
    /// The cursor of the last record that the client has.
    pub(super) after: Option<String>,
}

/// The payload of a record.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    key: &'a RawValue,
    #[serde(borrow)]
    patch: &'a RawValue,
    #[serde(borrow)]
    append: Option<&'a RawValue>,
}

impl Tape {
    /// Sends the retained records, and then each new one, until the subscription ends.
    pub(super) async fn serve(
        self,
        jetstream: Context,
        frames: Frames,
        out: Out,
    ) -> Result<(), ConnectionLost> {
        let stream = self.stream.as_str();
        let state = info(&jetstream, stream).await?;
        let mut window = window(&state.ok_or_else(|| gone(stream))?);
        let mut next = match first(self.after.as_deref(), &window) {
            Ok(first) => first,
            Err((code, message)) => {
                let details = json!({ "replayWindow": window });
                return out.send(frames.error(code, &message, &details)).await;
            }
        };
        window.gap_after = self.next_gap(&jetstream, next).await?;
        let from = DeliverPolicy::ByStartSequence {
            start_sequence: next,
        };
        // NATS 2.9 has one filter per consumer. One for a key would hide the gaps.
        let mut follow = Follow::open(&jetstream, stream, "", from).await?;
        out.send(frames.tape(&window)).await?;

        let subject = self.key.as_deref().map(names::encode_key);
        let subject = subject.map(|key| format!("{}.{key}", self.subject));
        // The client reports the announced gap before the first record after it. Further gaps up to there are part of it.
        let mut announced = window.gap_after;
        loop {
            let item = follow.next().await?;
            let (expected, sequence) = (next, item.sequence);
            next = sequence + 1;
            let restart = |message: String| frames.error("replay-lagged", &message, &Value::Null);
            if sequence > expected {
                let state = info(&jetstream, stream).await?;
                // Otherwise, someone has deleted a message.
                if state.ok_or_else(|| gone(stream))?.state.first_sequence > expected {
                    let message = format!("record {expected} has expired before it was read");
                    return out.send(restart(message)).await;
                }
            }
            let of_item = item.message.subject.as_str();
            if of_item == self.subject {
                if announced.is_none() {
                    let message = format!("records are missing before record {next}");
                    return out.send(restart(message)).await;
                }
            } else if subject.as_ref().is_none_or(|subject| of_item == subject) {
                announced = announced.filter(|gap| *gap > sequence);
                out.send(record(&frames, &item)).await?;
            }
        }
    }

    /// Returns the number of the first message about a gap.
    async fn next_gap(
        &self,
        jetstream: &Context,
        from: u64,
    ) -> Result<Option<u64>, ConnectionLost> {
        let stream = jetstream.get_stream_no_info(&self.stream).await;
        let stream = stream.map_err(|error| cannot_read(&self.stream, &error))?;
        let gap = stream.get_first_raw_message_by_subject(&self.subject, from);
        match gap.await {
            Ok(gap) => Ok(Some(gap.sequence)),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(cannot_read(&self.stream, &error)),
        }
    }
}

/// Returns the records that a stream retains. A stream that is made again has another epoch.
fn window(stream: &Info) -> ReplayWindow {
    ReplayWindow {
        epoch: format!("{:x}", stream.created.unix_timestamp_nanos()),
        earliest: stream.state.first_sequence.max(1),
        next: stream.state.last_sequence + 1,
        gap_after: None,
    }
}

/// Returns the number of the first record after a cursor, or the error's code and message.
fn first(after: Option<&str>, window: &ReplayWindow) -> Result<u64, (&'static str, String)> {
    let Some(after) = after else {
        return Ok(window.earliest);
    };
    let cursor = Cursor::from_str(after).map_err(|error| ("invalid-cursor", error.to_string()))?;
    let first = cursor.offset().map_or(0, |offset| offset.saturating_add(1));
    let ReplayWindow {
        epoch,
        earliest,
        next,
        ..
    } = window;
    if cursor.epoch() != epoch {
        let message = format!("the cursor {cursor} belongs to another stream: this one is {epoch}");
        Err(("cursor-epoch-changed", message))
    } else if first < *earliest {
        let message =
            format!("the record after {cursor} has expired: the oldest one is {earliest}");
        Err(("cursor-expired", message))
    } else if first > *next {
        let message =
            format!("the cursor {cursor} is after the last record: the next one is {next}");
        Err(("cursor-unknown", message))
    } else {
        Ok(first)
    }
}

fn record(frames: &Frames, item: &Item) -> Vec<u8> {
    match serde_json::from_slice::<Record<'_>>(&item.message.payload) {
        Ok(record) => {
            let append = record.append.map(RawValue::get);
            frames.record(record.key.get(), record.patch.get(), append, item.sequence)
        }
        Err(error) => frames.unreadable(&format!("invalid record {}: {error}", item.sequence)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_must_be_within_the_retained_records() {
        let window = ReplayWindow {
            epoch: "e".into(),
            earliest: 3,
            next: 8,
            gap_after: None,
        };
        let code = |after| first(Some(after), &window).map_err(|(code, _)| code);
        assert_eq!(first(None, &window), Ok(3));
        assert_eq!(code("e:2"), Ok(3));
        assert_eq!(code("e:7"), Ok(8));
        assert_eq!(code("e:1"), Err("cursor-expired"));
        assert_eq!(code("e:start"), Err("cursor-expired"));
        assert_eq!(code("e:8"), Err("cursor-unknown"));
        assert_eq!(code("e:18446744073709551614"), Err("cursor-unknown"));
        assert_eq!(code("none:0"), Err("cursor-epoch-changed"));
        assert_eq!(code("7"), Err("invalid-cursor"));
    }
}
