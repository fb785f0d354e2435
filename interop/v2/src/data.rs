//! The entities, views and changes that a test feeds to the server.

use arete_interpreter::Mutation;
use arete_server::materialized_view::{SortConfig, SortOrder, ViewPipeline};
use arete_server::{Delivery, Filters, Mode, MutationBatch, Projection, SlotContext, ViewSpec};
use serde_json::Value;
use smallvec::SmallVec;

/// Returns the base views of an entity: `list`, `state` and `append`.
pub fn entity(name: &str) -> Vec<ViewSpec> {
    [
        ("list", Mode::List),
        ("state", Mode::State),
        ("append", Mode::Append),
    ]
    .map(|(view, mode)| spec(&format!("{name}/{view}"), mode))
    .into()
}

/// The direction of a sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The least value first.
    Ascending,
    /// The greatest value first.
    Descending,
}

/// A derived view: the entity's rows, sorted by one field and cut to `limit` rows.
pub fn derived(id: &str, by: &str, order: Order, limit: Option<usize>) -> ViewSpec {
    let mut spec = spec(id, Mode::List);
    spec.source_view = Some(format!("{}/list", spec.export));
    spec.pipeline = Some(ViewPipeline {
        filter: None,
        sort: Some(SortConfig {
            field_path: by.split('.').map(str::to_owned).collect(),
            order: match order {
                Order::Ascending => SortOrder::Asc,
                Order::Descending => SortOrder::Desc,
            },
        }),
        limit,
    });
    spec
}

/// Declares these fields as 64 or 128 bits wide in every view: the server sends them as text.
pub fn wide(views: &mut [ViewSpec], paths: &[&str]) {
    for view in views {
        let paths = paths
            .iter()
            .map(|path| path.split('.').map(str::to_owned).collect());
        view.wire_format.wide_int_paths.extend(paths);
    }
}

fn spec(id: &str, mode: Mode) -> ViewSpec {
    let (entity, _) = id.split_once('/').expect("a view's id is entity/view");
    ViewSpec {
        id: id.to_owned(),
        export: entity.to_owned(),
        mode,
        wire_format: Default::default(),
        projection: Projection::all(),
        filters: Filters::all(),
        delivery: Delivery::default(),
        pipeline: None,
        source_view: None,
    }
}

/// A change of one entity, as the server's virtual machine makes them.
#[derive(Debug, Clone)]
pub struct Change(Mutation);

impl From<Mutation> for Change {
    fn from(mutation: Mutation) -> Self {
        Change(mutation)
    }
}

impl Change {
    /// Merges `patch` into the entity with this key. If the server has no such entity, the patch
    /// becomes the entity.
    pub fn new(entity: &str, key: &str, patch: Value) -> Self {
        Change(Mutation {
            export: entity.to_owned(),
            key: Value::String(key.to_owned()),
            patch,
            append: Vec::new(),
        })
    }

    /// Deletes the entity.
    pub fn delete(entity: &str, key: &str) -> Self {
        Change(Mutation::delete(entity, Value::String(key.to_owned())))
    }

    /// Appends to the array at this path instead of replacing it.
    pub fn append(mut self, path: &str) -> Self {
        self.0.append.push(path.to_owned());
        self
    }

    /// Marks this change as the creation of the entity: the server sends an upsert instead of a patch.
    pub fn created(mut self) -> Self {
        self.0.mark_created();
        self
    }

    /// Marks this change as the whole entity, sent again.
    pub fn whole(mut self) -> Self {
        self.0.mark_whole_entity();
        self
    }

    /// Returns the entity's name.
    pub fn entity(&self) -> &str {
        &self.0.export
    }

    /// Returns the entity's key.
    pub fn key(&self) -> &str {
        self.0.key.as_str().expect("a key is text")
    }
}

/// These changes as one event at this position.
pub(crate) fn batch(
    changes: impl IntoIterator<Item = Change>,
    position: Option<SlotContext>,
) -> MutationBatch {
    let mutations: SmallVec<[Mutation; 6]> = changes.into_iter().map(|change| change.0).collect();
    match position {
        Some(position) => MutationBatch::with_slot_context(mutations, position),
        None => MutationBatch::new(mutations),
    }
}
