//! Writes JSON in the canonical form of RFC 8785: sorted keys, no blanks, and numbers as ECMAScript writes them.

use std::borrow::Cow;
use std::fmt;

/// The deepest nesting that is accepted, as in serde_json.
const DEPTH: usize = 128;
/// 2^53 - 1, the largest integer that every JSON parser reads exactly.
const MAX_INTEGER: &str = "9007199254740991";

/// Why a JSON text has no canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotCanonical {
    /// The byte where the problem begins.
    pub(crate) at: usize,
    pub(crate) reason: Reason,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// An integer beyond 2^53 - 1.
    Integer(String),
    /// A number beyond the range of `f64`.
    Float(String),
    DuplicateKey(String),
    TooDeep,
    Syntax,
}

/// Returns the canonical form of a JSON value.
pub(crate) fn canonical(json: &str) -> Result<String, NotCanonical> {
    let mut writer = Writer {
        json,
        at: 0,
        out: String::with_capacity(json.len()),
    };
    writer.value(DEPTH)?;
    writer.skip_blanks();
    match writer.at == json.len() {
        true => Ok(writer.out),
        false => Err(writer.error(Reason::Syntax)),
    }
}

struct Writer<'j> {
    json: &'j str,
    at: usize,
    out: String,
}

/// A member of an object: its key, and where it begins in the output.
struct Member<'j> {
    key: Cow<'j, str>,
    begin: usize,
}

impl<'j> Writer<'j> {
    fn value(&mut self, depth: usize) -> Result<(), NotCanonical> {
        self.skip_blanks();
        match self.peek() {
            Some(b'{' | b'[') if depth == 0 => Err(self.error(Reason::TooDeep)),
            Some(b'{') => self.object(depth - 1),
            Some(b'[') => self.array(depth - 1),
            Some(b'"') => self.string().map(|_| ()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.literal(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), NotCanonical> {
        let begin = self.out.len() + 1;
        let mut members: Vec<Member<'j>> = Vec::new();
        let mut sorted = true;
        self.list(b'}', |writer| {
            let member = Member {
                begin: writer.out.len(),
                key: writer.string()?,
            };
            writer.skip_blanks();
            writer.copy(b':')?;
            writer.value(depth)?;
            sorted &= members
                .last()
                .is_none_or(|last| utf16(&last.key).lt(utf16(&member.key)));
            members.push(member);
            Ok(())
        })?;
        if !sorted {
            self.sort(members, begin)?;
        }
        Ok(())
    }

    /// Sorts the members of the object that ends the output. The first begins at `begin`.
    fn sort(&mut self, members: Vec<Member<'j>>, begin: usize) -> Result<(), NotCanonical> {
        let text = self.out.split_off(begin);
        // Each member ends before the comma or the brace that follows it.
        let ends = members.iter().skip(1).map(|member| member.begin - 1);
        let ends: Vec<usize> = ends.chain([begin + text.len() - 1]).collect();
        let mut members: Vec<(Member<'_>, usize)> = members.into_iter().zip(ends).collect();
        members.sort_by(|(a, _), (b, _)| utf16(&a.key).cmp(utf16(&b.key)));
        for pair in members.windows(2) {
            if let [(a, _), (b, _)] = pair {
                if a.key == b.key {
                    return Err(self.error(Reason::DuplicateKey(a.key.to_string())));
                }
            }
        }
        for (i, (member, end)) in members.iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            self.out.push_str(&text[member.begin - begin..end - begin]);
        }
        self.out.push('}');
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), NotCanonical> {
        self.list(b']', |writer| writer.value(depth))
    }

    /// Copies an opening bracket, items with commas between them, and the closing bracket.
    fn list(
        &mut self,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), NotCanonical>,
    ) -> Result<(), NotCanonical> {
        self.copy(if close == b'}' { b'{' } else { b'[' })?;
        self.skip_blanks();
        if self.peek() == Some(close) {
            return self.copy(close);
        }
        loop {
            self.skip_blanks();
            item(self)?;
            self.skip_blanks();
            if self.peek() != Some(b',') {
                return self.copy(close);
            }
            self.copy(b',')?;
        }
    }

    /// Copies a string, and returns its value.
    fn string(&mut self) -> Result<Cow<'j, str>, NotCanonical> {
        let error = self.error(Reason::Syntax);
        let rest = &self.json[self.at..];
        if !rest.starts_with('"') {
            return Err(error);
        }
        let mut escaped = false;
        let mut bytes = rest.bytes().enumerate().skip(1);
        let end = loop {
            match bytes.next() {
                Some((end, b'"')) => break end,
                Some((_, b'\\')) => {
                    escaped = true;
                    bytes.next();
                }
                Some(_) => {}
                None => return Err(error),
            }
        };
        let token = &rest[..=end];
        self.at += token.len();
        if !escaped {
            self.out.push_str(token);
            return Ok(Cow::Borrowed(&token[1..end]));
        }
        let value: String = serde_json::from_str(token).map_err(|_| error.clone())?;
        self.out
            .push_str(&serde_json::to_string(&value).map_err(|_| error)?);
        Ok(Cow::Owned(value))
    }

    fn number(&mut self) -> Result<(), NotCanonical> {
        let token = self.token(|c| matches!(c, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        if token.contains(['.', 'e', 'E']) {
            let number: f64 = token.parse().map_err(|_| self.error(Reason::Syntax))?;
            if !number.is_finite() {
                return Err(self.error(Reason::Float(token.to_owned())));
            }
            self.out.push_str(ryu_js::Buffer::new().format(number));
        } else {
            let digits = token.strip_prefix('-').unwrap_or(token);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(self.error(Reason::Syntax));
            }
            let is_greater = digits.len() == MAX_INTEGER.len() && digits > MAX_INTEGER;
            if digits.len() > MAX_INTEGER.len() || is_greater {
                return Err(self.error(Reason::Integer(token.to_owned())));
            }
            self.out.push_str(if digits == "0" { "0" } else { token });
        }
        self.at += token.len();
        Ok(())
    }

    fn literal(&mut self) -> Result<(), NotCanonical> {
        let token = self.token(|c| c.is_ascii_lowercase());
        if !matches!(token, "true" | "false" | "null") {
            return Err(self.error(Reason::Syntax));
        }
        self.out.push_str(token);
        self.at += token.len();
        Ok(())
    }

    /// Returns the text from here on while `is_part` holds.
    fn token(&self, is_part: impl Fn(u8) -> bool) -> &'j str {
        let rest = &self.json[self.at..];
        let end = rest.bytes().position(|byte| !is_part(byte));
        &rest[..end.unwrap_or(rest.len())]
    }

    fn peek(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }

    fn copy(&mut self, byte: u8) -> Result<(), NotCanonical> {
        if self.peek() != Some(byte) {
            return Err(self.error(Reason::Syntax));
        }
        self.at += 1;
        self.out.push(char::from(byte));
        Ok(())
    }

    fn skip_blanks(&mut self) {
        self.at += self
            .token(|c| matches!(c, b' ' | b'\t' | b'\n' | b'\r'))
            .len();
    }

    fn error(&self, reason: Reason) -> NotCanonical {
        NotCanonical {
            at: self.at,
            reason,
        }
    }
}

fn utf16(key: &str) -> std::str::EncodeUtf16<'_> {
    key.encode_utf16()
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Integer(number) => write!(
                f,
                "integer `{number}` is out of range: expected at most {MAX_INTEGER}, or text"
            ),
            Reason::Float(number) => {
                write!(f, "number `{number}` is outside the range of f64")
            }
            Reason::DuplicateKey(key) => write!(f, "duplicate key `{key}`"),
            Reason::TooDeep => write!(f, "expected at most {DEPTH} nested lists and objects"),
            Reason::Syntax => f.write_str("invalid JSON"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(json: &str, expected: &str) {
        assert_eq!(canonical(json).as_deref(), Ok(expected), "{json}");
    }

    #[test]
    fn keys_are_sorted_by_utf16_and_blanks_are_removed() {
        is(
            " { \"b\" : [ 1 , {} ] ,\r\n\t\"a\": null } ",
            r#"{"a":null,"b":[1,{}]}"#,
        );
        is(
            r#"{"c":{"z":1,"y":[]},"a":"x","b":true}"#,
            r#"{"a":"x","b":true,"c":{"y":[],"z":1}}"#,
        );
        // U+1F600 begins with 0xd83d, which is less than U+FB33.
        is(
            "{\"\u{fb33}\":1,\"\u{1f600}\":2,\"1\":3}",
            "{\"1\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}",
        );
        // The value of a key counts, not its spelling.
        is(r#"{"\u0062":1,"a":2}"#, r#"{"a":2,"b":1}"#);
    }

    #[test]
    fn strings_have_the_shortest_escapes() {
        is(
            r#""\u000a\u0008\/\u001F\u00e9\uD83D\uDE00""#,
            "\"\\n\\b/\\u001f\u{e9}\u{1f600}\"",
        );
        is("\"\u{7f}\u{2028}\"", "\"\u{7f}\u{2028}\"");
    }

    #[test]
    fn numbers_are_written_as_ecmascript_writes_them() {
        for (json, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("1.0", "1"),
            ("1E3", "1000"),
            ("-1.50", "-1.5"),
            ("1e21", "1e+21"),
            ("1e-7", "1e-7"),
            ("0.000001", "0.000001"),
            ("333333333.33333329", "333333333.3333333"),
            ("9007199254740991", "9007199254740991"),
            ("-9007199254740991", "-9007199254740991"),
        ] {
            is(json, expected);
        }
    }

    #[test]
    fn a_text_without_a_canonical_form_is_an_error() {
        let reason = |json: &str| canonical(json).unwrap_err().reason;
        for number in [
            "9007199254740992",
            "-9007199254740992",
            "18446744073709551616",
        ] {
            assert_eq!(
                reason(&format!("[{number}]")),
                Reason::Integer(number.to_owned())
            );
        }
        assert_eq!(
            reason("[1e400]").to_string(),
            "number `1e400` is outside the range of f64"
        );
        let duplicate = Reason::DuplicateKey("a".to_owned());
        assert_eq!(duplicate.to_string(), "duplicate key `a`");
        assert_eq!(reason(r#"{"a":1,"a":1}"#), duplicate);
        assert_eq!(reason(r#"{"a":1,"b":{},"\u0061":1}"#), duplicate);
        assert_eq!(reason(&"[".repeat(100_000)), Reason::TooDeep);
        for json in [
            "",
            "{",
            "[1,]",
            "{\"a\"}",
            "\"",
            "\"\\",
            "nul",
            "-",
            "1 2",
            "{\"a\":1,}",
            "é",
        ] {
            assert_eq!(reason(json), Reason::Syntax, "{json}");
        }
    }
}
