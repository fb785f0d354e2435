//! The frames of protocol v2, with fields in the server's order.

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::super::frame::{batches, binary, compressed_if_smaller, quote, Mode};
use super::super::refusal::{Refusal, TapeRefusal};
use super::super::sort::Sort;
use super::message::Query;
use crate::wire::ReplayWindow;

/// The first part of a row's version: one epoch for each run of the server. A counter of changes follows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Epoch(u32);

impl Default for Epoch {
    fn default() -> Self {
        Self(0x5ab9_04cc)
    }
}

impl Epoch {
    /// The epoch of the next run.
    pub(crate) fn next(self) -> Self {
        Self(self.0.wrapping_add(0x9e37_79b9))
    }

    /// Returns the version of a row in a view of this mode. `change` is the number of the row's last change,
    /// from 1.
    pub(super) fn version(self, mode: Mode, change: u64) -> String {
        let counter = 3 * (change - 1) + 1 + mode as u64;
        format!("{:08x}:{counter}", self.0)
    }
}

/// Returns the JSON of a row with its version. Only objects have a version.
pub(super) fn versioned(data: &Value, version: String) -> String {
    let mut data = data.clone();
    if let Value::Object(fields) = &mut data {
        fields.insert("_version".to_owned(), version.into());
    }
    data.to_string()
}

/// The subscription of a data frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header<'a> {
    pub(super) id: &'a str,
    pub(super) mode: Mode,
    pub(super) view: &'a str,
}

/// A row to send: its key, and its JSON with its version.
pub(super) type Row<'r> = (&'r str, String);

impl Header<'_> {
    fn op(self, op: &str) -> String {
        let (id, mode, view) = (quote(self.id), self.mode.as_str(), quote(self.view));
        format!(
            r#"{{"protocolVersion":2,"subscriptionId":{id},"mode":"{mode}","entity":{view},"op":"{op}""#
        )
    }

    pub(super) fn upsert(self, (key, data): Row<'_>, seq: &str) -> Message {
        let (op, key, seq) = (self.op("upsert"), quote(key), seq_member(seq));
        binary(format!(r#"{op},"key":{key},"data":{data}{seq}}}"#))
    }

    /// Returns a `remove` or a `delete`.
    pub(super) fn gone(self, op: &str, key: &str, seq: &str) -> Message {
        let (op, key, seq) = (self.op(op), quote(key), seq_member(seq));
        binary(format!(r#"{op},"key":{key},"data":null{seq}}}"#))
    }

    /// Returns the messages of a snapshot. The last one is `complete`. A snapshot without rows is one
    /// message.
    pub(super) fn snapshot(self, snapshot: Snapshot<'_>) -> Vec<Message> {
        let batches = batches(&snapshot.rows);
        let last = batches.len() - 1;
        let messages = batches.iter().enumerate();
        messages
            .map(|(i, batch)| compressed_if_smaller(self.batch(&snapshot, batch, i == last)))
            .collect()
    }

    fn batch(self, snapshot: &Snapshot<'_>, rows: &[Row<'_>], complete: bool) -> String {
        let (subscription, view) = (quote(self.id), quote(self.view));
        let (mode, authoritative) = (self.mode.as_str(), snapshot.authoritative);
        let snapshot_id = snapshot_id(snapshot.number);
        let key = snapshot.key.map(|key| format!(r#","key":{}"#, quote(key)));
        let key = key.unwrap_or_default();
        let rows: Vec<_> = rows
            .iter()
            .map(|(key, data)| format!(r#"{{"key":{},"data":{data}}}"#, quote(key)))
            .collect();
        let rows = rows.join(",");
        format!(
            r#"{{"protocolVersion":2,"subscriptionId":{subscription},"snapshotId":"{snapshot_id}","authoritative":{authoritative},"mode":"{mode}","entity":{view},"op":"snapshot"{key},"data":[{rows}],"complete":{complete}}}"#
        )
    }
}

/// The content of a snapshot.
#[derive(Debug)]
pub(super) struct Snapshot<'r> {
    /// The snapshot's number, from which its id is made.
    pub(super) number: u64,
    pub(super) authoritative: bool,
    /// The key of the query.
    pub(super) key: Option<&'r str>,
    pub(super) rows: Vec<Row<'r>>,
}

/// Returns a patch up to its subscription id. Its fields are in alphabetical order, as the server forwards
/// them.
pub(super) fn patch_head(
    view: &str,
    mode: Mode,
    key: &str,
    data: &str,
    append: &[String],
    offset: Option<u64>,
    seq: &str,
) -> String {
    let (view, mode, key) = (quote(view), mode.as_str(), quote(key));
    let append = if append.is_empty() {
        String::new()
    } else {
        format!(r#""append":{},"#, Value::from(append))
    };
    let offset = offset.map_or(String::new(), |offset| format!(r#""offset":{offset},"#));
    let seq = seq_member(seq);
    format!(
        r#"{{{append}"data":{data},"entity":{view},"key":{key},"mode":"{mode}",{offset}"op":"patch","protocolVersion":2{seq},"subscriptionId":"#
    )
}

/// Returns the patch that begins with `head`.
pub(super) fn patch(head: &str, id: &str) -> Message {
    binary(format!("{head}{}}}", quote(id)))
}

/// The answer to a subscription.
pub(super) fn subscribed(id: &str, query: &Query, mode: Mode, sort: Option<&Sort>) -> Message {
    let (id, query, mode) = (quote(id), query.to_json(), mode.as_str());
    let sort = sort.map_or(String::new(), |sort| {
        let (field, order) = (Value::from(sort.field.as_slice()), sort.order.as_str());
        format!(r#","sort":{{"field":{field},"order":"{order}"}}"#)
    });
    binary(format!(
        r#"{{"protocolVersion":2,"subscriptionId":{id},"op":"subscribed","query":{query},"mode":"{mode}"{sort},"wholeEntities":true}}"#
    ))
}

/// The answer to a subscription to a tape.
pub(super) fn subscribed_to_tape(id: &str, query: &Query, window: &ReplayWindow) -> Message {
    let (id, query, window) = (quote(id), query.to_json(), replay_window(window));
    binary(format!(
        r#"{{"protocolVersion":2,"subscriptionId":{id},"op":"subscribed","query":{query},"mode":"append","replayWindow":{window},"wholeEntities":true}}"#
    ))
}

fn replay_window(window: &ReplayWindow) -> String {
    let (epoch, earliest, next) = (quote(&window.epoch), window.earliest, window.next);
    let gap = window.gap_after.map(|gap| format!(r#","gapAfter":{gap}"#));
    let gap = gap.unwrap_or_default();
    format!(r#"{{"epoch":{epoch},"earliest":{earliest},"next":{next}{gap}}}"#)
}

/// The answer to the end of a subscription.
pub(super) fn unsubscribed(id: &str) -> Message {
    let id = quote(id);
    binary(format!(
        r#"{{"protocolVersion":2,"subscriptionId":{id},"op":"unsubscribed"}}"#
    ))
}

/// Returns the JSON of an error. Answers to requests are text; the end of a delivery is binary.
pub(crate) fn error(refusal: &Refusal, id: Option<&str>, fatal: bool) -> String {
    let id = Value::from(id);
    let (code, message) = (quote(&refusal.code), quote(&refusal.message));
    let retryable = refusal.retryable;
    let retry_after = refusal.retry_after;
    let retry_after = retry_after.map(|seconds| format!(r#","retryAfter":{seconds}"#));
    let action = refusal.suggested_action.as_deref();
    let action = action.map(|action| format!(r#","suggestedAction":{}"#, quote(action)));
    let tape = refusal.tape.as_deref().map(|tape| match tape {
        TapeRefusal::Window(window) => format!(r#","replayWindow":{}"#, replay_window(window)),
        TapeRefusal::RecoverFrom(cursor) => format!(r#","recoverFrom":{}"#, quote(cursor)),
    });
    let optional = [retry_after, action, tape];
    let optional = optional.into_iter().flatten().collect::<String>();
    format!(
        r#"{{"type":"error","protocolVersion":2,"subscriptionId":{id},"error":{code},"message":{message},"code":{code},"retryable":{retryable}{optional},"fatal":{fatal}}}"#
    )
}

fn seq_member(seq: &str) -> String {
    if seq.is_empty() {
        String::new()
    } else {
        format!(r#","seq":{}"#, quote(seq))
    }
}

/// A UUID, different for each number.
fn snapshot_id(number: u64) -> String {
    format!("5ab904cc-0000-4000-8000-{number:012x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LIST: Header<'static> = Header {
        id: "l",
        mode: Mode::List,
        view: "Round/list",
    };

    fn text(message: &Message) -> String {
        String::from_utf8(message.clone().into_data().to_vec()).unwrap()
    }

    #[test]
    fn frames_match_the_servers_byte_for_byte() {
        let data = || versioned(&json!({"_seq": "7:1", "n": 1}), "5ab904cc:1".to_owned());
        assert_eq!(
            text(&LIST.upsert(("1", data()), "7:1")),
            r#"{"protocolVersion":2,"subscriptionId":"l","mode":"list","entity":"Round/list","op":"upsert","key":"1","data":{"_seq":"7:1","_version":"5ab904cc:1","n":1},"seq":"7:1"}"#
        );
        assert_eq!(
            text(&LIST.gone("remove", "1", "")),
            r#"{"protocolVersion":2,"subscriptionId":"l","mode":"list","entity":"Round/list","op":"remove","key":"1","data":null}"#
        );
        let head = patch_head(
            "Round/list",
            Mode::List,
            "1",
            "{}",
            &["log".to_owned()],
            None,
            "7:1",
        );
        assert_eq!(
            text(&patch(&head, "l")),
            r#"{"append":["log"],"data":{},"entity":"Round/list","key":"1","mode":"list","op":"patch","protocolVersion":2,"seq":"7:1","subscriptionId":"l"}"#
        );
        let head = patch_head("Round/append", Mode::Append, "1", "{}", &[], Some(7), "");
        assert_eq!(
            text(&patch(&head, "t")),
            r#"{"data":{},"entity":"Round/append","key":"1","mode":"append","offset":7,"op":"patch","protocolVersion":2,"subscriptionId":"t"}"#
        );
        let snapshot = Snapshot {
            number: 1,
            authoritative: true,
            key: Some("1"),
            rows: vec![],
        };
        assert_eq!(
            text(&LIST.snapshot(snapshot)[0]),
            r#"{"protocolVersion":2,"subscriptionId":"l","snapshotId":"5ab904cc-0000-4000-8000-000000000001","authoritative":true,"mode":"list","entity":"Round/list","op":"snapshot","key":"1","data":[],"complete":true}"#
        );
        let query = Query {
            view: "Round/latest".to_owned(),
            take: Some(1),
            ..Query::default()
        };
        assert_eq!(
            text(&subscribed(
                "d",
                &query,
                Mode::List,
                Some(&Sort::desc("id.n"))
            )),
            r#"{"protocolVersion":2,"subscriptionId":"d","op":"subscribed","query":{"view":"Round/latest","take":1},"mode":"list","sort":{"field":["id","n"],"order":"desc"},"wholeEntities":true}"#
        );
        let refusal = Refusal::new("rate-limit-exceeded")
            .message("slow down")
            .retry_after(60);
        assert_eq!(
            error(&refusal, None, true),
            r#"{"type":"error","protocolVersion":2,"subscriptionId":null,"error":"rate-limit-exceeded","message":"slow down","code":"rate-limit-exceeded","retryable":true,"retryAfter":60,"fatal":true}"#
        );
        let window = ReplayWindow {
            epoch: "e".to_owned(),
            earliest: 3,
            next: 9,
            gap_after: Some(4),
        };
        let query = Query {
            view: "Round/append".to_owned(),
            ..Query::default()
        };
        assert_eq!(
            text(&subscribed_to_tape("t", &query, &window)),
            r#"{"protocolVersion":2,"subscriptionId":"t","op":"subscribed","query":{"view":"Round/append"},"mode":"append","replayWindow":{"epoch":"e","earliest":3,"next":9,"gapAfter":4},"wholeEntities":true}"#
        );
        let refusal = Refusal::new("replay-gap")
            .message("m")
            .suggested_action("a")
            .replay_window(window);
        assert_eq!(
            error(&refusal, Some("t"), false),
            r#"{"type":"error","protocolVersion":2,"subscriptionId":"t","error":"replay-gap","message":"m","code":"replay-gap","retryable":false,"suggestedAction":"a","replayWindow":{"epoch":"e","earliest":3,"next":9,"gapAfter":4},"fatal":false}"#
        );
    }

    #[test]
    fn versions_rise_from_mode_to_mode_of_one_change() {
        let versions =
            [Mode::List, Mode::State, Mode::Append].map(|mode| Epoch::default().version(mode, 2));
        assert_eq!(versions, ["5ab904cc:4", "5ab904cc:5", "5ab904cc:6"]);
    }
}
