//! The position of a message in the server's tape.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use hyperstack_sdk::{Cursor, CursorError};

/// A position in the server's tape: the cursor of a record or of the end of a gap.
///
/// Messages with the same cursor are numbered: a record that the server does not number follows the one before, and so
/// does a gap at the reader's position. As text: `df9b6710:41`, or `df9b6710:41+1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) cursor: Cursor,
    extra: u64,
}

impl Position {
    /// Returns the position of a message with this cursor that follows another one.
    pub(super) fn after(previous: Option<&Position>, cursor: Cursor) -> Self {
        let previous = previous.filter(|previous| previous.cursor == cursor);
        let extra = previous.map_or(0, |previous| previous.extra + 1);
        Position { cursor, extra }
    }

    /// Moves the position behind another message with the same cursor.
    pub(super) fn advance(&mut self) {
        self.extra += 1;
    }

    /// Returns the order of two positions, or `None` if they belong to different epochs.
    pub(super) fn order(&self, other: &Position) -> Option<Ordering> {
        let of = |position: &Position| (position.cursor.offset(), position.extra);
        (self.cursor.epoch() == other.cursor.epoch()).then(|| of(self).cmp(&of(other)))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.extra {
            0 => write!(f, "{}", self.cursor),
            extra => write!(f, "{}+{extra}", self.cursor),
        }
    }
}

impl FromStr for Position {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let numbered = text.rsplit_once('+').and_then(|(cursor, extra)| {
            let cursor = cursor.parse().ok()?;
            let extra = extra.parse().ok()?;
            Some(Position { cursor, extra })
        });
        match numbered {
            Some(position) => Ok(position),
            None => Ok(Position {
                cursor: text.parse()?,
                extra: 0,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(text: &str) -> Position {
        let position: Position = text.parse().unwrap();
        assert_eq!(position.to_string(), text);
        position
    }

    #[test]
    fn a_position_is_its_text() {
        let first = position("e:4");
        let second = Position::after(Some(&first), first.cursor.clone());
        assert_eq!(second, position("e:4+1"));
        assert_eq!(
            position("a+1:5"),
            Position::after(Some(&first), "a+1:5".parse().unwrap())
        );
        assert_eq!(position("e:start+2").cursor, "e:start".parse().unwrap());
        for invalid in ["e", "e:4+", "e:+1", ""] {
            assert!(invalid.parse::<Position>().is_err(), "{invalid}");
        }
    }

    #[test]
    fn positions_of_one_epoch_are_ordered() {
        let order = |one, two| position(one).order(&position(two));
        assert_eq!(order("e:start", "e:0"), Some(Ordering::Less));
        assert_eq!(order("e:9", "e:10"), Some(Ordering::Less));
        assert_eq!(order("e:10+1", "e:10"), Some(Ordering::Greater));
        assert_eq!(order("e:10", "f:10"), None);
    }
}
