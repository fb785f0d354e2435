//! The entities, views and changes that a test feeds to the server.

use hyperstack_interpreter::Mutation;
use hyperstack_server::materialized_view::{SortConfig, SortOrder, ViewPipeline};
use hyperstack_server::mutation_batch::SlotContext;
use hyperstack_server::websocket::Mode;
use hyperstack_server::{Delivery, Filters, MutationBatch, Projection, ViewSpec};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use smallvec::smallvec;

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

/// Returns a derived view: the entity's rows sorted by one field, greatest first, cut to `limit` rows.
pub fn derived(id: &str, by: &str, limit: usize) -> ViewSpec {
    let mut spec = spec(id, Mode::List);
    spec.source_view = Some(format!("{}/list", spec.export));
    spec.pipeline = Some(ViewPipeline {
        filter: None,
        sort: Some(SortConfig {
            field_path: by.split('.').map(str::to_owned).collect(),
            order: SortOrder::Desc,
        }),
        limit: Some(limit),
    });
    spec
}

fn spec(id: &str, mode: Mode) -> ViewSpec {
    let (entity, _) = id.split_once('/').expect("a view's id is entity/view");
    ViewSpec {
        id: id.to_owned(),
        export: entity.to_owned(),
        mode,
        projection: Projection::all(),
        filters: Filters::all(),
        delivery: Delivery::default(),
        pipeline: None,
        source_view: None,
    }
}

/// A change of one entity, as the server's virtual machine makes them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Change {
    entity: String,
    key: String,
    patch: Value,
    append: Vec<String>,
}

impl Change {
    /// Merges `patch` into the entity with this key.
    pub fn new(entity: &str, key: &str, patch: Value) -> Self {
        Change {
            entity: entity.to_owned(),
            key: key.to_owned(),
            patch,
            append: Vec::new(),
        }
    }

    /// Appends to the array at this path instead of replacing it.
    pub fn append(mut self, path: &str) -> Self {
        self.append.push(path.to_owned());
        self
    }

    /// Returns the entity's name.
    pub fn entity(&self) -> &str {
        &self.entity
    }

    /// Returns the entity's key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the change as its own event, in this slot.
    pub(crate) fn in_slot(self, slot: u64) -> MutationBatch {
        let mutation = Mutation {
            export: self.entity,
            key: Value::String(self.key),
            patch: self.patch,
            append: self.append,
        };
        MutationBatch::with_slot_context(smallvec![mutation], SlotContext::new(slot, 0))
    }
}

impl From<Mutation> for Change {
    fn from(mutation: Mutation) -> Self {
        Change {
            entity: mutation.export,
            key: match mutation.key {
                Value::String(key) => key,
                key => key.to_string(),
            },
            patch: mutation.patch,
            append: mutation.append,
        }
    }
}
