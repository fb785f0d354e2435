//! The server without a socket: the model, one peer, and this test's own account of the order.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use tokio::time::Instant;

use super::super::frame::{Header, Mode};
use super::super::model::{Feed, Model};
use super::super::peer::Peer;
use super::super::state::State;
use super::super::{SeqSource, Sort};
use super::script::{KEYS, VIEWS};

const PEER: u64 = 1;
const ENTITY: &str = "Pool";

pub(super) struct Server {
    state: State,
    /// By which values the rows stand in the views, by view and key: a value that goes leaves the row
    /// where it was.
    places: HashMap<(usize, String), Value>,
}

impl Server {
    pub(super) fn new(seq: SeqSource) -> Self {
        let mut model = Model::new(seq, None, None);
        model.add_entity(ENTITY);
        for (id, field, descending, take) in VIEWS {
            let sort = if descending {
                Sort::desc(field)
            } else {
                Sort::asc(field)
            };
            model.add_derived(id, ENTITY, sort, take);
        }
        let mut state = State {
            model,
            ..State::default()
        };
        state.peers.insert(PEER, Peer::new().0);
        Server {
            state,
            places: HashMap::new(),
        }
    }

    /// The connection is a new one.
    pub(super) fn reset(&mut self) {
        self.state.peers.insert(PEER, Peer::new().0);
    }

    pub(super) fn hear(&mut self, message: &str) {
        let _ = self.state.receive(PEER, message, Instant::now());
    }

    /// The next message for the client.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        let message = self.state.pop(PEER)?;
        Some(message.into_data().to_vec())
    }

    pub(super) fn merge(&mut self, key: &str, patch: Value, append: &[&str]) {
        let change = self.state.model.mutate(ENTITY, key, patch, append);
        if let Some((change, _)) = change {
            self.state.announce(&change);
        }
        let row = self.row(key).cloned().unwrap_or_default();
        for (view, (_, field, _, _)) in VIEWS.iter().enumerate() {
            if let Some(value) = row.get(field).filter(|value| !value.is_null()) {
                self.places.insert((view, key.to_owned()), value.clone());
            }
        }
    }

    /// Deletes a row, and says so to the readers of the list, which the real server cannot. Where a
    /// window of one row would become empty, of which the server says nothing, there is no delete.
    pub(super) fn delete(&mut self, key: &str) -> bool {
        let count = self.rows().len();
        let Some(peer) = self.state.peers.get(&PEER) else {
            return false;
        };
        let feeds = peer.subscriptions.iter();
        let silent = feeds.filter_map(|held| held.feed.as_ref()).any(|feed| {
            matches!(feed, Feed::Window { window, .. } if window.take == 1 && count <= window.skip + 1)
        });
        if silent || self.row(key).is_none() {
            return false;
        }
        if let Some(change) = self.state.model.remove(ENTITY, key) {
            self.state.announce(&change);
        }
        self.places.retain(|(_, held), _| held != key);
        if let Some(peer) = self.state.peers.get_mut(&PEER) {
            let header = Header {
                mode: Mode::List,
                view: "Pool/list",
            };
            let told: Vec<_> = peer
                .subscriptions
                .iter()
                .filter(|held| match &held.feed {
                    Some(Feed::Patches { key: of, .. }) => of.as_deref().is_none_or(|of| of == key),
                    _ => false,
                })
                .map(|_| header.delete(key))
                .collect();
            told.into_iter().for_each(|message| peer.push(message));
        }
        true
    }

    pub(super) fn row(&self, key: &str) -> Option<&Value> {
        self.state.model.rows(ENTITY)?.get(key)
    }

    /// All rows, the one that changed last first.
    pub(super) fn rows(&self) -> Vec<(&str, &Value)> {
        let rows = self.state.model.rows(ENTITY);
        rows.into_iter().flat_map(|rows| rows.iter()).collect()
    }

    /// All rows in the order of a view: missing values first, then numbers, then text, which ascends
    /// in either direction; ties by key.
    pub(super) fn sorted(&self, view: usize) -> Vec<(&str, &Value)> {
        let descending = VIEWS[view].2;
        let place = |key: &str| match self.places.get(&(view, key.to_owned())) {
            Some(Value::Number(number)) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                (1, if descending { -number } else { number }, String::new())
            }
            Some(Value::String(text)) => (2, 0.0, text.clone()),
            _ => (0, 0.0, String::new()),
        };
        let mut rows: Vec<_> = self.rows();
        rows.sort_by(|(a, _), (b, _)| {
            let (x, y) = (place(a), place(b));
            let values = x.0.cmp(&y.0).then(x.1.partial_cmp(&y.1).unwrap());
            values.then(x.2.cmp(&y.2)).then(a.cmp(b))
        });
        rows
    }

    /// The rows by key.
    pub(super) fn by_key(&self) -> BTreeMap<String, Value> {
        let rows = KEYS.iter().filter_map(|key| Some((key, self.row(key)?)));
        rows.map(|(key, row)| ((*key).to_owned(), row.clone()))
            .collect()
    }
}
