//! The rows to show: a view, or a window of it.

use std::collections::HashMap;
use std::future::ready;
use std::str::FromStr;
use std::sync::Arc;

use hyperstack_sdk::{
    HyperStack, ListView, ReadError, StateView, Stream, StreamError, StreamExt, TryEntityStream,
    Update, Value, WindowView,
};

use super::path::Path;

/// A view's id: an entity and a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ViewId {
    entity: String,
    name: String,
}

impl FromStr for ViewId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        ViewId::parse(text, "list").ok_or(
            "expected Entity/name, such as `OreRound/latest`, or an entity name for its list",
        )
    }
}

impl std::fmt::Display for ViewId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.entity, self.name)
    }
}

impl ViewId {
    /// Parses an id. `default` is the name of the view that an entity alone means.
    pub(crate) fn parse(text: &str, default: &str) -> Option<Self> {
        let (entity, name) = text.split_once('/').unwrap_or((text, default));
        let is_id = !entity.is_empty() && !name.is_empty() && !name.contains('/');
        is_id.then(|| ViewId {
            entity: entity.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Returns whether the view can only be read by key.
    pub(crate) fn needs_key(&self) -> bool {
        self.name == "state"
    }
}

/// The selected rows of a view, and the fields that the user named.
#[derive(Debug, Clone, Default)]
pub(crate) struct Part {
    pub(crate) key: Option<String>,
    pub(crate) filters: Vec<(String, Value)>,
    pub(crate) skip: Option<usize>,
    pub(crate) take: Option<usize>,
    /// The fields of all options, which the rows should have.
    pub(crate) fields: Vec<Path>,
    /// The field of `--plot`, which should be a number.
    pub(crate) plot: Option<Path>,
}

/// A view to read.
#[derive(Clone)]
pub(crate) enum View {
    List(ListView<Value>),
    Window(WindowView<Value>),
    Row(StateView<Value>, String),
}

impl View {
    pub(crate) fn new(hs: &HyperStack, id: &ViewId, part: &Part) -> Self {
        let views = hs.raw(&id.entity);
        match (&part.key, id.name.as_str()) {
            (Some(key), _) => View::Row(views.keyed(&id.to_string()), key.clone()),
            (None, "list") => View::List(part.of(views.list())),
            (None, _) => View::Window(part.of(views.collection(&id.to_string()))),
        }
    }

    pub(crate) fn watch(&self) -> TryEntityStream<Value> {
        match self {
            View::List(view) => view.try_watch(),
            View::Window(view) => view.try_watch(),
            View::Row(view, key) => view.try_watch(key),
        }
    }

    /// Returns the rows of an ordered view, front to back. Returns `None` for lists, which are ordered by their
    /// last change, and for single rows.
    pub(super) fn ranked(&self) -> Option<Vec<Arc<Value>>> {
        match self {
            View::Window(view) => Some(view.shared().get_sync()),
            View::List(_) | View::Row(..) => None,
        }
    }

    /// Returns the rows of the snapshot as soon as it is complete.
    pub(crate) async fn snapshot(&self) -> Result<Vec<Arc<Value>>, ReadError> {
        match self {
            View::List(view) => view.shared().try_get().await,
            View::Window(view) => view.shared().try_get().await,
            View::Row(view, key) => {
                let row = view.shared().try_get(key).await;
                row.map(|row| row.into_iter().collect())
            }
        }
    }

    /// Returns the rows of the snapshot with their keys, in the view's order, as soon as it is complete.
    pub(crate) async fn entries(&self) -> Result<Vec<(String, Arc<Value>)>, ReadError> {
        let rows = self.snapshot().await?;
        if let View::Row(_, key) = self {
            return Ok(rows.into_iter().map(|row| (key.clone(), row)).collect());
        }
        let mut entries = first_rows(&mut self.watch().shared()).await;
        let places = rows.iter().enumerate();
        let places: HashMap<_, _> = places.map(|(n, row)| (Arc::as_ptr(row), n)).collect();
        let place = |row: &Arc<Value>| places.get(&Arc::as_ptr(row)).copied();
        entries.sort_by_key(|(_, row)| place(row).unwrap_or(usize::MAX));
        Ok(entries)
    }
}

/// Reads the rows that a new stream has at once: those that the client holds.
pub(crate) async fn first_rows(
    updates: &mut (impl Stream<Item = Result<Update<Arc<Value>>, StreamError>> + Unpin),
) -> Vec<(String, Arc<Value>)> {
    let mut rows = Vec::new();
    loop {
        let update = tokio::select! {
            biased;
            update = updates.next() => update,
            () = ready(()) => break,
        };
        let Some(Ok(update)) = update else { break };
        let key = update.key().to_owned();
        rows.extend(update.into_data().map(|row| (key, row)));
    }
    rows
}

impl Part {
    fn of<Kind>(&self, view: ListView<Value, Kind>) -> ListView<Value, Kind> {
        let filtered = self
            .filters
            .iter()
            .fold(view, |view, (path, value)| view.filter(path, value.clone()));
        let skipped = match self.skip {
            Some(rows) => filtered.skip(rows),
            None => filtered,
        };
        match self.take {
            Some(rows) => skipped.take(rows),
            None => skipped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_name_means_its_list() {
        let shown = |text: &str| text.parse::<ViewId>().map(|id| id.to_string());
        assert_eq!(shown("OreRound"), Ok("OreRound/list".to_owned()));
        assert_eq!(shown("OreRound/latest"), Ok("OreRound/latest".to_owned()));
        for invalid in ["", "/", "/latest", "OreRound/", "a/b/c"] {
            assert!(shown(invalid).is_err(), "{invalid}");
        }
    }
}
