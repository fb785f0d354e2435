//! Messages of both protocols: our scanner must find what an ordinary parser finds.

use crate::members::Members;
use hyperstack_sdk::wire::{Ack, Frame, FrameError, Incoming, Issue, Row, Scalar};
use hyperstack_sdk::Seq;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;
use serde_json::Value;

/// Decodes a message. In valid JSON, the scanner finds what serde finds. A message without data that changes
/// something is accepted only if it is valid JSON.
pub fn frame(bytes: &[u8]) {
    let decoded = Incoming::decode(bytes);
    if let Err(error) = &decoded {
        assert!(!error.to_string().is_empty());
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert!(matches!(decoded, Err(FrameError::Malformed(_))));
        return;
    };
    positions(text);
    let known = [&["_seq"][..], &["id", "round_id"], &["data", "a"], &[""]];
    known.iter().for_each(|path| drop(Scalar::at(text, path)));
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        let checked = match &decoded {
            Ok(Incoming::Issue(_) | Incoming::Refresh(_)) => true,
            Ok(Incoming::Frame(frame) | Incoming::Routed { frame, .. }) => is_checked(frame),
            _ => false,
        };
        assert!(!checked, "{decoded:?} of what is no JSON");
        return;
    }
    scalars(text, &mut Vec::new(), Some(text));
    if let Ok(Incoming::Issue(issue)) = &decoded {
        same_issue(issue, &serde_json::from_str(text).expect("a JSON tree"));
    }
    if let Some(Said { operation, members }) = Said::read(text) {
        let id: Option<String> = last(&members, "subscriptionId");
        // Both protocols decode to the same frame; only v2 names a subscription.
        let decoded = decoded.map(|incoming| match incoming {
            Incoming::Routed { id: of, frame } => {
                assert_eq!(Some(&*of), id.as_deref());
                Incoming::Frame(frame)
            }
            incoming => {
                assert_eq!(id, None, "the subscription of {incoming:?}");
                incoming
            }
        });
        compare(&operation, id.is_some(), &members, decoded);
    }
}

/// Whether a frame has no data to decode later.
fn is_checked(frame: &Frame<'_>) -> bool {
    matches!(
        frame,
        Frame::Delete { .. }
            | Frame::Remove { .. }
            | Frame::Subscribed { .. }
            | Frame::Unsubscribed
    )
}

/// The server's errors: v1 writes the names of their members with underscores, v2 in camel case.
fn same_issue(issue: &Issue, json: &Value) {
    let either = |v1, v2| [v1, v2].map(|name| json.get(name));
    let [v1, v2] = either("retry_after", "retryAfter").map(|it| it.and_then(Value::as_u64));
    assert_eq!(issue.retry_after, v1.or(v2));
    let [v1, v2] =
        either("suggested_action", "suggestedAction").map(|it| it.and_then(Value::as_str));
    assert_eq!(issue.suggested_action.as_deref(), v1.or(v2));
    let id = json.get("subscriptionId").and_then(Value::as_str);
    assert_eq!(issue.subscription.as_deref(), id);
    assert_eq!(issue.fatal, json.get("fatal") == Some(&Value::Bool(true)));
}

/// Reads a frame whose members have the right types.
struct Said<'a> {
    operation: String,
    members: Members<'a>,
}

impl<'a> Said<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let members = Members::read(text)?;
        for name in ["op", "entity", "view", "key", "seq", "subscriptionId"] {
            are::<Option<String>>(&members, name)?;
        }
        are::<Option<Vec<String>>>(&members, "append")?;
        for name in ["complete", "authoritative", "wholeEntities"] {
            are::<Option<bool>>(&members, name)?;
        }
        are::<Option<u64>>(&members, "offset")?;
        // A name with an unpaired surrogate is valid JSON, but cannot be decoded to text.
        let has_texts = |json: &str| !json.starts_with('{') || Members::read(json).is_some();
        members.all("query").all(has_texts).then_some(())?;
        let operation = last(&members, "op")?;
        Some(Said { operation, members })
    }
}

fn are<T: DeserializeOwned>(members: &Members<'_>, name: &str) -> Option<()> {
    let is = |json| serde_json::from_str::<T>(json).is_ok();
    members.all(name).all(is).then_some(())
}

fn last<T: DeserializeOwned>(members: &Members<'_>, name: &str) -> Option<T> {
    let json = members.all(name).last()?;
    serde_json::from_str::<Option<T>>(json).ok()?
}

fn compare(
    operation: &str,
    is_routed: bool,
    members: &Members<'_>,
    decoded: Result<Incoming<'_>, FrameError>,
) {
    let (entity, id) = (last::<String>(members, "entity"), last(members, "view"));
    let query = members.all("query").last().and_then(Members::read);
    let queried = |name| query.as_ref()?.first(name);
    let view = match operation {
        "subscribed" => {
            let queried = queried("view").and_then(|json| serde_json::from_str(json).ok());
            id.or(entity).or(queried)
        }
        _ => entity.or(id),
    };
    let key: Option<String> = last(members, "key");
    let data = members.all("data").last();
    match (operation, decoded) {
        ("subscribed", Ok(Incoming::Frame(Frame::Subscribed { view: of, ack, .. }))) => {
            assert_eq!(Some(&*of), view.as_deref());
            let said = Ack {
                whole_entities: last(members, "wholeEntities").unwrap_or_default(),
                replay_window: last(members, "replayWindow"),
                limit: queried("take").and_then(|take| take.parse().ok()),
            };
            assert_eq!(ack, is_routed.then_some(said));
        }
        // The tree may be unable to hold the order's JSON.
        ("subscribed", Err(FrameError::Malformed(_))) => {}
        ("delete", Ok(Incoming::Frame(frame @ Frame::Delete { .. }))) => {
            assert_eq!(
                (frame.view(), frame.key()),
                (&*view.unwrap(), key.as_deref())
            );
        }
        ("remove", Ok(Incoming::Frame(frame @ Frame::Remove { .. }))) if is_routed => {
            assert_eq!(
                (frame.view(), frame.key()),
                (&*view.unwrap(), key.as_deref())
            );
        }
        ("unsubscribed", Ok(Incoming::Frame(Frame::Unsubscribed))) => assert!(is_routed),
        (
            "patch",
            Ok(Incoming::Frame(Frame::Patch {
                view: of,
                row,
                append,
                seq,
                offset,
            })),
        ) => {
            assert_eq!(Some(&*of), view.as_deref());
            same_row(&row, key, data);
            assert_eq!(offset, last(members, "offset"));
            assert_eq!(
                append,
                last::<Vec<String>>(members, "append").unwrap_or_default()
            );
            // In v2, only the position in the row's data counts.
            let said = last::<String>(members, "seq").filter(|_| !is_routed);
            assert_eq!(seq, said.map(|seq| Seq::parse(&seq)));
        }
        ("upsert" | "create", Ok(Incoming::Frame(Frame::Upsert { view: of, row }))) => {
            assert_eq!(Some(&*of), view.as_deref());
            same_row(&row, key, data);
        }
        (
            "snapshot",
            Ok(Incoming::Frame(Frame::Snapshot {
                view: of,
                rows,
                malformed,
                complete,
                authoritative,
            })),
        ) => {
            assert_eq!(Some(&*of), view.as_deref());
            assert_eq!(complete, last(members, "complete").unwrap_or(true));
            assert_eq!(authoritative, last(members, "authoritative"));
            snapshot(data.unwrap(), &rows, &malformed);
        }
        ("snapshot", Err(FrameError::Malformed(_))) => {
            let elements = data.map(serde_json::from_str::<Vec<IgnoredAny>>);
            assert!(view.is_none() || !matches!(elements, Some(Ok(_))));
        }
        ("delete" | "remove", Err(FrameError::Malformed(_))) => {
            assert!(view.is_none() || key.is_none());
        }
        ("patch" | "upsert" | "create", Err(FrameError::Malformed(_))) => {
            assert!(view.is_none() || key.is_none() || data.is_none());
        }
        (
            _,
            Err(FrameError::UnknownOperation {
                operation: named,
                view: of,
                key: which,
            }),
        ) => {
            assert_eq!((&*named, of, which), (operation, view, key));
        }
        (_, decoded) => panic!("\"{operation}\" is {decoded:?}"),
    }
}

fn same_row(row: &Row<'_>, key: Option<String>, data: Option<&str>) {
    assert_eq!((Some(&*row.key), Some(row.data)), (key.as_deref(), data));
}

/// A row counts if it has a key and data. Every other row is one error.
fn snapshot(data: &str, rows: &[Row<'_>], malformed: &[FrameError]) {
    let elements: Vec<&RawValue> = serde_json::from_str(data).expect("an array");
    assert_eq!(elements.len(), rows.len() + malformed.len());
    let mut rows = rows.iter();
    for element in elements {
        let Some(members) = Members::read(element.get()) else {
            continue;
        };
        let key = are::<Option<String>>(&members, "key").and_then(|()| last(&members, "key"));
        let data = members.all("data").last();
        if key.is_some() && data.is_some() {
            same_row(rows.next().expect("a row"), key, data);
        }
    }
    assert!(rows.next().is_none(), "a row of nothing");
}

/// Checks the value at each path of a text, and at one more path after each.
fn scalars(text: &str, path: &mut Vec<String>, json: Option<&str>) {
    if !path.is_empty() {
        assert_eq!(Scalar::at(text, path), json.and_then(scalar), "at {path:?}");
    }
    if path.len() > 4 {
        return;
    }
    let members = json.and_then(Members::read);
    let Some(members) = members else {
        path.push("deeper".to_owned());
        assert_eq!(Scalar::at(text, path), None, "at {path:?}");
        path.pop();
        return;
    };
    for (name, _) in members.0.iter().take(8) {
        path.push(name.clone());
        scalars(text, path, members.first(name));
        path.pop();
    }
}

fn scalar(json: &str) -> Option<Scalar> {
    Some(match json.as_bytes().first()? {
        b'{' | b'[' | b'n' => Scalar::Null,
        b't' | b'f' => Scalar::Bool(json == "true"),
        b'"' => {
            let text: String = serde_json::from_str(json).ok()?;
            text.parse().map_or(Scalar::Text(text), Scalar::Integer)
        }
        _ => match json.parse() {
            Ok(integer) => Scalar::Integer(integer),
            Err(_) => Scalar::Float(serde_json::from_str(json).ok()?),
        },
    })
}

/// Checks that a position round-trips, and that both parsers accept the same texts.
fn positions(text: &str) {
    let lenient = Seq::parse(text);
    assert_eq!(Seq::parse(&lenient.to_string()), lenient);
    if let Ok(strict) = text.parse::<Seq>() {
        assert_eq!(strict, lenient);
    }
}
