//! Reading one value by its path, without decoding the rest.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value that a view can be sorted by.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// `null`, or an array or object, which have no place in an order.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer, also one that arrived as a string because it exceeds 2^53.
    Integer(i128),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// Any other text.
    Text(String),
}

impl Scalar {
    /// The value at `path` in the JSON object `data`; `None` where the path does not lead anywhere.
    pub fn at(data: &str, path: &[String]) -> Option<Scalar> {
        let mut json = serde_json::Deserializer::from_str(data);
        AtPath(path).deserialize(&mut json).ok().flatten()
    }
}

struct AtPath<'p>(&'p [String]);

impl<'de> DeserializeSeed<'de> for AtPath<'_> {
    type Value = Option<Scalar>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AtPath<'_> {
    type Value = Option<Scalar>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Some((first, rest)) = self.0.split_first() else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Some(Scalar::Null));
        };
        let mut found = None;
        while let Some(is_next) = map.next_key_seed(KeyIs(first))? {
            if is_next {
                found = map.next_value_seed(AtPath(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.leaf(Scalar::Null))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(self.leaf(Scalar::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(self.leaf(Scalar::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(self.leaf(Scalar::Integer(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(self.leaf(Scalar::Integer(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(self.leaf(Scalar::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(self.leaf(match value.parse() {
            Ok(integer) => Scalar::Integer(integer),
            Err(_) => Scalar::Text(value.to_owned()),
        }))
    }
}

impl AtPath<'_> {
    fn leaf(&self, value: Scalar) -> Option<Scalar> {
        self.0.is_empty().then_some(value)
    }
}

/// Tells whether a key is the one looked for, without keeping it.
struct KeyIs<'p>(&'p str);

impl<'de> DeserializeSeed<'de> for KeyIs<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<bool, D::Error> {
        key.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeyIs<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
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
    fn a_path_that_leads_nowhere_is_none() {
        let data = r#"{"id":{"n":7},"list":[1]}"#;
        assert_eq!(at(data, "id.m"), None);
        assert_eq!(at(data, "id.n.deeper"), None);
        assert_eq!(at(data, "list.0"), None);
        assert_eq!(at("not json", "id"), None);
    }
}
