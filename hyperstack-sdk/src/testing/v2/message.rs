//! Client messages, parsed as strictly as the server parses them.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::super::refusal::Refusal;

/// The protocol version in every subscribe and unsubscribe.
const VERSION: u64 = 2;
/// The maximum length of a subscription id, in bytes.
const ID_LENGTH: RangeInclusive<usize> = 1..=128;

/// A client's message that the server understands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Request {
    Subscribe(Box<Subscribe>),
    Unsubscribe { id: String },
    RefreshAuth { token: String },
    Ping,
}

/// A request to subscribe.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Subscribe {
    pub(crate) id: String,
    pub(crate) query: Query,
    pub(crate) with_snapshot: bool,
}

/// The query of a subscription.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Query {
    pub(crate) view: String,
    pub(crate) key: Option<String>,
    pub(crate) partition: Option<String>,
    pub(crate) filters: Option<Map<String, Value>>,
    pub(crate) take: Option<usize>,
    pub(crate) skip: Option<usize>,
    pub(crate) after: Option<String>,
    pub(crate) snapshot_limit: Option<usize>,
}

/// A refused message: the error to answer, and the subscription id if the message had one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused {
    pub(crate) id: Option<String>,
    pub(crate) refusal: Box<Refusal>,
}

type Fields = Map<String, Value>;

impl Request {
    pub(crate) fn parse(text: &str) -> Result<Self, Refused> {
        let message: Value =
            serde_json::from_str(text).map_err(|error| malformed(error.to_string()).of(None))?;
        let id = message["subscriptionId"].as_str().map(str::to_owned);
        Self::read(&message).map_err(|refusal| refusal.of(id))
    }

    fn read(message: &Value) -> Result<Self, Refusal> {
        let message = message
            .as_object()
            .ok_or_else(|| wrong_type(message, "a message object"))?;
        let kind = required(message, "type", "a string", Value::as_str)?;
        let mut fields = message.clone();
        fields.remove("type");
        let fields = &fields;
        match kind {
            "subscribe" => Ok(Self::Subscribe(Box::new(Subscribe::read(fields)?))),
            "unsubscribe" => {
                only(fields, &["protocolVersion", "subscriptionId"])?;
                let id = identity(fields, "invalid-unsubscription")?;
                Ok(Self::Unsubscribe { id })
            }
            "ping" => Ok(Self::Ping),
            "refresh_auth" => {
                only(fields, &["token"])?;
                let token = required(fields, "token", "a string", Value::as_str)?;
                Ok(Self::RefreshAuth {
                    token: token.to_owned(),
                })
            }
            other => Err(malformed(format!(
                "unknown variant `{other}`, expected one of `subscribe`, `unsubscribe`, `ping`, `refresh_auth`"
            ))),
        }
    }
}

impl Subscribe {
    fn read(fields: &Fields) -> Result<Self, Refusal> {
        only(
            fields,
            &["protocolVersion", "subscriptionId", "query", "snapshot"],
        )?;
        let query = required(fields, "query", "a query object", Value::as_object)?;
        let query = Query::read(query)?;
        let with_snapshot = match optional(fields, "snapshot", "an object", Value::as_object)? {
            Some(snapshot) => {
                only(snapshot, &["enabled"])?;
                optional(snapshot, "enabled", "a boolean", Value::as_bool)?
            }
            None => None,
        };
        let id = identity(fields, "invalid-subscription")?;
        query.check()?;
        Ok(Self {
            id,
            query,
            with_snapshot: with_snapshot.unwrap_or(true),
        })
    }
}

impl Query {
    fn read(fields: &Fields) -> Result<Self, Refusal> {
        only(
            fields,
            &[
                "view",
                "key",
                "partition",
                "filters",
                "take",
                "skip",
                "after",
                "snapshotLimit",
            ],
        )?;
        let text = |name| -> Result<_, Refusal> {
            let text = optional(fields, name, "a string", Value::as_str)?;
            Ok(text.map(str::to_owned))
        };
        let size = |name| {
            optional(fields, name, "usize", |value| {
                usize::try_from(value.as_u64()?).ok()
            })
        };
        Ok(Self {
            view: required(fields, "view", "a string", Value::as_str)?.to_owned(),
            key: text("key")?,
            partition: text("partition")?,
            filters: optional(fields, "filters", "a map", Value::as_object)?.cloned(),
            take: size("take")?,
            skip: size("skip")?,
            after: text("after")?,
            snapshot_limit: size("snapshotLimit")?,
        })
    }

    fn check(&self) -> Result<(), Refusal> {
        let paths = self.filters.iter().flat_map(Map::keys);
        let problem = if self.view.trim().is_empty() {
            "query.view must not be empty"
        } else if self.take == Some(0) {
            "query.take must be greater than zero"
        } else if self.snapshot_limit == Some(0) {
            "query.snapshotLimit must be greater than zero"
        } else if paths.flat_map(|path| path.split('.')).any(str::is_empty) {
            "query.filters must be keyed by non-empty dot paths"
        } else {
            return Ok(());
        };
        Err(Refusal::new("invalid-subscription").message(problem))
    }

    /// Returns the query as the server repeats it.
    pub(crate) fn to_json(&self) -> String {
        let members = [
            Some(("view", Value::from(self.view.as_str()))),
            self.key.as_deref().map(|key| ("key", key.into())),
            self.partition.as_deref().map(|it| ("partition", it.into())),
            self.filters.clone().map(|it| ("filters", it.into())),
            self.take.map(|take| ("take", take.into())),
            self.skip.map(|skip| ("skip", skip.into())),
            self.after.as_deref().map(|after| ("after", after.into())),
            self.snapshot_limit.map(|it| ("snapshotLimit", it.into())),
        ];
        let members: Vec<_> = members
            .into_iter()
            .flatten()
            .map(|(name, value)| format!(r#""{name}":{value}"#))
            .collect();
        format!("{{{}}}", members.join(","))
    }

    /// Whether both select the same records of a tape.
    pub(crate) fn selects_as(&self, other: &Query) -> bool {
        let selection = |query: &Query| {
            let Query {
                key,
                partition,
                filters,
                ..
            } = query.clone();
            (key, partition, filters)
        };
        selection(self) == selection(other)
    }

    /// Reads the query of a `subscribed` message.
    pub(crate) fn of_answer(query: &Value) -> Option<Self> {
        Self::read(query.as_object()?).ok()
    }
}

impl Refusal {
    fn of(self, id: Option<String>) -> Refused {
        let refusal = Box::new(self);
        Refused { id, refusal }
    }
}

/// Checks the version, and returns the subscription id.
fn identity(fields: &Fields, code: &str) -> Result<String, Refusal> {
    let version = required(fields, "protocolVersion", "u8", Value::as_u64)?;
    let id = required(fields, "subscriptionId", "a string", Value::as_str)?;
    let problem = if version != VERSION {
        "protocolVersion must be 2"
    } else if id.is_empty() {
        "subscriptionId must not be empty"
    } else if !ID_LENGTH.contains(&id.len()) {
        "subscriptionId must not be longer than 128 bytes"
    } else if id.trim() != id || id.chars().any(char::is_control) {
        "subscriptionId must be opaque non-whitespace text without control characters"
    } else {
        return Ok(id.to_owned());
    };
    Err(Refusal::new(code).message(problem))
}

fn required<'f, T>(
    fields: &'f Fields,
    name: &str,
    expected: &str,
    read: impl FnOnce(&'f Value) -> Option<T>,
) -> Result<T, Refusal> {
    let value = fields
        .get(name)
        .ok_or_else(|| malformed(format!("missing field `{name}`")))?;
    read(value).ok_or_else(|| wrong_type(value, expected))
}

/// Reads a field that may be absent or null.
fn optional<'f, T>(
    fields: &'f Fields,
    name: &str,
    expected: &str,
    read: impl FnOnce(&'f Value) -> Option<T>,
) -> Result<Option<T>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match read(value) {
            Some(value) => Ok(Some(value)),
            None => Err(wrong_type(value, expected)),
        },
    }
}

/// Refuses fields other than these.
fn only(fields: &Fields, known: &[&str]) -> Result<(), Refusal> {
    let mut names = fields.keys();
    let Some(unknown) = names.find(|name| !known.contains(&name.as_str())) else {
        return Ok(());
    };
    let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    let expected = if names.len() < 3 {
        names.join(" or ")
    } else {
        format!("one of {}", names.join(", "))
    };
    Err(malformed(format!(
        "unknown field `{unknown}`, expected {expected}"
    )))
}

fn wrong_type(value: &Value, expected: &str) -> Refusal {
    malformed(format!("invalid value: {value}, expected {expected}"))
}

fn malformed(problem: String) -> Refusal {
    Refusal::new("malformed-message").message(&format!("invalid protocol v2 message: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(query: &str) -> String {
        let text = format!(
            r#"{{"type":"subscribe","protocolVersion":2,"subscriptionId":"a","query":{query}}}"#
        );
        match Request::parse(&text) {
            Ok(Request::Subscribe(request)) => request.query.to_json(),
            other => panic!("not a subscription: {other:?}"),
        }
    }

    #[test]
    fn a_query_is_repeated_in_the_servers_order_without_nulls() {
        assert_eq!(
            query(r#"{"take":3,"after":"7:1","filters":{"a.b":null},"view":"A/list","key":null}"#),
            r#"{"view":"A/list","filters":{"a.b":null},"take":3,"after":"7:1"}"#
        );
        assert_eq!(
            query(r#"{"snapshotLimit":2,"skip":0,"partition":"p","key":"k","view":"A/list"}"#),
            r#"{"view":"A/list","key":"k","partition":"p","skip":0,"snapshotLimit":2}"#
        );
    }

    #[test]
    fn a_refusal_names_the_field_and_the_subscription_if_it_can() {
        let refused = |text: &str| {
            let refused = Request::parse(text).unwrap_err();
            (refused.id, refused.refusal.message)
        };
        assert_eq!(
            refused(r#"{"type":"subscribe","subscriptionId":"a","view":"A/list"}"#),
            (
                Some("a".to_owned()),
                "invalid protocol v2 message: unknown field `view`, expected one of \
                 `protocolVersion`, `subscriptionId`, `query`, `snapshot`"
                    .to_owned()
            )
        );
        assert_eq!(
            refused(r#"{"type":"refresh_auth","token":"probe","protocolVersion":2}"#),
            (
                None,
                "invalid protocol v2 message: unknown field `protocolVersion`, expected `token`"
                    .to_owned()
            )
        );
        assert_eq!(
            refused("not json").1,
            "invalid protocol v2 message: expected ident at line 1 column 2"
        );
    }
}
