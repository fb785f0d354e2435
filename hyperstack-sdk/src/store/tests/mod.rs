mod limit;
mod parts;
mod repair;
mod v2;

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::*;
use futures_util::FutureExt;

use crate::session::{
    Absent, CloseReason, Filters, Instruction, Query, RemovalCause, Session, Settings, SourceId,
    Step, Target, Window,
};
use crate::stream::{
    Change, ChangeKind, Needs, Next, Options, Policy, Queue, RowError, StreamError,
};
use crate::wire::{Frame, FrameError, Incoming, Protocol, Seq, Sort};
use crate::{Entity, PatchErrorKind, RowErrorCause};

#[derive(Debug, Clone, PartialEq, Entity)]
struct Coin {
    name: String,
    price: Option<f64>,
    log: Vec<u32>,
}

fn begin(target: Target, window: Window, sort: Option<Sort>) -> Step<'static> {
    Step::Begin {
        target,
        window,
        sort,
        resync: false,
        protocol: Protocol::V1,
        whole_entities: false,
        positions: true,
        rolls_back: false,
        limits_rows: true,
    }
}

/// The caches of one source, and one reader of it.
struct Fixture {
    caches: Caches,
    session: Session,
    source: SourceId,
    view: Arc<str>,
    /// Whether rows leave the view.
    derived: bool,
    cache: Arc<Cache<Coin>>,
    queue: Arc<Queue<Coin>>,
}

fn queue() -> Queue<Coin> {
    let options = Options {
        needs: Needs::ChangesWithBefore,
        wants_errors: true,
        policy: None,
    };
    Queue::new(options, Policy::Conflate(1024), Arc::default())
}

fn fixture(view: &str, limit: Option<usize>) -> Fixture {
    let mut caches = Caches::new(limit);
    let mut session = Session::new(Settings::default(), 0);
    let derived = !view.ends_with("/list");
    let view: Arc<str> = view.into();
    let query = Query::part(view.clone(), Window::default(), Filters::new());
    let source = session.want(&query).source;
    let (cache, is_new) = caches.get_or_insert::<Coin>(source, &view);
    assert!(is_new);
    let queue = Arc::new(queue());
    cache.subscribe(&Selection::All, &queue);
    Fixture {
        caches,
        session,
        source,
        view,
        derived,
        cache,
        queue,
    }
}

impl Fixture {
    /// Takes a step.
    fn step(&mut self, step: Step<'_>) {
        let source = Some(self.source);
        self.caches.apply(&Instruction { source, step });
    }

    /// Applies frames of the view: the JSON of each without its `entity`.
    fn apply(&mut self, frames: &[&str]) -> Vec<RowError> {
        for frame in frames {
            let json = format!(r#"{{"entity":"{}",{frame}}}"#, self.view);
            let Ok(Incoming::Frame(frame)) = Incoming::decode(json.as_bytes()) else {
                panic!("{json}")
            };
            let hold = self.derived;
            self.step(match frame {
                Frame::Snapshot {
                    rows, malformed, ..
                } => Step::Snapshot {
                    rows,
                    malformed,
                    restarts: false,
                },
                Frame::Upsert { row, .. } => Step::Upsert(row),
                Frame::Patch {
                    row, append, seq, ..
                } => Step::Patch { row, append, seq },
                Frame::Delete { key, .. } => Step::Remove {
                    key,
                    cause: RemovalCause::Deleted,
                    hold,
                },
                frame => panic!("{frame:?}"),
            });
        }
        std::mem::take(&mut self.caches.report().row_errors)
    }

    fn begin(&mut self, sort: &str) {
        let json = format!(r#"{{"op":"subscribed","view":"{}",{sort}}}"#, self.view);
        let Ok(Incoming::Frame(Frame::Subscribed { sort, .. })) = Incoming::decode(json.as_bytes())
        else {
            panic!("{json}")
        };
        self.handle_begin(sort);
    }

    fn handle_begin(&mut self, sort: Option<Sort>) {
        self.step(begin(Target::All, Window::default(), sort));
    }

    fn finish(&mut self) {
        let absent = match self.derived {
            true => Absent::Remove,
            false => Absent::Keep,
        };
        let target = Target::All;
        self.step(Step::Complete { target, absent });
    }

    fn outcome(&self, target: Target) -> Option<Outcome> {
        let window = Window::default();
        self.cache.outcome(&target, window).now_or_never()
    }

    /// The names of the rows, in order.
    fn names(&self) -> Vec<String> {
        let rows = self.cache.list(Window::default(), None);
        rows.iter().map(|coin| coin.name.clone()).collect()
    }

    /// Reads the pending updates, as `kind key`.
    fn read(&self) -> Vec<String> {
        let mut read = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(next) = self.queue.poll_next(&mut context) {
            match next {
                Next::Change(Change { key, kind, .. }) => read.push(match kind {
                    ChangeKind::Upsert => format!("upsert {key}"),
                    ChangeKind::Patch => format!("patch {key}"),
                    ChangeKind::Remove(_) => format!("delete {key}"),
                }),
                Next::Window => read.push("window".into()),
                Next::Error(error) => read.push(format!("error {error}")),
                Next::End(_) => {
                    read.push("end".into());
                    break;
                }
            }
        }
        read
    }
}

const RECENCY: &str = r#""sort":{"field":["_seq"],"order":"desc"}"#;
const BY_PRICE: &str = r#""sort":{"field":["price"],"order":"desc"}"#;

#[test]
fn a_patch_of_an_unknown_row_waits_until_the_row_is_whole() {
    let mut f = fixture("Coin/list", None);
    f.apply(&[r#""op":"patch","key":"a","data":{"price":1.5}"#]);
    assert_eq!((f.names().len(), f.read().len()), (0, 0));
    assert_eq!(f.caches.counts().partial_rows, 1);
    f.apply(&[r#""op":"patch","key":"a","data":{"name":"ore"}"#]);
    assert_eq!(f.read(), ["patch a"]);
    let coin = f.cache.get("a").unwrap();
    assert_eq!((coin.name.as_str(), coin.price), ("ore", Some(1.5)));
    assert_eq!(f.caches.counts().partial_rows, 0);
}

#[test]
fn an_unchanged_row_causes_no_update() {
    let mut f = fixture("Coin/list", None);
    let row = r#""op":"upsert","key":"a","data":{"name":"ore","_seq":"1:1"}"#;
    f.apply(&[row, row]);
    f.apply(&[r#""op":"patch","key":"a","data":{"name":"ore","_seq":"2:1"}"#]);
    assert_eq!(f.read(), ["upsert a"]);
}

#[test]
fn a_bad_field_keeps_its_last_good_value() {
    let mut f = fixture("Coin/list", None);
    f.apply(&[r#""op":"upsert","key":"a","data":{"name":"ore"}"#]);
    let errors = f.apply(&[
        r#""op":"patch","key":"a","data":{"log":[1,"x"]}"#,
        r#""op":"patch","key":"a","data":{"price":2.0,"name":null}"#,
        r#""op":"upsert","key":"a","data":{"price":2.0}"#,
    ]);
    assert_eq!(errors[0].path(), "log[1]");
    let kind = |error: &RowError| match &error.cause {
        RowErrorCause::Patch(error) => Some((error.path().to_owned(), error.kind())),
        RowErrorCause::Decode(_) => None,
    };
    assert_eq!(
        kind(&errors[1]),
        Some(("name".into(), PatchErrorKind::Null))
    );
    assert_eq!(
        kind(&errors[2]),
        Some(("name".into(), PatchErrorKind::Missing))
    );
    let coin = f.cache.get("a").unwrap();
    assert_eq!((coin.name.as_str(), coin.price), ("ore", Some(2.0)));
    assert_eq!(coin.log, [0; 0]);
    let read = f.read();
    assert_eq!(read[3..], ["upsert a", "patch a"]);
    assert!(
        read[0].contains("Coin/list, key \"a\": Coin.log[1]"),
        "{}",
        read[0]
    );
}

#[test]
fn appended_elements_follow_the_present_ones() {
    let mut f = fixture("Coin/list", None);
    f.apply(&[
        r#""op":"upsert","key":"a","data":{"name":"ore","log":[1]}"#,
        r#""op":"patch","key":"a","data":{"log":[2,3]},"append":["log"]"#,
    ]);
    assert_eq!(f.cache.get("a").unwrap().log, [1, 2, 3]);
    f.apply(&[r#""op":"patch","key":"a","data":{"log":[9]}"#]);
    assert_eq!(f.cache.get("a").unwrap().log, [9]);
}

#[test]
fn recency_is_by_position_in_the_snapshot_and_by_arrival_afterwards() {
    let mut f = fixture("Coin/list", None);
    f.begin(RECENCY);
    f.apply(&[
        r#""op":"snapshot","data":[{"key":"a","data":{"name":"a","_seq":"99:1"}},{"key":"b","data":{"name":"b","_seq":"100:1"}}],"complete":false"#,
        r#""op":"snapshot","data":[{"key":"c","data":{"name":"c","_seq":"100:2"}}],"complete":true"#,
    ]);
    f.finish();
    assert_eq!(f.names(), ["c", "b", "a"]);
    f.apply(&[
        r#""op":"patch","key":"a","data":{"price":1,"_seq":"101:1"}"#,
        r#""op":"patch","key":"d","data":{"name":"d","_seq":"102:1"}"#,
    ]);
    assert_eq!(f.names(), ["d", "a", "c", "b"]);
}

#[test]
fn a_patch_moves_its_row() {
    let mut f = fixture("Coin/top", None);
    f.begin(BY_PRICE);
    f.apply(&[
        r#""op":"upsert","key":"a","data":{"name":"a","price":1.5}"#,
        r#""op":"upsert","key":"b","data":{"name":"b","price":2}"#,
        r#""op":"patch","key":"a","data":{"price":2.5}"#,
    ]);
    assert_eq!(f.names(), ["a", "b"]);
    f.apply(&[r#""op":"patch","key":"a","data":{"log":[1]}"#]);
    assert_eq!(f.names(), ["a", "b"]);
}

#[test]
fn a_row_that_left_a_window_is_deleted_after_its_successor_arrived() {
    let mut f = fixture("Coin/latest", None);
    f.begin(BY_PRICE);
    f.apply(&[r#""op":"upsert","key":"a","data":{"name":"a","price":1}"#]);
    f.apply(&[r#""op":"delete","key":"a","data":null"#]);
    assert_eq!(f.names(), ["a"]);
    assert!(f.caches.holds_rows());
    f.apply(&[r#""op":"upsert","key":"b","data":{"name":"b","price":2}"#]);
    assert_eq!(f.names(), ["b"]);
    assert!(!f.caches.holds_rows());
    assert_eq!(f.read(), ["upsert a", "upsert b", "delete a"]);
}

#[test]
fn a_row_that_left_a_window_is_deleted_without_a_successor_too() {
    let mut f = fixture("Coin/latest", None);
    f.apply(&[
        r#""op":"upsert","key":"a","data":{"name":"a"}"#,
        r#""op":"delete","key":"a","data":null"#,
    ]);
    f.step(Step::ReleaseHeld);
    assert_eq!(f.read(), ["upsert a", "delete a"]);
    assert!(!f.caches.holds_rows());
}

#[test]
fn a_row_that_left_a_window_and_came_back_is_not_deleted() {
    let mut f = fixture("Coin/latest", None);
    let row = r#""op":"upsert","key":"a","data":{"name":"a"}"#;
    f.apply(&[row, r#""op":"delete","key":"a","data":null"#, row]);
    assert_eq!(f.read(), ["upsert a"]);
    assert_eq!(f.names(), ["a"]);
}

#[test]
fn a_list_deletes_at_once() {
    let mut f = fixture("Coin/list", None);
    f.apply(&[
        r#""op":"upsert","key":"a","data":{"name":"a"}"#,
        r#""op":"delete","key":"a","data":null"#,
    ]);
    assert_eq!(f.read(), ["upsert a", "delete a"]);
}

const TWO: &str = r#""op":"snapshot","data":[{"key":"a","data":{"name":"a"}},{"key":"b","data":{"name":"b"}}],"complete":true"#;
const ONE: &str = r#""op":"snapshot","data":[{"key":"b","data":{"name":"B"}}],"complete":true"#;

/// A notice, which is read before the queued changes.
const RESYNCED: &str = "error the view was resynced";

#[test]
fn a_new_snapshot_of_a_window_deletes_rows_that_it_lacks() {
    let mut f = fixture("Coin/latest", None);
    f.begin(BY_PRICE);
    f.apply(&[TWO]);
    f.finish();
    f.begin(BY_PRICE);
    f.apply(&[ONE]);
    f.finish();
    let changes = [RESYNCED, "upsert a", "upsert b", "upsert b", "delete a"];
    assert_eq!(f.read(), changes);
    f.begin(BY_PRICE);
    f.finish();
    assert_eq!(f.read(), [RESYNCED, "delete b"]);
}

#[test]
fn a_live_row_during_a_snapshot_is_part_of_the_window() {
    let mut f = fixture("Coin/latest", None);
    f.begin(BY_PRICE);
    f.apply(&[TWO]);
    f.finish();
    f.begin(BY_PRICE);
    f.apply(&[r#""op":"upsert","key":"a","data":{"name":"a"}"#]);
    f.finish();
    assert_eq!(f.names(), ["a"]);
}

#[test]
fn a_new_snapshot_of_a_list_keeps_rows_that_it_lacks() {
    let mut f = fixture("Coin/list", None);
    f.begin(RECENCY);
    f.apply(&[TWO]);
    f.finish();
    f.begin(RECENCY);
    f.apply(&[ONE]);
    f.finish();
    assert_eq!(f.names(), ["B", "a"]);
}

#[test]
fn the_row_furthest_from_the_front_leaves_as_a_delete() {
    let mut f = fixture("Coin/top", Some(2));
    f.begin(BY_PRICE);
    f.finish();
    f.apply(&[
        r#""op":"upsert","key":"a","data":{"name":"a","price":1}"#,
        r#""op":"upsert","key":"b","data":{"name":"b","price":2}"#,
        r#""op":"upsert","key":"c","data":{"name":"c","price":3}"#,
    ]);
    assert_eq!(f.names(), ["c", "b"]);
    assert_eq!(f.read(), ["upsert a", "upsert b", "upsert c", "delete a"]);
    assert_eq!(f.caches.meter().evicted.get(), 1);
}

#[test]
fn a_new_row_that_is_evicted_at_once_is_never_delivered() {
    let mut f = fixture("Coin/top", Some(1));
    f.begin(BY_PRICE);
    f.finish();
    f.apply(&[
        r#""op":"upsert","key":"a","data":{"name":"a","price":2}"#,
        r#""op":"upsert","key":"b","data":{"name":"b","price":1}"#,
    ]);
    assert_eq!(f.read(), ["upsert a"]);
    assert_eq!(f.names(), ["a"]);
}

#[test]
fn a_window_is_never_short_while_rows_change_places() {
    let mut f = fixture("Coin/top", None);
    f.begin(BY_PRICE);
    f.apply(&[TWO]);
    f.finish();
    f.read();
    f.apply(&[
        r#""op":"delete","key":"a","data":null"#,
        r#""op":"upsert","key":"b","data":{"name":"b"}"#,
    ]);
    assert_eq!(f.names().len(), 2);
    f.apply(&[r#""op":"upsert","key":"c","data":{"name":"c"}"#]);
    assert_eq!(f.read(), ["upsert c", "delete a"]);
}

#[test]
fn a_late_reader_gets_the_rows_and_then_the_changes() {
    let mut f = fixture("Coin/list", None);
    f.begin(RECENCY);
    f.apply(&[TWO]);
    f.finish();
    let late = Arc::new(queue());
    f.cache.subscribe(&Selection::Key("b".into()), &late);
    f.apply(&[
        r#""op":"patch","key":"a","data":{"price":1}"#,
        r#""op":"patch","key":"b","data":{"price":1}"#,
    ]);
    f.queue = late;
    assert_eq!(f.read(), ["upsert b", "patch b"]);
}

#[test]
fn narrowing_keeps_the_keys_that_are_still_subscribed() {
    let mut f = fixture("Coin/list", None);
    f.begin(RECENCY);
    f.apply(&[TWO]);
    f.finish();
    f.step(Step::Narrow(vec!["b".into()]));
    assert_eq!(f.names(), ["b"]);
    assert_eq!(f.outcome(Target::All), None);
    assert_eq!(f.outcome(Target::Key("a".into())), None);
    assert_eq!(f.outcome(Target::Key("b".into())), Some(Outcome::Ready));
}

#[test]
fn the_end_reaches_present_and_later_readers() {
    let mut f = fixture("Coin/list", None);
    f.caches.end(&CloseReason::Disconnected);
    assert_eq!(f.read(), ["end"]);
    let other: Arc<str> = "Coin/other".into();
    let query = Query::part(other.clone(), Window::default(), Filters::new());
    let source = f.session.want(&query).source;
    let (late, _) = f.caches.get_or_insert::<Coin>(source, &other);
    let outcome = late.outcome(&Target::All, Window::default()).now_or_never();
    assert_eq!(outcome, Some(Outcome::Ended(CloseReason::Disconnected)));
}

#[test]
fn a_bad_row_in_a_new_snapshot_keeps_its_last_good_value() {
    let mut f = fixture("Coin/latest", None);
    f.begin(BY_PRICE);
    f.apply(&[TWO]);
    f.finish();
    f.begin(BY_PRICE);
    let errors = f.apply(&[
        r#""op":"snapshot","data":[{"key":"a","data":{"name":7}},{"key":"b","data":{"name":"b"}}],"complete":true"#,
    ]);
    f.finish();
    assert_eq!(errors.len(), 1);
    assert_eq!(f.names(), ["a", "b"]);
}

#[test]
fn a_snapshot_with_a_malformed_message_is_incomplete_and_deletes_nothing() {
    let mut f = fixture("Coin/latest", None);
    f.begin(BY_PRICE);
    f.apply(&[TWO]);
    f.finish();
    assert_eq!(f.outcome(Target::All), Some(Outcome::Ready));
    f.step(Step::Lost);
    assert_eq!(f.outcome(Target::All), None);
    f.begin(BY_PRICE);
    let error = FrameError::TooLarge { size: 2, limit: 1 };
    f.step(Step::Undecodable(error.clone()));
    f.finish();
    assert_eq!(f.names(), ["a", "b"]);
    assert_eq!(f.outcome(Target::All), Some(Outcome::Incomplete(error)));
}

#[test]
fn the_row_limit_applies_after_the_snapshot_is_in_order() {
    let mut f = fixture("Coin/list", Some(3));
    let snapshot = |keys: &str| {
        let rows = keys.chars().map(|key| {
            let slot = key as u32;
            format!(r#"{{"key":"{key}","data":{{"name":"{key}","_seq":"{slot}:0"}}}}"#)
        });
        let rows = rows.collect::<Vec<_>>().join(",");
        format!(r#""op":"snapshot","data":[{rows}],"complete":true"#)
    };
    for keys in ["cba", "dcba"] {
        f.begin(RECENCY);
        f.apply(&[&snapshot(keys)]);
        f.finish();
    }
    assert_eq!(f.names(), ["d", "c", "b"]);
    assert_eq!(f.read().last().unwrap(), "delete a");
}

#[test]
fn a_held_delete_survives_the_end_of_the_snapshot() {
    let mut f = fixture("Coin/latest", None);
    f.begin(BY_PRICE);
    f.apply(&[
        r#""op":"upsert","key":"a","data":{"name":"a"}"#,
        r#""op":"delete","key":"a","data":null"#,
    ]);
    f.finish();
    assert_eq!(f.names(), [""; 0]);
}

#[test]
fn a_null_that_is_not_allowed_leaves_a_new_row_partial() {
    let mut f = fixture("Coin/list", None);
    let errors = f.apply(&[
        r#""op":"upsert","key":"a","data":{"name":null}"#,
        r#""op":"patch","key":"b","data":{"name":null}"#,
    ]);
    assert_eq!(errors.len(), 2);
    assert_eq!(f.caches.counts().partial_rows, 2);
    assert_eq!(f.names(), [""; 0]);
}

#[test]
fn a_rejection_is_an_outcome() {
    let mut f = fixture("Coin/list", None);
    let Ok(Incoming::Issue(issue)) = Incoming::decode(
        br#"{"type":"error","code":"subscription-limit-exceeded","message":"no more"}"#,
    ) else {
        panic!()
    };
    f.step(Step::Refused {
        target: Target::All,
        issue: issue.clone(),
    });
    assert_eq!(f.outcome(Target::All), Some(Outcome::Refused(issue)));
    assert_eq!(
        f.read(),
        ["error the server rejected the subscription: subscription-limit-exceeded: no more"]
    );
    f.begin(RECENCY);
    assert_eq!(f.outcome(Target::All), None);
}

#[test]
fn a_malformed_message_of_one_keys_snapshot_is_kept_when_the_next_snapshot_starts() {
    let mut f = fixture("Coin/list", None);
    let begin = |key: &str| begin(Target::Key(key.into()), Window::default(), None);
    f.step(begin("a"));
    let error = FrameError::TooLarge { size: 2, limit: 1 };
    f.step(Step::Undecodable(error.clone()));
    f.step(begin("b"));
    f.step(Step::Complete {
        target: Target::Key("a".into()),
        absent: Absent::Keep,
    });
    let outcome = f.outcome(Target::Key("a".into()));
    assert_eq!(outcome, Some(Outcome::Incomplete(error)));
}

#[test]
fn there_is_no_cursor_in_the_middle_of_a_snapshot() {
    let sort = r#""sort":{"field":["_seq"],"order":"desc"}"#;
    let mut f = fixture("Coin/list", None);
    f.begin(sort);
    f.apply(&[r#""op":"snapshot","data":[{"key":"a","data":{"_seq":"1000:1","name":"a"}}]"#]);
    f.finish();
    assert_eq!(f.caches.cursor(f.source), Some(Seq::new(850, 0)));
    // A new snapshot starts, in which the row that changed last arrives first.
    f.begin(sort);
    f.apply(&[
        r#""op":"snapshot","data":[{"key":"b","data":{"_seq":"5000:1","name":"b"}}],"complete":false"#,
    ]);
    assert_eq!(f.caches.cursor(f.source), None);
}

/// The server repeats changes that the snapshot already contains.
#[test]
fn elements_appended_after_a_repeated_change_replaced_the_list_are_kept() {
    let snapshot =
        r#""op":"snapshot","data":[{"key":"a","data":{"_seq":"10:0","name":"a","log":[6,6]}}]"#;
    let replace = r#""op":"patch","key":"a","seq":"9:0","data":{"log":[6]}"#;
    let append = r#""op":"patch","key":"a","seq":"10:0","append":["log"],"data":{"log":[6]}"#;
    let log = |f: &Fixture| f.cache.get("a").unwrap().log.clone();
    let mut f = fixture("Coin/list", None);
    f.begin(RECENCY);
    f.apply(&[snapshot]);
    f.finish();
    f.apply(&[replace]);
    assert_eq!(log(&f), [6], "the earlier list");
    f.apply(&[append]);
    assert_eq!(log(&f), [6, 6], "as on the server");
    // The next snapshot has the element again, and nothing replaces the list after it.
    f.begin(RECENCY);
    f.apply(&[snapshot]);
    f.finish();
    f.apply(&[append]);
    assert_eq!(log(&f), [6, 6]);
}

#[test]
fn a_repeated_change_of_a_bad_row_does_not_end_the_overlap() {
    let mut f = fixture("Coin/list", None);
    f.begin(RECENCY);
    f.apply(&[
        r#""op":"snapshot","data":[{"key":"b","data":{"_seq":"10:0","name":"b"}}],"complete":true"#,
    ]);
    f.finish();
    f.begin(RECENCY);
    let errors = f.apply(&[
        r#""op":"snapshot","data":[{"key":"a","data":{"_seq":"13:0","name":"a","log":[1]}}],"complete":false"#,
        r#""op":"snapshot","data":[{"key":"b","data":{"_seq":"12:0","name":7}}],"complete":true"#,
    ]);
    assert_eq!(errors.len(), 1);
    f.finish();
    // The server sends the last two changes again.
    f.apply(&[
        r#""op":"patch","key":"b","seq":"12:0","data":{"price":1}"#,
        r#""op":"patch","key":"a","seq":"13:0","append":["log"],"data":{"log":[1]}"#,
    ]);
    assert_eq!(f.cache.get("a").unwrap().log, [1]);
}

#[test]
fn a_later_type_has_no_rows_before_its_own_snapshot() {
    #[derive(Debug, Clone, PartialEq, Entity)]
    #[entity(crate = crate)]
    struct Price {
        name: Option<String>,
        price: Option<f64>,
    }

    let mut f = fixture("Coin/list", None);
    f.begin(RECENCY);
    f.apply(&[TWO]);
    f.finish();
    let (prices, _) = f.caches.get_or_insert::<Price>(f.source, &f.view);
    // The subscription of the other type continues.
    f.apply(&[r#""op":"patch","key":"a","data":{"price":7}"#]);
    assert_eq!(prices.get("a"), None, "half a row");
    f.begin(RECENCY);
    f.apply(&[TWO]);
    f.finish();
    assert_eq!(prices.get("a").unwrap().name.as_deref(), Some("a"));
}

#[test]
fn a_later_type_has_no_row_of_a_key_before_the_keys_snapshot() {
    #[derive(Debug, Clone, PartialEq, Entity)]
    #[entity(crate = crate)]
    struct Price {
        price: Option<f64>,
    }

    let mut f = fixture("Coin/list", None);
    let key = |key: &str| Target::Key(key.into());
    let (prices, _) = f.caches.get_or_insert::<Price>(f.source, &f.view);
    f.step(begin(key("a"), Window::default(), None));
    f.apply(&[r#""op":"patch","key":"b","data":{"price":7}"#]);
    assert_eq!(
        prices.get("b"),
        None,
        "left over from the subscription before"
    );
    f.step(begin(key("b"), Window::default(), None));
    f.apply(&[r#""op":"patch","key":"b","data":{"price":7}"#]);
    assert!(prices.get("b").is_some());
}

#[test]
fn a_snapshot_over_the_row_limit_is_reported_once() {
    let mut f = fixture("Coin/list", Some(1));
    for _ in 0..2 {
        f.begin(RECENCY);
        f.apply(&[TWO]);
        f.finish();
    }
    let full = std::mem::take(&mut f.caches.report().full);
    let reported: Vec<_> = full.iter().map(|full| (full.rows, full.limit)).collect();
    assert_eq!(reported, [(2, 1)]);
}
