//! Changes that are in a snapshot's row and come again behind it.
//!
//! The server joins a list's live feed before it reads the rows for the snapshot. What changes in
//! between is in the snapshot, and is sent once more: harmless where a value replaces another, while
//! elements would be appended twice. A position that is not greater than the row's tells that a change
//! may be such a one, and no more than that: positions are not in order, those of an account and of an
//! instruction in one slot are no measure of each other, and siblings share one. So nothing is skipped
//! but elements that the list has.

use std::borrow::Cow;

use serde_json::Value;

use crate::patch::{DecodeError, Patch};

/// The patch without what it appends to lists that have it already. `held` is all of the row.
///
/// It is done on the JSON of the two: it happens rarely, and so no type of field has to know of it.
pub(super) fn without_repeated<P: Patch>(
    held: &P,
    patch: P,
    append: &[Cow<'_, str>],
) -> Result<P, DecodeError> {
    let (Ok(held), Ok(mut json)) = (serde_json::to_value(held), serde_json::to_value(&patch))
    else {
        return Ok(patch);
    };
    let mut repeats = false;
    for path in append {
        if has(at(&held, path), at(&json, path)) {
            remove(&mut json, path);
            repeats = true;
        }
    }
    match repeats {
        true => P::decode(&json.to_string(), append),
        false => Ok(patch),
    }
}

fn at<'a>(json: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(json, |json, name| json.get(name))
}

/// Whether a list has these elements, one behind the other.
fn has(list: Option<&Value>, elements: Option<&Value>) -> bool {
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
