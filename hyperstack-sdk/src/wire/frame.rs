//! Server to client: what a message is, borrowed from its bytes.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use super::envelope::{check, elements, member, string, Envelope};
use super::{AuthErrorCode, Seq};
use crate::json;

/// A message from the server.
#[derive(Debug)]
#[non_exhaustive]
pub enum Incoming<'a> {
    /// A frame of protocol v1, which names a view.
    Frame(Frame<'a>),
    /// A frame of protocol v2, which names a subscription.
    Routed {
        /// The subscription's id.
        id: Cow<'a, str>,
        /// The frame.
        frame: Frame<'a>,
    },
    /// The server's complaint; text messages with `"type":"error"`.
    Issue(Issue),
    /// The answer to [`Request::RefreshAuth`](super::Request::RefreshAuth).
    Refresh(RefreshReply),
}

/// News of a view. `view` is always the full id that was subscribed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Frame<'a> {
    /// The view exists and a subscription to it has begun. Carries no key: it answers the earliest
    /// unanswered subscription of this connection to that view.
    Subscribed {
        /// The view's id.
        view: Cow<'a, str>,
        /// The order the server keeps the view in, where it keeps one.
        sort: Option<Sort>,
        /// What else a v2 server says.
        ack: Option<Ack>,
    },
    /// Whole rows. The first batch holds up to 50, later ones up to 100.
    Snapshot {
        /// The view's id.
        view: Cow<'a, str>,
        /// The rows, in the server's order.
        rows: Vec<Row<'a>>,
        /// What was wrong with the rows that could not be read.
        malformed: Vec<FrameError>,
        /// Whether this was the last batch.
        complete: bool,
        /// Whether rows that are not in a v2 snapshot have left the query's result.
        authoritative: Option<bool>,
    },
    /// A whole row, to replace what is held.
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
        /// The row's key, and the fields.
        row: Row<'a>,
        /// Dotted paths at which `row` holds only the new elements of an array.
        append: Vec<Cow<'a, str>>,
        /// The change's position, where the mutation had one (v1). A v2 row's is in its data.
        seq: Option<Seq>,
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

/// What a v2 server says of a subscription that it accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ack {
    /// Whether the first frame of a row that the client does not hold is the whole row.
    pub whole_entities: bool,
    /// Whether the view is a tape: a log of events, without a snapshot.
    pub is_tape: bool,
    /// Whether the result has a limited number of rows, so that one that leaves may have a successor.
    pub has_limit: bool,
}

/// A row's key and its JSON, not yet decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// The row's key; on the wire a string always.
    pub key: Cow<'a, str>,
    /// The row's JSON text.
    pub data: &'a str,
}

/// A view's order, as the server announces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The path of object keys to the value that is compared.
    pub path: Vec<String>,
    /// Ascending or descending.
    pub direction: Direction,
}

/// Ascending or descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Least first.
    Ascending,
    /// Greatest first.
    Descending,
}

/// An error of the server. In protocol v1 it names neither view nor request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Issue {
    /// The machine-readable code, such as `subscription-limit-exceeded`.
    pub code: AuthErrorCode,
    /// The text for people.
    pub message: String,
    /// Whether trying again may help.
    pub retryable: bool,
    /// Whether the server means to end the connection.
    pub fatal: bool,
    /// How long to wait before trying again, in seconds.
    pub retry_after: Option<u64>,
    /// What the server suggests.
    pub suggested_action: Option<String>,
    /// The id of the subscription that the error concerns (v2).
    pub subscription: Option<String>,
    /// The protocol version that the error names. Only v2 servers name one.
    pub version: Option<u64>,
}

/// The answer to a token refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefreshReply {
    /// Whether the new token was accepted.
    pub success: bool,
    /// When the new token expires, in Unix seconds.
    pub expires_at: Option<u64>,
    /// How long that is from now. Decoding leaves it `None`; the engine fills it in from its clock.
    pub expires_in: Option<Duration>,
    /// The code of the refusal.
    pub error: Option<AuthErrorCode>,
}

/// Why a message could not be understood. Nothing is changed by such a message, and the connection
/// goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The message is larger than allowed; it was not read.
    #[error("a message of {size} bytes is over the limit of {limit} bytes")]
    TooLarge {
        /// The message's size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The message inflates to more than allowed; inflation was stopped.
    #[error("a gzip message of {size} bytes inflates to over the limit of {limit} bytes")]
    InflatesTooLarge {
        /// The compressed size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The message began like gzip and was not.
    #[error("a gzip message does not inflate: {0}")]
    Inflate(String),
    /// The message is not the JSON that the protocol asks for.
    #[error("a malformed message: {0}")]
    Malformed(String),
    /// A row of a snapshot is not what the protocol asks for; the others were taken in.
    #[error("a malformed row in a snapshot of {view}: {reason}")]
    MalformedRow {
        /// The view's id.
        view: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The message has an operation this client does not know; it was not applied.
    #[error(
        "the unknown operation \"{operation}\" (view {}, key {})",
        or_none(view),
        or_none(key)
    )]
    UnknownOperation {
        /// The operation.
        operation: String,
        /// The view, where the message named one.
        view: Option<String>,
        /// The key, where the message named one.
        key: Option<String>,
    },
    /// The message is neither a frame nor one of the control messages.
    #[error("a message of an unknown kind: {0}")]
    UnknownMessage(String),
}

fn or_none(name: &Option<String>) -> &str {
    name.as_deref().unwrap_or("none")
}

impl<'a> Incoming<'a> {
    /// Tells what a message is; rows stay undecoded.
    ///
    /// The server sends frames as binary and control messages as text; either is taken from either.
    ///
    /// # Errors
    ///
    /// See [`FrameError`]; a malformed row of a snapshot is an error of that row alone.
    pub fn decode(json: &'a [u8]) -> Result<Self, FrameError> {
        let text = std::str::from_utf8(json)
            .map_err(|error| FrameError::Malformed(format!("not UTF-8: {error}")))?;
        let mut envelope = match Envelope::read(text) {
            Ok(envelope) => envelope,
            // A control message's members are its own.
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
        let sort = sort.filter(|sort| !sort.is_null()).and_then(|json| {
            let sort = Sort::read(&json);
            if sort.is_none() {
                // The view exists all the same; it is kept as its rows come.
                tracing::warn!("the sort of {view} cannot be read: {json}");
            }
            sort
        });
        let ack = is_routed.then(|| Ack {
            whole_entities: envelope.whole_entities.unwrap_or_default(),
            is_tape: envelope.has_replay_window,
            has_limit: envelope
                .query
                .and_then(|query| member(query, "take"))
                .is_some_and(|take| take.trim_start() != "null"),
        });
        return Ok(Frame::Subscribed { view, sort, ack });
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
            // In v2 a row has a position of its own, in its data.
            seq: envelope
                .seq
                .filter(|_| !is_routed)
                .map(|seq| Seq::parse(&seq)),
        },
        _ => Frame::Upsert { view, row },
    })
}

fn missing(field: &str, operation: &str) -> FrameError {
    FrameError::Malformed(format!("a frame \"{operation}\" without `{field}`"))
}

fn malformed(error: &serde_json::Error) -> FrameError {
    FrameError::Malformed(error.to_string())
}

/// A snapshot's rows, and what was wrong with those that could not be read.
fn rows<'a>(view: &str, data: &'a str) -> Result<(Vec<Row<'a>>, Vec<FrameError>), FrameError> {
    let elements = elements(data)
        .map_err(|error| FrameError::Malformed(format!("a snapshot's data: {error}")))?;
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
        key: row.key.ok_or("a row without `key`")?,
        data: row.data.ok_or("a row without `data`")?,
    })
}

/// Control messages are rare and small: their JSON is read as a tree.
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
        }));
    }
    Err(FrameError::UnknownMessage(text.chars().take(120).collect()))
}

impl Frame<'_> {
    /// The view's id.
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

    /// What was wrong with rows of a snapshot that could not be read.
    pub fn malformed(&self) -> &[FrameError] {
        match self {
            Frame::Snapshot { malformed, .. } => malformed,
            _ => &[],
        }
    }

    /// The key of the row that the frame is about, if it is about one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Frame::Upsert { row, .. } | Frame::Patch { row, .. } => Some(&row.key),
            Frame::Delete { key, .. } | Frame::Remove { key, .. } => Some(key),
            Frame::Subscribed { .. } | Frame::Snapshot { .. } | Frame::Unsubscribed => None,
        }
    }
}

impl FrameError {
    /// The view that the message named, where it could be read that far.
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

    /// Whether the view is in order of change, newest first: the order of every plain list.
    pub fn is_recency(&self) -> bool {
        self.direction == Direction::Descending && self.is_by_position()
    }

    /// Whether the view is in order of change, in either direction.
    pub(crate) fn is_by_position(&self) -> bool {
        self.path == ["_seq"]
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
    fn subscribed_names_its_view_and_sort() {
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
    }

    #[test]
    fn a_subscribed_shaped_like_a_data_frame_is_still_subscribed() {
        let shaped = frame(
            r#"{"mode":"list","entity":"Round/list","op":"subscribed","key":"1","data":{"a":1}}"#,
        );
        assert!(
            matches!(shaped, Frame::Subscribed { view, sort: None, .. } if view == "Round/list")
        );
    }

    #[test]
    fn snapshot_rows_fail_one_by_one() {
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
    fn a_patch_carries_append_paths_and_position() {
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
    fn an_unknown_operation_is_an_error_that_names_all_it_knows() {
        let error = error(r#"{"entity":"R/list","op":"truncate","key":"1","data":{}}"#);
        assert_eq!(
            error.to_string(),
            r#"the unknown operation "truncate" (view R/list, key 1)"#
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
    fn what_changes_something_without_data_is_checked_all_the_same() {
        for json in [
            r#"{"op":"delete","entity":"R/top","key":"1","data":{]}"#,
            r#"{"op":"subscribed","view":"R/top","x":nul}"#,
        ] {
            assert!(matches!(error(json), FrameError::Malformed(_)), "{json}");
        }
    }

    #[test]
    fn control_messages() {
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
