//! Feeds a client from your own code instead of a server.
//!
//! An *upstream* feeds a client: it sends the client messages of protocol v2 and receives its requests. By default, this
//! is a server behind a WebSocket. If you implement [`Upstream`], it can be a message broker, a database, a file, or
//! another process. Pass it to [`connect_over`](crate::HyperStackBuilder::connect_over). The rest of the client stays
//! the same: handles, streams, filters, windows, tapes, reconnecting, statistics and errors.
//!
//! This is a complete upstream, which serves rows from memory:
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::{Arc, Mutex};
//!
//! use hyperstack_sdk::prelude::*;
//! use hyperstack_sdk::upstream::{channel, Channel, Coverage, Peer, Upstream};
//! use hyperstack_sdk::wire::Request;
//! use serde_json::{json, Value};
//! use tokio::sync::broadcast;
//!
//! /// The scores of players, by name, and their changes. `None` is a deletion.
//! #[derive(Clone)]
//! struct Scores {
//!     rows: Arc<Mutex<BTreeMap<String, u64>>>,
//!     changes: broadcast::Sender<(String, Option<u64>)>,
//! }
//!
//! impl Upstream for Scores {
//!     type Message = String;
//!     type Connection = Channel<String>;
//!
//!     fn name(&self) -> String {
//!         "scores".to_owned()
//!     }
//!
//!     fn coverage(&self) -> Coverage {
//!         Coverage::WholeViews
//!     }
//!
//!     async fn connect(&self) -> Result<Channel<String>, ConnectError> {
//!         let (connection, peer) = channel(16);
//!         tokio::spawn(self.clone().serve(peer));
//!         Ok(connection)
//!     }
//! }
//!
//! impl Scores {
//!     /// Serves a connection until it ends. A lost change ends it: the client reconnects and reads all rows again.
//!     async fn serve(self, mut peer: Peer<String>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//!         let mut changes = self.changes.subscribe();
//!         let mut subscriptions = BTreeMap::new();
//!         loop {
//!             tokio::select! {
//!                 request = peer.recv() => match request {
//!                     Some(Request::Query { id, query, .. }) if query.view != "Player/list" => {
//!                         let message = json!({
//!                             "type": "error", "subscriptionId": id,
//!                             "code": "subscription-rejected", "message": format!("unknown view: {}", query.view),
//!                         });
//!                         peer.send(message.to_string()).await?;
//!                     }
//!                     Some(Request::Query { id, query, .. }) => {
//!                         for message in self.first(&id, query.key.as_deref()) {
//!                             peer.send(message.to_string()).await?;
//!                         }
//!                         subscriptions.insert(id, query.key);
//!                     }
//!                     Some(Request::EndQuery { id }) => drop(subscriptions.remove(&id)),
//!                     Some(_) => {}
//!                     None => return Ok(()),
//!                 },
//!                 change = changes.recv() => {
//!                     let (name, score) = change?;
//!                     let op = if score.is_some() { "upsert" } else { "delete" };
//!                     let wants = |key: &Option<String>| key.as_ref().is_none_or(|key| *key == name);
//!                     for (id, _) in subscriptions.iter().filter(|(_, key)| wants(key)) {
//!                         let message = json!({
//!                             "op": op, "subscriptionId": id, "entity": "Player/list",
//!                             "key": name, "data": {"score": score},
//!                         });
//!                         peer.send(message.to_string()).await?;
//!                     }
//!                 }
//!             }
//!         }
//!     }
//!
//!     /// Returns the messages that answer a query.
//!     fn first(&self, id: &str, key: Option<&str>) -> [Value; 2] {
//!         let rows = self.rows.lock().unwrap();
//!         let rows = rows.iter().filter(|(name, _)| key.is_none_or(|key| key == *name));
//!         let rows = rows.map(|(name, score)| json!({"key": name, "data": {"score": score}}));
//!         [
//!             json!({
//!                 "op": "subscribed", "subscriptionId": id, "query": {"view": "Player/list"},
//!                 "sort": {"field": ["score"], "order": "desc"}, "wholeEntities": true,
//!             }),
//!             json!({
//!                 "op": "snapshot", "subscriptionId": id, "entity": "Player/list",
//!                 "data": rows.collect::<Vec<_>>(), "complete": true,
//!             }),
//!         ]
//!     }
//!
//!     fn set(&self, name: &str, score: Option<u64>) {
//!         let mut rows = self.rows.lock().unwrap();
//!         match score {
//!             Some(score) => rows.insert(name.to_owned(), score),
//!             None => rows.remove(name),
//!         };
//!         // Without a client, there is no receiver.
//!         let _ = self.changes.send((name.to_owned(), score));
//!     }
//! }
//!
//! // What follows is a program like any other.
//! #[derive(Debug, Clone, PartialEq, Entity, Views)]
//! struct Player {
//!     score: u64,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let scores = Scores { rows: Arc::default(), changes: broadcast::channel(64).0 };
//! scores.set("ada", Some(7));
//! scores.set("bob", Some(9));
//!
//! let hs = HyperStack::builder().connect_over(scores.clone()).await?;
//! let players = hs.views::<PlayerViews>();
//! assert_eq!(players.list().get().await, [Player { score: 9 }, Player { score: 7 }]);
//! assert_eq!(players.list().filter("score", 7).get().await, [Player { score: 7 }]);
//!
//! let mut best = players.list().first().watch();
//! assert_eq!(best.next().await, Some(Update::Upsert { key: "bob".into(), data: Player { score: 9 } }));
//! scores.set("ada", Some(10));
//! assert_eq!(best.next().await.map(|update| update.key().to_owned()), Some("ada".to_owned()));
//! assert_eq!(best.next().await, Some(Update::Delete { key: "bob".into() }));
//! scores.set("ada", None);
//! assert_eq!(best.next().await.map(|update| update.key().to_owned()), Some("bob".to_owned()));
//! # Ok(())
//! # }
//! ```
//!
//! # Connections
//!
//! The client calls [`connect`](Upstream::connect) when it starts, and again after each loss of the connection, with the
//! backoff of its settings. A connection is a [`Stream`] of what arrives and a [`Sink`] for what the client sends.
//! [`channel`] makes one for an upstream that runs in a task of its own; if you have a stream and a sink already,
//! implement both traits on a type that holds them.
//!
//! - *Loss.* The connection is lost when the stream yields an error or ends, or when the sink returns an error. Streams of
//!   rows then wait, and continue with what differs after the client has reconnected.
//! - *End.* When a connection is lost or the client closes, the client calls [`poll_close`](Sink::poll_close) once, does
//!   not wait for the result, and drops the connection.
//! - *Liveness.* If the peer dies, your stream must end with an error. If the upstream [is pinged](Upstream::is_pinged),
//!   the client detects this itself.
//! - *Authentication* is up to you, too. The client has no token, and sends none.
//!
//! # Requests
//!
//! The client sends [`Transmit::Text`]s. Only a query needs an answer:
//!
//! | request | answer |
//! |---|---|
//! | [`Request::Query`](crate::wire::Request::Query) for rows | `subscribed`, then a snapshot, then a live update for each change; or `error` |
//! | [`Request::Query`](crate::wire::Request::Query) for a tape | `subscribed` with a `replayWindow`, then each retained record and each new one; or `error` |
//! | [`Request::EndQuery`](crate::wire::Request::EndQuery) | `unsubscribed`. You may omit it if you never reject a query with `subscription-limit-exceeded`: the client repeats such queries when another one has ended |
//!
//! The client uses each id once per connection. It ignores frames with other ids, and reports errors with other ids as
//! [`Fault::Issue`](crate::Fault::Issue). All requests of
//! [version 1](crate::Protocol::V1), [`Request::Probe`](crate::wire::Request::Probe) and
//! [`Request::RefreshAuth`](crate::wire::Request::RefreshAuth) go to servers only.
//! [`Request::Ping`](crate::wire::Request::Ping) needs no answer. It goes only to upstreams that are pinged.
//!
//! What a query can contain depends on the [`coverage`](Upstream::coverage):
//!
//! | member | `Queries` | `WholeViews` |
//! |---|---|---|
//! | `view` | `Player/list`, a derived view such as `Player/best`, or a tape | the same |
//! | `key` | one row, or the records of a tape with this key. In place of `Player/list`, the view is `Player/state` | one row of the view, such as `Player/list` |
//! | `filters`, `skip`, `take` | the part of the view to serve | not set |
//! | `after` | of a tape: the cursor of the last record that the client has | the same |
//! | `snapshot_limit`, and `snapshot` = `false` | not used | not used |
//!
//! # Messages
//!
//! A message is a JSON object, optionally gzip-compressed. These are all kinds:
//!
//! ```json
//! {"op":"subscribed","subscriptionId":"1","query":{"view":"Player/list"},"sort":{"field":["score"],"order":"desc"},"wholeEntities":true}
//! {"op":"snapshot","subscriptionId":"1","entity":"Player/list","data":[{"key":"ada","data":{"score":7}}],"complete":true}
//! {"op":"upsert","subscriptionId":"1","entity":"Player/list","key":"ada","data":{"score":8,"log":["a"]}}
//! {"op":"patch","subscriptionId":"1","entity":"Player/list","key":"ada","data":{"log":["b"]},"append":["log"]}
//! {"op":"delete","subscriptionId":"1","entity":"Player/list","key":"ada"}
//! {"op":"remove","subscriptionId":"1","entity":"Player/list","key":"ada"}
//! {"op":"unsubscribed","subscriptionId":"1"}
//! {"type":"error","subscriptionId":"2","code":"subscription-rejected","message":"unknown view: Player/nowhere"}
//! ```
//!
//! - `sort` is the view's order, by the value at a path. Rows without the value come last. To sort by recency, give each
//!   row a `_seq` such as `"312000220:7"` (slot and index) and set `"sort":{"field":["_seq"],"order":"desc"}`. Without `sort`, rows stay in the
//!   order of their arrival. Give each patch its `_seq` as well.
//! - With `wholeEntities`, the first live update of a row that the client does not have is an `upsert`. Without it, the
//!   client keeps patches of such a row, and shows the row when all its required fields have arrived.
//! - If a view has a limited number of rows, add the limit to `subscribed`: `"query":{"view":"Player/best","take":5}`. The
//!   client then keeps a row that leaves until its successor arrives, for at most 50 ms. If a query has a `take`, repeat it
//!   there for the same reason.
//! - A snapshot is one or more messages. All but the last one have `"complete":false`. If there are no rows, send an empty
//!   one. A snapshot that follows a complete one replaces all rows of the subscription: send it if you may have missed a
//!   change.
//! - `upsert` replaces a row. `patch` sets the fields that it contains. It merges objects field by field, and replaces
//!   arrays, except that it appends to those whose paths are in `append`. An append keeps the newest 100 elements, as
//!   servers do.
//! - `delete` says that the row no longer exists, and `remove` that it left the query. If you do not know which one
//!   applies, send `remove`.
//! - Order matters only within a subscription. A live update can repeat what the snapshot contains. To make an `append`
//!   safe to repeat, number the changes of each view in `_version`, also in snapshots: `"1f:42"` is an epoch (at most 8 hexadecimal
//!   digits) and a decimal counter. The client drops a live update whose counter is not greater than that of its row,
//!   if both have the same epoch. From an upstream that serves `WholeViews`, it drops only patches: an `upsert` can set a row back.
//! - An error with a `subscriptionId` ends that subscription. If its code is `subscription-rejected` and its message
//!   starts with `unknown view`, streams end with [`EndReason::UnknownView`](crate::EndReason::UnknownView). With a
//!   `retryAfter` in seconds, the client subscribes again after that time. After `subscription-lagged`, it does so at
//!   once. An error with `"fatal":true` and without a `subscriptionId` ends the connection.
//!
//! # Tapes
//!
//! A tape has numbered records instead of rows. All messages about records are patches with an `offset`:
//!
//! ```json
//! {"op":"subscribed","subscriptionId":"t1","query":{"view":"Trade/append"},"replayWindow":{"epoch":"e1","earliest":3,"next":8},"wholeEntities":true}
//! {"op":"patch","subscriptionId":"t1","entity":"Trade/append","key":"SoL9x","data":{"price":1.5},"offset":3}
//! {"type":"error","subscriptionId":"t2","code":"cursor-expired","message":"…","replayWindow":{"epoch":"e1","earliest":3,"next":8}}
//! ```
//!
//! - `epoch` names the numbering of the records, `earliest` is the oldest retained record, and `next` the number of the
//!   record that will come next. Change the epoch if you start to count again.
//! - `after` is `epoch:offset`, such as `e1:4`. Send the records after it, or all retained ones if it is not set.
//! - If you no longer have the record that follows `after`, reject the query with `cursor-expired`; if `after` has another
//!   epoch, with `cursor-epoch-changed`; if it is not yet reached, with `cursor-unknown`. Each error needs the
//!   `replayWindow`. The client then reports the gap and subscribes without `after`.
//! - A reader that starts with the next record first sends a cursor of an unknown epoch. Reject it with
//!   `cursor-epoch-changed`. The client then subscribes from `next`.

mod channel;
mod received;

use std::future::Future;

use futures_util::{Sink, Stream};

pub use crate::session::Coverage;
pub use channel::{channel, Channel, Peer};
pub use received::Received;

use crate::session::{ConnectError, ConnectionLost, Transmit};

/// What feeds a client: a server behind a WebSocket, or your own code.
///
/// See the [module](self) for an example, and for what an upstream must answer to each request. The client calls all
/// methods but [`connect`](Self::connect) once, in [`connect_over`](crate::HyperStackBuilder::connect_over).
pub trait Upstream: Send + Sync + 'static {
    /// The bytes of a message. `as_ref` must be cheap, and must not call the client.
    type Message: AsRef<[u8]> + Send;

    /// An open connection: the stream of what arrives, and the sink for what the client sends. [`Channel`] is one.
    type Connection: Stream<Item = Result<Received<Self::Message>, ConnectionLost>>
        + Sink<Transmit, Error = ConnectionLost>
        + Send
        + Unpin
        + 'static;

    /// Returns the name that logs and errors show in place of a server's URL. It must not contain secrets.
    fn name(&self) -> String;

    /// Connects once.
    ///
    /// The client makes one attempt at a time, and limits it to
    /// [`connect_timeout`](crate::HyperStackBuilder::connect_timeout). It drops the future at this deadline, and when
    /// you disconnect the client.
    ///
    /// # Errors
    ///
    /// Return [`ConnectError::Unreachable`] if another attempt may succeed. The client then tries again, as its settings
    /// say: the first attempt is repeated only with [`wait_for_server`](crate::HyperStackBuilder::wait_for_server). After
    /// an error that [is final](ConnectError::is_final), such as [`ConnectError::Rejected`] with status 403, and after one
    /// that asks for a new token, the client closes.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, ConnectError>> + Send;

    /// Returns what the upstream serves. Default: [`Coverage::Queries`].
    fn coverage(&self) -> Coverage {
        Coverage::Queries
    }

    /// Returns whether the client pings the upstream. Default: `false`.
    ///
    /// If so, the client sends a [`Transmit::Ping`] and a [`Request::Ping`](crate::wire::Request::Ping) every
    /// [`ping_interval`](crate::HyperStackBuilder::ping_interval), and a [`Transmit::Pong`] after some messages. Answer
    /// each pair with [`Received::Pong`], or over a [`Channel`] with [`Peer::pong`]. If nothing arrives for two
    /// intervals, the connection is lost.
    fn is_pinged(&self) -> bool {
        false
    }
}
