//! Messages from the client to the server.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// A message to the server, sent as one JSON text message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Starts a subscription (v1). Only view and key identify it on a connection: a second request with both equal ends
    /// the first subscription without a reply.
    Subscribe(Subscribe),
    /// Ends a subscription (v1). The server does not reply.
    Unsubscribe {
        /// The view's id.
        view: String,
        /// The subscribed key, if any.
        key: Option<String>,
    },
    /// Starts a subscription (v2). The server replies with `subscribed` or with an error with its id.
    Query {
        /// The subscription's id, which must be unique for the whole connection.
        id: String,
        /// The query.
        query: Query,
        /// Whether the server sends a snapshot first.
        snapshot: bool,
    },
    /// Ends a subscription (v2). The server replies with `unsubscribed`.
    EndQuery {
        /// The subscription's id.
        id: String,
    },
    /// Detects the server's generation. A v1 server refuses the token and keeps the session. A v2 server reports a
    /// malformed message.
    Probe,
    /// Resets the server's idle timer. The server does not reply.
    Ping,
    /// Replaces the session's token before the old one expires.
    RefreshAuth {
        /// The new token.
        token: Secret,
    },
}

/// A secret text. Its `Debug` output is `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// The minimum length of a secret to mask. A shorter one could occur in a text by chance.
const SHORTEST: usize = 8;

/// Masks secrets in a text of the server, the longest first, because one can be part of another.
pub(crate) fn masked<'a>(text: String, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let secrets = secrets.into_iter();
    let mut secrets: Vec<_> = secrets.filter(|it| it.len() >= SHORTEST).collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let secrets = secrets.into_iter();
    secrets.fold(text, |text, secret| text.replace(secret, "***"))
}

/// The parameters of a v1 subscription. Fields that are `None` are not sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Subscribe {
    /// The view's id, such as `OreRound/list`.
    pub view: String,
    /// Limits the subscription to one row. Derived views ignore it.
    pub key: Option<String>,
    /// The length of a derived view's window.
    pub take: Option<u64>,
    /// The offset of a derived view's window.
    pub skip: Option<u64>,
    /// `Some(false)` omits the snapshot. Base views only.
    pub with_snapshot: Option<bool>,
    /// Limits the snapshot to rows with a greater `_seq`. Base views only.
    pub after: Option<String>,
    /// The maximum number of rows in the snapshot. Base views only.
    pub snapshot_limit: Option<u64>,
}

/// The query of a v2 subscription. Fields that are `None` are not sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Query {
    /// The view's id, such as `OreRound/list`.
    pub view: String,
    /// Limits the query to one row.
    pub key: Option<String>,
    /// Pairs of a dotted path and the value that a row must have there, as JSON text.
    pub filters: Vec<(String, String)>,
    /// The length of the window.
    pub take: Option<u64>,
    /// The offset of the window.
    pub skip: Option<u64>,
    /// Limits the query to rows with a greater `_seq`, for the whole subscription.
    pub after: Option<String>,
    /// The maximum number of rows in the first snapshot.
    pub snapshot_limit: Option<u64>,
}

impl Serialize for Query {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("view", &self.view)?;
        entry(&mut map, "key", &self.key)?;
        if !self.filters.is_empty() {
            let values = self.filters.iter().map(|(path, json)| {
                // A text that is not JSON is sent as a string.
                let value = serde_json::from_str(json);
                (
                    path.as_str(),
                    value.unwrap_or_else(|_| Value::from(json.as_str())),
                )
            });
            map.serialize_entry("filters", &values.collect::<BTreeMap<_, _>>())?;
        }
        entry(&mut map, "take", &self.take)?;
        entry(&mut map, "skip", &self.skip)?;
        entry(&mut map, "after", &self.after)?;
        entry(&mut map, "snapshotLimit", &self.snapshot_limit)?;
        map.end()
    }
}

impl Request {
    /// Returns the JSON text to send.
    pub fn to_json(&self) -> String {
        // A map of strings, numbers and booleans always serializes.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for Request {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Request::Subscribe(subscribe) => {
                map.serialize_entry("type", "subscribe")?;
                map.serialize_entry("view", &subscribe.view)?;
                entry(&mut map, "key", &subscribe.key)?;
                entry(&mut map, "take", &subscribe.take)?;
                entry(&mut map, "skip", &subscribe.skip)?;
                entry(&mut map, "withSnapshot", &subscribe.with_snapshot)?;
                entry(&mut map, "after", &subscribe.after)?;
                entry(&mut map, "snapshotLimit", &subscribe.snapshot_limit)?;
            }
            Request::Unsubscribe { view, key } => {
                map.serialize_entry("type", "unsubscribe")?;
                map.serialize_entry("view", view)?;
                entry(&mut map, "key", key)?;
            }
            Request::Query {
                id,
                query,
                snapshot,
            } => {
                map.serialize_entry("type", "subscribe")?;
                map.serialize_entry("protocolVersion", &2)?;
                map.serialize_entry("subscriptionId", id)?;
                map.serialize_entry("query", query)?;
                if !snapshot {
                    map.serialize_entry("snapshot", &BTreeMap::from([("enabled", false)]))?;
                }
            }
            Request::EndQuery { id } => {
                map.serialize_entry("type", "unsubscribe")?;
                map.serialize_entry("protocolVersion", &2)?;
                map.serialize_entry("subscriptionId", id)?;
            }
            Request::Probe => {
                map.serialize_entry("type", "refresh_auth")?;
                map.serialize_entry("token", "probe")?;
                map.serialize_entry("protocolVersion", &2)?;
            }
            Request::Ping => map.serialize_entry("type", "ping")?,
            Request::RefreshAuth { token } => {
                map.serialize_entry("type", "refresh_auth")?;
                map.serialize_entry("token", &token.0)?;
            }
        }
        map.end()
    }
}

fn entry<M: SerializeMap, T: Serialize>(
    map: &mut M,
    name: &'static str,
    value: &Option<T>,
) -> Result<(), M::Error> {
    match value {
        Some(value) => map.serialize_entry(name, value),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_in_camel_case_and_omitted_if_unset() {
        let full = Request::Subscribe(Subscribe {
            view: "Round/latest".into(),
            key: Some("42".into()),
            take: Some(5),
            skip: Some(0),
            with_snapshot: Some(true),
            after: Some("271828182:000000000007".into()),
            snapshot_limit: Some(200),
        });
        assert_eq!(
            full.to_json(),
            r#"{"type":"subscribe","view":"Round/latest","key":"42","take":5,"skip":0,"withSnapshot":true,"after":"271828182:000000000007","snapshotLimit":200}"#
        );
        let bare = Request::Subscribe(Subscribe {
            view: "Round/list".into(),
            ..Subscribe::default()
        });
        assert_eq!(
            bare.to_json(),
            r#"{"type":"subscribe","view":"Round/list"}"#
        );
    }

    #[test]
    fn a_v2_query_has_an_id_and_json_filters() {
        let query = Query {
            view: "Round/list".into(),
            key: Some("42".into()),
            filters: vec![
                ("state.total".into(), "3".into()),
                ("name".into(), r#""Ada""#.into()),
            ],
            take: Some(5),
            skip: Some(1),
            ..Query::default()
        };
        let request = Request::Query {
            id: "7".into(),
            query,
            snapshot: false,
        };
        assert_eq!(
            request.to_json(),
            r#"{"type":"subscribe","protocolVersion":2,"subscriptionId":"7","query":{"view":"Round/list","key":"42","filters":{"name":"Ada","state.total":3},"take":5,"skip":1},"snapshot":{"enabled":false}}"#
        );
        let end = Request::EndQuery { id: "7".into() };
        assert_eq!(
            end.to_json(),
            r#"{"type":"unsubscribe","protocolVersion":2,"subscriptionId":"7"}"#
        );
    }

    #[test]
    fn the_other_requests_have_the_expected_json() {
        let unsubscribe = Request::Unsubscribe {
            view: "Round/list".into(),
            key: Some("4".into()),
        };
        assert_eq!(
            unsubscribe.to_json(),
            r#"{"type":"unsubscribe","view":"Round/list","key":"4"}"#
        );
        assert_eq!(Request::Ping.to_json(), r#"{"type":"ping"}"#);
        assert_eq!(
            Request::Probe.to_json(),
            r#"{"type":"refresh_auth","token":"probe","protocolVersion":2}"#
        );
        let token = Secret("t".into());
        let refresh = Request::RefreshAuth { token };
        assert_eq!(refresh.to_json(), r#"{"type":"refresh_auth","token":"t"}"#);
        assert_eq!(format!("{refresh:?}"), "RefreshAuth { token: *** }");
    }
}
