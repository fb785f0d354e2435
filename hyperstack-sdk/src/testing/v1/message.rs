//! Client messages, parsed as strictly as the server parses them.

use serde_json::{Map, Value};

/// A client's message that the server understands. Other messages get no reply.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ClientMessage {
    Subscribe(Subscribe),
    Unsubscribe {
        view: String,
        key: Option<String>,
    },
    Ping,
    RefreshAuth {
        token: String,
        /// Whether the message only probes the server's generation. Its token is then ignored.
        is_probe: bool,
    },
}

/// A request to subscribe.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Subscribe {
    pub(crate) view: String,
    pub(crate) key: Option<String>,
    pub(crate) take: Option<usize>,
    pub(crate) skip: Option<usize>,
    pub(crate) with_snapshot: Option<bool>,
    pub(crate) after: Option<String>,
    pub(crate) snapshot_limit: Option<usize>,
}

/// A field has the wrong type, which makes its message invalid.
struct Malformed;

impl ClientMessage {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
            return None;
        };
        Self::tagged(&fields)
            // Without a known type, it may still be a bare subscription.
            .or_else(|| Subscribe::parse(&fields).map(Self::Subscribe))
    }

    fn tagged(fields: &Map<String, Value>) -> Option<Self> {
        match fields.get("type")?.as_str()? {
            "subscribe" => Subscribe::parse(fields).map(Self::Subscribe),
            "unsubscribe" => Some(Self::Unsubscribe {
                view: string(fields, "view").ok()??,
                key: string(fields, "key").ok()?,
            }),
            "ping" => Some(Self::Ping),
            "refresh_auth" => {
                let token = string(fields, "token").ok()?;
                token.map(|token| Self::RefreshAuth {
                    token,
                    is_probe: fields.contains_key("protocolVersion"),
                })
            }
            _ => None,
        }
    }
}

impl Subscribe {
    fn parse(fields: &Map<String, Value>) -> Option<Self> {
        let parsed = || -> Result<Option<Self>, Malformed> {
            let Some(view) = string(fields, "view")? else {
                return Ok(None);
            };
            string(fields, "partition")?;
            Ok(Some(Self {
                view,
                key: string(fields, "key")?,
                take: size(fields, "take")?,
                skip: size(fields, "skip")?,
                with_snapshot: optional(fields, "withSnapshot", Value::as_bool)?,
                after: string(fields, "after")?,
                snapshot_limit: size(fields, "snapshotLimit")?,
            }))
        };
        parsed().ok().flatten()
    }

    /// Returns the identity of the subscription: a connection can have only one of each.
    pub(crate) fn identity(&self) -> String {
        identity(&self.view, self.key.as_deref())
    }
}

pub(crate) fn identity(view: &str, key: Option<&str>) -> String {
    format!("{view}:{}", key.unwrap_or("*"))
}

fn optional<T>(
    fields: &Map<String, Value>,
    name: &str,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Result<Option<T>, Malformed> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => read(value).map(Some).ok_or(Malformed),
    }
}

fn string(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Malformed> {
    optional(fields, name, |value| value.as_str().map(str::to_owned))
}

fn size(fields: &Map<String, Value>, name: &str) -> Result<Option<usize>, Malformed> {
    optional(fields, name, |value| value.as_u64()?.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_a_subscription_may_be_left_out() {
        let bare = ClientMessage::parse(r#"{"view":"A/list","key":null,"take":5,"x":1}"#);
        let tagged = ClientMessage::parse(r#"{"type":"subscribe","view":"A/list","take":5}"#);
        assert_eq!(bare, tagged);
        assert!(matches!(tagged, Some(ClientMessage::Subscribe(s)) if s.take == Some(5)));
    }

    #[test]
    fn a_field_of_the_wrong_type_invalidates_the_message() {
        for text in [
            r#"{"type":"subscribe","view":"A/list","take":-1}"#,
            r#"{"type":"subscribe","view":"A/list","key":5}"#,
            r#"{"type":"subscribe"}"#,
            r#"{"type":"refresh_auth"}"#,
            r#"["view"]"#,
            "hello",
        ] {
            assert_eq!(ClientMessage::parse(text), None, "{text}");
        }
    }

    #[test]
    fn snake_case_is_an_unknown_field() {
        let parsed = ClientMessage::parse(r#"{"view":"A/list","with_snapshot":false}"#);
        assert!(matches!(parsed, Some(ClientMessage::Subscribe(s)) if s.with_snapshot.is_none()));
    }
}
