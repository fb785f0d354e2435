//! Recording a client's messages.

use std::fmt;
use std::sync::Arc;

use crate::session::{Time, Transmit};
use crate::wire::payload::{self, Limits};
use crate::wire::{Entry, Kind, Request, Secret, Side};

/// The callback that records messages.
#[derive(Clone)]
pub(crate) struct Tap(Arc<dyn Fn(Entry) + Send + Sync>);

impl Tap {
    pub(crate) fn new(on_entry: impl Fn(Entry) + Send + Sync + 'static) -> Self {
        Tap(Arc::new(on_entry))
    }

    pub(crate) fn record(&self, entry: Entry) {
        (self.0)(entry);
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

/// Returns the entry of a message that is sent, without its token. A ping or a pong has none.
pub(crate) fn sent(transmit: &Transmit, now: Time) -> Option<Entry> {
    let text = match transmit {
        Transmit::Text(Request::RefreshAuth { .. }) => {
            let token = Secret("***".to_owned());
            Request::RefreshAuth { token }.to_json()
        }
        Transmit::Text(request) => request.to_json(),
        Transmit::Ping | Transmit::Pong => return None,
    };
    Some(Entry {
        ms: millis(now),
        from: Side::Client,
        kind: Kind::Text,
        gzip: false,
        text,
    })
}

/// Returns the entry of a message that was received, unless it cannot be decompressed. `masked` redacts tokens.
pub(crate) fn received(
    kind: Kind,
    message: &[u8],
    limits: Limits,
    now: Time,
    masked: impl FnOnce(String) -> String,
) -> Option<Entry> {
    let json = payload::json(message, limits).ok()?;
    Some(Entry {
        ms: millis(now),
        from: Side::Server,
        kind,
        gzip: matches!(json, std::borrow::Cow::Owned(_)),
        text: masked(String::from_utf8_lossy(&json).into_owned()),
    })
}

fn millis(now: Time) -> u64 {
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
