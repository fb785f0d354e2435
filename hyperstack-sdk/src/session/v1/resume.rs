//! How a view is resubscribed.

use crate::wire::Seq;

/// Whether a view was subscribed whole before, and up to where its changes are held.
#[derive(Debug, Default)]
pub(super) struct Resume {
    begun: bool,
    /// The value of `begun` before the latest subscription.
    had_begun: bool,
    /// Whether the server ever began to send the whole view.
    was_begun: bool,
    cursor: Option<Seq>,
}

impl Resume {
    /// The server began to send the whole view. Returns whether it ever did before.
    pub(super) fn begin(&mut self) -> bool {
        self.had_begun = std::mem::replace(&mut self.begun, true);
        std::mem::replace(&mut self.was_begun, true)
    }

    /// The server rejected the subscription after it had answered it.
    pub(super) fn refuse(&mut self) {
        self.begun = self.had_begun;
    }

    /// Sets the position up to which all changes are held. `None` means that it is not known.
    pub(super) fn set_cursor(&mut self, cursor: Option<Seq>) {
        self.cursor = cursor;
    }

    /// Returns the cursor to send with a subscription to the whole view. Each cursor is used once.
    pub(super) fn take_cursor(&mut self) -> Option<Seq> {
        if self.begun {
            self.cursor.take()
        } else {
            None
        }
    }
}
