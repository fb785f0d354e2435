//! The server without its sockets: entities, views, and what each subscription is to be sent.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::frame::{binary, subscribed, Header, Mode};
use super::merge::{stringify_integers, Merge};
use super::message::Subscribe;
use super::rows::Rows;
use super::seq::SeqSource;
use super::sort::Sort;
use super::window::{SortedRows, Step, Window};
use crate::wire::Seq;

/// The window of a derived view that neither the request nor the view limits.
const DEFAULT_TAKE: usize = 100;

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
enum View {
    Base {
        entity: String,
        mode: Mode,
    },
    Derived {
        entity: String,
        take: usize,
        rows: SortedRows,
    },
    Scripted {
        mode: Mode,
        sort: Option<Sort>,
    },
}

/// A live subscription: what it is fed from.
#[derive(Debug)]
pub(super) enum Feed {
    /// The patches of an entity, of one key or of all.
    Patches {
        entity: String,
        header_mode: Mode,
        key: Option<String>,
    },
    /// A window of a derived view.
    Window { entity: String, window: Window },
    /// Nothing of the model's: a scripted or a replayed view.
    Silent,
}

/// A mutation that has been cached and is to be announced.
#[derive(Debug)]
pub(super) struct Change {
    entity: String,
    key: String,
    /// What base views are sent; nothing, where a row was removed.
    patch: Option<Patch>,
}

#[derive(Debug)]
struct Patch {
    data: String,
    append: Vec<String>,
    seq: String,
    /// The message by mode: every subscriber of a view gets the same bytes.
    rendered: [OnceCell<Bytes>; 3],
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
    pub(super) fn add_derived(&mut self, id: &str, entity: &str, sort: Sort, take: usize) {
        self.add_entity(entity);
        let view = View::Derived {
            entity: entity.to_owned(),
            take,
            rows: SortedRows::new(sort),
        };
        self.views.insert(id.to_owned(), view);
    }

    pub(super) fn add_scripted(&mut self, id: &str, mode: Mode, sort: Option<Sort>) {
        self.views
            .insert(id.to_owned(), View::Scripted { mode, sort });
    }

    pub(super) fn rows(&self, entity: &str) -> Option<&Rows> {
        self.entities.get(entity)
    }

    /// The rows that a derived view shows now, within its own default window.
    pub(super) fn window(&self, id: &str) -> Option<Vec<(String, Value)>> {
        match self.views.get(id)? {
            View::Derived { take, rows, .. } => Some(
                rows.window(0, *take)
                    .map(|(key, row)| (key.to_owned(), row.clone()))
                    .collect(),
            ),
            View::Base { .. } | View::Scripted { .. } => None,
        }
    }

    /// Forgets every row, as a restart does. Views stay.
    pub(super) fn clear(&mut self) {
        self.entities.values_mut().for_each(Rows::clear);
        for view in self.views.values_mut() {
            if let View::Derived { rows, .. } = view {
                rows.clear();
            }
        }
    }

    /// Merges a patch into a row. `None` where there is no such entity.
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
        stringify_integers(&mut patch);
        let append: Vec<String> = append.iter().map(|path| path.to_string()).collect();
        let data = patch.to_string();
        let merge = Merge {
            append: &append,
            array_limit: self.array_limit,
        };
        let row = rows.merge(key, patch, merge, self.row_limit);
        for view in self.views.values_mut() {
            match view {
                View::Derived {
                    entity: source,
                    rows,
                    ..
                } if source == entity => rows.put(key, row),
                _ => {}
            }
        }
        let change = Change {
            entity: entity.to_owned(),
            key: key.to_owned(),
            patch: Some(Patch {
                data,
                append,
                seq: seq_text,
                rendered: Default::default(),
            }),
        };
        Some((change, seq))
    }

    /// Forgets a row: it leaves the windows it was in; the base views cannot say so.
    /// `None` where there is no such entity.
    pub(super) fn remove(&mut self, entity: &str, key: &str) -> Option<Change> {
        self.entities.get_mut(entity)?.remove(key);
        for view in self.views.values_mut() {
            match view {
                View::Derived {
                    entity: source,
                    rows,
                    ..
                } if source == entity => rows.remove(key),
                _ => {}
            }
        }
        Some(Change {
            entity: entity.to_owned(),
            key: key.to_owned(),
            patch: None,
        })
    }

    /// What a new subscription is answered, and what feeds it from then on. `None` for a view that
    /// does not exist, which gets no reply.
    pub(super) fn subscribe(&self, request: &Subscribe) -> Option<(Vec<Message>, Feed)> {
        match self.views.get(&request.view)? {
            View::Base { entity, mode } => {
                let header = Header {
                    mode: *mode,
                    view: &request.view,
                };
                let sort = (*mode == Mode::List).then(Sort::recent);
                let mut messages = vec![subscribed(header, sort.as_ref())];
                if request.with_snapshot.unwrap_or(true) {
                    let rows = self.entities.get(entity)?;
                    messages.extend(header.snapshot(selected(rows, *mode, request)));
                }
                let key = match mode {
                    Mode::State => Some(request.key.clone().unwrap_or_default()),
                    Mode::List | Mode::Append => request.key.clone(),
                };
                let feed = Feed::Patches {
                    entity: entity.clone(),
                    header_mode: *mode,
                    key,
                };
                Some((messages, feed))
            }
            View::Derived { entity, take, rows } => {
                let header = Header {
                    mode: Mode::List,
                    view: &request.view,
                };
                let mut messages = vec![subscribed(header, Some(&rows.sort))];
                let (skip, take) = (request.skip.unwrap_or(0), request.take.unwrap_or(*take));
                messages.extend(header.snapshot(rows.window(skip, take)));
                let feed = Feed::Window {
                    entity: entity.clone(),
                    window: Window::new(skip, take, rows),
                };
                Some((messages, feed))
            }
            View::Scripted { mode, sort } => {
                let header = Header {
                    mode: *mode,
                    view: &request.view,
                };
                Some((vec![subscribed(header, sort.as_ref())], Feed::Silent))
            }
        }
    }

    /// What a live subscription to `view` is sent after a change.
    pub(super) fn announce(&self, change: &Change, view: &str, feed: &mut Feed) -> Vec<Message> {
        match feed {
            Feed::Patches {
                entity,
                header_mode,
                key,
            } if *entity == change.entity && key.as_ref().is_none_or(|key| *key == change.key) => {
                let patch = change.patch.as_ref();
                patch
                    .map(|patch| patch.message(*header_mode, view, &change.key))
                    .into_iter()
                    .collect()
            }
            Feed::Window { entity, window } if *entity == change.entity => {
                let Some(View::Derived { rows, .. }) = self.views.get(view) else {
                    return Vec::new();
                };
                let header = Header {
                    mode: Mode::List,
                    view,
                };
                let steps = window.advance(rows).into_iter();
                steps
                    .map(|step| match step {
                        Step::Delete(key) => header.delete(&key),
                        Step::Upsert(key, row) => header.upsert(key, row),
                    })
                    .collect()
            }
            Feed::Patches { .. } | Feed::Window { .. } | Feed::Silent => Vec::new(),
        }
    }
}

impl Patch {
    fn message(&self, mode: Mode, view: &str, key: &str) -> Message {
        let bytes = self.rendered[mode as usize].get_or_init(|| {
            let header = Header { mode, view };
            binary(header.patch(key, &self.data, &self.append, &self.seq)).into_data()
        });
        Message::Binary(bytes.clone())
    }
}

/// The limit of a derived view that names none.
pub(super) fn default_take(take: Option<usize>) -> usize {
    take.unwrap_or(DEFAULT_TAKE)
}

/// The rows of a base view's snapshot, in the order in which the server sends them.
fn selected<'r>(rows: &'r Rows, mode: Mode, request: &Subscribe) -> Vec<(&'r str, &'r Value)> {
    if mode == Mode::State {
        let key = request.key.as_deref().unwrap_or("");
        return rows.entry(key).into_iter().collect();
    }
    let mut selected: Vec<_> = rows.iter().collect();
    if let Some(after) = &request.after {
        let after = Seq::parse(after);
        selected.retain(|(_, row)| seq_of(row).is_some_and(|seq| seq > after));
        selected.sort_by_key(|(_, row)| seq_of(row));
    } else if request.snapshot_limit.is_some() {
        selected.sort_by_key(|(_, row)| std::cmp::Reverse(seq_of(row)));
    }
    selected.truncate(request.snapshot_limit.unwrap_or(usize::MAX));
    // The limit goes before the key, on the real server too.
    selected.retain(|(known, _)| request.key.as_deref().is_none_or(|key| key == *known));
    selected
}

fn seq_of(row: &Value) -> Option<Seq> {
    row.get("_seq")?.as_str().map(Seq::parse)
}
