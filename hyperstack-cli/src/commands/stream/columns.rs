//! Which fields are the columns of a table, and in which order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use hyperstack_sdk::Value;

use super::cells::text;
use super::path::{leaves, Path};

/// The longest text that is no address, or the like.
const SHORT: usize = 30;
/// So many fields are told apart: an object may have a name for each of thousands.
const MOST: usize = 256;

/// The columns, best first: what changes, by how often; then numbers, then short texts; then what is
/// long or repeats the key.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// Those that were asked for, each with what is in it; all where there are none.
    asked: Vec<Path>,
    fields: BTreeMap<Path, Field>,
    order: Vec<Path>,
    /// How many of them are seen, once there are rows.
    pub(super) seen: usize,
    /// Whether one of them might now deserve another place.
    news: bool,
}

/// What is known of a field.
#[derive(Debug)]
struct Field {
    kind: Kind,
    changes: u64,
    first: Value,
    /// Whether there was another value.
    varies: bool,
}

/// What a field has, best first.
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
            Value::String(text) if text.chars().count() > SHORT => Kind::Long,
            value if text(value) == key => Kind::Long,
            Value::Number(_) => Kind::Number,
            Value::String(_) | Value::Bool(_) => Kind::Text,
        }
    }
}

impl Columns {
    pub(super) fn new(asked: Vec<Path>) -> Self {
        Columns {
            order: asked.clone(),
            asked,
            ..Columns::default()
        }
    }

    /// Takes in a row, and what it was before.
    pub(super) fn take(&mut self, key: &str, before: Option<&Value>, row: &Value) {
        for (path, value) in leaves(row) {
            let old = before.and_then(|row| path.find(row));
            if old == Some(value) {
                continue;
            }
            let asked = self.asked.iter().find(|asked| path.is_in(asked));
            if asked.is_none() && !self.asked.is_empty() {
                continue;
            }
            let kind = Kind::of(value, key);
            if let Some(field) = self.fields.get_mut(&path) {
                self.news |= field.take(kind, value, before.is_some());
            } else if self.fields.len() < MOST {
                // An object gives its place to what is in it.
                self.order.retain(|column| !path.is_in(column));
                self.order.push(path.clone());
                self.fields.insert(path, Field::new(kind, value));
                self.news = true;
            }
        }
    }

    /// Chooses, where there is news; whether any has another place then. What is seen stays as it is unless
    /// another one deserves a place there.
    pub(super) fn choose(&mut self) -> bool {
        if !std::mem::take(&mut self.news) {
            return false;
        }
        let mut ranked = self.order.clone();
        ranked.sort_by_cached_key(|path| self.rank(path));
        let seen = self.seen.min(ranked.len());
        let (shown, best) = (&self.order[..seen], &mut ranked[..seen]);
        if best.iter().all(|path| shown.contains(path)) {
            best.clone_from_slice(shown);
        }
        let is_other = self.order != ranked;
        self.order = ranked;
        is_other
    }

    fn rank(&self, path: &Path) -> impl Ord {
        let asked = self.asked.iter().position(|asked| path.is_in(asked));
        (asked, self.fields.get(path).map(Field::rank))
    }

    pub(super) fn paths(&self) -> &[Path] {
        &self.order
    }

    /// A word that there are others, once there are rows.
    pub(super) fn more(&self) -> Option<String> {
        let unseen = self.order.get(self.seen..)?;
        let next = unseen.first().filter(|_| !self.fields.is_empty())?;
        let plural = if unseen.len() == 1 { "" } else { "s" };
        let more = format!("+{} field{plural}", unseen.len());
        Some(match self.asked.is_empty() {
            true => format!("{more}, --fields {next},…"),
            false => more,
        })
    }
}

impl Field {
    fn new(kind: Kind, value: &Value) -> Self {
        Field {
            kind,
            changes: 0,
            first: value.clone(),
            varies: false,
        }
    }

    /// Takes in a value; whether the field now counts for more.
    fn take(&mut self, kind: Kind, value: &Value, is_change: bool) -> bool {
        let is_begun = self.kind == Kind::Nothing && kind != Kind::Nothing;
        self.kind = match (self.kind, kind) {
            (Kind::Nothing, kind) | (kind, Kind::Nothing) => kind,
            (one, other) => one.max(other),
        };
        self.varies |= *value != self.first;
        self.changes += u64::from(is_change);
        is_begun || is_change && self.changes.is_power_of_two()
    }

    /// What comes first has the least. Twice as many changes are more, and a few more are not: places
    /// are not lost to and fro.
    fn rank(&self) -> impl Ord {
        let is_last = self.kind >= Kind::Long;
        let often = Reverse(self.changes.checked_ilog2());
        (is_last, often, self.kind, !self.varies)
    }
}

/// A name for each column: the end of its path that is no other's.
pub(super) fn titles(columns: &[Path]) -> Vec<String> {
    let mut shared: HashMap<String, usize> = HashMap::new();
    for end in columns.iter().flat_map(Path::ends) {
        *shared.entry(end).or_default() += 1;
    }
    let title = |path: &Path| {
        let own = path.ends().find(|end| shared.get(end) == Some(&1));
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
    fn what_says_most_is_first() {
        let mut columns = Columns::default();
        columns.take("7", None, &row());
        columns.choose();
        let still = ["n.a", "n.b", "open", "at", "id", "log", "none"];
        assert_eq!(named(&columns), still);

        // What is not the same in all rows says more.
        let mut columns = Columns::default();
        columns.take("7", None, &row());
        columns.take("8", None, &json!({"n": {"b": 3}}));
        columns.choose();
        assert_eq!(named(&columns)[..3], ["n.b", "n.a", "open"]);

        // And what changes says most.
        for (n, open) in [(1, true), (2, true), (3, false)] {
            let before = json!({"n": {"b": n}, "open": open});
            columns.take(
                "7",
                Some(&before),
                &json!({"n": {"b": n + 1}, "open": false}),
            );
        }
        columns.choose();
        assert_eq!(named(&columns)[..3], ["n.b", "open", "n.a"]);
    }

    #[test]
    fn what_is_seen_stays_until_another_deserves_its_place() {
        let mut columns = Columns::default();
        columns.take("k", None, &json!({"a": 1, "b": 1, "c": 1, "d": 1}));
        columns.choose();
        columns.seen = 2;
        let change = |columns: &mut Columns, name: &str| {
            columns.take("k", Some(&json!({name: 1})), &json!({name: 2}));
            columns.choose();
            named(columns)
        };
        assert_eq!(change(&mut columns, "b"), ["a", "b", "c", "d"]);
        assert_eq!(change(&mut columns, "d"), ["b", "d", "a", "c"]);
        // One more change is as good as another, and so is the third to the second.
        assert_eq!(change(&mut columns, "a"), ["b", "d", "a", "c"]);
        assert_eq!(change(&mut columns, "a"), ["a", "b", "d", "c"]);
        columns.take("k", None, &json!({"later": null}));
        columns.choose();
        assert_eq!(named(&columns), ["a", "b", "d", "c", "later"]);
        assert_eq!(change(&mut columns, "later")[..2], ["a", "b"]);
        assert_eq!(columns.more().as_deref(), Some("+3 fields, --fields d,…"));
        for _ in 0..2 {
            change(&mut columns, "later");
        }
        assert_eq!(named(&columns)[..2], ["a", "later"]);
    }

    #[test]
    fn an_object_that_is_asked_for_is_what_is_in_it() {
        let asked = ["none", "n", "open", "at.no"].map(|path| path.parse().unwrap());
        let mut columns = Columns::new(asked.to_vec());
        columns.take("k", None, &row());
        columns.choose();
        assert_eq!(named(&columns), ["none", "n.a", "n.b", "open", "at.no"]);
        columns.seen = 3;
        assert_eq!(columns.more().as_deref(), Some("+2 fields"));
    }

    #[test]
    fn there_are_not_more_fields_than_can_be_told_apart() {
        let names = (0..2 * MOST).map(|n| (n.to_string(), json!(n)));
        let mut columns = Columns::default();
        columns.take("k", None, &Value::Object(names.collect()));
        assert_eq!(columns.paths().len(), MOST);
    }

    #[test]
    fn a_title_is_one_columns() {
        let paths = ["a.data.name", "info.name", "name", "info.uri"];
        let paths = paths.map(|path| path.parse().unwrap());
        assert_eq!(titles(&paths), ["data.name", "info.name", "name", "uri"]);
    }
}
