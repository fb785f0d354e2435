//! v1 subscriptions: the answer to a request, and the frames after each change.

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::super::frame::Mode;
use super::super::model::{self, Change, Model, Patch, View};
use super::super::rows::Rows;
use super::super::sort::Sort;
use super::frame::{subscribed, Header};
use super::message::Subscribe;
use super::window::{Step, Window};
use crate::wire::Seq;

/// The window size of a derived view if neither the request nor the view limits it.
const DEFAULT_TAKE: usize = 100;

/// What decides which frames a live subscription gets.
#[derive(Debug)]
pub(crate) enum Feed {
    /// The patches of an entity, of one key or of all.
    Patches {
        entity: String,
        mode: Mode,
        key: Option<String>,
    },
    /// A window of a derived view.
    Window { entity: String, window: Window },
}

impl Feed {
    /// Answers a request, and creates the subscription's feed. `None` for a view that does not exist: such a
    /// request gets no answer.
    pub(super) fn open(model: &Model, request: &Subscribe) -> Option<(Vec<Message>, model::Feed)> {
        let view = &request.view;
        match model.view(view)? {
            View::Base { entity, mode } => {
                let header = Header { mode: *mode, view };
                let sort = (*mode == Mode::List).then(Sort::recent);
                let mut messages = vec![subscribed(header, sort.as_ref())];
                if request.with_snapshot.unwrap_or(true) {
                    let rows = model.rows(entity)?;
                    messages.extend(header.snapshot(selected(rows, *mode, request)));
                }
                let key = match mode {
                    Mode::State => Some(request.key.clone().unwrap_or_default()),
                    Mode::List | Mode::Append => request.key.clone(),
                };
                let feed = Self::Patches {
                    entity: entity.clone(),
                    mode: *mode,
                    key,
                };
                Some((messages, model::Feed::V1(feed)))
            }
            View::Derived(derived) => {
                let header = Header {
                    mode: Mode::List,
                    view,
                };
                let rows = &derived.v1;
                let mut messages = vec![subscribed(header, Some(&derived.sort))];
                let skip = request.skip.unwrap_or(0);
                let take = request.take.unwrap_or(default_take(derived.take));
                messages.extend(header.snapshot(rows.window(skip, take)));
                let feed = Self::Window {
                    entity: derived.entity.clone(),
                    window: Window::new(skip, take, rows),
                };
                Some((messages, model::Feed::V1(feed)))
            }
            View::Scripted { mode, sort } => {
                let header = Header { mode: *mode, view };
                Some((vec![subscribed(header, sort.as_ref())], model::Feed::Silent))
            }
        }
    }

    /// Returns the frames that a live subscription to `view` gets after a change.
    pub(crate) fn announce(&mut self, model: &Model, change: &Change, view: &str) -> Vec<Message> {
        match self {
            Self::Patches { entity, mode, key }
                if *entity == change.entity
                    && key.as_ref().is_none_or(|key| *key == change.key) =>
            {
                let patch = change.patch.as_ref();
                let message = patch.map(|patch| message(change, patch, *mode, view));
                message.into_iter().collect()
            }
            Self::Window { entity, window } if *entity == change.entity => {
                let Some(View::Derived(derived)) = model.view(view) else {
                    return Vec::new();
                };
                let header = Header {
                    mode: Mode::List,
                    view,
                };
                let steps = window.advance(&derived.v1).into_iter();
                steps
                    .map(|step| match step {
                        Step::Delete(key) => header.delete(&key),
                        Step::Upsert(key, row) => header.upsert(key, row),
                    })
                    .collect()
            }
            Self::Patches { .. } | Self::Window { .. } => Vec::new(),
        }
    }
}

fn message(change: &Change, patch: &Patch, mode: Mode, view: &str) -> Message {
    let bytes = patch.v1[mode as usize].get_or_init(|| {
        let header = Header { mode, view };
        let frame = header.patch(&change.key, &patch.data, &patch.append, &change.seq);
        frame.into_data()
    });
    Message::Binary(bytes.clone())
}

/// Returns the window size of a derived view with this declared limit.
pub(crate) fn default_take(take: Option<usize>) -> usize {
    take.unwrap_or(DEFAULT_TAKE)
}

/// The rows of a base view's snapshot, in the order in which the server sends them.
fn selected<'r>(rows: &'r Rows, mode: Mode, request: &Subscribe) -> Vec<(&'r str, &'r Value)> {
    if mode == Mode::State {
        let key = request.key.as_deref().unwrap_or("");
        let row = rows.entry(key);
        return row.map(|(key, row)| (key, &row.data)).into_iter().collect();
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
    // As on the real server, the limit is applied before the key.
    selected.retain(|(known, _)| request.key.as_deref().is_none_or(|key| key == *known));
    selected
}

fn seq_of(row: &Value) -> Option<Seq> {
    row.get("_seq")?.as_str().map(Seq::parse)
}
