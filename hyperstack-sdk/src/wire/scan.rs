//! Reads one value by its path, without decoding the rest.

use std::borrow::Cow;

use super::envelope::{member, string};

/// A value that a view can be sorted by.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// `null`, or an array or object, which cannot be ordered.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer, also as a string, which servers use above 2^53.
    Integer(i128),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// Any other string.
    Text(String),
}

/// Returns the string in an object's member of this name.
pub(crate) fn text_at<'a>(data: &'a str, name: &str) -> Option<Cow<'a, str>> {
    string(member(data, name)?.trim_start())
}

/// Returns the JSON at `path` in the object `data`, or `null` if the path leads through a value that is not an object.
/// Returns `None` if an object on the path lacks the field, so that `data` as a patch does not change the value.
pub(crate) fn value_at<'a>(data: &'a str, path: &[String]) -> Option<&'a str> {
    let mut json = data.trim_start();
    for name in path {
        if !json.starts_with('{') {
            return Some("null");
        }
        json = member(json, name)?.trim_start();
    }
    Some(json)
}

/// Returns the text of a JSON string.
pub(crate) fn text_of(json: &str) -> Option<Cow<'_, str>> {
    string(json)
}

impl Scalar {
    /// Returns the value at `path` in the JSON object `data`, or `None` if there is none. Does not read beyond the
    /// value, so the first of equal keys counts.
    pub fn at(data: &str, path: &[impl AsRef<str>]) -> Option<Scalar> {
        let found = path
            .iter()
            .try_fold(data, |json, name| member(json, name.as_ref()));
        Scalar::read(found?.trim_start())
    }

    /// Reads a JSON value without leading white space.
    pub(crate) fn read(json: &str) -> Option<Scalar> {
        Some(match json.as_bytes().first()? {
            b'{' | b'[' | b'n' => Scalar::Null,
            b't' => Scalar::Bool(true),
            b'f' => Scalar::Bool(false),
            b'"' => {
                let text = string(json)?;
                match text.parse() {
                    Ok(integer) => Scalar::Integer(integer),
                    Err(_) => Scalar::Text(text.into_owned()),
                }
            }
            _ => match json.parse() {
                Ok(integer) => Scalar::Integer(integer),
                Err(_) => Scalar::Float(serde_json::from_str(json).ok()?),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(data: &str, path: &str) -> Option<Scalar> {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        Scalar::at(data, &path)
    }

    #[test]
    fn finds_scalars_of_every_kind_at_depth() {
        let data = r#"{"x":{"y":[1,{"n":2}]},"id":{"n":7,"big":"18446744073709551616","f":1.5,"s":"a","b":true,"z":null}}"#;
        assert_eq!(at(data, "id.n"), Some(Scalar::Integer(7)));
        assert_eq!(at(data, "id.big"), Some(Scalar::Integer(1 << 64)));
        assert_eq!(at(data, "id.f"), Some(Scalar::Float(1.5)));
        assert_eq!(at(data, "id.s"), Some(Scalar::Text("a".into())));
        assert_eq!(at(data, "id.b"), Some(Scalar::Bool(true)));
        assert_eq!(at(data, "id.z"), Some(Scalar::Null));
        assert_eq!(at(data, "x.y"), Some(Scalar::Null));
    }

    #[test]
    fn a_path_without_a_value_is_none() {
        let data = r#"{"id":{"n":7},"list":[1]}"#;
        assert_eq!(at(data, "id.m"), None);
        assert_eq!(at(data, "id.n.deeper"), None);
        assert_eq!(at(data, "list.0"), None);
        assert_eq!(at("not json", "id"), None);
    }

    #[test]
    fn a_patch_that_replaces_an_object_removes_its_fields() {
        let path = ["id".to_owned(), "n".to_owned()];
        for (data, value) in [
            (r#"{"id": {"n": "7"}}"#, Some(r#""7""#)),
            (r#"{"id":{"m":1}}"#, None),
            (r#"{"other":null}"#, None),
            (r#"{"id":null}"#, Some("null")),
            (r#"{"id": [1]}"#, Some("null")),
            ("null", Some("null")),
        ] {
            assert_eq!(value_at(data, &path), value, "{data}");
        }
    }
}
