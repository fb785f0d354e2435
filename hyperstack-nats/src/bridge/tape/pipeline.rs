//! The messages of a tape that NATS has not acknowledged, without IO and clocks.

use std::cmp::Ordering;
use std::collections::VecDeque;

use hyperstack_sdk::Cursor;

use super::position::Position;

/// The messages to append to a stream, in order.
///
/// Each message names the sequence number and the id of the one before, so NATS stores it at its place or not at all.
/// Messages are sent before those in front of them are acknowledged.
#[derive(Debug)]
pub(super) struct Pipeline {
    /// The sequence number of the stream's last message.
    last: u64,
    /// The position of the stream's last message.
    position: Option<Position>,
    waiting: VecDeque<Message>,
    /// The position of the last message that the tape has yielded. The stream can be ahead of it.
    read: Option<Position>,
    /// How many of them are sent.
    sent: usize,
    beat: u64,
}

/// A message to append to a stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message {
    pub(super) subject: String,
    pub(super) payload: Vec<u8>,
    pub(super) position: Position,
    /// The position of the message that it follows.
    after: Option<Position>,
    since: u64,
}

/// What NATS must check before it stores a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expected {
    pub(super) sequence: u64,
    /// The id of the message before, if it is also being sent.
    pub(super) id: Option<String>,
}

/// The stream has a message that the waiting messages do not follow, so the tape must be read again after it.
#[derive(Debug, PartialEq)]
pub(super) struct Diverged;

impl Pipeline {
    pub(super) fn new(last: u64, position: Option<Position>) -> Self {
        Pipeline {
            last,
            read: position.clone(),
            position,
            waiting: VecDeque::new(),
            sent: 0,
            beat: 0,
        }
    }

    /// Adds the next record or gap that the tape yields.
    pub(super) fn push(
        &mut self,
        cursor: Cursor,
        subject: String,
        payload: Vec<u8>,
    ) -> Result<(), Diverged> {
        let position = Position::after(self.read.as_ref(), cursor);
        let message = Message {
            after: self.read.replace(position.clone()),
            position,
            subject,
            payload,
            since: self.beat,
        };
        self.waiting.push_back(message);
        self.skip()
    }

    /// Returns the next message to send.
    pub(super) fn poll_send(&mut self) -> Option<(Message, Expected)> {
        let message = self.waiting.get(self.sent)?.clone();
        let before = self.sent.checked_sub(1).and_then(|at| self.waiting.get(at));
        let expected = Expected {
            sequence: self.last + self.sent as u64,
            id: before.map(|before| before.position.to_string()),
        };
        self.sent += 1;
        Some((message, expected))
    }

    /// NATS stored the first message with this sequence number. Returns the message if that is its place.
    pub(super) fn acknowledge(&mut self, sequence: u64) -> Option<Message> {
        if self.sent == 0 || sequence != self.last + 1 {
            return None;
        }
        let message = self.waiting.pop_front()?;
        self.sent -= 1;
        self.last = sequence;
        self.position = Some(message.position.clone());
        Some(message)
    }

    /// NATS did not store a message, and no reply is outstanding. The stream's last message is this one: skips the
    /// messages up to its position. Returns whether the stream has a new message.
    pub(super) fn rewind(
        &mut self,
        last: u64,
        position: Option<Position>,
    ) -> Result<bool, Diverged> {
        self.sent = 0;
        let is_new = last != self.last;
        if last < self.last {
            return Err(Diverged);
        }
        (self.last, self.position) = (last, position);
        self.skip()?;
        Ok(is_new)
    }

    /// NATS has a message with the id of the first one, but the stream does not end with it: the server goes through
    /// its records again.
    pub(super) fn rename_first(&mut self) {
        let Some(first) = self.waiting.front_mut() else {
            return;
        };
        first.position.advance();
        let position = Some(first.position.clone());
        match self.waiting.get_mut(1) {
            Some(second) => second.after = position,
            None => self.read = position,
        }
    }

    fn skip(&mut self) -> Result<(), Diverged> {
        let Some(position) = &self.position else {
            return Ok(());
        };
        if self.sent > 0 {
            return Ok(());
        }
        while let Some(first) = self.waiting.front() {
            if first.after.as_ref() == Some(position) {
                break;
            }
            match first.position.order(position) {
                Some(Ordering::Less | Ordering::Equal) => self.waiting.pop_front(),
                Some(Ordering::Greater) | None => return Err(Diverged),
            };
        }
        Ok(())
    }

    /// Returns the position of the last message that the tape has yielded.
    pub(super) fn end(&self) -> Option<&Position> {
        self.read.as_ref()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Call it once per interval. Returns whether the stream has all that the server had sent an interval ago.
    pub(super) fn beat(&mut self) -> bool {
        self.beat += 1;
        let oldest = self.waiting.front();
        oldest.is_none_or(|message| message.since + 1 >= self.beat)
    }

    /// Returns the stream's last message, as far as known.
    pub(super) fn last(&self) -> (u64, Option<&Position>) {
        (self.last, self.position.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(text: &str) -> Cursor {
        text.parse().unwrap()
    }

    fn push(pipeline: &mut Pipeline, text: &str) -> Result<(), Diverged> {
        pipeline.push(cursor(text), "s".to_owned(), Vec::new())
    }

    fn send(pipeline: &mut Pipeline) -> Option<(String, u64, Option<String>)> {
        let (message, expected) = pipeline.poll_send()?;
        Some((message.position.to_string(), expected.sequence, expected.id))
    }

    #[test]
    fn each_message_names_the_one_before() {
        let mut pipeline = Pipeline::new(7, Some("e:1".parse().unwrap()));
        for text in ["e:2", "e:3", "e:3"] {
            push(&mut pipeline, text).unwrap();
        }
        assert_eq!(send(&mut pipeline), Some(("e:2".into(), 7, None)));
        assert_eq!(
            send(&mut pipeline),
            Some(("e:3".into(), 8, Some("e:2".into())))
        );
        assert!(pipeline.acknowledge(8).is_some() && pipeline.acknowledge(10).is_none());
        assert_eq!(
            send(&mut pipeline),
            Some(("e:3+1".into(), 9, Some("e:3".into())))
        );
        assert_eq!(send(&mut pipeline), None);
    }

    #[test]
    fn what_another_bridge_has_written_is_skipped() {
        let mut pipeline = Pipeline::new(0, None);
        for text in ["e:2", "e:3", "e:4"] {
            push(&mut pipeline, text).unwrap();
        }
        while send(&mut pipeline).is_some() {}
        let last = Some("e:3".parse().unwrap());
        assert_eq!(pipeline.rewind(2, last), Ok(true));
        assert_eq!(send(&mut pipeline), Some(("e:4".into(), 2, None)));
        assert_eq!(pipeline.rewind(2, Some("e:3".parse().unwrap())), Ok(false));
        // A record that this bridge has not read.
        assert_eq!(
            pipeline.rewind(3, Some("f:0".parse().unwrap())),
            Err(Diverged)
        );
    }

    #[test]
    fn a_repeated_record_gets_an_id_of_its_own() {
        let mut pipeline = Pipeline::new(1, Some("e:start".parse().unwrap()));
        push(&mut pipeline, "e:0").unwrap();
        push(&mut pipeline, "e:1").unwrap();
        assert_eq!(send(&mut pipeline), Some(("e:0".into(), 1, None)));
        let last = pipeline.last().1.cloned();
        assert_eq!(pipeline.rewind(1, last), Ok(false));
        pipeline.rename_first();
        assert_eq!(send(&mut pipeline), Some(("e:0+1".into(), 1, None)));
        assert_eq!(
            send(&mut pipeline),
            Some(("e:1".into(), 2, Some("e:0+1".into())))
        );
    }
}
