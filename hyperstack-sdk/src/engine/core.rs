//! The session and the caches as one state machine, without IO or clock.

use super::readers::Readers;
use super::trace::{self, Event, Name, Note, Subject, NO_READERS};
use crate::session::{CloseReason, Instruction, Link, Session, Step, Target, Time, Transmit};
use crate::store::Caches;
use crate::wire::{FrameError, Incoming, Issue, Request};

/// The session, the caches that follow its instructions, and the readers of the caches.
pub(super) struct Core {
    pub(super) session: Session,
    pub(super) caches: Caches,
    pub(super) readers: Readers,
    /// What to log when the core is no longer locked.
    notes: Vec<Note>,
    has_ended: bool,
}

impl Core {
    pub(super) fn new(session: Session, caches: Caches) -> Self {
        Core {
            session,
            caches,
            readers: Readers::default(),
            notes: Vec::new(),
            has_ended: false,
        }
    }

    /// Handles a message: first the session, then the caches.
    pub(super) fn handle_message(&mut self, message: Result<Incoming<'_>, FrameError>, now: Time) {
        match message {
            Ok(message) => {
                if let Incoming::Issue(issue) = &message {
                    self.note_issue(issue, now);
                }
                if let Some(instruction) = self.session.handle_message(message, now) {
                    self.caches.apply(&instruction);
                    if let Step::Snapshot { restarts: true, .. } = instruction.step {
                        self.note_step(&instruction, false, now);
                    }
                }
            }
            Err(error) => self.session.handle_undecodable(error, now),
        }
        self.follow(now);
    }

    /// Applies the session's instructions to the caches.
    pub(super) fn follow(&mut self, now: Time) {
        let mut switches = false;
        while let Some(instruction) = self.session.poll_instruction() {
            match instruction.step {
                Step::Lost => self.session.set_cursors(|id| self.caches.cursor(id)),
                Step::Probe => {
                    let source = instruction.source;
                    let counts = source.and_then(|id| Some((id, self.caches.counts_of(id)?)));
                    if let Some((source, counts)) = counts {
                        self.session.probe(source, counts.last_seq);
                    }
                    continue;
                }
                Step::Reroute => {
                    self.readers.reroute(&self.session, &mut self.caches);
                    let protocol = self.session.protocol();
                    self.note(now, || Event::Protocol(protocol));
                    switches = true;
                    continue;
                }
                _ => {}
            }
            self.caches.apply(&instruction);
            self.note_step(&instruction, switches, now);
        }
        while let Some(source) = self.caches.poll_pause() {
            self.note(now, || Event::Cause(Subject::Source(source), "slow reader"));
            self.session.pause_tape(source);
        }
        while let Some(source) = self.caches.poll_fetch() {
            self.note(now, || Event::Cause(Subject::Source(source), "repair"));
            self.session.fetch_again(source, now);
        }
        self.session.set_holds_rows(self.caches.holds_rows(), now);
    }

    /// Returns the next message to send.
    pub(super) fn poll_transmit(&mut self, now: impl FnOnce() -> Time) -> Option<Transmit> {
        let transmit = self.session.poll_transmit()?;
        if let Transmit::Text(request) = &transmit {
            self.note_request(request, now());
        }
        Some(transmit)
    }

    /// Ends the caches if the session has ended. Returns the reason the first time.
    pub(super) fn end(&mut self, now: Time) -> Option<CloseReason> {
        let Link::Closed(reason) = self.session.link() else {
            return None;
        };
        if std::mem::replace(&mut self.has_ended, true) {
            return None;
        }
        let reason = reason.clone();
        self.caches.end(&reason);
        self.note(now, || Event::Close(reason.clone()));
        Some(reason)
    }

    /// Returns whether there are notices or row errors to report.
    pub(super) fn has_reports(&mut self) -> bool {
        self.session.has_notices() || !self.caches.report().row_errors.is_empty()
    }

    // Notes for the log.

    pub(super) fn has_notes(&self) -> bool {
        !self.notes.is_empty()
    }

    pub(super) fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    fn note(&mut self, at: Time, event: impl FnOnce() -> Event) {
        if trace::is_enabled() {
            let event = event();
            self.notes.push(Note { at, event });
        }
    }

    fn note_request(&mut self, request: &Request, now: Time) {
        if !trace::is_enabled() {
            return;
        }
        let (name, key) = match request {
            Request::Subscribe(it) => (Name::View(it.view.clone(), it.key.clone()), &it.key),
            Request::Query { id, query, .. } => (Name::Id(id.clone()), &query.key),
            Request::Unsubscribe { view, key } => {
                let name = Name::View(view.clone(), key.clone());
                return self.note(now, || Event::Unsubscribe(name));
            }
            Request::EndQuery { id } => {
                let name = Name::Id(id.clone());
                return self.note(now, || Event::Unsubscribe(name));
            }
            Request::Probe | Request::Ping | Request::RefreshAuth { .. } => return,
        };
        // A barrier is not a subscription of a reader.
        if let Some((source, view)) = self.session.source_of(request) {
            let key = key.as_deref();
            let protocol = self.session.protocol();
            self.note(now, || Event::Subscribe {
                source,
                view,
                target: key.map_or(Target::All, |key| Target::Key(key.into())),
                name,
                protocol,
            });
        }
    }

    fn note_issue(&mut self, issue: &Issue, now: Time) {
        if let Some(id) = &issue.subscription {
            let name = Name::Id(id.clone());
            self.note(now, || match issue.code.as_str() {
                "subscription-lagged" | "replay-lagged" => {
                    Event::Cause(Subject::Named(name), "lagged")
                }
                "subscription-rescoped" => Event::Cause(Subject::Named(name), "rescoped"),
                _ => Event::Forget(name),
            });
        }
    }

    /// Notes a step that was applied. `switches` says whether the generation has just changed.
    fn note_step(&mut self, instruction: &Instruction<'_>, switches: bool, now: Time) {
        if !trace::is_enabled() {
            return;
        }
        let event = match (&instruction.step, instruction.source) {
            (Step::Lost, _) => Event::Lost,
            (Step::Begin { target, resync, .. }, Some(source)) => Event::Begin {
                source,
                target: target.clone(),
                resync: *resync,
            },
            (Step::Snapshot { .. }, Some(source)) => Event::Restart(source),
            (Step::Complete { target, .. }, Some(source)) => Event::Complete {
                source,
                target: target.clone(),
                rows: self.caches.rows_of(source, target),
            },
            (Step::Narrow(keys), Some(source)) => Event::Narrow(source, keys.clone()),
            (Step::Refused { target, issue }, Some(source)) => Event::End {
                source,
                target: Some(target.clone()),
                reason: format!("rejected: {}: {}", issue.code, issue.message),
            },
            (step, Some(source)) => Event::End {
                source,
                target: None,
                reason: match step {
                    Step::UnknownView => "unknown view",
                    Step::NoRows => "the view is a tape",
                    Step::Free if switches => "the protocol changed",
                    Step::Free => NO_READERS,
                    _ => return,
                }
                .to_owned(),
            },
            _ => return,
        };
        self.note(now, || event);
    }
}
