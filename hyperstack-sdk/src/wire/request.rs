//! Client to server.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// A message to the server; each is sent as one JSON text message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Start a subscription. Its identity on the connection is view and key alone: saying it twice
    /// kills the first one without a reply.
    Subscribe(Subscribe),
    /// End a subscription; never acknowledged.
    Unsubscribe {
        /// The view's id.
        view: String,
        /// The key that was subscribed, if one was.
        key: Option<String>,
    },
    /// Start a subscription (v2). It is answered by `subscribed` or by an error with its id.
    Query {
        /// The subscription's id, which no other subscription of the connection has or had.
        id: String,
        /// What is subscribed.
        query: Query,
        /// Whether the server sends a snapshot first.
        snapshot: bool,
    },
    /// End a subscription (v2). Answered by `unsubscribed`.
    EndQuery {
        /// The subscription's id.
        id: String,
    },
    /// Ask which generation the server speaks. A v1 server refuses the token and keeps the session, a v2
    /// server finds the message malformed.
    Probe,
    /// Refresh the server's idle clock; never answered.
    Ping,
    /// Replace the session token in band, before the old one expires.
    RefreshAuth {
        /// The new token.
        token: Secret,
    },
}

/// A text that is not to be shown: its `Debug` is `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// A secret that is shorter is a word, and may stand in a text by chance.
const SHORTEST: usize = 8;

/// A text of the server's without the secrets that it repeats, which are cut out in this order.
pub(crate) fn masked<'a>(text: String, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let secrets = secrets.into_iter();
    let secrets = secrets.filter(|secret| secret.len() >= SHORTEST);
    secrets.fold(text, |text, secret| text.replace(secret, "***"))
}

/// What a subscription asks for. Fields left at `None` are not sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Subscribe {
    /// The view's id, such as `OreRound/list`.
    pub view: String,
    /// One row only; ignored by derived views.
    pub key: Option<String>,
    /// The length of a derived view's window.
    pub take: Option<u64>,
    /// The offset of a derived view's window.
    pub skip: Option<u64>,
    /// `Some(false)` leaves the snapshot out of a base view's subscription.
    pub with_snapshot: Option<bool>,
    /// Only snapshot rows whose `_seq` is greater; base views only.
    pub after: Option<String>,
    /// At most so many snapshot rows; base views only.
    pub snapshot_limit: Option<u64>,
}

/// What a v2 subscription asks for. Fields left at `None` are not sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Query {
    /// The view's id, such as `OreRound/list`.
    pub view: String,
    /// One row only.
    pub key: Option<String>,
    /// The value that each dotted path must have, as JSON text.
    pub filters: Vec<(String, String)>,
    /// The length of the window.
    pub take: Option<u64>,
    /// The offset of the window.
    pub skip: Option<u64>,
    /// Only rows whose `_seq` is greater, for as long as the subscription lives.
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
                // A text that is not JSON stands for itself.
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
    /// The JSON text to send.
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
    fn options_are_camel_case_and_absent_unless_set() {
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
    fn a_v2_query_has_an_id_and_its_filters_as_json() {
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
    fn the_other_four() {
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
