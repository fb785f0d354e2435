//! Chooses the columns of the table and their order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use hyperstack_sdk::Value;

use super::cells::text;
use super::number::Number;
use super::path::{leaves, Path};

/// Longer texts, such as addresses, rank last.
const SHORT_TEXT: usize = 30;
/// How many fields are tracked. An object with data as keys may have thousands.
const MAX_FIELDS: usize = 256;

/// The columns, best first: fields by how often they change, then numbers, then short texts. Long texts and
/// values that repeat the key come last.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// The requested fields, including all fields inside them. Empty means all fields.
    requested: Vec<Path>,
    /// The fields that come first, whatever their values.
    pinned: Vec<Path>,
    fields: BTreeMap<Path, Field>,
    order: Vec<Path>,
    /// How many columns are visible. Zero until there are rows.
    pub(super) visible: usize,
    /// Whether the order may have changed.
    is_outdated: bool,
}

/// What was observed about a field.
#[derive(Debug)]
struct Field {
    kind: Kind,
    changes: u64,
    /// Whether all values, except null, were numbers.
    is_numeric: bool,
    first: Value,
    /// Whether a value differed from the first one.
    varies: bool,
}

/// The kind of a field's values, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Number,
    Text,
    Long,
    List,
    Nothing,
}

impl Kind {
    fn of(value: &Value, key: &str) -> Self {
        match value {
            Value::Null => Kind::Nothing,
            Value::Array(_) | Value::Object(_) => Kind::List,
            Value::String(text) if text.chars().count() > SHORT_TEXT => Kind::Long,
            value if text(value) == key => Kind::Long,
            value if Number::of(value).is_some() => Kind::Number,
            Value::Number(_) | Value::String(_) | Value::Bool(_) => Kind::Text,
        }
    }
}

impl Columns {
    /// Creates the columns for these fields, or for all. The pinned ones come first.
    pub(super) fn new(requested: Vec<Path>, pinned: Vec<Path>) -> Self {
        let mut order = pinned.clone();
        let others = requested.iter().filter(|path| !pinned.contains(path));
        order.extend(others.cloned());
        Columns {
            order,
            requested,
            pinned,
            ..Columns::default()
        }
    }

    /// Observes a row and its previous value. Returns the fields that changed. A new row has none.
    pub(super) fn observe(&mut self, key: &str, before: Option<&Value>, row: &Value) -> Vec<Path> {
        let mut changed = Vec::new();
        for (path, value) in leaves(row) {
            let old = before.and_then(|row| path.find(row));
            if old == Some(value) {
                continue;
            }
            if before.is_some() {
                changed.push(path.clone());
            }
            let mut requested = self.requested.iter().chain(&self.pinned);
            let is_requested = requested.any(|field| path.is_in(field));
            if !is_requested && !self.requested.is_empty() {
                continue;
            }
            let kind = Kind::of(value, key);
            if let Some(field) = self.fields.get_mut(&path) {
                self.is_outdated |= field.observe(kind, value, before.is_some());
            } else if self.fields.len() < MAX_FIELDS || self.pinned.contains(&path) {
                if !self.order.contains(&path) {
                    // The fields of an object replace the object.
                    self.order.retain(|column| !path.is_in(column));
                    self.order.push(path.clone());
                }
                self.fields.insert(path, Field::new(kind, value));
                self.is_outdated = true;
            }
        }
        changed
    }

    /// Updates the order and returns whether it changed. The visible columns keep their places unless a hidden
    /// one ranks higher.
    pub(super) fn choose(&mut self) -> bool {
        if !std::mem::take(&mut self.is_outdated) {
            return false;
        }
        let mut ranked = self.order.clone();
        ranked.sort_by_cached_key(|path| self.rank(path));
        let visible = self.visible.min(ranked.len());
        let (shown, best) = (&self.order[..visible], &mut ranked[..visible]);
        if best.iter().all(|path| shown.contains(path)) {
            best.clone_from_slice(shown);
        }
        let has_changed = self.order != ranked;
        self.order = ranked;
        has_changed
    }

    fn rank(&self, path: &Path) -> impl Ord {
        let pinned = self.pinned.iter().position(|field| path.is_in(field));
        let pinned = pinned.unwrap_or(self.pinned.len());
        let requested = self.requested.iter().position(|field| path.is_in(field));
        (pinned, requested, self.fields.get(path).map(Field::rank))
    }

    /// Returns whether all values of a field so far, except null, were numbers.
    pub(super) fn is_numeric(&self, path: &Path) -> bool {
        let field = self.fields.get(path);
        field.is_some_and(|field| field.is_numeric && field.kind != Kind::Nothing)
    }

    pub(super) fn paths(&self) -> &[Path] {
        &self.order
    }

    /// Returns a hint about hidden columns, if there are rows and hidden columns.
    pub(super) fn hidden(&self) -> Option<String> {
        let hidden = self.order.get(self.visible..)?;
        let next = hidden.first().filter(|_| !self.fields.is_empty())?;
        let plural = if hidden.len() == 1 { "" } else { "s" };
        let hint = format!("+{} field{plural}", hidden.len());
        Some(if self.requested.is_empty() {
            format!("{hint}, --fields {next},…")
        } else {
            hint
        })
    }
}

impl Field {
    fn new(kind: Kind, value: &Value) -> Self {
        Field {
            kind,
            changes: 0,
            is_numeric: is_number_or_null(value),
            first: value.clone(),
            varies: false,
        }
    }

    /// Observes a value and returns whether the field may now rank higher.
    fn observe(&mut self, kind: Kind, value: &Value, is_change: bool) -> bool {
        let has_first_value = self.kind == Kind::Nothing && kind != Kind::Nothing;
        self.kind = match (self.kind, kind) {
            (Kind::Nothing, kind) | (kind, Kind::Nothing) => kind,
            (one, other) => one.max(other),
        };
        self.is_numeric &= is_number_or_null(value);
        self.varies |= *value != self.first;
        self.changes += u64::from(is_change);
        has_first_value || is_change && self.changes.is_power_of_two()
    }

    /// Returns the sort key; the lowest comes first. Changes count logarithmically, so that columns with
    /// similar counts do not keep swapping places.
    fn rank(&self) -> impl Ord {
        let is_last = self.kind >= Kind::Long;
        let often = Reverse(self.changes.checked_ilog2());
        (is_last, often, self.kind, !self.varies)
    }
}

fn is_number_or_null(value: &Value) -> bool {
    value.is_null() || Number::of(value).is_some()
}

/// Returns a title for each column: the shortest suffix of its path that no other column has.
pub(super) fn titles(columns: &[Path]) -> Vec<String> {
    let mut shared: HashMap<String, usize> = HashMap::new();
    for suffix in columns.iter().flat_map(Path::suffixes) {
        *shared.entry(suffix).or_default() += 1;
    }
    let title = |path: &Path| {
        let own = path
            .suffixes()
            .find(|suffix| shared.get(suffix) == Some(&1));
        own.unwrap_or_else(|| path.to_string())
    };
    columns.iter().map(title).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn named(columns: &Columns) -> Vec<String> {
        columns.paths().iter().map(Path::to_string).collect()
    }

    fn row() -> Value {
        json!({"_seq": "1", "at": "x".repeat(31), "id": 7, "log": [1], "n": {"a": 1, "b": 2}, "none": null, "open": true})
    }

    #[test]
    fn fields_that_change_or_vary_come_first() {
        let mut columns = Columns::default();
        columns.observe("7", None, &row());
        columns.choose();
        let still = ["n.a", "n.b", "open", "at", "id", "log", "none"];
        assert_eq!(named(&columns), still);

        // A field that varies between rows ranks higher.
        let mut columns = Columns::default();
        columns.observe("7", None, &row());
        columns.observe("8", None, &json!({"n": {"b": 3}}));
        columns.choose();
        assert_eq!(named(&columns)[..3], ["n.b", "n.a", "open"]);

        // A field that changes ranks highest.
        for (n, open) in [(1, true), (2, true), (3, false)] {
            let before = json!({"n": {"b": n}, "open": open});
            columns.observe(
                "7",
                Some(&before),
                &json!({"n": {"b": n + 1}, "open": false}),
            );
        }
        columns.choose();
        assert_eq!(named(&columns)[..3], ["n.b", "open", "n.a"]);
    }

    #[test]
    fn visible_columns_stay_until_a_hidden_one_ranks_higher() {
        let mut columns = Columns::default();
        columns.observe("k", None, &json!({"a": 1, "b": 1, "c": 1, "d": 1}));
        columns.choose();
        columns.visible = 2;
        let change = |columns: &mut Columns, name: &str| {
            columns.observe("k", Some(&json!({name: 1})), &json!({name: 2}));
            columns.choose();
            named(columns)
        };
        assert_eq!(change(&mut columns, "b"), ["a", "b", "c", "d"]);
        assert_eq!(change(&mut columns, "d"), ["b", "d", "a", "c"]);
        // A tie changes nothing; twice as many changes do.
        assert_eq!(change(&mut columns, "a"), ["b", "d", "a", "c"]);
        assert_eq!(change(&mut columns, "a"), ["a", "b", "d", "c"]);
        columns.observe("k", None, &json!({"later": null}));
        columns.choose();
        assert_eq!(named(&columns), ["a", "b", "d", "c", "later"]);
        assert_eq!(change(&mut columns, "later")[..2], ["a", "b"]);
        assert_eq!(columns.hidden().as_deref(), Some("+3 fields, --fields d,…"));
        for _ in 0..2 {
            change(&mut columns, "later");
        }
        assert_eq!(named(&columns)[..2], ["a", "later"]);
    }

    #[test]
    fn a_requested_object_shows_its_fields() {
        let requested = ["none", "n", "open", "at.no"].map(|path| path.parse().unwrap());
        let mut columns = Columns::new(requested.to_vec(), Vec::new());
        columns.observe("k", None, &row());
        columns.choose();
        assert_eq!(named(&columns), ["none", "n.a", "n.b", "open", "at.no"]);
        columns.visible = 3;
        assert_eq!(columns.hidden().as_deref(), Some("+2 fields"));
    }

    #[test]
    fn the_number_of_tracked_fields_is_limited() {
        let names = (0..2 * MAX_FIELDS).map(|n| (n.to_string(), json!(n)));
        let mut columns = Columns::default();
        columns.observe("k", None, &Value::Object(names.collect()));
        assert_eq!(columns.paths().len(), MAX_FIELDS);
    }

    #[test]
    fn titles_are_unique() {
        let paths = ["a.data.name", "info.name", "name", "info.uri"];
        let paths = paths.map(|path| path.parse().unwrap());
        assert_eq!(titles(&paths), ["data.name", "info.name", "name", "uri"]);
    }
}
