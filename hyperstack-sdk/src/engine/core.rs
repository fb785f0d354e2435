//! The session and the caches as one state machine, without IO or clock.

use super::readers::Readers;
use crate::session::{Link, Session, Step, Time};
use crate::store::Caches;
use crate::wire::{FrameError, Incoming};

/// The session, the caches that follow its instructions, and the readers of the caches.
pub(super) struct Core {
    pub(super) session: Session,
    pub(super) caches: Caches,
    pub(super) readers: Readers,
}

impl Core {
    pub(super) fn new(session: Session, caches: Caches) -> Self {
        Core {
            session,
            caches,
            readers: Readers::default(),
        }
    }

    /// Handles a message: first the session, then the caches.
    pub(super) fn handle_message(&mut self, message: Result<Incoming<'_>, FrameError>, now: Time) {
        match message {
            Ok(message) => {
                if let Some(instruction) = self.session.handle_message(message, now) {
                    self.caches.apply(&instruction);
                }
            }
            Err(error) => self.session.handle_undecodable(error, now),
        }
        self.follow(now);
    }

    /// Applies the session's instructions to the caches.
    pub(super) fn follow(&mut self, now: Time) {
        while let Some(instruction) = self.session.poll_instruction() {
            match instruction.step {
                Step::Lost => self.session.set_cursors(|id| self.caches.cursor(id)),
                Step::Reroute => {
                    self.readers.reroute(&self.session, &mut self.caches);
                    continue;
                }
                _ => {}
            }
            self.caches.apply(&instruction);
        }
        while let Some(source) = self.caches.poll_fetch() {
            self.session.fetch_again(source, now);
        }
        self.session.set_holds_rows(self.caches.holds_rows(), now);
    }

    /// Ends the caches if the session has ended. Returns whether it has.
    pub(super) fn end(&mut self) -> bool {
        match self.session.link() {
            Link::Closed(reason) => {
                self.caches.end(reason);
                true
            }
            _ => false,
        }
    }
}
