//! Detection of the generation, and changes from one to the other.

use super::*;

fn auto() -> Settings {
    Settings {
        url: URL.into(),
        ..Settings::default()
    }
}

fn connected(settings: Settings) -> Session {
    let mut session = Session::new(settings, 7);
    session.handle_open(Time::ZERO);
    session
}

fn list() -> Query {
    query(&view("R/list"), &Target::All, Window::default())
}

/// Returns what the session wants to send, abbreviated.
fn requests(session: &mut Session) -> Vec<String> {
    let transmits = std::iter::from_fn(|| session.poll_transmit());
    let name = |transmit| match transmit {
        Transmit::Ping => "ping".to_owned(),
        Transmit::Pong => "pong".to_owned(),
        Transmit::Text(Request::Probe) => "probe".to_owned(),
        Transmit::Text(Request::Query { id, .. }) => format!("v2 subscribe {id}"),
        Transmit::Text(Request::EndQuery { id }) => format!("v2 unsubscribe {id}"),
        Transmit::Text(Request::Subscribe(subscribe)) => match subscribe.key {
            Some(_) => "v1 barrier".to_owned(),
            None => format!("v1 subscribe {}", subscribe.view),
        },
        Transmit::Text(request) => format!("{request:?}"),
    };
    transmits.map(name).collect()
}

fn arrives(session: &mut Session, json: &str) {
    let message = Incoming::decode(json.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    session.handle_message(message, Time::ZERO);
}

const V1_REFUSAL: &str = r#"{"success":false,"error":"token-invalid"}"#;
const V2_UNUSED_ID: &str = r#"{"type":"error","protocolVersion":2,"subscriptionId":"probe","code":"unknown-subscription-id"}"#;
const V2_MALFORMED: &str =
    r#"{"type":"error","protocolVersion":2,"subscriptionId":null,"code":"malformed-message"}"#;
const V2_ACK: &str =
    r#"{"protocolVersion":2,"subscriptionId":"1","op":"subscribed","query":{"view":"R/list"}}"#;

/// The sources that were rerouted and freed.
fn steps(session: &mut Session) -> Vec<&'static str> {
    let instructions = std::iter::from_fn(|| session.poll_instruction());
    let name = |it: Instruction<'static>| match it.step {
        Step::Reroute => "reroute",
        Step::Free => "free",
        _ => "other",
    };
    instructions.map(name).collect()
}

#[test]
fn a_correct_guess_costs_two_messages_and_a_ping() {
    let mut session = connected(auto());
    session.want(&list());
    assert_eq!(
        requests(&mut session),
        ["v2 subscribe 1", "v2 unsubscribe probe", "probe", "ping"]
    );
    for message in [V2_ACK, V2_UNUSED_ID, V2_MALFORMED] {
        arrives(&mut session, message);
    }
    assert_eq!(session.protocol(), Protocol::V2);
    assert!(!session.has_notices());
    assert_eq!(steps(&mut session), ["other"]);
    // The pong acknowledges the replies, so that the rows follow at once.
    assert_eq!(requests(&mut session), ["pong"]);
}

#[test]
fn a_v1_server_is_detected_by_its_reply_to_the_probe() {
    let mut session = connected(auto());
    let old = session.want(&list()).source;
    requests(&mut session);
    arrives(&mut session, V1_REFUSAL);
    assert_eq!(session.protocol(), Protocol::V1);
    assert_eq!(steps(&mut session), ["reroute", "free"]);
    assert_ne!(session.route(&list()).unwrap().source, old);
    assert_eq!(
        requests(&mut session),
        ["v1 subscribe R/list", "v1 barrier", "pong"]
    );
    assert!(!session.has_notices());
}

#[test]
fn a_0_5_server_is_detected_by_its_silence() {
    let mut session = connected(auto());
    session.want(&list());
    requests(&mut session);
    session.handle_pong(seconds(1));
    assert_eq!(session.poll_timeout(), Some(seconds(2)));
    assert_eq!(requests(&mut session), ["pong"]);
    session.handle_pong(seconds(1) + Duration::from_millis(500));
    session.handle_timeout(seconds(2));
    assert_eq!(session.protocol(), Protocol::V1);
    assert_eq!(
        requests(&mut session),
        ["v1 subscribe R/list", "v1 barrier"]
    );
}

#[test]
fn a_late_v2_message_corrects_the_assumption_of_v1() {
    let mut session = connected(auto());
    session.want(&list());
    requests(&mut session);
    session.handle_pong(Time::ZERO);
    session.handle_timeout(seconds(1));
    requests(&mut session);
    arrives(&mut session, V2_ACK);
    assert_eq!(session.protocol(), Protocol::V2);
    // The first subscription no longer has a source, but the server still has its id.
    let first: u64 = 2 << 32;
    assert_eq!(
        requests(&mut session),
        [
            "v2 unsubscribe 1".to_owned(),
            format!("v2 subscribe {}", first + 1),
            "pong".to_owned(),
        ]
    );
    // The replies to the probe and to the v1 subscribe and barrier.
    for message in [V2_UNUSED_ID, V2_MALFORMED, V2_MALFORMED, V2_MALFORMED] {
        arrives(&mut session, message);
    }
    assert!(!session.has_notices());
    arrives(&mut session, V2_MALFORMED);
    assert!(session.has_notices());
}

#[test]
fn the_next_connection_first_tries_the_generation_of_the_last() {
    let mut session = connected(auto());
    session.want(&list());
    requests(&mut session);
    arrives(&mut session, V1_REFUSAL);
    requests(&mut session);
    let lost = ConnectionLost::Closed("gone".into());
    session.handle_lost(lost, seconds(1));
    session.handle_timeout(seconds(20));
    session.handle_open(seconds(20));
    assert_eq!(
        requests(&mut session),
        [
            "v1 subscribe R/list",
            "v1 barrier",
            "v2 unsubscribe probe",
            "probe",
            "ping"
        ]
    );
    // The server was upgraded: it finds both v1 requests and the probe malformed.
    for message in [V2_MALFORMED, V2_MALFORMED, V2_UNUSED_ID, V2_MALFORMED] {
        arrives(&mut session, message);
    }
    assert_eq!(session.protocol(), Protocol::V2);
    let first: u64 = 2 << 32;
    assert_eq!(
        requests(&mut session)[0],
        format!("v2 subscribe {}", first + 1)
    );
    while let Some(notice) = session.poll_notice() {
        assert!(matches!(notice, Notice::Connection(_)), "{notice:?}");
    }
}

#[test]
fn the_likely_generation_is_tried_first() {
    let mut session = connected(Settings {
        likely_protocol: Protocol::V1,
        ..auto()
    });
    session.want(&list());
    assert_eq!(requests(&mut session)[0], "v1 subscribe R/list");
    arrives(
        &mut session,
        r#"{"op":"subscribed","view":"R/list","mode":"list"}"#,
    );
    arrives(&mut session, V1_REFUSAL);
    assert_eq!(session.protocol(), Protocol::V1);
    assert!(!session.has_notices());
    assert_eq!(session.link(), &Link::Open);
}

#[test]
fn only_the_first_refusal_answers_the_probe() {
    let mut session = connected(Settings {
        credentials: Credentials::Fetched,
        ..auto()
    });
    let grant = |life| Grant {
        token: Secret("a-token-of-some-length".into()),
        life: Some(seconds(life)),
    };
    session.handle_token(Ok(grant(100)), Time::ZERO);
    session.handle_open(Time::ZERO);
    session.want(&list());
    requests(&mut session);
    session.handle_timeout(seconds(50));
    session.handle_token(Ok(grant(100)), seconds(50));
    // A ping of each kind, and the refresh.
    assert_eq!(requests(&mut session).len(), 3);
    arrives(&mut session, V1_REFUSAL);
    assert_eq!(session.link(), &Link::Open);
    arrives(&mut session, V1_REFUSAL);
    assert_ne!(session.link(), &Link::Open);
}

#[test]
fn a_configured_generation_is_not_probed() {
    for protocol in [Protocol::V1, Protocol::V2] {
        let mut session = connected(Settings { protocol, ..auto() });
        assert_eq!(requests(&mut session), [""; 0]);
    }
}

#[test]
fn a_server_that_does_not_speak_the_configured_generation_ends_the_session() {
    let wrong = |configured, server| {
        Link::Closed(CloseReason::Failed(ConnectError::WrongProtocol {
            url: URL.into(),
            configured,
            server,
        }))
    };
    let mut session = connected(v1());
    session.want(&list());
    requests(&mut session);
    arrives(&mut session, V2_MALFORMED);
    assert_eq!(session.link(), &wrong(Protocol::V1, Protocol::V2));

    let v2 = Settings {
        protocol: Protocol::V2,
        ..auto()
    };
    // A v1 server does not answer a v2 subscribe, but its pong shows that it has handled it.
    let mut session = connected(v2.clone());
    session.want(&list());
    assert_eq!(requests(&mut session), ["v2 subscribe 1", "ping"]);
    session.handle_pong(Time::ZERO);
    session.handle_timeout(seconds(5));
    assert_eq!(session.link(), &wrong(Protocol::V2, Protocol::V1));

    let mut session = connected(v2);
    session.want(&list());
    requests(&mut session);
    session.handle_pong(Time::ZERO);
    arrives(&mut session, V2_ACK);
    session.handle_timeout(seconds(5));
    assert_eq!(session.link(), &Link::Open);
}
