//! The values that were seen at one place, such as a field of a section.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The values that were seen at one place.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// How many values were seen, null included.
    pub(super) count: u64,
    /// How many objects have this member, whether they got it at once or by a patch.
    pub(super) rows: u64,
    pub(super) null: bool,
    pub(super) bool: bool,
    /// Integers that were sent as numbers.
    pub(super) integers: Option<Range>,
    /// Whether numbers with a fraction or an exponent were seen.
    pub(super) floats: bool,
    /// Integers that were sent as text.
    pub(super) digits: Option<Range>,
    /// Whether other text was seen.
    pub(super) text: bool,
    pub(super) list: Option<Box<List>>,
    pub(super) object: Option<Box<Object>>,
    /// Whether a patch appended to the list.
    pub(super) appended: bool,
    /// Whether a patch of the object, or of an object inside, left out members that the row has.
    pub(super) partial: bool,
}

/// The least and the greatest of some integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    /// Zero if no integer is negative.
    pub(super) least: i128,
    /// Zero if all integers are negative.
    pub(super) greatest: u128,
}

#[derive(Debug, Clone, Default)]
pub(super) struct List {
    pub(super) elements: Seen,
    /// Whether all lists have 32 elements.
    pub(super) is_hash: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Object {
    pub(super) members: BTreeMap<String, Seen>,
    /// How many objects were seen.
    pub(super) count: u64,
    /// How many of them were whole, not patches of what a row has.
    pub(super) whole: u64,
}

impl Range {
    fn add(range: &mut Option<Range>, other: Range) {
        let range = range.get_or_insert(other);
        range.least = range.least.min(other.least);
        range.greatest = range.greatest.max(other.greatest);
    }

    /// Reads a decimal integer without leading zeros or `+`.
    fn of_text(text: &str) -> Option<Range> {
        let is_canonical = match text.strip_prefix('-').unwrap_or(text).as_bytes() {
            [b'0'] => text == "0",
            [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
            _ => false,
        };
        if !is_canonical {
            return None;
        }
        if text.starts_with('-') {
            let least = text.parse().ok()?;
            return Some(Range { least, greatest: 0 });
        }
        let greatest = text.parse().ok()?;
        Some(Range { least: 0, greatest })
    }

    pub(super) fn join(one: Option<Range>, other: Option<Range>) -> Option<Range> {
        let mut joined = one;
        if let Some(other) = other {
            Range::add(&mut joined, other);
        }
        joined
    }
}

impl Seen {
    /// Observes a value. For a patch, `before` is the row's value before it.
    pub(super) fn observe(&mut self, value: &Value, before: Option<&Value>) {
        self.count += 1;
        match value {
            Value::Null => self.null = true,
            Value::Bool(_) => self.bool = true,
            Value::Number(number) => match Range::of_text(&number.to_string()) {
                Some(range) => Range::add(&mut self.integers, range),
                None => self.floats = true,
            },
            Value::String(text) => match Range::of_text(text) {
                Some(range) => Range::add(&mut self.digits, range),
                None => self.text = true,
            },
            Value::Array(elements) => self.observe_list(elements),
            Value::Object(members) => {
                self.observe_object(members, before.and_then(Value::as_object));
            }
        }
    }

    fn observe_list(&mut self, elements: &[Value]) {
        let is_first = self.list.is_none();
        let list = self.list.get_or_insert_default();
        list.is_hash = elements.len() == 32 && (is_first || list.is_hash);
        for element in elements {
            list.elements.observe(element, None);
        }
    }

    fn observe_object(
        &mut self,
        members: &Map<String, Value>,
        before: Option<&Map<String, Value>>,
    ) {
        let object = self.object.get_or_insert_default();
        object.count += 1;
        object.whole += u64::from(before.is_none());
        for (name, value) in members {
            let member = object.members.entry(name.clone()).or_default();
            let held = before.and_then(|before| before.get(name));
            member.observe(value, held);
            // A first value counts for the row. So a key that few rows have is known as such.
            member.rows += u64::from(held.is_none());
            self.partial |= member.partial;
        }
        let is_left_out = |name: &String| !members.contains_key(name);
        self.partial |= before.is_some_and(|before| before.keys().any(is_left_out));
    }

    /// Adds what was seen at another place.
    pub(super) fn absorb(&mut self, other: &Seen) {
        self.count += other.count;
        self.rows += other.rows;
        self.null |= other.null;
        self.bool |= other.bool;
        self.integers = Range::join(self.integers, other.integers);
        self.floats |= other.floats;
        self.digits = Range::join(self.digits, other.digits);
        self.text |= other.text;
        self.appended |= other.appended;
        self.partial |= other.partial;
        if let Some(list) = &other.list {
            let is_first = self.list.is_none();
            let own = self.list.get_or_insert_default();
            own.is_hash = list.is_hash && (is_first || own.is_hash);
            own.elements.absorb(&list.elements);
        }
        if let Some(object) = &other.object {
            let own = self.object.get_or_insert_default();
            own.count += object.count;
            own.whole += object.whole;
            for (name, member) in &object.members {
                own.members.entry(name.clone()).or_default().absorb(member);
            }
        }
    }

    /// Notes that a patch appended to the list at this path. If the list is inside of something that would be replaced
    /// as a whole, that is `partial`.
    pub(super) fn note_append(&mut self, path: &[&str], depth: usize) {
        let Some((name, rest)) = path.split_first() else {
            self.appended |= self.list.is_some();
            return;
        };
        self.partial |= depth >= 1;
        let member = self.object.as_mut();
        if let Some(member) = member.and_then(|object| object.members.get_mut(*name)) {
            member.note_append(rest, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn seen(values: &[Value]) -> Seen {
        let mut seen = Seen::default();
        values.iter().for_each(|value| seen.observe(value, None));
        seen
    }

    #[test]
    fn text_is_an_integer_only_if_it_is_canonical() {
        for text in ["0", "-1", "340282366920938463463374607431768211455"] {
            let seen = seen(&[json!(text)]);
            assert!(seen.digits.is_some() && !seen.text, "{text}");
        }
        for text in ["", "-", "-0", "00", "07", "+1", "1.0", "1e3", " 1", "٣"] {
            let seen = seen(&[json!(text)]);
            assert!(seen.digits.is_none() && seen.text, "{text}");
        }
        // Beyond 128 bits.
        assert!(seen(&[json!("9".repeat(40))]).text);
    }

    #[test]
    fn a_patch_that_leaves_out_members_is_partial() {
        let row = json!({"a": {"b": {"c": 1, "d": 2}}});
        let observe = |patch: Value| {
            let mut seen = seen(std::slice::from_ref(&row));
            seen.observe(&patch, Some(&row));
            let a = &seen.object.unwrap().members["a"];
            let b = &a.object.as_ref().unwrap().members["b"];
            (a.partial, b.partial)
        };
        assert_eq!(
            observe(json!({"a": {"b": {"c": 5, "d": 6}}})),
            (false, false)
        );
        assert_eq!(observe(json!({"a": {"b": {"c": 5}}})), (true, true));
        assert_eq!(observe(json!({"a": {"b": null}})), (false, false));
    }
}
