//! A peer that is not a server: whole views, no detection, no pings.

use super::v2::{accepted, requests};
use super::*;

fn connected(coverage: Coverage) -> Session {
    let settings = Settings {
        is_server: false,
        pings: false,
        coverage,
        row_limit: Some(100),
        ..Settings::default()
    };
    let mut session = Session::new(settings, 7);
    session.handle_open(Time::ZERO);
    session
}

/// A query for a window of the rows that have a color.
fn red(id: &str, take: u64) -> Query {
    Query {
        window: Window {
            take: Some(take),
            filtered: true,
            ..Window::default()
        },
        filters: vec![("color".to_owned(), "\"red\"".to_owned())],
        ..query(&view(id), &Target::All, Window::default())
    }
}

#[test]
fn whole_views_serve_every_part_from_one_subscription() {
    let mut session = connected(Coverage::WholeViews);
    let whole = query(&view("R/list"), &Target::All, Window::default());
    let part = red("R/list", 5);
    let source = session.want(&whole).source;
    let route = session.want(&part);
    let expected = Route {
        source,
        needed: Window::default(),
        local: part.window,
        filters_locally: true,
    };
    assert_eq!(route, expected);
    assert_eq!(session.route(&part), Some(expected));
    assert_eq!(requests(&mut session), [r#"+"1" {"view":"R/list""#]);
    let subscribed = session.subscribed();
    assert_eq!((subscribed.len(), subscribed[0].readers), (1, 2));
    assert_eq!(subscribed[0].filters, Filters::new());

    // The part keeps the subscription of the whole view.
    session.release(&whole, Time::ZERO);
    session.handle_timeout(seconds(10));
    assert_eq!(requests(&mut session), [""; 0]);
    session.release(&part, seconds(10));
    session.handle_timeout(seconds(20));
    assert_eq!(requests(&mut session), [r#"-"1""#]);
}

#[test]
fn a_row_of_a_whole_view_is_requested_from_that_view() {
    let row = query(&view("R/list"), &key("a"), Window::default());
    let mut session = connected(Coverage::WholeViews);
    session.want(&row);
    assert_eq!(
        requests(&mut session),
        [r#"+"1" {"view":"R/list","key":"a""#]
    );
    let mut session = connected(Coverage::Queries);
    session.want(&row);
    assert_eq!(
        requests(&mut session),
        [r#"+"1" {"view":"R/state","key":"a""#]
    );
}

#[test]
fn the_store_limits_the_rows_of_whole_views_and_lets_them_go_back() {
    let whole = query(&view("R/list"), &Target::All, Window::default());
    for (coverage, request, is_whole) in [
        (Coverage::WholeViews, r#"+"1" {"view":"R/list""#, true),
        (
            Coverage::Queries,
            r#"+"1" {"view":"R/list","take":100"#,
            false,
        ),
    ] {
        let mut session = connected(coverage);
        session.want(&whole);
        assert_eq!(requests(&mut session), [request]);
        accepted(&mut session, "1");
        let begin = session.poll_instruction().unwrap().step;
        let Step::Begin {
            limits_rows,
            rolls_back,
            ..
        } = begin
        else {
            panic!("{begin:?}")
        };
        assert_eq!(
            (limits_rows, rolls_back),
            (is_whole, is_whole),
            "{coverage:?}"
        );
    }
}

#[test]
fn a_whole_tape_is_requested_by_key_and_cursor_without_filters() {
    let tape = TapeQuery {
        view: view("T/append"),
        key: Some("a".into()),
        filters: red("", 0).filters,
        start: TapeStart::After("e:7".parse().unwrap()),
        ends_at_gap: false,
    };
    for (coverage, filters) in [
        (Coverage::WholeViews, ""),
        (Coverage::Queries, r#","filters":{"color":"red"}"#),
    ] {
        let mut session = connected(coverage);
        session.open_tape(tape.clone());
        let request = format!(r#"+"t1" {{"view":"T/append","key":"a"{filters},"after":"e:7""#);
        assert_eq!(requests(&mut session), [request]);
    }
}

#[test]
fn an_upstream_is_neither_probed_nor_pinged() {
    let mut session = connected(Coverage::Queries);
    session.want(&query(&view("R/list"), &Target::All, Window::default()));
    assert_eq!(session.protocol(), Protocol::V2);
    let transmits: Vec<_> = std::iter::from_fn(|| session.poll_transmit()).collect();
    assert!(
        matches!(&transmits[..], [Transmit::Text(Request::Query { .. })]),
        "{transmits:?}"
    );
    accepted(&mut session, "1");
    assert_eq!(session.poll_transmit(), None);
    // No timer is set, so an upstream may be silent for ever.
    assert_eq!(session.poll_timeout(), None);
}

#[test]
fn an_upstream_can_be_pinged_and_be_silent_for_too_long() {
    let settings = Settings {
        is_server: false,
        protocol: Protocol::V2,
        ..Settings::default()
    };
    let mut session = Session::new(settings, 7);
    session.handle_open(Time::ZERO);
    assert_eq!(session.poll_transmit(), None);
    session.handle_timeout(seconds(15));
    assert_eq!(sent(&mut session), ["PING", "ping"]);
    session.handle_pong(seconds(16));
    session.handle_timeout(seconds(30));
    assert_eq!(sent(&mut session), ["PING", "ping"]);
    session.handle_timeout(seconds(46));
    assert!(matches!(session.link(), Link::Waiting { .. }));
}

#[test]
fn a_frame_of_an_upstream_without_an_id_is_reported() {
    let mut session = connected(Coverage::Queries);
    session.want(&query(&view("R/list"), &Target::All, Window::default()));
    let frame = snapshot("R/list".into(), true);
    let handled = session.handle_message(Incoming::Frame(frame), Time::ZERO);
    assert_eq!(handled, None);
    let reason = "frame of R/list lacks `subscriptionId`".to_owned();
    let error = FrameError::Malformed(reason);
    assert_eq!(session.poll_notice(), Some(Notice::Undecodable(error)));
    assert_eq!(*session.link(), Link::Open);
}
