//! Finds the fields that the server never sends, and what it sends under a similar name.
//!
//! A survey reads the rows of snapshots a second time. It reads a field until the server has sent a value of
//! it, and the fields inside; then it skips the field. After a row or two there is usually nothing left to
//! read, and the survey is over.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::nearest::nearest;
use super::record::{self, field_of, Fields};
use super::units::{is_within, Entry};
use super::Patch;

/// The most unknown names that are kept of an object. One can have any number of them.
const MOST_NAMES: usize = 1_000;

/// Which fields the rows of snapshots had.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The number of rows since the snapshot began.
    rows: usize,
    /// The objects of a row by their dotted paths. The keys of a map are `*` there.
    objects: BTreeMap<String, Object>,
    is_over: bool,
}

/// What was found in all objects at one path.
#[derive(Debug)]
struct Object {
    names: &'static [&'static str],
    fields: Vec<Found>,
    /// Members that are none of the fields.
    unknown: BTreeSet<String>,
}

/// What was found of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    /// It was sent, but something inside is still to be found.
    Part,
    All,
}

/// A field that no row had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// The field's dotted path.
    pub(crate) path: String,
    /// The nearest name that the server sent instead.
    pub(crate) sent: Option<String>,
}

impl Survey {
    /// A snapshot begins.
    pub(crate) fn begin(&mut self) {
        self.rows = 0;
    }

    /// The number of rows since the snapshot began; 0 once every field was found.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Reads a row of a snapshot.
    pub(crate) fn read<P: Patch>(&mut self, json: &str) {
        if self.is_over {
            return;
        }
        self.rows += 1;
        self.object::<P>("");
        let mut cx = Context::surveyed(self);
        let mut json = serde_json::Deserializer::from_str(json);
        // Whether the row decodes is not asked here.
        let _ = record::decode_into(&mut P::default(), &mut json, &mut cx);
        if self.has_all("") {
            let is_over = true;
            *self = Survey {
                is_over,
                ..Survey::default()
            };
        }
    }

    /// Returns the fields that no row had although the server sent a member with a similar name.
    pub(crate) fn missing(&self) -> Vec<Missing> {
        let missing = self.objects.iter().flat_map(|(path, object)| {
            let unknown: Vec<&str> = object.unknown.iter().map(String::as_str).collect();
            let names = object.names.iter().zip(&object.fields);
            let names = names.filter(|(_, found)| **found == Found::Nothing);
            names.filter_map(move |(name, _)| {
                let sent = Some(nearest(name, &unknown)?.to_owned());
                let path = join(path, name);
                Some(Missing { path, sent })
            })
        });
        missing.collect()
    }

    /// Whether no row had the field at this path, or what it is in.
    pub(crate) fn lacks(&self, path: &str) -> bool {
        let mut path = path.split('[').next().unwrap_or_default();
        while !path.is_empty() {
            let (outer, name) = path.rsplit_once('.').unwrap_or(("", path));
            if let Some(object) = self.objects.get(outer) {
                let number = object.names.iter().position(|it| *it == name);
                let found = number.and_then(|number| object.fields.get(number));
                return found == Some(&Found::Nothing);
            }
            path = outer;
        }
        false
    }

    /// Notes a member of the object at `path` that is none of its fields.
    pub(super) fn note_unknown<P: Fields>(&mut self, path: &str, name: &str) {
        let unknown = &mut self.object::<P>(path).unknown;
        if unknown.len() < MOST_NAMES && !unknown.contains(name) {
            unknown.insert(name.to_owned());
        }
    }

    fn object<P: Fields>(&mut self, path: &str) -> &mut Object {
        let object = self.objects.entry(path.to_owned());
        object.or_insert_with(|| Object {
            names: P::NAMES,
            fields: vec![Found::Nothing; P::NAMES.len() - P::ALIASES.len()],
            unknown: BTreeSet::new(),
        })
    }

    /// Whether a field, and all inside of it, was found.
    fn has_field(&self, path: &str, number: usize) -> bool {
        let object = self.objects.get(path);
        object.is_some_and(|object| object.fields.get(number) == Some(&Found::All))
    }

    /// Whether all fields of the objects at and below a path were found.
    fn has_all(&self, path: &str) -> bool {
        let mut objects = self.objects.iter();
        objects.all(|(at, object)| {
            let is_other = !path.is_empty() && !is_within(at, path);
            is_other || object.fields.iter().all(|found| *found == Found::All)
        })
    }
}

/// Surveys the field with this number. Whether its value decodes is not asked here.
pub(super) fn field<P: Fields>(
    fields: &mut P,
    number: usize,
    mut entry: Entry<'_>,
    cx: &mut Context<'_>,
) {
    let own = field_of::<P>(number);
    let Some((survey, path)) = cx.survey() else {
        return;
    };
    if survey.has_field(path, own) {
        return;
    }
    let path = path.to_owned();
    let is_empty = entry.is_empty();
    let name = P::NAMES[own];
    let _ = cx.entry(name, |cx| P::decode_field(fields, number, &mut entry, cx));
    if let Some((survey, _)) = cx.survey() {
        let has_all = !is_empty && survey.has_all(&join(&path, name));
        let found = if has_all { Found::All } else { Found::Part };
        survey.object::<P>(&path).fields[own] = found;
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
