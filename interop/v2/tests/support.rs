//! Shared by the tests: one entity and its server, a client that speaks protocol v2, and a replica that
//! applies the server's messages.

use std::collections::BTreeMap;

use hyperstack_interop_socket::{deadline, Encoding, Socket};
use hyperstack_interop_v2::{derived, entity, wide, Change, Order, Server, Setup, SlotContext};
use serde_json::{json, Value};

/// A server of players. `Player/best` is a window of one, `Player/top` of three, by score, the
/// greatest first; `Player/ranked` has no limit, and `Player/least` has the least first. `total` is
/// declared as a wide integer.
pub(crate) fn players() -> Setup {
    let mut views = entity("Player");
    views.push(derived("Player/best", "score", Order::Descending, Some(1)));
    views.push(derived("Player/top", "score", Order::Descending, Some(3)));
    views.push(derived("Player/ranked", "score", Order::Descending, None));
    views.push(derived("Player/least", "score", Order::Ascending, None));
    wide(&mut views, &["total"]);
    views.extend(entity("Team"));
    Setup::new(views)
}

/// A player whose name is the key.
pub(crate) fn player(key: &str, score: i64) -> Change {
    change(key, json!({"name": key, "score": score}))
}

/// A change of a player.
pub(crate) fn change(key: &str, patch: Value) -> Change {
    Change::new("Player", key, patch)
}

/// The deletion of a player.
pub(crate) fn delete(key: &str) -> Change {
    Change::delete("Player", key)
}

/// A position in this slot.
pub(crate) fn slot(slot: u64) -> Option<SlotContext> {
    Some(SlotContext::new(slot, 0))
}

/// Players `p0`, `p1`, ..., the best one last.
pub(crate) fn crowd(count: i64) -> Vec<Change> {
    (0..count).map(|n| player(&format!("p{n}"), n)).collect()
}

/// A row: its key and its data.
pub(crate) type Row = (String, Value);

/// A connection that speaks protocol v2.
pub(crate) struct Client {
    pub(crate) socket: Socket,
}

impl Client {
    pub(crate) async fn connect(server: &Server) -> Client {
        Client {
            socket: Socket::connect(&server.url()).await,
        }
    }

    pub(crate) async fn with_token(server: &Server, token: &str) -> Client {
        let header = format!("Bearer {token}");
        let headers = [("authorization", header.as_str())];
        Client {
            socket: Socket::connect_with(&server.url(), &headers).await,
        }
    }

    /// Sends a subscribe for a query, and reads nothing.
    pub(crate) async fn subscribe(&mut self, id: &str, query: Value) {
        self.socket.send(&subscribe(id, query)).await;
    }

    /// Sends a subscribe without a snapshot, and reads nothing.
    pub(crate) async fn subscribe_live(&mut self, id: &str, query: Value) {
        let mut message = subscribe(id, query);
        message["snapshot"]["enabled"] = json!(false);
        self.socket.send(&message).await;
    }

    /// Sends an unsubscribe, and reads nothing.
    pub(crate) async fn unsubscribe(&mut self, id: &str) {
        self.socket.send(&unsubscribe(id)).await;
    }

    /// Subscribes, and reads the acknowledgement and the snapshot.
    pub(crate) async fn open(&mut self, id: &str, query: Value) -> (Value, Vec<Row>) {
        self.subscribe(id, query).await;
        let ack = self.expect(id, "subscribed").await;
        // The rows come at once instead of after 43 ms: see `transport`.
        self.socket.ping().await;
        let rows = self.snapshot(id).await;
        (ack, rows)
    }

    /// Subscribes to a view without options; returns its rows.
    pub(crate) async fn open_view(&mut self, id: &str, view: &str) -> Vec<Row> {
        self.open(id, json!({ "view": view })).await.1
    }

    /// Reads a snapshot up to its last batch.
    pub(crate) async fn snapshot(&mut self, id: &str) -> Vec<Row> {
        let mut rows = Vec::new();
        loop {
            let batch = self.expect(id, "snapshot").await;
            rows.extend(batch_rows(&batch));
            if batch["complete"] == true {
                return rows;
            }
        }
    }

    /// Reads a message, which must be this one for this subscription.
    pub(crate) async fn expect(&mut self, id: &str, op: &str) -> Value {
        let message = self.socket.message().await;
        assert_eq!(message["subscriptionId"], id, "{message}");
        assert_eq!(message["op"], op, "{message}");
        assert_eq!(message["protocolVersion"], 2, "{message}");
        message
    }

    /// Reads a live update, which must be this one of this row.
    pub(crate) async fn update(&mut self, op: &str, key: &str) -> Value {
        let message = self.socket.message().await;
        assert_eq!(
            (&message["op"], &message["key"]),
            (&json!(op), &json!(key)),
            "{message}"
        );
        message
    }

    /// Reads an error in answer to a message, which must have this code.
    pub(crate) async fn error(&mut self, code: &str) -> Value {
        let (message, encoding) = self.socket.encoded_message().await;
        assert_eq!(message["type"], "error", "{message}");
        assert_eq!(message["code"], code, "{message}");
        assert_eq!(encoding, Encoding::Text, "{message}");
        message
    }

    /// Applies messages to the replica up to the one for a change that is made now. Whatever the server
    /// sent to the subscription before has arrived by then. Returns those messages.
    ///
    /// The change is one of a held row: a new row can overtake earlier changes of other rows, because
    /// the server reads its window again whenever it handles a change.
    pub(crate) async fn settle(&mut self, server: &Server, replica: &mut Replica) -> Vec<Value> {
        let mut messages = Vec::new();
        for _ in 0..2 {
            replica.settled += 1;
            let end = json!(replica.settled);
            let row = json!({"name": "end", "score": -1, "end": end});
            server.apply([change("end", row)]).await;
            while replica.rows.get("end").is_none_or(|row| row["end"] != end) {
                let message = self.socket.message().await;
                replica.handle(&message);
                messages.push(message);
            }
        }
        messages
    }
}

/// Retries until the condition holds.
pub(crate) async fn until(mut so: impl AsyncFnMut() -> bool) {
    deadline(async {
        while !so().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A subscribe message.
pub(crate) fn subscribe(id: &str, query: Value) -> Value {
    json!({
        "type": "subscribe",
        "protocolVersion": 2,
        "subscriptionId": id,
        "query": query,
        "snapshot": {"enabled": true},
    })
}

/// An unsubscribe message.
pub(crate) fn unsubscribe(id: &str) -> Value {
    json!({"type": "unsubscribe", "protocolVersion": 2, "subscriptionId": id})
}

/// The rows of a snapshot's batch.
pub(crate) fn batch_rows(batch: &Value) -> Vec<Row> {
    let rows = batch["data"].as_array().expect("rows");
    rows.iter()
        .map(|row| {
            let key = row["key"].as_str().expect("a key");
            (key.to_owned(), row["data"].clone())
        })
        .collect()
}

/// The keys of rows, in their order.
pub(crate) fn keys(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|(key, _)| key.as_str()).collect()
}

/// What one subscription holds, by the rules of protocol v2.
#[derive(Debug, Default)]
pub(crate) struct Replica {
    pub(crate) rows: BTreeMap<String, Value>,
    staged: Option<BTreeMap<String, Value>>,
    pub(crate) snapshots: usize,
    settled: usize,
}

impl Replica {
    pub(crate) fn new(rows: Vec<Row>) -> Self {
        Replica {
            rows: rows.into_iter().collect(),
            ..Replica::default()
        }
    }

    pub(crate) fn handle(&mut self, message: &Value) {
        let key = message["key"].as_str().unwrap_or_default();
        match message["op"].as_str() {
            Some("snapshot") => {
                assert_eq!(message["authoritative"], true, "{message}");
                let staged = self.staged.get_or_insert_default();
                staged.extend(batch_rows(message));
                if message["complete"] == true {
                    self.rows = self.staged.take().expect("a snapshot");
                    self.snapshots += 1;
                }
            }
            Some("upsert") => {
                assert!(self.staged.is_none(), "a live update within a snapshot");
                let row = &message["data"];
                if self.is_newer(key, row) {
                    self.rows.insert(key.to_owned(), row.clone());
                }
            }
            Some("patch") => {
                assert!(self.staged.is_none(), "a live update within a snapshot");
                let patch = &message["data"];
                if self.is_newer(key, patch) {
                    let append = message["append"].as_array().cloned().unwrap_or_default();
                    if let Some(row) = self.rows.get_mut(key) {
                        merge(row, patch, &append, "");
                    }
                }
            }
            Some("remove" | "delete") => {
                assert!(self.staged.is_none(), "a live update within a snapshot");
                assert_eq!(message["data"], Value::Null, "{message}");
                self.rows.remove(key);
            }
            _ => panic!("not an update: {message}"),
        }
    }

    /// Compares the versions of one key: within one epoch the counter decides.
    fn is_newer(&self, key: &str, data: &Value) -> bool {
        let held = self.rows.get(key).and_then(version);
        match (held, version(data)) {
            (Some((held_epoch, held)), Some((epoch, counter))) => {
                held_epoch != epoch || counter > held
            }
            _ => true,
        }
    }
}

/// A row's version: the epoch and the counter.
pub(crate) fn version(data: &Value) -> Option<(String, u64)> {
    let (epoch, counter) = data["_version"].as_str()?.split_once(':')?;
    Some((epoch.to_owned(), counter.parse().ok()?))
}

/// Merges a patch as the server does, with its limit of 100 elements in an array.
fn merge(row: &mut Value, patch: &Value, append: &[Value], path: &str) {
    match (row, patch) {
        (Value::Object(row), Value::Object(patch)) => {
            for (name, value) in patch {
                let path = match path {
                    "" => name.clone(),
                    path => format!("{path}.{name}"),
                };
                match row.get_mut(name) {
                    Some(field) => merge(field, value, append, &path),
                    None => {
                        row.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(row), Value::Array(patch)) if append.iter().any(|name| name == path) => {
            row.extend(patch.iter().cloned());
            let surplus = row.len().saturating_sub(100);
            row.drain(..surplus);
        }
        (row, patch) => *row = patch.clone(),
    }
}

/// Asserts that a replica has the rows of the server's cache.
pub(crate) async fn assert_converged(server: &Server, view: &str, replica: &Replica) {
    let mut rows: BTreeMap<_, _> = server.rows(view).await.into_iter().collect();
    for row in rows.values_mut() {
        if let Some(total) = row.get_mut("total").filter(|total| total.is_number()) {
            *total = json!(total.to_string());
        }
    }
    assert_eq!(replica.rows, rows);
}
