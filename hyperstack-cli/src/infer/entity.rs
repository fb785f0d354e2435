//! What was seen of an entity.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::build::{self, Types};
use super::kind::Kind;
use super::seen::Seen;
use crate::model::{Entity, Type, View};
use crate::spec::view_parts;

/// What was seen of an entity.
#[derive(Debug, Clone, Default)]
pub(super) struct EntitySeen {
    /// The rows, without positions.
    row: Seen,
    views: BTreeMap<String, ViewSeen>,
    /// The rows by view and key, to find out what patches leave out.
    held: HashMap<(String, String), Value>,
    /// The paths of the fields that equal the key in all rows. `None` before the first row.
    keys: Option<BTreeSet<Vec<String>>>,
}

#[derive(Debug, Clone, Default)]
struct ViewSeen {
    sort: Option<Value>,
    take: Option<u64>,
}

impl EntitySeen {
    /// Observes that the server accepted a subscription.
    pub(super) fn subscribed(&mut self, view: &str, sort: &Value, take: Option<u64>) {
        let seen = self.views.entry(view.to_owned()).or_default();
        if sort.is_object() {
            seen.sort = Some(sort.clone());
        }
        seen.take = seen.take.or(take);
    }

    pub(super) fn has_rows(&self) -> bool {
        self.row.object.is_some()
    }

    /// Observes a row, or with `append` a patch and the paths that it appends to. Returns `false` if it is no object.
    pub(super) fn observe(
        &mut self,
        view: &str,
        key: &str,
        data: &Value,
        append: Option<&[String]>,
    ) -> bool {
        let Value::Object(data) = data else {
            return false;
        };
        self.views.entry(view.to_owned()).or_default();
        let mut data = data.clone();
        data.retain(|name, _| !matches!(name.as_str(), "_seq" | "_version"));
        let place = (view.to_owned(), key.to_owned());
        let data = match append {
            None => {
                self.note_keys(key, &data);
                let data = Value::Object(data);
                self.row.observe(&data, None);
                data
            }
            Some(append) => {
                let data = Value::Object(data);
                let before = self.held.remove(&place);
                self.row.observe(&data, before.as_ref());
                for path in append {
                    let path: Vec<_> = path.split('.').collect();
                    self.row.note_append(&path, 0);
                }
                merged(before, data)
            }
        };
        self.held.insert(place, data);
        true
    }

    /// Keeps the paths whose field equals the key.
    fn note_keys(&mut self, key: &str, row: &Map<String, Value>) {
        let mut equal = BTreeSet::new();
        for (name, value) in row {
            if is_key(value, key) {
                equal.insert(vec![name.clone()]);
            }
            for (inner, value) in value.as_object().into_iter().flatten() {
                if is_key(value, key) {
                    equal.insert(vec![name.clone(), inner.clone()]);
                }
            }
        }
        match &mut self.keys {
            Some(keys) => keys.retain(|path| equal.contains(path)),
            None => self.keys = Some(equal),
        }
    }

    /// Returns what was seen as an entity.
    pub(super) fn entity(&self, name: &str, types: &mut Types) -> Entity {
        let (mut sections, mut fields) = (Vec::new(), Vec::new());
        let members = self.row.object.iter().flat_map(|object| &object.members);
        // A field has a name.
        for (member, seen) in members.filter(|(name, _)| !name.is_empty()) {
            let path = [name, member];
            // Null gives a section its default, and a struct `None`. So an object that was null is a section only if a
            // patch changed a part of it.
            let is_section = !seen.null || seen.partial;
            if types.kind(member, seen) == Kind::Struct && is_section {
                sections.push(types.section(&path, seen));
            } else {
                fields.push(types.field(&path, seen));
            }
        }
        let is_key = |path: &&Vec<String>| {
            let field = match path.as_slice() {
                [name] => fields.iter().find(|field| field.name == *name),
                [section, name] => {
                    let section = sections.iter().find(|it| it.name == *section);
                    section.and_then(|it| it.fields.iter().find(|field| field.name == *name))
                }
                _ => None,
            };
            let is_plain = path.iter().all(|name| !name.contains('.'));
            is_plain && field.is_some_and(|it| matches!(it.ty, Type::Int(_) | Type::Text))
        };
        let keys = self.keys.iter().flatten().filter(is_key);
        let key = keys.min_by_key(|path| {
            let is_id = path.iter().any(|name| name == "id");
            (!is_id, path.len())
        });
        let key = key.map(|path| path.join("."));
        build::entity(name, sections, fields, self.derived(), key)
    }

    fn derived(&self) -> Vec<View> {
        let is_derived = |id: &str| {
            view_parts(id).is_some_and(|(_, name)| !["list", "state", "append"].contains(&name))
        };
        let views = self.views.iter().filter(|(id, _)| is_derived(id));
        views
            .map(|(id, seen)| build::view(id, seen.sort.as_ref(), seen.take))
            .collect()
    }
}

/// Whether a field has the value of a key.
fn is_key(value: &Value, key: &str) -> bool {
    match value {
        Value::String(text) => text == key,
        Value::Number(number) => !number.is_f64() && number.to_string() == key,
        _ => false,
    }
}

/// Merges a patch into a row as the server does, except that lists are replaced.
fn merged(row: Option<Value>, patch: Value) -> Value {
    match (row, patch) {
        (Some(Value::Object(mut row)), Value::Object(patch)) => {
            for (name, value) in patch {
                let before = row.remove(&name);
                row.insert(name, merged(before, value));
            }
            Value::Object(row)
        }
        (_, patch) => patch,
    }
}
