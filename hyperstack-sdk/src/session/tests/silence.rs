//! Protocol v2: silent subscriptions, and the probes that show whether they are dead.

use super::*;

/// A session, its server's answers, and the time.
struct Play {
    session: Session,
    now: Time,
}

impl Play {
    fn new(settings: Settings) -> Self {
        let mut session = Session::new(settings, 7);
        session.handle_open(Time::ZERO);
        let now = Time::ZERO;
        Play { session, now }
    }

    /// Subscribes a query, whose snapshot has this many rows.
    fn open(&mut self, id: u64, query: &Query, ack: &str, rows: usize) {
        self.session.want(query);
        self.transmits();
        let view = &query.view;
        let ack = format!(
            r#""op":"subscribed","query":{{"view":"{view}"{ack}}},"mode":"list","wholeEntities":true"#
        );
        self.hears(id, &ack);
        let rows = vec![r#"{"key":"a","data":{"_seq":"7:000000000001"}}"#; rows];
        self.hears(id, &snapshot(&rows.join(",")));
        steps(&mut self.session);
    }

    /// A message for a subscription arrives.
    fn hears(&mut self, id: u64, fields: &str) {
        let json = format!(
            r#"{{"protocolVersion":2,"subscriptionId":"{id}","entity":"R/list",{fields}}}"#
        );
        let Ok(message) = Incoming::decode(json.as_bytes()) else {
            panic!("{json}")
        };
        self.session.handle_message(message, self.now);
    }

    /// The views whose requests the session sends, and the ids of subscriptions that it ends.
    fn transmits(&mut self) -> Vec<String> {
        let mut requests = Vec::new();
        while let Some(transmit) = self.session.poll_transmit() {
            match transmit {
                Transmit::Text(Request::Query { id, query, .. }) => {
                    let after = query.after.map(|after| format!(" after {after}"));
                    let take = query.take.map(|take| format!(" take {take}"));
                    requests.push(format!(
                        "+{id} {}{}{}",
                        query.view,
                        after.unwrap_or_default(),
                        take.unwrap_or_default()
                    ));
                }
                Transmit::Text(Request::EndQuery { id }) => requests.push(format!("-{id}")),
                _ => {}
            }
        }
        requests
    }

    /// Time passes up to this second, with a message from the server now and then. The store has seen the position
    /// 7:1. Returns the requests, each with its second.
    fn passes(&mut self, until: u64) -> Vec<(u64, String)> {
        let mut requests = Vec::new();
        while self.now < seconds(until) {
            self.now += seconds(1);
            self.session.handle_alive(self.now);
            self.session.handle_timeout(self.now);
            for (source, step) in steps(&mut self.session) {
                if step == Step::Probe {
                    let newest = Some(Seq::new(7, 1));
                    self.session.probe(SourceId(source), newest);
                }
            }
            let sent = self.transmits().into_iter();
            requests.extend(sent.map(|request| (self.now.as_secs(), request)));
        }
        requests
    }
}

fn snapshot(rows: &str) -> String {
    format!(
        r#""op":"snapshot","snapshotId":"s","authoritative":true,"mode":"list","data":[{rows}],"complete":true"#
    )
}

fn v2() -> Settings {
    Settings {
        protocol: Protocol::V2,
        ..Settings::default()
    }
}

fn whole(id: &str) -> Query {
    query(&view(id), &Target::All, Window::default())
}

fn first(id: &str, take: u64) -> Query {
    let window = Window {
        take: Some(take),
        ..Window::default()
    };
    query(&view(id), &Target::All, window)
}

fn texts(requests: &[(u64, String)]) -> Vec<(u64, &str)> {
    let requests = requests.iter();
    requests.map(|(at, request)| (*at, &**request)).collect()
}

const PROBE: &str = "+2 R/list after 7:000000000001 take 1";

#[test]
fn a_quiet_subscription_is_probed_every_five_minutes_and_stays() {
    let mut play = Play::new(v2());
    play.open(1, &whole("R/list"), "", 3);
    let requests = play.passes(450);
    assert_eq!(texts(&requests), [(300, PROBE), (300, "-2")]);
    play.hears(
        2,
        r#""op":"subscribed","query":{"view":"R/list"},"mode":"list""#,
    );
    play.hears(2, &snapshot(""));
    play.hears(2, r#""op":"unsubscribed""#);
    let again = PROBE.replace("+2", "+3");
    let requests = play.passes(890);
    assert_eq!(texts(&requests), [(600, &*again), (600, "-3")]);
    assert!(!play.session.has_notices());
}

#[test]
fn a_subscription_that_has_missed_a_row_is_restarted_at_the_next_check() {
    let mut play = Play::new(v2());
    play.open(1, &whole("R/list"), "", 3);
    play.passes(301);
    play.hears(
        2,
        &snapshot(r#"{"key":"b","data":{"_seq":"8:000000000001"}}"#),
    );
    play.hears(2, r#""op":"unsubscribed""#);
    let requests = play.passes(500);
    assert_eq!(texts(&requests), [(375, "-1"), (375, "+3 R/list")]);
}

#[test]
fn a_missed_row_that_arrives_in_the_meantime_restarts_nothing() {
    let mut play = Play::new(v2());
    play.open(1, &whole("R/list"), "", 3);
    play.passes(301);
    let row = r#"{"_seq":"8:000000000001"}"#;
    play.hears(2, &snapshot(&format!(r#"{{"key":"b","data":{row}}}"#)));
    play.passes(360);
    play.hears(
        1,
        &format!(r#""op":"upsert","mode":"list","key":"b","data":{row}"#),
    );
    assert_eq!(play.passes(650), []);
}

#[test]
fn a_row_without_a_position_proves_nothing() {
    let mut play = Play::new(v2());
    play.open(1, &whole("R/list"), "", 3);
    play.passes(301);
    play.hears(2, &snapshot(r#"{"key":"b","data":{}}"#));
    assert_eq!(play.passes(590), []);
}

#[test]
fn a_rejected_probe_is_not_reported_and_retries_nothing() {
    let mut play = Play::new(v2());
    play.open(1, &whole("R/list"), "", 3);
    play.session.want(&whole("R/other"));
    play.transmits();
    play.hears(
        2,
        r#""type":"error","code":"subscription-limit-exceeded","message":"full","fatal":false"#,
    );
    assert!(play.session.poll_notice().is_some());
    steps(&mut play.session);
    let probe = PROBE.replace("+2", "+3");
    assert_eq!(texts(&play.passes(301)), [(300, &*probe), (300, "-3")]);
    for code in ["subscription-limit-exceeded", "unknown-subscription-id"] {
        let error = format!(r#""type":"error","code":"{code}","message":"no","fatal":false"#);
        play.hears(3, &error);
    }
    assert_eq!(play.session.poll_notice(), None);
    assert_eq!(steps(&mut play.session), []);
    let probe = PROBE.replace("+2", "+4");
    assert_eq!(texts(&play.passes(600)), [(600, &*probe), (600, "-4")]);
    play.hears(4, r#""op":"unsubscribed""#);
    assert_eq!(play.passes(700), []);
}

#[test]
fn only_queries_whose_rows_may_exceed_a_row_limit_are_probed() {
    let key = query(&view("R/list"), &key("a"), Window::default());
    let page = Window {
        skip: 1,
        ..Window::default()
    };
    let page = query(&view("R/list"), &Target::All, page);
    for (query, ack, rows, is_probed) in [
        (whole("R/list"), "", 0, true),
        (whole("R/ranked"), "", 3, true),
        (whole("R/top"), r#","take":5"#, 3, false),
        (first("R/list", 5), r#","take":5"#, 4, true),
        (first("R/list", 5), r#","take":5"#, 5, false),
        (first("R/ranked", 5), r#","take":5"#, 4, false),
        (page, "", 3, false),
        (key, "", 1, false),
    ] {
        let mut play = Play::new(v2());
        play.open(1, &query, ack, rows);
        assert_eq!(!play.passes(400).is_empty(), is_probed, "{query:?}");
    }
}

#[test]
fn at_most_eight_subscriptions_are_probed_at_a_time_the_longest_silence_first() {
    let mut play = Play::new(v2());
    for n in 1..=10 {
        play.open(n, &whole(&format!("R{n}/list")), "", 1);
        play.now += seconds(1);
    }
    let requests = play.passes(450);
    let probed = |(at, request): &(u64, String)| {
        let view = request.strip_prefix('+')?.split(' ').nth(1)?;
        Some((*at, view.to_owned()))
    };
    let probed: Vec<_> = requests.iter().filter_map(probed).collect();
    // The first one is silent since the second 0, the others are not yet for long enough.
    assert_eq!(probed[0], (300, "R1/list".to_owned()));
    let views: Vec<_> = (2..=10).map(|n| format!("R{n}/list")).collect();
    assert_eq!(probed.len(), 10);
    for (n, (at, view)) in probed[1..].iter().enumerate() {
        assert_eq!((*at, view), (if n < 8 { 375 } else { 450 }, &views[n]));
    }
}

#[test]
fn a_limit_on_silence_restarts_without_a_probe() {
    let settings = Settings {
        stale_after: Some(seconds(40)),
        ..v2()
    };
    let mut play = Play::new(settings);
    play.open(1, &whole("R/list"), "", 3);
    assert_eq!(texts(&play.passes(45)), [(41, "-1"), (41, "+2 R/list")]);
    let never = Settings {
        stale_after: Some(Duration::MAX),
        ..v2()
    };
    let mut play = Play::new(never);
    play.open(1, &whole("R/list"), "", 3);
    assert_eq!(play.passes(1_000), []);
}

#[test]
fn a_session_starts_checking_when_it_detects_v2() {
    let mut session = Session::new(v1(), 7);
    session.handle_open(Time::ZERO);
    assert_eq!(session.timers.get(Timer::CheckStale), None);
    let detects = Settings {
        likely_protocol: Protocol::V1,
        ..Settings::default()
    };
    let mut play = Play::new(detects);
    assert_eq!(play.session.timers.get(Timer::CheckStale), None);
    play.session.want(&whole("R/list"));
    play.transmits();
    play.hears(
        0,
        r#""type":"error","code":"malformed-message","message":"no","fatal":false"#,
    );
    assert_eq!(play.session.protocol(), Protocol::V2);
    assert!(play.session.timers.get(Timer::CheckStale).is_some());
}
