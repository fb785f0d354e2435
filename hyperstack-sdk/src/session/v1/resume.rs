//! How a view is resubscribed.

use super::window::resubscribed;
use crate::session::window::Window;
use crate::wire::Seq;

/// Whether a view was subscribed whole before, and up to where its changes are held.
#[derive(Debug, Default)]
pub(super) struct Resume {
    begun: bool,
    /// `begun` before the latest subscription.
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

    /// Returns the window that a subscription must bring, and the cursor to send with it. Each cursor is
    /// used once.
    pub(super) fn take(&mut self, window: Window, derived: bool) -> (Window, Option<Seq>) {
        if self.begun {
            (resubscribed(window, derived), self.cursor.take())
        } else {
            (window, None)
        }
    }
}
