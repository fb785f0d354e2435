//! A message's top level, in one pass that skips what is further in.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, IgnoredAny};

use super::text::Text;

/// The members of a JSON object that messages and snapshot rows consist of, all of them optional.
///
/// Values are found and not read: by their quotes and brackets alone. What is in `data` is checked by
/// whoever decodes it, and need not be gone through twice.
#[derive(Default)]
pub(super) struct Envelope<'a> {
    pub(super) operation: Option<Cow<'a, str>>,
    pub(super) entity: Option<Cow<'a, str>>,
    pub(super) view: Option<Cow<'a, str>>,
    pub(super) key: Option<Cow<'a, str>>,
    pub(super) data: Option<&'a str>,
    pub(super) append: Vec<Cow<'a, str>>,
    pub(super) seq: Option<Cow<'a, str>>,
    pub(super) complete: Option<bool>,
    pub(super) sort: Option<&'a str>,
    pub(super) subscription: Option<Cow<'a, str>>,
    pub(super) authoritative: Option<bool>,
    pub(super) whole_entities: Option<bool>,
    pub(super) query: Option<&'a str>,
    pub(super) has_replay_window: bool,
}

/// Something is not as in JSON.
struct Malformed;

impl<'a> Envelope<'a> {
    /// Reads an object. Unknown members are passed over; of equal ones the last counts.
    pub(super) fn read(json: &'a str) -> Result<Self, String> {
        Self::read_those(json, |_| true)
    }

    /// Reads a snapshot's row, of which only `key` and `data` count.
    pub(super) fn read_row(json: &'a str) -> Result<Self, String> {
        Self::read_those(json, |name| matches!(name, "key" | "data"))
    }

    fn read_those(json: &'a str, counts: impl Fn(&str) -> bool) -> Result<Self, String> {
        let mut envelope = Envelope::default();
        let member = |name: &str, value: Token<'a>| match counts(name) {
            true => envelope.take(name, value),
            false => Ok(()),
        };
        match Scanner::new(json).members(member) {
            Ok(()) => Ok(envelope),
            Err(Malformed) => Err(fault(json)),
        }
    }

    fn take(&mut self, name: &str, value: Token<'a>) -> Result<(), Malformed> {
        match name {
            "op" => self.operation = value.text()?,
            "entity" => self.entity = value.text()?,
            "view" => self.view = value.text()?,
            "key" => self.key = value.text()?,
            "data" => self.data = Some(value.json),
            "append" => {
                let paths: Option<Vec<Text<'a>>> =
                    serde_json::from_str(value.json).map_err(|_| Malformed)?;
                let paths = paths.into_iter().flatten();
                self.append = paths.map(|Text(path)| path).collect();
            }
            "seq" => self.seq = value.text()?,
            "complete" => self.complete = owned(value.json)?,
            "sort" => self.sort = Some(value.json),
            "subscriptionId" => self.subscription = value.text()?,
            "authoritative" => self.authoritative = owned(value.json)?,
            "wholeEntities" => self.whole_entities = owned(value.json)?,
            "query" => self.query = Some(value.json),
            "replayWindow" => self.has_replay_window = value.json != "null",
            _ => {}
        }
        Ok(())
    }
}

/// The elements of an array.
pub(super) fn elements(json: &str) -> Result<Vec<&str>, String> {
    let mut elements = Vec::new();
    match Scanner::new(json).elements(&mut elements) {
        Ok(()) => Ok(elements),
        Err(Malformed) => Err(fault(json)),
    }
}

/// Checks all of a JSON text, where nobody is going to decode it.
pub(super) fn check(json: &str) -> Result<(), String> {
    match serde_json::from_str::<IgnoredAny>(json) {
        Ok(IgnoredAny) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// The value of the first member of this name in an object.
pub(crate) fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let mut found = None;
    // What is sought is often first: then the rest is not gone through.
    let _ = Scanner::new(json).members(|member, value| match member == name {
        true => {
            found = Some(value.json);
            Err(Malformed)
        }
        false => Ok(()),
    });
    found
}

/// The text of a JSON string.
pub(super) fn string(json: &str) -> Option<Cow<'_, str>> {
    Scanner::new(json).string().ok()?.text().ok()?
}

/// What is wrong with a JSON text, in the words of the decoder.
fn fault(json: &str) -> String {
    let fault = check(json).err();
    fault.unwrap_or_else(|| "a member is not of its type".to_owned())
}

fn owned<T: DeserializeOwned>(json: &str) -> Result<T, Malformed> {
    serde_json::from_str(json).map_err(|_| Malformed)
}

/// A value's text.
struct Token<'a> {
    json: &'a str,
    /// Whether it is a string in which nothing is escaped.
    is_plain: bool,
}

impl<'a> Token<'a> {
    /// A string or null.
    fn text(self) -> Result<Option<Cow<'a, str>>, Malformed> {
        if self.is_plain {
            let inside = self.json.get(1..self.json.len() - 1);
            return inside
                .map(|text| Some(Cow::Borrowed(text)))
                .ok_or(Malformed);
        }
        let text: Option<Text<'_>> = serde_json::from_str(self.json).map_err(|_| Malformed)?;
        Ok(text.map(|Text(text)| text))
    }
}

/// A place in a JSON text.
struct Scanner<'a> {
    json: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn new(json: &'a str) -> Self {
        Scanner { json, at: 0 }
    }

    /// Goes through the text as an object, which must be all there is.
    fn members(
        &mut self,
        mut member: impl FnMut(&str, Token<'a>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.open(b'{')?;
        if !self.close(b'}') {
            loop {
                let name = self.string()?.text()?.ok_or(Malformed)?;
                self.open(b':')?;
                let value = self.value()?;
                member(&name, value)?;
                if self.close(b'}') {
                    break;
                }
                self.open(b',')?;
            }
        }
        self.end()
    }

    /// Goes through the text as an array, which must be all there is.
    fn elements(&mut self, elements: &mut Vec<&'a str>) -> Result<(), Malformed> {
        self.open(b'[')?;
        if !self.close(b']') {
            loop {
                elements.push(self.value()?.json);
                if self.close(b']') {
                    break;
                }
                self.open(b',')?;
            }
        }
        self.end()
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.json.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn open(&mut self, byte: u8) -> Result<(), Malformed> {
        self.close(byte).then_some(()).ok_or(Malformed)
    }

    /// Goes past this byte, if it is next.
    fn close(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn end(&mut self) -> Result<(), Malformed> {
        self.peek().is_none().then_some(()).ok_or(Malformed)
    }

    /// The next value.
    fn value(&mut self) -> Result<Token<'a>, Malformed> {
        match self.peek().ok_or(Malformed)? {
            b'"' => self.string(),
            b'{' | b'[' => self.nested(),
            _ => self.scalar(),
        }
    }

    fn string(&mut self) -> Result<Token<'a>, Malformed> {
        if self.peek() != Some(b'"') {
            return Err(Malformed);
        }
        let start = self.at;
        self.at += 1;
        let is_plain = self.string_rest()?;
        self.since(start, is_plain)
    }

    /// The rest of a string, whose first quote was passed: whether nothing in it is escaped.
    fn string_rest(&mut self) -> Result<bool, Malformed> {
        let mut is_plain = true;
        loop {
            match self.find(ENDS_TEXT)? {
                b'"' => return Ok(is_plain),
                b'\\' => {
                    is_plain = false;
                    self.at += 1;
                }
                _ => return Err(Malformed),
            }
        }
    }

    /// An object or array, up to the bracket that closes it.
    fn nested(&mut self) -> Result<Token<'a>, Malformed> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.find(NESTS)? {
                b'"' => {
                    self.string_rest()?;
                }
                b'{' | b'[' => depth += 1,
                _ => depth = depth.checked_sub(1).ok_or(Malformed)?,
            }
            if depth == 0 {
                return self.since(start, false);
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Result<Token<'a>, Malformed> {
        let start = self.at;
        let is_part =
            |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'E' | b'+' | b'-' | b'.');
        let rest = self.json.as_bytes()[start..].iter();
        self.at += rest.take_while(|byte| is_part(byte)).count();
        self.since(start, false)
    }

    /// Goes past the next byte of this class.
    fn find(&mut self, class: u8) -> Result<u8, Malformed> {
        let rest = self.json.as_bytes().get(self.at..).ok_or(Malformed)?;
        let is_found = |byte: &u8| CLASSES[usize::from(*byte)] & class != 0;
        let index = rest.iter().position(is_found).ok_or(Malformed)?;
        self.at += index + 1;
        Ok(rest[index])
    }

    fn since(&self, start: usize, is_plain: bool) -> Result<Token<'a>, Malformed> {
        let json = self.json.get(start..self.at);
        let json = json.filter(|json| !json.is_empty()).ok_or(Malformed)?;
        Ok(Token { json, is_plain })
    }
}

/// Bytes at which a string ends, or is not what it seems: quotes, backslashes and control characters.
const ENDS_TEXT: u8 = 1;

/// Bytes at which something begins or ends: quotes and brackets.
const NESTS: u8 = 2;

/// The classes of each byte: to look them up takes half of what comparing does.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut control = 0;
    while control < 0x20 {
        classes[control] = ENDS_TEXT;
        control += 1;
    }
    classes[b'"' as usize] = ENDS_TEXT | NESTS;
    classes[b'\\' as usize] = ENDS_TEXT;
    classes[b'{' as usize] = NESTS;
    classes[b'}' as usize] = NESTS;
    classes[b'[' as usize] = NESTS;
    classes[b']' as usize] = NESTS;
    classes
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{json, Value};

    use super::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e12..1e12).prop_map(|float: f64| json!(float)),
            any::<String>().prop_map(Value::from),
            r#"[a"\\\\{}\[\],:\n\u{e9}]{0,9}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let list = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
            let object = prop::collection::btree_map(any::<String>(), inner, 0..4);
            prop_oneof![list, object.prop_map(|object| json!(object))]
        })
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(
            key: String,
            data in any_json(),
            other in any_json(),
            append: Vec<String>,
            complete: bool,
        ) {
            let message = json!({
                "a": other, "key": key, "data": data, "append": append, "complete": complete,
                "op": null, "z": other,
            });
            for json in [message.to_string(), format!("\n {message:#} ")] {
                let envelope = Envelope::read(&json).map_err(TestCaseError::fail)?;
                prop_assert_eq!(envelope.key.as_deref(), Some(key.as_str()));
                let read = envelope.data.map(serde_json::from_str::<Value>);
                prop_assert_eq!(read.and_then(Result::ok), Some(data.clone()));
                prop_assert_eq!(&envelope.append, &append);
                prop_assert_eq!(envelope.complete, Some(complete));
                let found = member(&json, "z").map(serde_json::from_str::<Value>);
                prop_assert_eq!(found.and_then(Result::ok), Some(other.clone()));
            }
        }

        #[test]
        fn no_text_is_too_odd(text: String, cut in 0_usize..200) {
            let message = json!({"key": text, "data": {"a": [text]}}).to_string();
            let cut = message.char_indices().map(|(at, _)| at).find(|at| *at >= cut);
            // Cut short anywhere it is an error, and never a panic.
            if let Some(cut) = cut {
                prop_assert!(Envelope::read(&message[..cut]).is_err());
            }
            let _ = (Envelope::read(&text), elements(&text), member(&text, "a"));
        }
    }

    #[test]
    fn members_are_found_wherever_they_are() {
        let json = r#" { "key" : "4\"2" ,"data":{"a":[1,{"b":"}\\"}],"c":"]\""} , "x":-1.5e+3,"complete":false,"append":["a.b"], "op":null} "#;
        let envelope = Envelope::read(json).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(envelope.key.as_deref(), Some("4\"2"));
        assert_eq!(envelope.data, Some(r#"{"a":[1,{"b":"}\\"}],"c":"]\""}"#));
        assert_eq!(envelope.append, ["a.b"]);
        assert_eq!((envelope.complete, envelope.operation), (Some(false), None));
    }

    #[test]
    fn white_space_may_be_anywhere() {
        let json = "\n{\n  \"key\" :\t\"a\" , \"complete\": false,\r\n \"append\" : [ \"b\" ] }\n";
        let envelope = Envelope::read(json).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(envelope.key.as_deref(), Some("a"));
        assert_eq!(envelope.complete, Some(false));
        assert_eq!(envelope.append, ["b"]);
        assert_eq!(member("{ \"a\" : 1 , \"b\" : [ 2 ] }", "b"), Some("[ 2 ]"));
        assert_eq!(string(" \"a\""), Some("a".into()));
    }

    #[test]
    fn of_a_row_only_key_and_data_count() {
        let json = r#"{"op":7,"seq":[],"key":"a","data":{}}"#;
        assert!(Envelope::read(json).is_err());
        let row = Envelope::read_row(json).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((row.key.as_deref(), row.data), (Some("a"), Some("{}")));
    }

    #[test]
    fn elements_are_found() {
        assert_eq!(elements("[]"), Ok(vec![]));
        assert_eq!(
            elements(r#"[ 1 ,"a,b",[2,3], {"c":4}]"#),
            Ok(vec!["1", r#""a,b""#, "[2,3]", r#"{"c":4}"#])
        );
        assert!(elements("[1 2]").is_err() && elements("[1,]").is_err());
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let texts = [
            "",
            "{",
            "}",
            "[]",
            "{}{}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\":{}",
            "{\"a\":\"b",
            "{\"a\":\"\\",
            "{\"op\":1}",
            "{\"complete\":3}",
            "{\"a\":1 2}",
        ];
        for text in texts {
            assert!(Envelope::read(text).is_err(), "{text}");
        }
        assert!(Envelope::read("{\"key\":\"a\nb\"}").is_err());
    }
}
