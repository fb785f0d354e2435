//! Decides which type fits the values that were seen.

use super::seen::{Object, Range, Seen};
use crate::names::snake;

/// What fits all values of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any JSON, because several kinds were seen, or none.
    Any,
    Bool,
    Int(&'static str),
    Float,
    Text,
    List,
    /// A whole account with its time.
    Capture,
    /// An instruction or event with its time.
    Event,
    TokenMetadata,
    SlotHash,
    /// An object whose keys are data.
    Map,
    /// An object with known members.
    Struct,
}

/// The greatest integer that a v1 server sends as a number.
const SAFE: u128 = (1 << 53) - 1;

/// The greatest number of members of a struct. An object with more is any JSON.
const MEMBERS: usize = 256;

/// The last words of names of fields that hold text, even if it looks like an integer.
const TEXTS: &[&str] = &[
    "address",
    "authority",
    "code",
    "description",
    "hash",
    "label",
    "message",
    "mint",
    "name",
    "owner",
    "signature",
    "symbol",
    "text",
    "title",
    "uri",
    "url",
    "user",
    "version",
    "wallet",
];

impl Seen {
    /// Returns the kind of these values. `name` is the field's name, and `is_v2` whether the server sends wide integers
    /// as text.
    pub(super) fn kind(&self, name: &str, is_v2: bool) -> Kind {
        let (number, text) = match (self.integers.is_some() || self.floats, self.digits) {
            (number, None) => (number, self.text),
            (false, Some(digits)) if self.text || !is_integer(digits, name, is_v2) => (false, true),
            (_, Some(_)) => (true, self.text),
        };
        let kinds = [
            self.bool,
            number,
            text,
            self.list.is_some(),
            self.object.is_some(),
        ];
        match (kinds, &self.object) {
            ([true, false, false, false, false], _) => Kind::Bool,
            ([false, true, false, false, false], _) => self.number(name),
            ([false, false, true, false, false], _) => Kind::Text,
            ([false, false, false, true, false], _) => Kind::List,
            ([false, false, false, false, true], Some(object)) => self.of_object(object, is_v2),
            _ => Kind::Any,
        }
    }

    fn number(&self, name: &str) -> Kind {
        if self.floats {
            return Kind::Float;
        }
        let Some(range) = Range::join(self.integers, self.digits) else {
            return Kind::Any;
        };
        match (range.least, range.greatest) {
            // Servers send some times that were never set as negative numbers.
            (0, ..=I64_MAX) if is_time(name) => Kind::Int("i64"),
            (0, ..=U64) => Kind::Int("u64"),
            (0, _) => Kind::Int("u128"),
            (I64.., ..=I64_MAX) => Kind::Int("i64"),
            (_, ..=I128_MAX) => Kind::Int("i128"),
            _ => Kind::Any,
        }
    }

    /// Returns the kind of an object.
    fn of_object(&self, object: &Object, is_v2: bool) -> Kind {
        if object.members.is_empty() {
            return Kind::Any;
        }
        if object.is_map(is_v2) {
            return Kind::Map;
        }
        let is = |member: &str, wanted: fn(&Seen, Kind) -> bool| match object.members.get(member) {
            Some(seen) => wanted(seen, seen.kind(member, is_v2)),
            None => true,
        };
        let is_slot = |seen: &Seen, kind| kind == Kind::Int("u64") || seen.is_null();
        let is_text = |seen: &Seen, kind| kind == Kind::Text || seen.is_null();
        let is_stamped = is("timestamp", |seen, _| seen.fits(I64, I64_MAX))
            && is("data", |seen, _| seen.object.is_some())
            && is("slot", is_slot)
            && is("signature", is_text);
        let others = ["slot", "signature", "event_index", "ix_path"];
        if object.has(&["timestamp", "data"], &others) && is_stamped {
            return Kind::Event;
        }
        let always = ["timestamp", "account_address", "data"];
        let is_address = is("account_address", |_, kind| kind == Kind::Text);
        if object.has(&always, &others[..2]) && is_stamped && is_address {
            return Kind::Capture;
        }
        let is_bytes = |seen: &Seen, _| match &seen.list {
            Some(list) => list.is_hash && !list.elements.null && list.elements.fits(0, 255),
            None => false,
        };
        if object.has(&["bytes"], &[]) && is("bytes", is_bytes) {
            return Kind::SlotHash;
        }
        let others = ["name", "symbol", "decimals", "logo_uri"];
        let is_metadata = object.members.len() > 2
            && is("mint", |_, kind| kind == Kind::Text)
            && is("name", is_text)
            && is("symbol", is_text)
            && is("logo_uri", is_text)
            && is("decimals", |seen, _| seen.fits(0, 255) || seen.is_null());
        if object.has(&["mint"], &others) && is_metadata {
            return Kind::TokenMetadata;
        }
        // A field has a name.
        if object.members.len() > MEMBERS || object.members.contains_key("") {
            return Kind::Any;
        }
        Kind::Struct
    }

    /// Whether only null was seen.
    fn is_null(&self) -> bool {
        let has_values = self.bool
            || self.integers.is_some()
            || self.floats
            || self.digits.is_some()
            || self.text
            || self.list.is_some()
            || self.object.is_some();
        !has_values
    }

    /// Whether all values are integers within these bounds, or null.
    fn fits(&self, least: i128, greatest: u128) -> bool {
        let is_within = |range: Range| range.least >= least && range.greatest <= greatest;
        let is_integer = !self.bool && !self.floats && !self.text;
        is_integer
            && self.list.is_none()
            && self.object.is_none()
            && Range::join(self.integers, self.digits).is_some_and(is_within)
    }
}

impl Object {
    /// Whether there are only members of these names, and always the first ones, which are never null.
    fn has(&self, always: &[&str], others: &[&str]) -> bool {
        let is_always = |name: &&str| {
            let member = self.members.get(*name);
            member.is_some_and(|member| member.rows >= self.whole && !member.null)
        };
        let is_known = |name: &String| always.contains(&&**name) || others.contains(&&**name);
        self.members.keys().all(is_known) && always.iter().all(is_always)
    }

    /// Whether the keys look like data: all values are of one kind, and the keys are addresses or integers, or most
    /// objects have other keys.
    fn is_map(&self, is_v2: bool) -> bool {
        let names = self.members.len() as u64;
        let uses: u64 = self.members.values().map(|member| member.rows).sum();
        let is_sparse = names >= 8 && self.whole >= 4 && uses * 4 < names * self.whole;
        if !is_sparse && !self.members.keys().all(|key| is_data(key)) {
            return false;
        }
        let values = self.values();
        match (values.kind("", is_v2), &values.object) {
            (Kind::Any, _) => false,
            (Kind::Struct, Some(object)) => {
                let mut members = object.members.values();
                members.all(|member| member.rows * 2 >= object.whole)
            }
            _ => true,
        }
    }

    /// Returns what was seen at all members.
    pub(super) fn values(&self) -> Seen {
        let mut values = Seen::default();
        self.members.values().for_each(|seen| values.absorb(seen));
        values
    }
}

/// Whether integers that are sent as text are integers, and not text that looks like one.
fn is_integer(digits: Range, name: &str, is_v2: bool) -> bool {
    let safe = i128::try_from(SAFE).unwrap_or(i128::MAX);
    let is_safe = digits.least >= -safe && digits.greatest <= SAFE;
    let words = snake(name);
    let last = words.rsplit('_').next().unwrap_or_default();
    (is_v2 || !is_safe) && !TEXTS.contains(&last)
}

/// Whether a field of this name holds a time.
fn is_time(name: &str) -> bool {
    let words = snake(name);
    words.ends_with("_at") || words.ends_with("_time") || words.contains("timestamp")
}

/// Whether a key is data instead of a name: an integer, an address in base58, or a hash in hexadecimal digits.
fn is_data(key: &str) -> bool {
    let is_integer = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    let has = |is: fn(&u8) -> bool| key.as_bytes().iter().any(is);
    let all = |is: fn(&u8) -> bool| key.as_bytes().iter().all(is);
    let is_base58 = (32..=88).contains(&key.len())
        && all(|byte| byte.is_ascii_alphanumeric() && !b"0OIl".contains(byte))
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase);
    let digits = key.strip_prefix("0x").unwrap_or(key);
    let is_hex = (key.len() >= 32 || key.starts_with("0x"))
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && has(u8::is_ascii_digit);
    is_integer || is_base58 || is_hex
}

const U64: u128 = u64::MAX as u128;
const I64: i128 = i64::MIN as i128;
const I64_MAX: u128 = i64::MAX as u128;
const I128_MAX: u128 = i128::MAX as u128;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{json, Value};

    fn kind_of(name: &str, is_v2: bool, values: &[Value]) -> Kind {
        let mut seen = Seen::default();
        values.iter().for_each(|value| seen.observe(value, None));
        seen.kind(name, is_v2)
    }

    fn kind(values: &[Value]) -> Kind {
        kind_of("n", true, values)
    }

    #[test]
    fn an_integer_is_as_wide_as_its_values() {
        assert_eq!(kind(&[json!(0), json!(7)]), Kind::Int("u64"));
        assert_eq!(kind(&[json!(-1), json!(7)]), Kind::Int("i64"));
        assert_eq!(kind(&[json!(u64::MAX)]), Kind::Int("u64"));
        assert_eq!(kind(&[json!(u64::MAX), json!(-1)]), Kind::Int("i128"));
        let wide = json!("18446744073709551616");
        assert_eq!(kind(std::slice::from_ref(&wide)), Kind::Int("u128"));
        assert_eq!(kind(&[wide, json!("-1")]), Kind::Int("i128"));
        let (greatest, least) = (json!(u128::MAX.to_string()), json!("-1"));
        assert_eq!(kind(&[greatest, least]), Kind::Any);
        assert_eq!(kind(&[json!(1), json!(0.5), Value::Null]), Kind::Float);
        let at = |value: Value| kind_of("created_at", true, &[value]);
        assert_eq!(at(json!(7)), Kind::Int("i64"));
        assert_eq!(at(json!(u64::MAX)), Kind::Int("u64"));
    }

    #[test]
    fn text_is_an_integer_if_the_server_sends_such_integers_as_text() {
        let small = [json!("7"), json!("12")];
        assert_eq!(kind_of("n", true, &small), Kind::Int("u64"));
        // A v1 server sends these as numbers.
        assert_eq!(kind_of("n", false, &small), Kind::Text);
        let wide = [json!("9007199254740993"), json!(7)];
        assert_eq!(kind_of("n", false, &wide), Kind::Int("u64"));
        assert_eq!(kind_of("token_name", true, &small), Kind::Text);
        assert_eq!(kind_of("n", true, &[json!("7"), json!("x")]), Kind::Text);
        assert_eq!(kind_of("n", true, &[json!("7"), json!("007")]), Kind::Text);
    }

    #[test]
    fn several_kinds_are_any_json() {
        assert_eq!(kind(&[json!(7), json!("x")]), Kind::Any);
        assert_eq!(kind(&[json!([]), json!({"a": 1})]), Kind::Any);
        assert_eq!(kind(&[Value::Null]), Kind::Any);
        assert_eq!(kind(&[json!({})]), Kind::Any);
        assert_eq!(kind(&[json!({"": 1, "a": 1})]), Kind::Any);
    }

    #[test]
    fn an_object_is_a_map_if_its_keys_look_like_data() {
        let address = "oreoU2P8bN6jkk3jbaiVxYnG1dCXcYxwhwyK9jSybcp";
        assert_eq!(kind(&[json!({address: 7})]), Kind::Map);
        assert_eq!(kind(&[json!({"1": 7, "2": null})]), Kind::Map);
        assert_eq!(kind(&[json!({"1": 7, "2": "x"})]), Kind::Struct);
        assert_eq!(kind(&[json!({"a": 7, "b": 8})]), Kind::Struct);
        let rows: Vec<_> = (0..20).map(|n| json!({format!("player{n}"): n})).collect();
        assert_eq!(kind(&rows), Kind::Map);
        let values = json!({"1": {"a": 1, "b": 2}, "2": {"a": 1, "b": null}});
        assert_eq!(kind(&[values]), Kind::Map);
    }

    #[test]
    fn wrappers_are_known_by_their_members() {
        let event = json!({"timestamp": 7, "data": {"a": 1}, "slot": 9});
        assert_eq!(kind(std::slice::from_ref(&event)), Kind::Event);
        let capture = json!({"timestamp": 7, "account_address": "So1", "data": {"a": 1}});
        assert_eq!(kind(&[capture]), Kind::Capture);
        let text = json!({"timestamp": "7", "data": {"a": 1}, "slot": null});
        assert_eq!(kind(&[event.clone(), text]), Kind::Event);
        assert_eq!(kind(&[event, json!({"timestamp": 7})]), Kind::Struct);
        assert_eq!(
            kind(&[json!({"timestamp": "x", "data": {"a": 1}})]),
            Kind::Struct
        );
        assert_eq!(kind(&[json!({"bytes": vec![7; 32]})]), Kind::SlotHash);
        assert_eq!(kind(&[json!({"bytes": vec![7; 31]})]), Kind::Struct);
        let token = json!({"mint": "So1", "name": "Wrapped", "decimals": 9, "symbol": null});
        assert_eq!(kind(&[token]), Kind::TokenMetadata);
        let token = json!({"mint": "So1", "name": "Wrapped", "decimals": 900});
        assert_eq!(kind(&[token]), Kind::Struct);
    }
}
