//! Messages from the server to the client, borrowed from their bytes.

use std::borrow::Cow;
use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::envelope::{check, elements, member, string, Envelope};
use super::{AuthErrorCode, Cursor, Seq};
use crate::json;

/// A message from the server.
#[derive(Debug)]
#[non_exhaustive]
pub enum Incoming<'a> {
    /// A frame of protocol v1, which has a view id.
    Frame(Frame<'a>),
    /// A frame of protocol v2, which has a subscription id.
    Routed {
        /// The subscription's id.
        id: Cow<'a, str>,
        /// The frame.
        frame: Frame<'a>,
    },
    /// An error: a message with `"type":"error"`.
    Issue(Issue),
    /// The reply to [`Request::RefreshAuth`](super::Request::RefreshAuth).
    Refresh(RefreshReply),
}

/// A frame of a subscription. `view` is always the full id that was subscribed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Frame<'a> {
    /// The server accepted a subscription. In v1 it belongs to the connection's earliest request for this view without
    /// a reply, because it has no key.
    Subscribed {
        /// The view's id.
        view: Cow<'a, str>,
        /// The view's sort, if it has one.
        sort: Option<Sort>,
        /// The JSON of a sort that could not be read. The view is still usable, with its rows in the order of arrival.
        unreadable_sort: Option<String>,
        /// Further details from a v2 server.
        ack: Option<Ack>,
    },
    /// A batch of whole rows: up to 50 in the first one, up to 100 in later ones.
    Snapshot {
        /// The view's id.
        view: Cow<'a, str>,
        /// The rows, in the server's order.
        rows: Vec<Row<'a>>,
        /// The errors of malformed rows.
        malformed: Vec<FrameError>,
        /// Whether this is the last batch.
        complete: bool,
        /// Whether rows that a v2 snapshot lacks have left the query's result.
        authoritative: Option<bool>,
    },
    /// A whole row, which replaces the earlier one.
    Upsert {
        /// The view's id.
        view: Cow<'a, str>,
        /// The row.
        row: Row<'a>,
    },
    /// Some fields of a row.
    Patch {
        /// The view's id.
        view: Cow<'a, str>,
        /// The row's key and the fields.
        row: Row<'a>,
        /// The dotted paths of arrays in `row` that have only the new elements.
        append: Vec<Cow<'a, str>>,
        /// The change's position, if the mutation had one (v1). In v2, the position is in the row's data.
        seq: Option<Seq>,
        /// The number of the record, if the view is a tape.
        offset: Option<u64>,
    },
    /// The row left the view (v1), or the entity was deleted (v2).
    Delete {
        /// The view's id.
        view: Cow<'a, str>,
        /// The row's key.
        key: Cow<'a, str>,
    },
    /// The row is no longer in the query's result (v2). It may have been deleted.
    Remove {
        /// The view's id.
        view: Cow<'a, str>,
        /// The row's key.
        key: Cow<'a, str>,
    },
    /// The subscription ended as the client asked (v2).
    Unsubscribed,
}

/// A v2 server's details about an accepted subscription.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ack {
    /// Whether the first frame of a row that the client does not have is the whole row.
    pub whole_entities: bool,
    /// The retained records, if the view is a tape: a log of events, without a snapshot.
    pub replay_window: Option<ReplayWindow>,
    /// The greatest number of rows in the result, if it is limited. Another row may then follow one that leaves.
    pub limit: Option<u64>,
}

/// The records of a tape that the server has retained.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplayWindow {
    /// Names the server's numbering of records. A server that lost its records starts another one.
    pub epoch: String,
    /// The number of the oldest retained record.
    pub earliest: u64,
    /// The number of the next record.
    pub next: u64,
    /// The server missed events after the record with this number.
    pub gap_after: Option<u64>,
}

/// A row's key and its JSON, not yet decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// The row's key, which is always a string on the wire.
    pub key: Cow<'a, str>,
    /// The row's JSON text.
    pub data: &'a str,
}

/// A view's sort, as the server announces it.
///
/// As JSON: `{"field":["id","round_id"],"order":"desc"}`, as on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The path of object keys to the sort value.
    pub path: Vec<String>,
    /// Ascending or descending.
    pub direction: Direction,
}

/// Ascending or descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest value first.
    Ascending,
    /// Greatest value first.
    Descending,
}

/// An error of the server. In protocol v1 it has neither a view nor a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Issue {
    /// The machine-readable code, such as `subscription-limit-exceeded`.
    pub code: AuthErrorCode,
    /// The error message.
    pub message: String,
    /// Whether trying again may help.
    pub retryable: bool,
    /// Whether the server will close the connection.
    pub fatal: bool,
    /// How long to wait before trying again, in seconds.
    pub retry_after: Option<u64>,
    /// The action that the server suggests.
    pub suggested_action: Option<String>,
    /// The id of the subscription that the error concerns (v2).
    pub subscription: Option<String>,
    /// The protocol version in the error. Only v2 servers send one.
    pub version: Option<u64>,
    /// The retained records, if the error concerns a position in a tape (v2).
    pub replay_window: Option<Box<ReplayWindow>>,
    /// The position from which a tape can be resumed (v2).
    pub recover_from: Option<Cursor>,
}

impl Issue {
    /// Whether the server does not know the view of a subscription.
    pub(crate) fn is_unknown_view(&self) -> bool {
        self.code.as_str() == "subscription-rejected" && self.message.starts_with("unknown view")
    }

    /// Whether the server may accept the same subscription later: when another one ends, or after a time that it names.
    pub(crate) fn is_temporary(&self) -> bool {
        self.code == AuthErrorCode::SubscriptionLimitExceeded || self.retry_after.is_some()
    }
}

/// The reply to a token refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefreshReply {
    /// Whether the new token was accepted.
    pub success: bool,
    /// When the new token expires, in Unix seconds.
    pub expires_at: Option<u64>,
    /// The time until then. Decoding leaves it `None`, and the engine sets it from its clock.
    pub expires_in: Option<Duration>,
    /// The code, if the token was refused.
    pub error: Option<AuthErrorCode>,
}

/// The error of decoding a message. Such a message changes nothing, and the connection continues.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The message exceeds the size limit and was not decoded.
    #[error("message of {size} bytes exceeds the limit of {limit} bytes")]
    TooLarge {
        /// The message's size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The message exceeds the size limit after decompression, which stopped there.
    #[error("gzip message of {size} bytes exceeds the limit of {limit} bytes after decompression")]
    InflatesTooLarge {
        /// The compressed size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The message starts like gzip, but cannot be decompressed.
    #[error("invalid gzip message: {0}")]
    Inflate(String),
    /// The message is not valid JSON, or not valid in the protocol.
    #[error("malformed message: {0}")]
    Malformed(String),
    /// A row of a snapshot is malformed. The other rows were applied.
    #[error("malformed row in a snapshot of {view}: {reason}")]
    MalformedRow {
        /// The view's id.
        view: String,
        /// The error.
        reason: String,
    },
    /// The message has an unknown operation and was not applied.
    #[error(
        "unknown operation \"{operation}\" (view {}, key {})",
        or_none(view),
        or_none(key)
    )]
    UnknownOperation {
        /// The operation.
        operation: String,
        /// The view, if the message has one.
        view: Option<String>,
        /// The key, if the message has one.
        key: Option<String>,
    },
    /// The message is neither a frame nor a control message.
    #[error("unknown kind of message: {0}")]
    UnknownMessage(String),
}

fn or_none(name: &Option<String>) -> &str {
    name.as_deref().unwrap_or("none")
}

impl<'a> Incoming<'a> {
    /// Decodes a message, except the JSON of its rows.
    ///
    /// Servers send frames as binary and control messages as text. This accepts both from either.
    ///
    /// # Errors
    ///
    /// A [`FrameError`]. A malformed row of a snapshot is not an error here, but one of [`Frame::malformed`].
    pub fn decode(json: &'a [u8]) -> Result<Self, FrameError> {
        let text = std::str::from_utf8(json)
            .map_err(|error| FrameError::Malformed(format!("not UTF-8: {error}")))?;
        let mut envelope = match Envelope::read(text) {
            Ok(envelope) => envelope,
            // A control message has other members.
            Err(error) => return control(text).map_err(|_| FrameError::Malformed(error)),
        };
        match envelope.operation.take() {
            Some(operation) => {
                if matches!(
                    &*operation,
                    "delete" | "remove" | "subscribed" | "unsubscribed"
                ) {
                    check(text).map_err(FrameError::Malformed)?;
                }
                match envelope.subscription.take() {
                    Some(id) => frame(envelope, &operation, true)
                        .map(|frame| Incoming::Routed { id, frame }),
                    None => frame(envelope, &operation, false).map(Incoming::Frame),
                }
            }
            None => control(text),
        }
    }
}

fn frame<'a>(
    envelope: Envelope<'a>,
    operation: &str,
    is_routed: bool,
) -> Result<Frame<'a>, FrameError> {
    if operation == "unsubscribed" && is_routed {
        return Ok(Frame::Unsubscribed);
    }
    if operation == "subscribed" {
        let queried = envelope.query.and_then(|query| member(query, "view"));
        let view = envelope.view.or(envelope.entity);
        let view = view.or_else(|| string(queried?));
        let view = view.ok_or_else(|| missing("view", operation))?;
        let sort = envelope.sort.map(json::parse);
        let sort = sort.transpose().map_err(|error| malformed(&error))?;
        let json = sort.filter(|sort| !sort.is_null());
        let sort = json.as_ref().and_then(Sort::read);
        let unreadable_sort = json.filter(|_| sort.is_none()).map(|json| json.to_string());
        let replay_window = envelope.replay_window.map(serde_json::from_str);
        let replay_window = replay_window
            .transpose()
            .map_err(|error| malformed(&error))?;
        let ack = is_routed.then(|| Ack {
            whole_entities: envelope.whole_entities.unwrap_or_default(),
            replay_window: replay_window.flatten(),
            limit: envelope
                .query
                .and_then(|query| member(query, "take"))
                .and_then(|take| take.trim().parse().ok()),
        });
        return Ok(Frame::Subscribed {
            view,
            sort,
            unreadable_sort,
            ack,
        });
    }
    let is_known = match operation {
        "snapshot" | "upsert" | "create" | "patch" | "delete" => true,
        "remove" => is_routed,
        _ => false,
    };
    if !is_known {
        return Err(FrameError::UnknownOperation {
            operation: operation.to_owned(),
            view: envelope.entity.or(envelope.view).map(Cow::into_owned),
            key: envelope.key.map(Cow::into_owned),
        });
    }
    let view = envelope.entity.or(envelope.view);
    let view = view.ok_or_else(|| missing("entity", operation))?;
    if operation == "snapshot" {
        let data = envelope.data.ok_or_else(|| missing("data", operation))?;
        let (rows, malformed) = rows(&view, data)?;
        return Ok(Frame::Snapshot {
            view,
            rows,
            malformed,
            complete: envelope.complete.unwrap_or(true),
            authoritative: envelope.authoritative,
        });
    }
    let key = envelope.key.ok_or_else(|| missing("key", operation))?;
    if operation == "delete" {
        return Ok(Frame::Delete { view, key });
    }
    if operation == "remove" {
        return Ok(Frame::Remove { view, key });
    }
    let data = envelope.data.ok_or_else(|| missing("data", operation))?;
    let row = Row { key, data };
    Ok(match operation {
        "patch" => Frame::Patch {
            view,
            row,
            append: envelope.append,
            // In v2, the position is in the row's data.
            seq: envelope
                .seq
                .filter(|_| !is_routed)
                .map(|seq| Seq::parse(&seq)),
            offset: envelope.offset,
        },
        _ => Frame::Upsert { view, row },
    })
}

fn missing(field: &str, operation: &str) -> FrameError {
    FrameError::Malformed(format!("frame \"{operation}\" lacks `{field}`"))
}

fn malformed(error: &serde_json::Error) -> FrameError {
    FrameError::Malformed(error.to_string())
}

/// Splits a snapshot's data into rows, and returns the errors of malformed rows too.
fn rows<'a>(view: &str, data: &'a str) -> Result<(Vec<Row<'a>>, Vec<FrameError>), FrameError> {
    let elements = elements(data)
        .map_err(|error| FrameError::Malformed(format!("data of a snapshot: {error}")))?;
    let mut rows = Vec::with_capacity(elements.len());
    let mut malformed = Vec::new();
    for json in elements {
        match row(json) {
            Ok(row) => rows.push(row),
            Err(reason) => malformed.push(FrameError::MalformedRow {
                view: view.to_owned(),
                reason,
            }),
        }
    }
    Ok((rows, malformed))
}

fn row(json: &str) -> Result<Row<'_>, String> {
    let row = Envelope::read_row(json)?;
    Ok(Row {
        key: row.key.ok_or("the row lacks `key`")?,
        data: row.data.ok_or("the row lacks `data`")?,
    })
}

/// Decodes a control message. These are rare and small, so their JSON is parsed as a tree.
fn control(text: &str) -> Result<Incoming<'static>, FrameError> {
    let json = json::parse(text).map_err(|error| malformed(&error))?;
    let string = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
    let flag = |name: &str| json.get(name).and_then(Value::as_bool);
    if let Some(success) = flag("success") {
        return Ok(Incoming::Refresh(RefreshReply {
            success,
            expires_at: json.get("expiresAt").and_then(Value::as_u64),
            expires_in: None,
            error: string("error").map(AuthErrorCode::from),
        }));
    }
    if string("type").as_deref() == Some("error") {
        let code = string("code").or_else(|| string("error"));
        return Ok(Incoming::Issue(Issue {
            message: string("message").unwrap_or_default(),
            code: code.unwrap_or_default().into(),
            retryable: flag("retryable").unwrap_or(false),
            fatal: flag("fatal").unwrap_or(false),
            retry_after: ["retry_after", "retryAfter"]
                .iter()
                .find_map(|name| json.get(name)?.as_u64()),
            suggested_action: string("suggested_action").or_else(|| string("suggestedAction")),
            subscription: string("subscriptionId"),
            version: json.get("protocolVersion").and_then(Value::as_u64),
            replay_window: json
                .get("replayWindow")
                .and_then(|window| ReplayWindow::deserialize(window).ok())
                .map(Box::new),
            recover_from: string("recoverFrom").and_then(|cursor| cursor.parse().ok()),
        }));
    }
    Err(FrameError::UnknownMessage(text.chars().take(120).collect()))
}

#[cfg(feature = "client")]
impl Incoming<'_> {
    /// Returns the view and the JSON of a sort that could not be read.
    pub(crate) fn unreadable_sort(&self) -> Option<(&str, &str)> {
        match self {
            Incoming::Frame(frame) | Incoming::Routed { frame, .. } => match frame {
                Frame::Subscribed {
                    view,
                    unreadable_sort,
                    ..
                } => Some((view, unreadable_sort.as_deref()?)),
                _ => None,
            },
            Incoming::Issue(_) | Incoming::Refresh(_) => None,
        }
    }
}

impl Frame<'_> {
    /// Returns the view's id.
    pub fn view(&self) -> &str {
        match self {
            Frame::Subscribed { view, .. }
            | Frame::Snapshot { view, .. }
            | Frame::Upsert { view, .. }
            | Frame::Patch { view, .. }
            | Frame::Delete { view, .. }
            | Frame::Remove { view, .. } => view,
            Frame::Unsubscribed => "",
        }
    }

    /// Returns the errors of a snapshot's malformed rows.
    pub fn malformed(&self) -> &[FrameError] {
        match self {
            Frame::Snapshot { malformed, .. } => malformed,
            _ => &[],
        }
    }

    /// Returns the key of the row, if the frame concerns one row.
    pub fn key(&self) -> Option<&str> {
        match self {
            Frame::Upsert { row, .. } | Frame::Patch { row, .. } => Some(&row.key),
            Frame::Delete { key, .. } | Frame::Remove { key, .. } => Some(key),
            Frame::Subscribed { .. } | Frame::Snapshot { .. } | Frame::Unsubscribed => None,
        }
    }
}

impl FrameError {
    /// Returns the view of the message, if it was decoded that far.
    pub fn view(&self) -> Option<&str> {
        match self {
            FrameError::UnknownOperation { view, .. } => view.as_deref(),
            FrameError::MalformedRow { view, .. } => Some(view),
            _ => None,
        }
    }
}

impl Sort {
    fn read(json: &Value) -> Option<Self> {
        let path = match json.get("field")? {
            Value::String(field) => field.split('.').map(str::to_owned).collect(),
            Value::Array(path) => path
                .iter()
                .map(|key| key.as_str().map(str::to_owned))
                .collect::<Option<_>>()?,
            _ => return None,
        };
        let direction = match json.get("order").and_then(Value::as_str) {
            Some("desc") => Direction::Descending,
            Some("asc") | None => Direction::Ascending,
            Some(_) => return None,
        };
        Some(Sort { path, direction })
    }

    /// Whether the latest changed row comes first, as in every plain list.
    pub fn is_recency(&self) -> bool {
        self.direction == Direction::Descending && self.is_by_position()
    }

    /// Whether the view is sorted by the position of the latest change, in either direction.
    pub(crate) fn is_by_position(&self) -> bool {
        self.path == ["_seq"]
    }
}

impl Serialize for Sort {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sort = serializer.serialize_struct("Sort", 2)?;
        sort.serialize_field("field", &self.path)?;
        let order = match self.direction {
            Direction::Ascending => "asc",
            Direction::Descending => "desc",
        };
        sort.serialize_field("order", order)?;
        sort.end()
    }
}

impl<'de> Deserialize<'de> for Sort {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        Sort::read(&json).ok_or_else(|| serde::de::Error::custom(format!("invalid sort: {json}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(json: &str) -> Frame<'_> {
        match Incoming::decode(json.as_bytes()) {
            Ok(Incoming::Frame(frame)) => frame,
            other => panic!("not a frame: {other:?}"),
        }
    }

    fn error(json: &str) -> FrameError {
        Incoming::decode(json.as_bytes()).unwrap_err()
    }

    #[test]
    fn subscribed_has_its_view_and_sort() {
        let Frame::Subscribed { view, sort, .. } = frame(
            r#"{"op":"subscribed","view":"Round/latest","mode":"list","sort":{"field":["id","round_id"],"order":"desc"}}"#,
        ) else {
            panic!()
        };
        assert_eq!(view, "Round/latest");
        let sort = sort.unwrap();
        assert_eq!(sort.path, ["id", "round_id"]);
        assert_eq!(sort.direction, Direction::Descending);
        assert!(!sort.is_recency());
        let json = serde_json::to_string(&sort).unwrap();
        assert_eq!(json, r#"{"field":["id","round_id"],"order":"desc"}"#);
        assert_eq!(serde_json::from_str::<Sort>(&json).unwrap(), sort);
        assert!(serde_json::from_str::<Sort>(r#"{"order":"desc"}"#).is_err());
    }

    #[test]
    fn subscribed_may_have_the_members_of_a_data_frame() {
        let shaped = frame(
            r#"{"mode":"list","entity":"Round/list","op":"subscribed","key":"1","data":{"a":1}}"#,
        );
        assert!(
            matches!(shaped, Frame::Subscribed { view, sort: None, .. } if view == "Round/list")
        );
    }

    #[test]
    fn a_malformed_row_does_not_affect_other_rows_of_a_snapshot() {
        let Frame::Snapshot {
            rows,
            malformed,
            complete,
            ..
        } = frame(
            r#"{"entity":"R/list","op":"snapshot","data":[{"key":"1","data":{"a":[1, 2]}},{"data":{}},7],"complete":false}"#,
        )
        else {
            panic!()
        };
        assert!(!complete);
        assert_eq!(rows[0].data, r#"{"a":[1, 2]}"#);
        assert_eq!((rows.len(), malformed.len()), (1, 2));
    }

    #[test]
    fn a_snapshot_without_complete_is_complete() {
        let json = r#"{"entity":"R/list","op":"snapshot","data":[]}"#;
        assert!(matches!(
            frame(json),
            Frame::Snapshot { complete: true, .. }
        ));
    }

    #[test]
    fn a_patch_has_append_paths_and_a_position() {
        let Frame::Patch {
            row, append, seq, ..
        } = frame(
            r#"{"mode":"list","entity":"R/list","op":"patch","key":"4\"2","data":{"log":[1]},"append":["log"],"seq":"5:000000000002"}"#,
        )
        else {
            panic!()
        };
        assert_eq!(row.key, "4\"2");
        assert_eq!(append, ["log"]);
        assert_eq!(seq, Some(Seq { slot: 5, index: 2 }));
    }

    #[test]
    fn create_is_an_upsert_and_delete_needs_no_data() {
        let create = r#"{"entity":"R/x","op":"create","key":"1","data":{}}"#;
        assert!(matches!(frame(create), Frame::Upsert { .. }));
        let delete = r#"{"entity":"R/x","op":"delete","key":"1","data":null}"#;
        assert!(matches!(frame(delete), Frame::Delete { key, .. } if key == "1"));
    }

    #[test]
    fn an_unknown_operation_is_an_error_with_view_and_key() {
        let error = error(r#"{"entity":"R/list","op":"truncate","key":"1","data":{}}"#);
        assert_eq!(
            error.to_string(),
            r#"unknown operation "truncate" (view R/list, key 1)"#
        );
    }

    #[test]
    fn malformed_messages_are_errors() {
        for json in ["", "[]", "nonsense", r#"{"op":"patch","key":"1"}"#] {
            assert!(matches!(error(json), FrameError::Malformed(_)), "{json}");
        }
        assert!(matches!(error("{}"), FrameError::UnknownMessage(_)));
        assert!(matches!(
            Incoming::decode(&[0xff, 0xfe]),
            Err(FrameError::Malformed(_))
        ));
    }

    #[test]
    fn frames_without_data_must_be_valid_json() {
        for json in [
            r#"{"op":"delete","entity":"R/top","key":"1","data":{]}"#,
            r#"{"op":"subscribed","view":"R/top","x":nul}"#,
        ] {
            assert!(matches!(error(json), FrameError::Malformed(_)), "{json}");
        }
    }

    #[test]
    fn control_messages_are_decoded() {
        let issue = Incoming::decode(
            br#"{"type":"error","error":"snapshot-limit-exceeded","message":"too many","code":"snapshot-limit-exceeded","retryable":true,"retry_after":3,"fatal":false}"#,
        );
        let Ok(Incoming::Issue(issue)) = issue else {
            panic!()
        };
        assert_eq!(issue.code, "snapshot-limit-exceeded");
        assert_eq!(issue.retry_after, Some(3));
        let reply = Incoming::decode(br#"{"success":true,"expiresAt":1893456000}"#);
        let Ok(Incoming::Refresh(reply)) = reply else {
            panic!()
        };
        assert_eq!(reply.expires_at, Some(1_893_456_000));
    }
}
