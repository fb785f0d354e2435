//! Session and caches as one machine, still without IO or clock.

use std::time::Duration;

use crate::session::{Event, Link, Session, Time};
use crate::store::Hub;
use crate::stream::RowError;
use crate::wire::{Frame, FrameError};

/// How long a row that left a window stays, at most, while the rows that should follow are awaited.
const SETTLE_AFTER: Duration = Duration::from_millis(50);

pub(super) struct Core {
    pub(super) session: Session,
    pub(super) hub: Hub,
    settle_at: Option<Time>,
}

impl Core {
    pub(super) fn new(session: Session, hub: Hub) -> Self {
        Core {
            session,
            hub,
            settle_at: None,
        }
    }

    /// Applies a frame; returns the rows that did not fit, and what could not be read of it.
    pub(super) fn handle_frame(
        &mut self,
        mut frame: Frame<'_>,
        now: Time,
    ) -> (Vec<RowError>, Vec<FrameError>) {
        let malformed = match &mut frame {
            Frame::Snapshot { malformed, .. } => std::mem::take(malformed),
            _ => Vec::new(),
        };
        for error in &malformed {
            self.hub.spoil(error);
        }
        let errors = self.hub.apply(&frame);
        match frame {
            Frame::Subscribed { view, sort } => self.session.handle_subscribed(&view, sort),
            Frame::Snapshot {
                view,
                complete: true,
                ..
            } => {
                self.session.handle_news(&view, None, now);
                self.session.handle_complete(&view);
            }
            frame => self.session.handle_news(frame.view(), frame.key(), now),
        }
        self.follow();
        self.settle_at = match self.hub.is_unsettled() {
            true => self.settle_at.or(Some(now.saturating_add(SETTLE_AFTER))),
            false => None,
        };
        (errors, malformed)
    }

    pub(super) fn handle_timeout(&mut self, now: Time) {
        if self.settle_at.is_some_and(|at| at <= now) {
            self.settle_at = None;
            self.hub.settle();
        }
        self.session.handle_timeout(now);
    }

    pub(super) fn poll_timeout(&self) -> Option<Time> {
        self.session
            .poll_timeout()
            .into_iter()
            .chain(self.settle_at)
            .min()
    }

    /// Passes the session's events on to the caches.
    pub(super) fn follow(&mut self) {
        while let Some(event) = self.session.poll_event() {
            if event == Event::Lost {
                for (view, cursor) in self.hub.cursors() {
                    self.session.resume_from(&view, cursor);
                }
            }
            self.hub.handle(&event);
        }
    }

    /// Ends the caches, if the session has ended.
    pub(super) fn end(&mut self) -> bool {
        match self.session.link() {
            Link::Closed(reason) => {
                self.hub.end(reason);
                true
            }
            _ => false,
        }
    }
}
