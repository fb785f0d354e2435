//! What a reader of a tape has missed.

use std::fmt;

use crate::wire::{Cursor, FrameError};

/// Records that a [`Tape`](crate::Tape) cannot yield, because the server or the client has lost them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TapeGap {
    /// The view's id.
    pub view: String,
    /// The cursor before the gap.
    pub after: Cursor,
    /// The cursor at the end of the gap: the tape continues with the record after it.
    pub resumed: Cursor,
    /// The number of lost records, if it is known. With a key, a filter, or a token that gives access to some rows
    /// only, it also counts records that the tape would not have yielded.
    pub lost: Option<u64>,
    /// Why the records are lost.
    pub cause: GapCause,
}

/// Why a [`TapeGap`] exists.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapCause {
    /// The reader was away for too long: the server has already dropped records after the cursor.
    Expired,
    /// The server lost its records and started a new epoch. The records between the cursor and the end of the old epoch
    /// are lost.
    NewEpoch,
    /// The cursor is after the server's last record: the server went back to an earlier state, or the cursor belongs to
    /// another view or server.
    ///
    /// The tape continues with the oldest record that the server has, so it can yield records that you have read
    /// before.
    UnknownCursor,
    /// The server itself has missed events here, for example while it was disconnected from its own source. It does not
    /// know how many.
    ///
    /// A server does not report this while you are connected. The tape then reports it after the next reconnect, with
    /// both `after` and `resumed` at your position, which is past the gap.
    MissedByServer,
    /// The client could not decode messages that were probably records of this tape.
    Unreadable(FrameError),
}

impl fmt::Display for TapeGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TapeGap {
            view,
            after,
            resumed,
            ..
        } = self;
        if self.cause == GapCause::UnknownCursor {
            return write!(
                f,
                "the tape \"{view}\" cannot continue after {after}: the server has no record with this number (it \
                 restarts after {resumed}, so records can repeat)"
            );
        }
        write!(f, "the tape \"{view}\" lost ")?;
        match self.lost {
            Some(1) => f.write_str("1 record")?,
            Some(count) => write!(f, "{count} records")?,
            None => f.write_str("records")?,
        }
        write!(f, " after {after}: ")?;
        match &self.cause {
            GapCause::Expired => f.write_str("the server no longer retains them"),
            GapCause::NewEpoch => f.write_str("the server has lost its records and started over"),
            // Handled above.
            GapCause::UnknownCursor => Ok(()),
            GapCause::MissedByServer => f.write_str("the server has missed events"),
            GapCause::Unreadable(error) => write!(f, "{error}"),
        }?;
        write!(f, " (the tape continues after {resumed})")
    }
}
