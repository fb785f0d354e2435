//! Which protocol generation the server speaks.
//!
//! The handshake does not say, so with [`Protocol::Auto`] a connection begins with a guess. The client sends its
//! subscriptions in that dialect, and after them a v2 `unsubscribe` of an unused id, a `refresh_auth` that a v1 server
//! refuses and a v2 server finds malformed, and a WebSocket ping. The first message shows the generation. A 0.5 server
//! answers only the ping.
//!
//! A peer that is not a server speaks v2, so there is nothing to detect.

use std::time::Duration;

use super::link::Transmit;
use super::timer::Time;
use crate::wire::{Incoming, Protocol, Request};

/// The id that the probe unsubscribes.
const PROBE_ID: &str = "probe";

/// How long after the pong a v2 server may take to send its first message.
const ASSUME_V1_AFTER: Duration = Duration::from_secs(1);

/// How long after the pong a server may take to answer if the user says that it speaks v2.
const MISMATCH_AFTER: Duration = Duration::from_secs(5);

/// What is known about the server's generation.
#[derive(Debug)]
pub(super) struct Detection {
    configured: Protocol,
    /// The generation of every connection, if it need not be detected.
    known: Option<Protocol>,
    /// What the server's messages have shown on this connection.
    shown: Option<Protocol>,
    /// How often the wait after the pong has expired. The first time, the client tries v1. The second time, the server
    /// cannot speak v2.
    silences: u32,
    ping: ProbePing,
    /// Whether a v1 server's answer to the probe is outstanding.
    awaits_refusal: bool,
    /// The number of `malformed-message` errors still expected from a v2 server: one for the probe and one for
    /// each v1 request.
    malformed: u32,
}

/// The ping that is sent after the probe, or after the first v2 subscribe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProbePing {
    Due,
    Sent,
    Answered,
}

/// What follows from the first message, or from silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing new.
    Nothing,
    /// The server speaks this generation.
    Speaks(Protocol),
    /// The server does not speak the generation that the user configured, but this one.
    Mismatch(Protocol),
}

impl Detection {
    /// `known` is the generation of every connection, if it need not be detected.
    pub(super) fn new(configured: Protocol, known: Option<Protocol>) -> Self {
        Detection {
            configured,
            known,
            shown: known,
            silences: 0,
            ping: ProbePing::Due,
            awaits_refusal: false,
            malformed: 0,
        }
    }

    /// A connection is open. Returns what to send after the first subscriptions.
    pub(super) fn open(&mut self) -> Vec<Transmit> {
        *self = Detection::new(self.configured, self.known);
        if self.configured != Protocol::Auto || self.known.is_some() {
            return Vec::new();
        }
        let id = PROBE_ID.to_owned();
        vec![
            Transmit::Text(Request::EndQuery { id }),
            Transmit::Text(Request::Probe),
            Transmit::Ping,
        ]
    }

    /// Whether this connection has shown that the server speaks this generation.
    pub(super) fn has_found(&self, protocol: Protocol) -> bool {
        let assumed = (self.silences > 1).then_some(Protocol::V1);
        self.shown.or(assumed) == Some(protocol)
    }

    /// A message is about to be sent. Returns whether a ping must follow it, so that the pong tells a slow server
    /// from one of the other generation.
    pub(super) fn note_sent(&mut self, transmit: &Transmit) -> bool {
        let is_open = self.shown.is_none();
        match transmit {
            Transmit::Text(Request::Probe) => {
                self.awaits_refusal = true;
                self.malformed += 1;
            }
            Transmit::Text(Request::Subscribe(_) | Request::Unsubscribe { .. }) if is_open => {
                self.malformed += 1;
            }
            Transmit::Ping if self.awaits_refusal && self.ping == ProbePing::Due => {
                self.ping = ProbePing::Sent;
            }
            Transmit::Text(Request::Query { .. })
                if is_open && self.configured == Protocol::V2 && self.ping == ProbePing::Due =>
            {
                self.ping = ProbePing::Sent;
                return true;
            }
            _ => {}
        }
        false
    }

    /// A pong arrived. If it is the first one after the probe, returns when to call
    /// [`handle_timeout`](Self::handle_timeout).
    pub(super) fn handle_pong(&mut self, now: Time) -> Option<Time> {
        if self.ping != ProbePing::Sent {
            return None;
        }
        self.ping = ProbePing::Answered;
        let patience = match self.configured {
            Protocol::Auto => ASSUME_V1_AFTER,
            _ => MISMATCH_AFTER,
        };
        Some(now.saturating_add(patience))
    }

    /// The wait after the pong has expired.
    pub(super) fn handle_timeout(&mut self) -> Verdict {
        // A 0.5 server does not answer the probe.
        self.awaits_refusal = false;
        self.silences += 1;
        match (self.shown, self.configured) {
            (Some(_), _) => Verdict::Nothing,
            (None, Protocol::Auto) => Verdict::Speaks(Protocol::V1),
            (None, _) => Verdict::Mismatch(Protocol::V1),
        }
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout) again: a slow v2 server may still answer.
    pub(super) fn next_timeout(&self, now: Time) -> Option<Time> {
        let is_open = self.shown.is_none() && self.configured == Protocol::Auto;
        (is_open && self.silences == 1).then(|| now.saturating_add(MISMATCH_AFTER))
    }

    /// Notes the generation that a message shows.
    #[inline]
    pub(super) fn note_message(&mut self, message: &Incoming<'_>) -> Verdict {
        if self.shown.is_some() {
            return Verdict::Nothing;
        }
        let shown = generation_of(message);
        match self.configured {
            Protocol::Auto => {
                self.shown = Some(shown);
                Verdict::Speaks(shown)
            }
            // Both generations answer a token refresh alike.
            _ if matches!(message, Incoming::Refresh(_)) => Verdict::Nothing,
            configured => {
                self.shown = Some(shown);
                if configured == shown {
                    Verdict::Nothing
                } else {
                    Verdict::Mismatch(shown)
                }
            }
        }
    }

    /// Whether a message answers the probe, or a request in the dialect of a wrong guess. Such a message
    /// has no other meaning.
    pub(super) fn takes(&mut self, message: &Incoming<'_>) -> bool {
        match message {
            // Replies come in order, and the probe is sent before any real refresh.
            Incoming::Refresh(_) if self.shown == Some(Protocol::V1) => {
                std::mem::take(&mut self.awaits_refusal)
            }
            Incoming::Issue(issue) if self.shown == Some(Protocol::V2) => {
                match (&issue.subscription, issue.code.as_str()) {
                    (Some(id), "unknown-subscription-id") => id == PROBE_ID,
                    (None, "malformed-message") => {
                        let is_ours = self.malformed > 0;
                        self.malformed = self.malformed.saturating_sub(1);
                        is_ours
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

/// The generation that a message belongs to.
fn generation_of(message: &Incoming<'_>) -> Protocol {
    match message {
        Incoming::Routed { .. } => Protocol::V2,
        Incoming::Issue(issue) if issue.version == Some(2) => Protocol::V2,
        Incoming::Frame(_) | Incoming::Issue(_) | Incoming::Refresh(_) => Protocol::V1,
    }
}
