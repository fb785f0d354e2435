//! Live changes that a v1 snapshot row already contains, and the cursor that positions allow.
//!
//! A v1 server joins a list's live feed before it reads the rows for the snapshot. A change in between
//! is in the snapshot and is sent again. Setting a value twice is harmless, but elements would be
//! appended twice. A slot that is not greater than the row's only means that the change may be a repeat:
//! positions are not in order, positions of an account and of an instruction in one slot do not compare,
//! and siblings share a position. So only appended elements that the list already has are left out.
//!
//! A repeated change that replaces a list resets it to an older state. The changes that follow
//! rebuild the list, so none of their elements may be left out.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::json;
use crate::wire::Seq;

/// How many slots a cursor is rewound. Positions are not in order, and a late change is still within
/// this distance of the changes before it. About a minute.
const REWIND: u64 = 150;

/// What a source has learned from the positions of its changes.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    /// Whether the whole view is subscribed, not some of its rows.
    whole: bool,
    /// Whether the positions of a snapshot's rows order them. Those of a derived view do not.
    positions: bool,
    /// The number of snapshots of the whole view, this one included.
    snapshot: u32,
    /// Whether changes may arrive that the snapshot already contains.
    overlaps: bool,
    /// Whether a change since the snapshot began could not be applied.
    has_gap: bool,
    /// Whether a change had no position, or one too far behind the changes before it.
    seq_unreliable: bool,
    /// The greatest position seen.
    last_seq: Option<Seq>,
}

/// What the guard remembers of a row.
#[derive(Debug, Default)]
pub(crate) struct Mark {
    /// The snapshot that brought the row's latest change, if nothing newer came since. 0 if none did.
    snapshot: u32,
    /// The fields that repeated changes have replaced since, as dotted paths. Boxed, because few rows have any.
    #[allow(clippy::box_collection)]
    replaced: Option<Box<BTreeSet<String>>>,
}

impl Guard {
    /// A subscription begins, to the whole view or to one row.
    pub(crate) fn begin(&mut self, whole: bool, positions: bool) {
        self.whole = whole;
        self.positions = positions;
        self.overlaps = true;
        if whole || self.snapshot == 0 {
            // A row that the new snapshot does not bring has no position in it.
            self.snapshot += 1;
        }
    }

    /// A snapshot begins and closes earlier gaps.
    pub(crate) fn begin_snapshot(&mut self) {
        self.has_gap = false;
    }

    pub(crate) fn has_positions(&self) -> bool {
        self.positions
    }

    /// A change could not be applied.
    pub(crate) fn note_gap(&mut self) {
        self.has_gap = true;
    }

    /// Notes a change of a row, live or from a snapshot. `held` is the position of the row's latest change.
    pub(crate) fn note(&mut self, held: &mut Seq, mark: &mut Mark, seq: Option<Seq>, live: bool) {
        self.seq_unreliable |= match seq {
            Some(seq) => live && self.rewound().is_some_and(|earliest| seq < earliest),
            None => true,
        };
        if !live {
            mark.leave_snapshot();
            mark.snapshot = seq.map_or(0, |_| self.snapshot);
        }
        if let Some(seq) = seq {
            *held = if live && mark.snapshot == self.snapshot {
                (*held).max(seq)
            } else {
                seq
            };
            self.last_seq = self.last_seq.max(Some(seq));
        }
    }

    /// Whether a live change may be in its row already. The server sends changes in the order in which
    /// they were made, so the first new change ends the overlap of its subscription: of all rows, or of
    /// one.
    pub(crate) fn may_repeat(&mut self, held: Option<(Seq, &mut Mark)>, seq: Option<Seq>) -> bool {
        if !self.overlaps {
            return false;
        }
        let held = held.filter(|(_, mark)| mark.snapshot == self.snapshot);
        let may_repeat = held.is_some();
        // A row may have been in the snapshot and not be held, because it could not be decoded. Then
        // only a slot after all others is certainly new.
        let newest = held.as_ref().map(|(seq, _)| *seq).or(self.last_seq);
        if seq.is_some_and(|seq| newest.is_some_and(|newest| seq.slot <= newest.slot)) {
            return may_repeat;
        }
        if let Some((_, mark)) = held {
            mark.leave_snapshot();
        }
        self.overlaps = !self.whole;
        false
    }

    /// The greatest position seen.
    pub(crate) fn last_seq(&self) -> Option<Seq> {
        self.last_seq
    }

    /// The position from which the server must send changes again so that none is missing. `None` if the positions
    /// are not reliable.
    pub(crate) fn cursor(&self) -> Option<Seq> {
        self.rewound()
            .filter(|_| !self.has_gap && !self.seq_unreliable)
    }

    fn rewound(&self) -> Option<Seq> {
        let last = self.last_seq?;
        Some(Seq::new(last.slot.saturating_sub(REWIND), 0))
    }
}

impl Mark {
    /// The row's latest change did not come with the present snapshot.
    pub(crate) fn leave_snapshot(&mut self) {
        self.snapshot = 0;
        self.replaced = None;
    }

    /// Notes a change that may be in the row already. It sets the fields that it replaces back to an older value.
    pub(crate) fn note_repeated(&mut self, patch: &str, append: &[Cow<'_, str>]) {
        let replaced = replaced_fields(patch, append);
        self.replaced.get_or_insert_default().extend(replaced);
    }

    /// Removes from a patch the elements that it would append to lists that already have them. `row` is the whole
    /// row. Returns whether it removed any.
    ///
    /// This works on JSON, because it is rare, and field types then need no extra code.
    pub(crate) fn remove_repeated(
        &self,
        row: &Value,
        patch: &mut Value,
        append: &[Cow<'_, str>],
    ) -> bool {
        let mut has_removed = false;
        for path in append {
            let mut replaced = self.replaced.iter().flat_map(|it| it.iter());
            let is_replaced = replaced.any(|field| contains(field, path));
            if !is_replaced && has_run(at(row, path), at(patch, path)) {
                remove(patch, path);
                has_removed = true;
            }
        }
        has_removed
    }
}

/// The fields that a patch replaces, as dotted paths. Objects are merged, so their fields count.
fn replaced_fields(patch: &str, append: &[Cow<'_, str>]) -> BTreeSet<String> {
    fn visit(fields: &Map<String, Value>, parent: &str, found: &mut BTreeSet<String>) {
        for (name, value) in fields {
            let path = format!("{parent}{name}");
            match value {
                Value::Object(fields) => visit(fields, &format!("{path}."), found),
                _ => {
                    found.insert(path);
                }
            }
        }
    }
    let mut found = BTreeSet::new();
    if let Ok(Value::Object(fields)) = json::parse(patch) {
        visit(&fields, "", &mut found);
    }
    found.retain(|path| !append.iter().any(|appended| appended == path));
    found
}

/// Whether `path` is the field's, or leads into it.
fn contains(field: &str, path: &str) -> bool {
    let rest = path.strip_prefix(field);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn at<'a>(json: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(json, |json, name| json.get(name))
}

/// Whether a list has these elements one after the other.
fn has_run(list: Option<&Value>, elements: Option<&Value>) -> bool {
    match (list, elements) {
        (Some(Value::Array(list)), Some(Value::Array(elements))) if !elements.is_empty() => {
            list.windows(elements.len()).any(|run| run == elements)
        }
        _ => false,
    }
}

fn remove(json: &mut Value, path: &str) {
    let (parents, name) = path.rsplit_once('.').unwrap_or(("", path));
    let mut parents = parents.split('.').filter(|name| !name.is_empty());
    let parent = parents.try_fold(json, |json, name| json.get_mut(name));
    if let Some(Value::Object(fields)) = parent {
        fields.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_replaces_the_fields_that_it_has_except_those_that_it_appends_to() {
        let patch = r#"{"log":[1],"meta":{"list":[2],"level":null,"empty":{}},"name":"a"}"#;
        let found = replaced_fields(patch, &["log".into()]);
        assert_eq!(Vec::from_iter(found), ["meta.level", "meta.list", "name"]);
    }

    #[test]
    fn a_field_contains_the_paths_that_lead_into_it() {
        assert!(contains("meta", "meta"));
        assert!(contains("meta", "meta.list"));
        assert!(!contains("meta", "metadata.list"));
        assert!(!contains("meta.list", "meta"));
    }
}
