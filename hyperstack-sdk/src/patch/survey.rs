//! Finds fields that the server never sends, and similar names that it sends instead.
//!
//! A survey decodes the first rows of a snapshot a second time, until every field has had a value. It is slower than the
//! first time, and a field that is always null would otherwise double the time of each snapshot.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::entry::Entry;
use super::nearest::{is_respelled, nearest};
use super::record::{self, name_of, own_names, Fields};
use super::Patch;

/// The maximum number of rows that are surveyed.
const MOST_ROWS: usize = 256;

/// The maximum number of object paths that are tracked, because a recursive type can have any number of them.
const MOST_OBJECTS: usize = 1_000;

/// The maximum number of unknown names kept per object: an object that is used as a map can have any number.
const MOST_NAMES: usize = 1_000;

/// Members that the protocol adds to a row.
const PROTOCOL: [&str; 2] = ["_seq", "_version"];

/// Which fields the rows of a snapshot have.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    rows: usize,
    /// By dotted path. `*` stands for any key of a map.
    objects: BTreeMap<String, Object>,
    /// Whether each field has had a value.
    is_over: bool,
}

/// What all objects at one path have.
#[derive(Debug, Default)]
struct Object {
    fields: BTreeMap<&'static str, Found>,
    /// Members that are not fields of the struct.
    unknown: BTreeSet<String>,
}

/// How much of a field was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Nothing,
    /// The name, with a value that does not show the fields inside.
    Name,
    Value,
}

/// A field that no row of a snapshot has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// The field's dotted path. `*` stands for any key of a map.
    pub(crate) path: String,
    /// The nearest unknown name that the server sends.
    pub(crate) sent: Option<String>,
    /// Whether `sent` is probably the field's name in another spelling.
    pub(crate) is_respelled: bool,
}

/// A name that no field has.
#[cfg(feature = "testing")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// The name's dotted path. `*` stands for any key of a map.
    pub(crate) path: String,
    /// The nearest name of a field.
    pub(crate) nearest: Option<&'static str>,
}

impl Survey {
    /// Returns the number of rows that were surveyed.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Surveys a row. Ignores decode errors, because the store reports them.
    pub(crate) fn read<P: Patch>(&mut self, json: &str) {
        if self.is_over || self.rows == MOST_ROWS {
            return;
        }
        self.rows += 1;
        let mut cx = Context::surveyed(self);
        let mut json = serde_json::Deserializer::from_str(json);
        let _ = record::decode_into(&mut P::default(), &mut json, &mut cx);
        let objects = self.objects.values();
        let mut fields = objects.flat_map(|object| object.fields.values());
        self.is_over = fields.all(|found| *found == Found::Value);
    }

    /// Returns the fields that no row has.
    pub(crate) fn missing(&self) -> Vec<Missing> {
        let missing = self.objects.iter().flat_map(|(path, object)| {
            let fields = object.fields.iter();
            let fields = fields.filter(|(_, found)| **found == Found::Nothing);
            fields.map(move |(name, _)| {
                let sent = object.nearest(name);
                Missing {
                    path: join(path, name),
                    is_respelled: sent.is_some_and(|sent| is_respelled(name, sent)),
                    sent: sent.map(str::to_owned),
                }
            })
        });
        missing.collect()
    }

    /// Returns the names that no field of the struct has, each with its path.
    #[cfg(feature = "testing")]
    pub(crate) fn unknown(&self) -> Vec<Unknown> {
        let unknown = self.objects.iter().flat_map(|(path, object)| {
            let names = object.unknown.iter().map(String::as_str);
            let names = names.filter(|name| !PROTOCOL.contains(name));
            let fields: Vec<&'static str> = object.fields.keys().copied().collect();
            names.map(move |name| Unknown {
                path: join(path, name),
                nearest: nearest(name, &fields),
            })
        });
        unknown.collect()
    }

    /// Records an object at a path, before its members.
    pub(super) fn note_object<P: Fields>(&mut self, path: &str) {
        if self.objects.len() < MOST_OBJECTS || self.objects.contains_key(path) {
            let object = self.objects.entry(path.to_owned()).or_default();
            for name in own_names::<P>() {
                object.fields.entry(name).or_insert(Found::Nothing);
            }
        }
    }

    /// Records a member of the object at a path that is not a field of the struct.
    pub(super) fn note_unknown(&mut self, path: &str, name: String) {
        let object = self.objects.get_mut(path);
        if let Some(object) = object.filter(|object| object.unknown.len() < MOST_NAMES) {
            object.unknown.insert(name);
        }
    }

    fn note_field(&mut self, path: &str, name: &'static str, found: Found) {
        if let Some(object) = self.objects.get_mut(path) {
            let before = object.fields.entry(name).or_insert(found);
            *before = found.max(*before);
        }
    }
}

impl Object {
    /// Returns the unknown name that is nearest to a field's.
    fn nearest(&self, name: &str) -> Option<&str> {
        let unknown = self.unknown.iter().map(String::as_str);
        // A tuple has objects of several types at one path.
        let is_other = |name: &&str| self.fields.contains_key(name) || PROTOCOL.contains(name);
        let unknown: Vec<&str> = unknown.filter(|name| !is_other(name)).collect();
        nearest(name, &unknown)
    }
}

impl Missing {
    /// Whether `path` is this field's path or lies below it.
    pub(crate) fn covers(&self, path: &str) -> bool {
        let mut path = path.split('.');
        let mut own = self.path.split('.');
        own.all(|own| path.next().is_some_and(|name| own == "*" || own == name))
    }
}

/// Surveys a field. Decode errors are ignored.
pub(super) fn field<P: Fields>(
    fields: &mut P,
    number: usize,
    mut entry: Entry<'_>,
    cx: &mut Context<'_>,
) {
    let name = name_of::<P>(number);
    let is_empty = entry.is_empty();
    let decoded = cx.entry(name, |cx| P::decode_field(fields, number, &mut entry, cx));
    let has_value = decoded.is_ok() && !is_empty;
    let found = if has_value { Found::Value } else { Found::Name };
    if let Some((survey, path)) = cx.survey() {
        survey.note_field(path, name, found);
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_key() {
        let missing = |path: &str| Missing {
            path: path.to_owned(),
            sent: None,
            is_respelled: false,
        };
        assert!(missing("pools.*.price").covers("pools.SOL.price"));
        assert!(missing("state").covers("state.price"));
        assert!(!missing("state.price").covers("state"));
        assert!(!missing("state").covers("states"));
    }
}
