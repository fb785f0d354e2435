//! The server without sockets: entities, views and their changes.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;
use tokio_tungstenite::tungstenite::Bytes;

use super::frame::Mode;
use super::merge::Merge;
use super::ranking::Ranking;
use super::rows::Rows;
use super::seq::SeqSource;
use super::shape::{Shape, Shapes, UnknownName};
use super::sort::Sort;
use super::{v1, v2};
use crate::wire::{Protocol, Seq};

/// Entities and views.
#[derive(Debug, Default)]
pub(super) struct Model {
    entities: BTreeMap<String, Entity>,
    views: HashMap<String, View>,
    pub(super) seq: SeqSource,
    /// The number of the last change.
    changes: u64,
    epoch: v2::Epoch,
    pub(super) tapes: v2::Tapes,
    row_limit: Option<usize>,
    array_limit: Option<usize>,
}

/// An entity's rows.
#[derive(Debug, Default)]
pub(super) struct Entity {
    pub(super) rows: Rows,
    /// The order of the base views in protocol v2.
    pub(super) recent: Ranking<v2::SortValue>,
    shapes: Shapes,
}

#[derive(Debug)]
pub(super) enum View {
    Base { entity: String, mode: Mode },
    Derived(Box<Derived>),
    Scripted { mode: Mode, sort: Option<Sort> },
}

/// A derived view of an entity.
#[derive(Debug)]
pub(super) struct Derived {
    pub(super) entity: String,
    pub(super) sort: Sort,
    /// The declared limit.
    pub(super) take: Option<usize>,
    pub(super) v1: v1::SortedRows,
    pub(super) v2: Ranking<v2::SortValue>,
}

/// What decides which frames a live subscription gets.
#[derive(Debug)]
pub(super) enum Feed {
    V1(v1::Feed),
    V2(Box<v2::Feed>),
    Tape(Box<v2::TapeFeed>),
    /// The subscription of a replayed tape that gets all records of an epoch. The recording has another epoch, of this
    /// number.
    Last(usize),
    /// The subscription of a scripted or replayed view, which gets no frames from the model.
    Silent,
}

/// A cached change that subscriptions have yet to get.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) entity: String,
    pub(super) key: String,
    /// Its position as text, empty if it has none.
    pub(super) seq: String,
    /// `None` if the row was deleted.
    pub(super) patch: Option<Patch>,
    /// The record of the entity's tape.
    pub(super) record: Option<Arc<v2::Record>>,
    /// The rows that the cache evicted.
    pub(super) evicted: Vec<String>,
}

/// The changed fields of a row.
#[derive(Debug)]
pub(super) struct Patch {
    pub(super) data: Value,
    pub(super) append: Vec<String>,
    /// The v1 frame by mode. All subscribers of a view get the same bytes.
    pub(super) v1: [OnceCell<Bytes>; 3],
    /// The v2 frame by mode, up to the subscription id.
    pub(super) v2: [OnceCell<String>; 3],
}

impl Model {
    /// Creates a model without entities. The limits apply to the cache.
    pub(super) fn new(
        seq: SeqSource,
        row_limit: Option<usize>,
        array_limit: Option<usize>,
    ) -> Self {
        Self {
            seq,
            row_limit,
            array_limit,
            ..Self::default()
        }
    }

    /// Registers an entity and its base views, unless it is registered already.
    pub(super) fn add_entity(&mut self, entity: &str) {
        if self.entities.contains_key(entity) {
            return;
        }
        self.entities.insert(entity.to_owned(), Entity::default());
        for mode in [Mode::List, Mode::State, Mode::Append] {
            let view = View::Base {
                entity: entity.to_owned(),
                mode,
            };
            self.views
                .insert(format!("{entity}/{}", mode.as_str()), view);
        }
    }

    /// Adds a struct to an entity. From then on, JSON may only use the names of the entity's structs.
    pub(super) fn add_shape(&mut self, entity: &str, shape: Shape) {
        if let Some(entity) = self.entities.get_mut(entity) {
            entity.shapes.add(shape);
        }
    }

    /// Checks the names in JSON for an entity.
    pub(super) fn check_names(&self, entity: &str, json: &Value) -> Result<(), UnknownName> {
        match self.entity(entity) {
            Some(entity) => entity.shapes.check(json),
            None => Ok(()),
        }
    }

    /// Registers a derived view of the entity that its id names.
    pub(super) fn add_derived(&mut self, id: &str, entity: &str, sort: Sort, take: Option<usize>) {
        self.add_entity(entity);
        let view = View::Derived(Box::new(Derived {
            entity: entity.to_owned(),
            sort,
            take,
            v1: Default::default(),
            v2: Default::default(),
        }));
        self.views.insert(id.to_owned(), view);
    }

    pub(super) fn add_scripted(&mut self, id: &str, mode: Mode, sort: Option<Sort>) {
        self.views
            .insert(id.to_owned(), View::Scripted { mode, sort });
    }

    pub(super) fn view(&self, id: &str) -> Option<&View> {
        self.views.get(id)
    }

    pub(super) fn entity(&self, entity: &str) -> Option<&Entity> {
        self.entities.get(entity)
    }

    pub(super) fn rows(&self, entity: &str) -> Option<&Rows> {
        self.entity(entity).map(|entity| &entity.rows)
    }

    /// The records of a view that is a tape.
    pub(super) fn tape(&self, view: &str) -> Option<&v2::Journal> {
        match self.views.get(view)? {
            View::Base {
                entity,
                mode: Mode::Append,
            } => self.tapes.get(entity),
            _ => None,
        }
    }

    /// The entity whose rows a view shows.
    pub(super) fn entity_of(&self, view: &str) -> Option<&str> {
        match self.views.get(view)? {
            View::Base { entity, .. } => Some(entity),
            View::Derived(view) => Some(&view.entity),
            View::Scripted { .. } => None,
        }
    }

    /// Returns the rows in a derived view's own window.
    pub(super) fn window(&self, id: &str, protocol: Protocol) -> Option<Vec<(String, Value)>> {
        let View::Derived(view) = self.view(id)? else {
            return None;
        };
        let rows: Vec<(&str, &Value)> = if protocol == Protocol::V2 {
            let rows = self.rows(&view.entity)?;
            let keys = view.v2.keys().take(view.take.unwrap_or(usize::MAX));
            keys.filter_map(|key| Some((key, rows.get(key)?))).collect()
        } else {
            view.v1.window(0, v1::default_take(view.take)).collect()
        };
        let rows = rows.into_iter();
        Some(
            rows.map(|(key, row)| (key.to_owned(), sent(row, protocol)))
                .collect(),
        )
    }

    /// Removes every row, as a restart does. Views stay.
    pub(super) fn clear(&mut self) {
        self.changes = 0;
        self.epoch = self.epoch.next();
        self.tapes.clear();
        for entity in self.entities.values_mut() {
            entity.rows.clear();
            entity.recent.clear();
        }
        for view in self.views.values_mut() {
            if let View::Derived(view) = view {
                view.v1.clear();
                view.v2.clear();
            }
        }
    }

    /// Starts a new epoch, as a server that restarts with stored rows does. The rows keep their versions.
    pub(super) fn restart_with_rows(&mut self) {
        self.epoch = self.epoch.next();
        self.tapes.restart();
    }

    /// Creates a row, or merges into it. `None` if there is no such entity.
    pub(super) fn upsert(
        &mut self,
        entity: &str,
        key: &str,
        row: Value,
    ) -> Option<(Change, Option<Seq>)> {
        self.entities.get_mut(entity)?.rows.restore(key);
        self.mutate(entity, key, row, &[])
    }

    /// Creates or replaces a row. Subscribers that hold the row get `patch`. `None` if there is no such entity.
    pub(super) fn put(
        &mut self,
        entity: &str,
        key: &str,
        row: Value,
        patch: Value,
    ) -> Option<(Change, Option<Seq>)> {
        self.entities.get_mut(entity)?.rows.restore(key);
        self.change(entity, key, patch, &[], Some(row))
    }

    /// Merges a patch into a row. `None` if there is no such entity.
    pub(super) fn mutate(
        &mut self,
        entity: &str,
        key: &str,
        patch: Value,
        append: &[&str],
    ) -> Option<(Change, Option<Seq>)> {
        self.change(entity, key, patch, append, None)
    }

    /// Merges a patch into a row, or replaces the row by `whole`.
    fn change(
        &mut self,
        entity: &str,
        key: &str,
        mut patch: Value,
        append: &[&str],
        mut whole: Option<Value>,
    ) -> Option<(Change, Option<Seq>)> {
        let Entity { rows, recent, .. } = self.entities.get_mut(entity)?;
        let (seq, seq_text) = advance(&mut self.seq);
        for json in [Some(&mut patch), whole.as_mut()].into_iter().flatten() {
            if let (Value::Object(fields), Some(_)) = (json, seq) {
                fields.insert("_seq".to_owned(), Value::from(seq_text.as_str()));
            }
        }
        let append: Vec<String> = append.iter().map(|path| path.to_string()).collect();
        let merge = Merge {
            append: &append,
            replaces: whole.is_some(),
            array_limit: self.array_limit,
        };
        self.changes += 1;
        rows.epoch = self.epoch;
        let data = whole.unwrap_or_else(|| patch.clone());
        let evicted = rows.merge(self.changes, key, data, merge, self.row_limit);
        let row = rows.get(key)?;
        let is_whole = rows.whole(key).is_some();
        let record = if rows.is_deleted(key) {
            None
        } else {
            self.tapes.append(v2::Published {
                entity,
                key,
                data: &patch,
                append: &append,
                seq: &seq_text,
                version: (self.epoch, self.changes),
            })
        };
        let rank = |ranking: &mut Ranking<_>, sort: &Sort| {
            evicted.iter().for_each(|key| ranking.remove(key));
            if is_whole {
                ranking.put(key, v2::SortValue::of(row, sort));
            }
        };
        rank(recent, &Sort::recent());
        for view in derived(&mut self.views, entity) {
            view.v1.put(key, row, &view.sort);
            rank(&mut view.v2, &view.sort);
        }
        let change = Change {
            entity: entity.to_owned(),
            key: key.to_owned(),
            seq: seq_text,
            patch: Some(Patch {
                data: patch,
                append,
                v1: Default::default(),
                v2: Default::default(),
            }),
            record,
            evicted,
        };
        Some((change, seq))
    }

    /// Removes a row. `None` if there is no such entity.
    pub(super) fn remove(&mut self, entity: &str, key: &str) -> Option<Change> {
        let Entity { rows, recent, .. } = self.entities.get_mut(entity)?;
        let (_, seq) = advance(&mut self.seq);
        self.changes += 1;
        rows.remove(key);
        recent.remove(key);
        for view in derived(&mut self.views, entity) {
            view.v1.remove(key);
            view.v2.remove(key);
        }
        Some(Change {
            entity: entity.to_owned(),
            key: key.to_owned(),
            seq,
            patch: None,
            record: None,
            evicted: Vec::new(),
        })
    }
}

/// Returns the position of the next change, and its text.
fn advance(source: &mut SeqSource) -> (Option<Seq>, String) {
    let seq = source.advance();
    (seq, seq.map_or(String::new(), |seq| seq.to_string()))
}

/// Returns a row as this generation sends it, without its version.
pub(super) fn sent(row: &Value, protocol: Protocol) -> Value {
    if protocol == Protocol::V2 {
        row.clone()
    } else {
        v1::stringified(row)
    }
}

/// The derived views of an entity.
fn derived<'v>(
    views: &'v mut HashMap<String, View>,
    entity: &'v str,
) -> impl Iterator<Item = &'v mut Box<Derived>> {
    views.values_mut().filter_map(move |view| match view {
        View::Derived(view) if view.entity == entity => Some(view),
        _ => None,
    })
}
