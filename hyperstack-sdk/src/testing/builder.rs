//! Describing a server before it starts.

use std::net::{Ipv4Addr, SocketAddr};

use super::error::ServerError;
use super::frame::Mode;
use super::model::Model;
use super::recording::Recording;
use super::replay::{Pace, Recorded};
use super::seq::SeqSource;
use super::server::TestServer;
use super::sort::Sort;
use super::state::{Refresh, State};
use super::tokens::Tokens;
use crate::wire::Protocol;

/// The generation of a server that is not told which one to speak.
const DEFAULT_PROTOCOL: Protocol = Protocol::V2;

/// Describes a [`TestServer`]; see [`TestServer::builder`].
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it is started"]
pub struct TestServerBuilder {
    protocol: Protocol,
    entities: Vec<String>,
    derived: Vec<(String, Sort, Option<usize>)>,
    scripted: Vec<(String, Mode, Option<Sort>)>,
    recordings: Vec<(Recording, Pace)>,
    tokens: Option<Vec<String>>,
    refresh: Refresh,
    seq: SeqSource,
    row_limit: Option<usize>,
    array_limit: Option<usize>,
    max_subscriptions: Option<usize>,
    max_snapshot_rows: Option<usize>,
    address: Option<SocketAddr>,
}

impl TestServerBuilder {
    /// Sets the generation of the protocol that the server speaks. Default: that of the first recording
    /// it [replays](Self::replay), else [`Protocol::V2`].
    ///
    /// A server of one generation treats requests of the other as the real one does: v1 is silent, v2
    /// answers `malformed-message`. For a server 0.5, which does not answer `refresh_auth` either, also
    /// set [`refresh`](Self::refresh) to [`Refresh::Silent`].
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Serves an entity: its views `name/list`, `name/state` and `name/append`.
    pub fn entity(mut self, name: &str) -> Self {
        self.entities.push(name.to_owned());
        self
    }

    /// Serves a derived view: its sort, and its limit of `take` rows. Under v1 a client may ask for more;
    /// under v2 the limit caps what it asks for. The id is `Entity/name`; the entity is served too.
    pub fn view(mut self, id: &str, sort: Sort, take: usize) -> Self {
        self.derived.push((id.to_owned(), sort, Some(take)));
        self
    }

    /// Serves a derived view that declares no limit: 100 rows under v1, all rows under v2.
    pub fn view_unlimited(mut self, id: &str, sort: Sort) -> Self {
        self.derived.push((id.to_owned(), sort, None));
        self
    }

    /// Serves a view that is confirmed and then says nothing by itself: the test sends its frames
    /// with [`TestServer::send`].
    pub fn scripted_view(mut self, id: &str, mode: Mode, sort: Option<Sort>) -> Self {
        self.scripted.push((id.to_owned(), mode, sort));
        self
    }

    /// Serves a recording: a subscription gets the recorded messages, the snapshot at once and live
    /// messages at this pace.
    ///
    /// A v1 subscription is matched by its view and plays from the start each time. With a key it gets the
    /// recorded session of that key, else that key's part of the view's. `take`, `skip` and `after` are
    /// not applied.
    ///
    /// A v2 subscription is matched by its query, as it was asked or as the server repeated it. If the
    /// recording has a query several times, each subscription plays the next one, and after the last the
    /// first. Any other query of a recorded view is rejected. Only the subscription id of a recorded
    /// message changes.
    pub fn replay(mut self, recording: Recording, pace: Pace) -> Self {
        self.recordings.push((recording, pace));
        self
    }

    /// Turns away whoever does not present this token, or another one that was named so, in the
    /// `Authorization` header or in the query (`token`, `hs_token`).
    pub fn token(mut self, token: &str) -> Self {
        self.tokens.get_or_insert_default().push(token.to_owned());
        self
    }

    /// Answers `refresh_auth` like this; by default with `token-invalid`.
    pub fn refresh(mut self, refresh: Refresh) -> Self {
        self.refresh = refresh;
        self
    }

    /// Numbers mutations like this; by default slot by slot from 300,000,000.
    pub fn seq(mut self, source: SeqSource) -> Self {
        self.seq = source;
        self
    }

    /// Caches at most this many rows of an entity (at least one), as the real server caches 500: the least
    /// recently changed row is evicted. Under v1 it starts again from its next patch; under v2 it is
    /// removed from lists and derived views until [`TestServer::upsert`] creates it anew.
    pub fn row_limit(mut self, rows: usize) -> Self {
        self.row_limit = Some(rows);
        self
    }

    /// Keeps this many of an array's elements in the cache, the newest, as the real server keeps
    /// 100. Live patches carry them all.
    pub fn array_limit(mut self, elements: usize) -> Self {
        self.array_limit = Some(elements);
        self
    }

    /// Refuses subscriptions of a connection beyond this number, with an error message. Default: no limit.
    pub fn max_subscriptions(mut self, subscriptions: usize) -> Self {
        self.max_subscriptions = Some(subscriptions);
        self
    }

    /// Refuses snapshots of more rows than this (protocol v2). A recovery snapshot beyond the limit ends
    /// its subscription without a message, as on the real server. Default: no limit.
    pub fn max_snapshot_rows(mut self, rows: usize) -> Self {
        self.max_snapshot_rows = Some(rows);
        self
    }

    /// Listens on this address; by default on a free port of 127.0.0.1, which port 0 is of any
    /// address.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// Where no port can be opened, or the description makes no sense.
    pub async fn start(self) -> Result<TestServer, ServerError> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let address = self.address.unwrap_or(any);
        TestServer::start(address, self.into_state()?).await
    }

    fn into_state(self) -> Result<State, ServerError> {
        let mut recorded = Recorded::default();
        for (recording, pace) in &self.recordings {
            pace.check()?;
            recorded.add(recording, *pace);
        }
        let recordings = self.recordings.iter();
        let mut protocols = std::iter::once(self.protocol)
            .chain(recordings.map(|(recording, _)| recording.protocol()));
        let protocol = protocols.find(|protocol| *protocol != Protocol::Auto);
        let protocol = resolved(protocol.unwrap_or_default());
        let mut model = Model::new(self.seq, self.row_limit, self.array_limit);
        for entity in self.entities.into_iter().chain(recorded.v1.entities()) {
            model.add_entity(&entity);
        }
        for (id, sort, take) in self.derived {
            match id.split_once('/') {
                Some((entity, name)) if !entity.is_empty() && !name.is_empty() => {
                    model.add_derived(&id, entity, sort, take);
                }
                _ => return Err(ServerError::ViewId(id)),
            }
        }
        for (id, mode, sort) in self.scripted {
            model.add_scripted(&id, mode, sort);
        }
        Ok(State {
            protocol,
            model,
            recorded,
            tokens: self.tokens.map(Tokens::of),
            refresh: self.refresh,
            max_subscriptions: self.max_subscriptions,
            max_snapshot_rows: self.max_snapshot_rows,
            ..State::default()
        })
    }
}

/// The generation itself, instead of [`Protocol::Auto`].
pub(super) fn resolved(protocol: Protocol) -> Protocol {
    if protocol == Protocol::Auto {
        DEFAULT_PROTOCOL
    } else {
        protocol
    }
}
