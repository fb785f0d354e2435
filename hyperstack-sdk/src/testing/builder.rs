//! The settings of a test server.

use std::net::{Ipv4Addr, SocketAddr};

use super::error::ServerError;
use super::frame::Mode;
use super::model::Model;
use super::recording::Recording;
use super::replay::{Pace, Recorded};
use super::seq::SeqSource;
use super::server::TestServer;
use super::shape::Shape;
use super::sort::Sort;
use super::state::{Refresh, State};
use super::tokens::Tokens;
use crate::patch::Entity;
use crate::wire::Protocol;

/// The generation of a server without a setting or a recording.
const DEFAULT_PROTOCOL: Protocol = Protocol::V2;

/// Configures and starts a [`TestServer`]. Made by [`TestServer::builder`].
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it is started"]
pub struct TestServerBuilder {
    protocol: Protocol,
    entities: Vec<String>,
    shapes: Vec<(&'static str, Shape)>,
    derived: Vec<(String, Sort, Option<usize>)>,
    tapes: Vec<(String, usize)>,
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
    /// Sets the generation of the protocol that the server speaks. Default: the generation of the first
    /// recording that it [replays](Self::replay), else [`Protocol::V2`].
    ///
    /// Requests of the other generation are handled as by the real server: v1 ignores them, v2 answers
    /// `malformed-message`. A server 0.5 does not answer `refresh_auth` either; to imitate it, also set
    /// [`refresh`](Self::refresh) to [`Refresh::Silent`].
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Serves an entity through its views `name/list`, `name/state` and `name/append`.
    pub fn entity(mut self, name: &str) -> Self {
        self.entities.push(name.to_owned());
        self
    }

    /// Serves an entity as [`entity`](Self::entity) does, under the name that `E` declares. JSON for its rows may only
    /// use names that the struct has; see [`TestServer::put`].
    ///
    /// ```should_panic
    /// use hyperstack_sdk::prelude::*;
    /// use hyperstack_sdk::testing::TestServer;
    /// use serde_json::json;
    ///
    /// #[derive(Debug, Clone, PartialEq, Entity)]
    /// struct Player {
    ///     name: String,
    ///     score: i64,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = TestServer::builder().typed_entity::<Player>().start().await?;
    /// // Panics: "Player.scroe: no such field, did you mean `score`?"
    /// server.upsert("Player", "ada", json!({"name": "Ada", "scroe": 1}));
    /// # Ok(())
    /// # }
    /// ```
    pub fn typed_entity<E: Entity>(mut self) -> Self {
        self.shapes.push((E::NAME, Shape::of::<E::Data>()));
        self.entity(E::NAME)
    }

    /// Serves a derived view with a limit of `take` rows. The id has the form `Entity/name`; the entity is
    /// served too.
    ///
    /// Under v1, a client may request more rows than the limit; under v2, it cannot.
    pub fn view(mut self, id: &str, sort: Sort, take: usize) -> Self {
        self.derived.push((id.to_owned(), sort, Some(take)));
        self
    }

    /// Serves a derived view without a declared limit. A request without `take` gets 100 rows under v1, and
    /// all rows under v2.
    pub fn view_unlimited(mut self, id: &str, sort: Sort) -> Self {
        self.derived.push((id.to_owned(), sort, None));
        self
    }

    /// Serves an append view as a tape that retains its last `records` records (at least one). `id` must have the form
    /// `Entity/append`. The server also serves the entity's other views. Requires protocol v2.
    ///
    /// Each change of the entity is a record: [`upsert`](TestServer::upsert), [`put`](TestServer::put),
    /// [`patch`](TestServer::patch) and [`append`](TestServer::append). A deletion is not.
    /// [`restart`](TestServer::restart) loses the records and starts a new epoch;
    /// [`restart_with_rows`](TestServer::restart_with_rows) keeps them.
    ///
    /// ```
    /// use hyperstack_sdk::prelude::*;
    /// use hyperstack_sdk::testing::TestServer;
    /// use serde_json::json;
    ///
    /// #[derive(Debug, Clone, PartialEq, Entity, Views)]
    /// struct Trade {
    ///     price: Option<f64>,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = TestServer::builder().tape("Trade/append", 100).start().await?;
    /// server.upsert("Trade", "SOL", json!({"price": 1.5}));
    ///
    /// let hs = HyperStack::connect(server.url()).await?;
    /// let mut tape = hs.views::<TradeViews>().append().tape();
    /// let record = tape.next_retained().await.ok_or("no record")??;
    /// assert_eq!(record.patch.price, Some(Some(1.5)));
    /// assert_eq!(record.cursor, server.cursor("Trade/append"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn tape(mut self, id: &str, records: usize) -> Self {
        self.tapes.push((id.to_owned(), records));
        self
    }

    /// Serves a view whose frames the test sends, with [`TestServer::send`]. The server itself only confirms
    /// subscriptions to it.
    pub fn scripted_view(mut self, id: &str, mode: Mode, sort: Option<Sort>) -> Self {
        self.scripted.push((id.to_owned(), mode, sort));
        self
    }

    /// Serves a recording. A subscription gets the recorded snapshot at once, and then the live messages at
    /// this pace.
    ///
    /// A v1 subscription is matched by its view and plays from the start each time. With a key, it plays the
    /// recorded subscription of that key; if there is none, it plays that key's messages of the whole view.
    /// `take`, `skip` and `after` are not applied. A client that resumes a list after a reconnect therefore gets old
    /// changes again, and appends their elements twice: set [`resume(false)`](crate::HyperStackBuilder::resume).
    ///
    /// A v2 subscription is matched by its query, as the client sent it or as the server repeated it. If a
    /// query was recorded several times, subscriptions play those sessions in turn. Any other query of a
    /// recorded view is rejected. Recorded messages are sent unchanged except for their subscription id.
    ///
    /// A recorded tape accepts any cursor, key and filter. It has the records of all recorded subscriptions and retains
    /// them all. If a recorded subscription ended with an error, such as `replay-lagged`, the replay ends there too. If
    /// the recording continues with a new epoch, the server closes all connections once a subscription has received all
    /// records of the old one.
    pub fn replay(mut self, recording: Recording, pace: Pace) -> Self {
        self.recordings.push((recording, pace));
        self
    }

    /// Requires a token, in the `Authorization` header or in the URL's query (`token`, `hs_token`). Several
    /// calls allow several tokens. Default: no token is required.
    pub fn token(mut self, token: &str) -> Self {
        self.tokens.get_or_insert_default().push(token.to_owned());
        self
    }

    /// Sets the answer to `refresh_auth`. Default: [`Refresh::Reject`] with `token-invalid`.
    pub fn refresh(mut self, refresh: Refresh) -> Self {
        self.refresh = refresh;
        self
    }

    /// Sets where the positions of changes come from. Default: one slot per change, from 300,000,000.
    pub fn seq(mut self, source: SeqSource) -> Self {
        self.seq = source;
        self
    }

    /// Limits the cache to this many rows per entity, at least one; the least recently changed row is
    /// evicted. Default: no limit. The real server keeps 500.
    ///
    /// Under v1, the next patch of an evicted row starts a new row. Under v2, an evicted row leaves lists and
    /// derived views until [`TestServer::upsert`] creates it again.
    pub fn row_limit(mut self, rows: usize) -> Self {
        self.row_limit = Some(rows);
        self
    }

    /// Limits cached arrays to their newest `elements` elements. Live patches are not cut. Default: no limit.
    /// The real server keeps 100.
    pub fn array_limit(mut self, elements: usize) -> Self {
        self.array_limit = Some(elements);
        self
    }

    /// Limits the subscriptions of each connection; a subscription beyond the limit is refused with an error
    /// message. Default: no limit.
    pub fn max_subscriptions(mut self, subscriptions: usize) -> Self {
        self.max_subscriptions = Some(subscriptions);
        self
    }

    /// Limits the rows of a snapshot (protocol v2); a larger snapshot is refused. A larger recovery snapshot
    /// ends its subscription without a message, as on the real server. Default: no limit.
    pub fn max_snapshot_rows(mut self, rows: usize) -> Self {
        self.max_snapshot_rows = Some(rows);
        self
    }

    /// Sets the address to listen on. Port 0 means any free port. Default: a free port of 127.0.0.1.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// Returns an error if the port cannot be opened, if a derived view's id does not have the form
    /// `Entity/name`, if a tape's id does not have the form `Entity/append`, or if the [`Pace::Speed`] of a recording is not a finite number above zero.
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
        for (entity, shape) in self.shapes {
            model.add_shape(entity, shape);
        }
        for (id, sort, take) in self.derived {
            match id.split_once('/') {
                Some((entity, name)) if !entity.is_empty() && !name.is_empty() => {
                    model.add_derived(&id, entity, sort, take);
                }
                _ => return Err(ServerError::ViewId(id)),
            }
        }
        for (id, records) in self.tapes {
            match id.strip_suffix("/append") {
                Some(entity) if !entity.is_empty() => {
                    model.add_entity(entity);
                    model.tapes.add(entity, records);
                }
                _ => return Err(ServerError::TapeId(id)),
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

/// Replaces [`Protocol::Auto`] by the default generation.
pub(super) fn resolved(protocol: Protocol) -> Protocol {
    if protocol == Protocol::Auto {
        DEFAULT_PROTOCOL
    } else {
        protocol
    }
}
