//! Readers of windows and filters.

use super::*;
use crate::wire::Seq;

fn part(skip: u64, take: u64) -> Window {
    Window {
        skip,
        take: Some(take),
        ..Window::default()
    }
}

fn cheap() -> Option<Predicate<Coin>> {
    Some(Arc::new(|coin| {
        coin.price.is_some_and(|price| price < 10.0)
    }))
}

impl Fixture {
    /// Replaces the reader by a reader of a window.
    fn reads(&mut self, window: Window, filter: Option<Predicate<Coin>>) {
        self.queue = Arc::new(queue());
        let mut needed = window;
        if self.derived && (filter.is_some() || window.take.is_none()) {
            needed = Window::default();
        }
        if !self.derived {
            (needed.skip, needed.take) = (0, None);
        }
        let selection = Selection::Window {
            window,
            needed,
            filter,
        };
        self.cache.subscribe(&selection, &self.queue);
    }

    fn begins(&mut self, window: Window) {
        self.step(begin(Target::All, window, None));
    }

    fn price(&mut self, key: &str, price: f64) {
        let row =
            format!(r#""op":"patch","key":"{key}","data":{{"name":"{key}","price":{price}}}"#);
        assert_eq!(self.apply(&[&row]), []);
    }
}

/// Returns a source with rows a to e by price, with the highest price in a.
fn by_price() -> Fixture {
    let mut f = fixture("Coin/list", None);
    f.begin(BY_PRICE);
    for (key, price) in [
        ("a", 50.0),
        ("b", 40.0),
        ("c", 30.0),
        ("d", 20.0),
        ("e", 5.0),
    ] {
        f.price(key, price);
    }
    f.finish();
    f
}

#[test]
fn a_window_delivers_entering_rows_before_leaving_rows() {
    let mut f = by_price();
    f.reads(part(1, 2), None);
    assert_eq!(f.read(), ["upsert b", "upsert c"]);
    f.price("b", 41.0);
    assert_eq!(f.read(), ["patch b"]);
    f.price("e", 45.0);
    assert_eq!(f.read(), ["patch e", "delete c"]);
    f.price("e", 1.0);
    assert_eq!(f.read(), ["upsert c", "delete e"]);
    f.price("d", 21.0);
    assert_eq!(f.read(), [""; 0]);
    f.apply(&[r#""op":"delete","key":"a""#]);
    assert_eq!(f.read(), ["upsert d", "delete b"]);
    let rows = f.cache.list(part(1, 2), None);
    let names: Vec<_> = rows.iter().map(|coin| coin.name.as_str()).collect();
    assert_eq!(names, ["c", "d"]);
}

#[test]
fn a_filter_delivers_rows_that_start_or_stop_passing() {
    let mut f = by_price();
    let filtered = Window {
        filtered: true,
        ..Window::default()
    };
    f.reads(filtered, cheap());
    assert_eq!(f.read(), ["upsert e"]);
    f.price("e", 4.0);
    f.price("a", 9.0);
    f.price("e", 11.0);
    f.price("b", 41.0);
    assert_eq!(f.read(), ["patch e", "patch a", "delete e"]);
    f.apply(&[r#""op":"delete","key":"e""#, r#""op":"delete","key":"a""#]);
    assert_eq!(f.read(), ["delete a"]);
}

#[test]
fn a_window_counts_the_rows_that_pass() {
    let mut f = by_price();
    f.reads(part(0, 1), cheap());
    assert_eq!(f.read(), ["upsert e"]);
    f.price("d", 7.0);
    assert_eq!(f.read(), ["patch d", "delete e"]);
    f.price("d", 12.0);
    assert_eq!(f.read(), ["upsert e", "delete d"]);
    f.price("a", 60.0);
    assert_eq!(f.read(), [""; 0]);
}

#[test]
fn a_window_starts_at_the_end_of_the_snapshot() {
    let mut f = fixture("Coin/list", None);
    f.reads(part(0, 1), None);
    f.begin(BY_PRICE);
    f.price("a", 1.0);
    f.price("b", 2.0);
    assert_eq!(f.read(), [""; 0]);
    f.finish();
    assert_eq!(f.read(), ["upsert b"]);
    // A window keeps its rows during the next snapshot, and then delivers their changes.
    f.begin(BY_PRICE);
    f.price("a", 3.0);
    f.price("b", 2.5);
    assert_eq!(f.read(), ["patch b"]);
    f.finish();
    assert_eq!(f.read(), [RESYNCED, "upsert a", "delete b"]);
}

#[test]
fn without_the_snapshot_only_changes_are_delivered() {
    let mut f = by_price();
    let live = Window {
        no_snapshot: true,
        ..Window::default()
    };
    f.reads(live, None);
    assert_eq!(f.read(), [""; 0]);
    f.price("c", 31.0);
    f.apply(&[r#""op":"delete","key":"a""#, r#""op":"delete","key":"c""#]);
    assert_eq!(f.read(), ["patch c", "delete c"]);
    f.begin(BY_PRICE);
    f.apply(&[r#""op":"snapshot","data":[{"key":"z","data":{"name":"z"}}]"#]);
    f.finish();
    assert_eq!(f.read(), [RESYNCED]);
}

#[test]
fn an_undelivered_row_leaves_silently_and_returns_as_a_new_row() {
    let mut f = by_price();
    let live = Window {
        no_snapshot: true,
        ..part(0, 3)
    };
    f.reads(live, None);
    f.price("d", 60.0);
    assert_eq!(f.read(), ["patch d"]);
    f.price("b", 41.0);
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Next::Change(change)) = f.queue.poll_next(&mut context) else {
        panic!("no change")
    };
    assert_eq!((&*change.key, change.before), ("b", None));
    f.price("c", 51.0);
    assert_eq!(f.read(), ["patch c", "delete b"]);
}

#[test]
fn the_snapshot_is_limited_by_position_and_by_number() {
    let mut f = fixture("Coin/list", None);
    f.begin(RECENCY);
    f.apply(&[concat!(
        r#""op":"snapshot","data":[{"key":"c","data":{"name":"c","_seq":"3:1"}},"#,
        r#"{"key":"b","data":{"name":"b","_seq":"2:1"}},{"key":"a","data":{"name":"a","_seq":"1:1"}}]"#
    )]);
    f.finish();
    let cut = |after: Option<u64>, snapshot_limit| Window {
        after: after.map(|slot| Seq::new(slot, 1)),
        snapshot_limit,
        ..Window::default()
    };
    f.reads(cut(Some(1), None), None);
    assert_eq!(f.read(), ["upsert c", "upsert b"]);
    f.reads(cut(None, Some(1)), None);
    assert_eq!(f.read(), ["upsert c"]);
    f.reads(cut(Some(1), Some(1)), None);
    assert_eq!(f.read(), ["upsert b"]);
    // Later changes are delivered, even of rows that were left out.
    f.apply(&[r#""op":"patch","key":"a","data":{"name":"A"},"seq":"4:1""#]);
    assert_eq!(f.read(), ["patch a"]);
    f.reads(cut(Some(3), None), None);
    assert_eq!(f.read(), ["upsert a"]);
    assert_eq!(f.caches.counts().last_seq, Some(Seq::new(4, 1)));
}

#[test]
fn a_window_in_the_servers_order_is_delivered_when_the_order_is_complete() {
    let mut f = fixture("Coin/by_name", None);
    f.begin(r#""sort":{"field":["name"],"order":"asc"}"#);
    let rows = ["a", "b", "c"]
        .map(|key| format!(r#""op":"upsert","key":"{key}","data":{{"name":"{key}","price":1.0}}"#));
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    f.apply(&rows);
    f.finish();
    f.reads(part(0, 1), None);
    assert_eq!(f.read(), ["upsert a"]);
    // The whole window again, with another row at its front.
    f.apply(&[r#""op":"upsert","key":"0","data":{"name":"0"}"#]);
    f.apply(&rows);
    assert_eq!(f.read(), [""; 0]);
    f.caches.finish_turn();
    assert_eq!(f.read(), ["upsert 0", "delete a"]);
}

#[test]
fn a_row_may_move_through_a_window_without_a_change() {
    let mut f = fixture("Coin/list", None);
    f.begin(RECENCY);
    f.finish();
    let patch = |key| format!(r#""op":"patch","key":"{key}","data":{{"name":"{key}"}}"#);
    f.apply(&[&patch("a"), &patch("b")]);
    f.reads(part(0, 1), None);
    assert_eq!(f.read(), ["upsert b"]);
    f.apply(&[&patch("a")]);
    f.caches.finish_turn();
    assert_eq!(f.names(), ["a", "b"]);
    assert_eq!(f.read(), ["upsert a", "delete b"]);
}

#[test]
fn a_source_may_start_behind_the_front_of_the_view() {
    let mut f = fixture("Coin/top", None);
    f.reads(part(11, 1), None);
    f.begins(part(10, 3));
    let rows = ["a", "b", "c"]
        .map(|key| format!(r#""op":"upsert","key":"{key}","data":{{"name":"{key}"}}"#));
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    f.apply(&rows);
    f.finish();
    assert_eq!(f.read(), ["upsert b"]);
    // A reader of rows that are not subscribed waits until they are.
    f.reads(part(0, 1), None);
    assert_eq!(f.read(), [""; 0]);
    assert_eq!(
        f.cache.outcome(&Target::All, part(0, 1)).now_or_never(),
        None
    );
    let ready = f.cache.outcome(&Target::All, part(12, 1)).now_or_never();
    assert_eq!(ready, Some(Outcome::Ready));
}

#[test]
fn a_wider_window_is_ready_only_after_its_snapshot() {
    let mut f = fixture("Coin/list", None);
    let live = Window {
        no_snapshot: true,
        ..Window::default()
    };
    f.begins(live);
    f.finish();
    let outcome = |f: &Fixture, window| f.cache.outcome(&Target::All, window).now_or_never();
    assert_eq!(outcome(&f, live), Some(Outcome::Ready));
    f.begins(Window::default());
    assert_eq!(outcome(&f, Window::default()), None);
    f.finish();
    assert_eq!(outcome(&f, Window::default()), Some(Outcome::Ready));
}

#[test]
fn a_row_about_to_be_deleted_does_not_enter_a_window() {
    let mut f = fixture("Coin/top", None);
    f.begin(BY_PRICE);
    f.price("a", 10.0);
    f.price("b", 9.0);
    f.finish();
    f.reads(part(0, 1), None);
    assert_eq!(f.read(), ["upsert a"]);
    f.apply(&[
        r#""op":"delete","key":"a""#,
        r#""op":"delete","key":"b""#,
        r#""op":"upsert","key":"d","data":{"name":"d","price":5.0}"#,
    ]);
    f.step(Step::ReleaseHeld);
    assert_eq!(f.read(), ["upsert d", "delete a"]);
}

#[test]
fn rows_kept_by_key_do_not_count_as_part_of_the_list() {
    let mut f = by_price();
    f.step(Step::Narrow(vec!["e".into()]));
    f.reads(part(0, 1), None);
    assert_eq!(f.read(), [""; 0]);
    f.begin(BY_PRICE);
    f.price("a", 50.0);
    f.finish();
    assert_eq!(f.read(), ["upsert a"]);
}

#[test]
fn every_type_of_a_source_applies_each_step() {
    #[derive(Debug, Clone, PartialEq, Entity)]
    #[entity(crate = crate)]
    struct Slim {
        name: String,
    }

    let mut f = by_price();
    let (slim, is_new) = f.caches.get_or_insert::<Slim>(f.source, &f.view);
    assert!(is_new);
    f.step(Step::Narrow(vec!["e".into()]));
    f.begin(BY_PRICE);
    f.price("a", 50.0);
    f.finish();
    assert!(slim.get("a").is_some());
    assert!(f.cache.get("a").is_some());
}

#[test]
fn a_window_applies_after_the_other_options() {
    let mut f = fixture("Coin/list", None);
    f.begin(RECENCY);
    f.apply(&[concat!(
        r#""op":"snapshot","data":[{"key":"c","data":{"name":"c","_seq":"3:1"}},"#,
        r#"{"key":"b","data":{"name":"b","_seq":"2:1"}},{"key":"a","data":{"name":"a","_seq":"1:1"}}]"#
    )]);
    f.finish();
    let window = Window {
        after: Some(Seq::new(2, 1)),
        ..part(0, 2)
    };
    f.reads(window, None);
    assert_eq!(f.read(), ["upsert c"]);
    assert_eq!(f.cache.list(window, None).len(), 1);
    f.apply(&[r#""op":"patch","key":"a","data":{"name":"A"},"seq":"4:1""#]);
    assert_eq!(f.read(), ["patch a"]);
}
