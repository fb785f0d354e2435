//! The server without its sockets: entities, views, and the changes that subscriptions are sent.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use tokio_tungstenite::tungstenite::Bytes;

use super::frame::Mode;
use super::merge::Merge;
use super::rows::Rows;
use super::seq::SeqSource;
use super::sort::Sort;
use super::v1;
use crate::wire::Seq;

/// Entities and views.
#[derive(Debug, Default)]
pub(super) struct Model {
    entities: BTreeMap<String, Rows>,
    views: HashMap<String, View>,
    pub(super) seq: SeqSource,
    row_limit: Option<usize>,
    array_limit: Option<usize>,
}

#[derive(Debug)]
pub(super) enum View {
    Base { entity: String, mode: Mode },
    Derived(Derived),
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
}

/// What feeds a live subscription.
#[derive(Debug)]
pub(super) enum Feed {
    V1(v1::Feed),
    /// Nothing of the model's: a scripted or a replayed view.
    Silent,
}

/// A mutation that has been cached and is to be announced.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) entity: String,
    pub(super) key: String,
    /// `None` if the row was deleted.
    pub(super) patch: Option<Patch>,
}

/// What changed in a row.
#[derive(Debug)]
pub(super) struct Patch {
    pub(super) data: Value,
    pub(super) append: Vec<String>,
    pub(super) seq: String,
    /// The frame of protocol v1 by mode: every subscriber of a view gets the same bytes.
    pub(super) v1: [OnceCell<Bytes>; 3],
}

impl Model {
    /// Without entities yet; the limits are the cache's.
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

    /// Registers an entity with its base views; one that is there already stays.
    pub(super) fn add_entity(&mut self, entity: &str) {
        if self.entities.contains_key(entity) {
            return;
        }
        self.entities.insert(entity.to_owned(), Rows::default());
        for mode in [Mode::List, Mode::State, Mode::Append] {
            let view = View::Base {
                entity: entity.to_owned(),
                mode,
            };
            self.views
                .insert(format!("{entity}/{}", mode.as_str()), view);
        }
    }

    /// Registers a derived view of the entity that its id names.
    pub(super) fn add_derived(&mut self, id: &str, entity: &str, sort: Sort, take: Option<usize>) {
        self.add_entity(entity);
        let view = View::Derived(Derived {
            entity: entity.to_owned(),
            sort,
            take,
            v1: Default::default(),
        });
        self.views.insert(id.to_owned(), view);
    }

    pub(super) fn add_scripted(&mut self, id: &str, mode: Mode, sort: Option<Sort>) {
        self.views
            .insert(id.to_owned(), View::Scripted { mode, sort });
    }

    pub(super) fn view(&self, id: &str) -> Option<&View> {
        self.views.get(id)
    }

    pub(super) fn rows(&self, entity: &str) -> Option<&Rows> {
        self.entities.get(entity)
    }

    /// The rows that a derived view shows now, within its own window.
    pub(super) fn window(&self, id: &str) -> Option<Vec<(String, Value)>> {
        let View::Derived(view) = self.views.get(id)? else {
            return None;
        };
        let rows = view.v1.window(0, v1::default_take(view.take));
        Some(
            rows.map(|(key, row)| (key.to_owned(), v1::stringified(row)))
                .collect(),
        )
    }

    /// Forgets every row, as a restart does. Views stay.
    pub(super) fn clear(&mut self) {
        self.entities.values_mut().for_each(Rows::clear);
        for view in self.views.values_mut() {
            if let View::Derived(view) = view {
                view.v1.clear();
            }
        }
    }

    /// Merges a patch into a row. `None` if there is no such entity.
    pub(super) fn mutate(
        &mut self,
        entity: &str,
        key: &str,
        mut patch: Value,
        append: &[&str],
    ) -> Option<(Change, Option<Seq>)> {
        let rows = self.entities.get_mut(entity)?;
        let seq = self.seq.advance();
        let seq_text = seq.map_or(String::new(), |seq| seq.to_string());
        if let (Value::Object(fields), Some(_)) = (&mut patch, seq) {
            fields.insert("_seq".to_owned(), Value::from(seq_text.as_str()));
        }
        let append: Vec<String> = append.iter().map(|path| path.to_string()).collect();
        let merge = Merge {
            append: &append,
            array_limit: self.array_limit,
        };
        let row = rows.merge(key, patch.clone(), merge, self.row_limit);
        for view in derived(&mut self.views, entity) {
            view.v1.put(key, row, &view.sort);
        }
        let change = Change {
            entity: entity.to_owned(),
            key: key.to_owned(),
            patch: Some(Patch {
                data: patch,
                append,
                seq: seq_text,
                v1: Default::default(),
            }),
        };
        Some((change, seq))
    }

    /// Forgets a row. `None` if there is no such entity.
    pub(super) fn remove(&mut self, entity: &str, key: &str) -> Option<Change> {
        self.entities.get_mut(entity)?.remove(key);
        for view in derived(&mut self.views, entity) {
            view.v1.remove(key);
        }
        Some(Change {
            entity: entity.to_owned(),
            key: key.to_owned(),
            patch: None,
        })
    }
}

/// The derived views of an entity.
fn derived<'v>(
    views: &'v mut HashMap<String, View>,
    entity: &'v str,
) -> impl Iterator<Item = &'v mut Derived> {
    views.values_mut().filter_map(move |view| match view {
        View::Derived(view) if view.entity == entity => Some(view),
        _ => None,
    })
}
