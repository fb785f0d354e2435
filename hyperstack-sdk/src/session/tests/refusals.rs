//! What the server refuses, and when it is asked for again.

use super::*;

fn no_room(session: &mut Session) {
    fail(session, &issue("subscription-limit-exceeded"), Time::ZERO);
}

/// The whole list, refused for its size; the reader is still there.
fn too_large(id: &str, target: &Target) -> Session {
    let mut session = open();
    session.want(&query(&view(id), target, Window::default()));
    sent(&mut session);
    subscribed(&mut session, id, None);
    fail(&mut session, &issue("snapshot-limit-exceeded"), Time::ZERO);
    subscribed(&mut session, "R/list", None);
    sent(&mut session);
    steps(&mut session);
    session
}

#[test]
fn room_that_came_while_the_refusal_was_on_its_way_is_made_use_of() {
    // There is room for two, of which a barrier takes one for a while.
    let mut session = open();
    session.want(&query(&view("R/list"), &Target::All, Window::default()));
    assert_eq!(sent(&mut session), ["+R/list", "+|"]);
    session.want(&query(&view("R/top"), &Target::All, Window::default()));
    assert_eq!(sent(&mut session), ["+R/top", "+|"]);
    subscribed(&mut session, "R/list", None);
    subscribed(&mut session, "R/list", None);
    assert_eq!(sent(&mut session), ["-|"]);
    no_room(&mut session);
    assert_eq!(sent(&mut session), ["+R/top", "+|"]);
    // Another refusal is the last word for now.
    no_room(&mut session);
    no_room(&mut session);
    assert_eq!(sent(&mut session), [""; 0]);
}

#[test]
fn a_row_can_be_had_where_the_whole_list_is_too_large() {
    let mut session = too_large("R/list", &Target::All);
    let list = view("R/list");
    session.release(&query(&list, &Target::All, Window::default()), Time::ZERO);
    session.want(&query(&list, &key("a"), Window::default()));
    assert_eq!(sent(&mut session), ["+R/list#a", "+|"]);
}

#[test]
fn a_derived_view_that_was_refused_is_asked_for_by_the_next_reader_of_a_row() {
    let mut session = too_large("R/top", &key("a"));
    session.want(&query(&view("R/top"), &key("b"), Window::default()));
    assert_eq!(sent(&mut session), ["+R/top", "+|"]);
}

#[test]
fn what_comes_by_a_connection_that_was_given_up_counts_for_nothing() {
    let mut session = open();
    session.want(&query(&view("R/list"), &Target::All, Window::default()));
    sent(&mut session);
    subscribed(&mut session, "R/list", None);
    session.handle_lost(ConnectionLost::Closed("reset".into()), seconds(1));
    steps(&mut session);
    complete(&mut session, "R/list");
    subscribed(&mut session, "R/list", None);
    fail(&mut session, &issue("snapshot-limit-exceeded"), seconds(1));
    assert_eq!(steps(&mut session), []);
}

#[test]
fn a_cursor_goes_with_the_rows_that_it_was_of() {
    let mut session = open();
    let list = view("R/list");
    session.want(&query(&list, &Target::All, Window::default()));
    session.want(&query(&list, &key("a"), Window::default()));
    sent(&mut session);
    subscribed(&mut session, "R/list", None);
    complete(&mut session, "R/list");
    session.handle_lost(ConnectionLost::Closed("reset".into()), seconds(1));
    session.set_cursors(|_| Some(Seq::new(7, 0)));
    // The reader of all leaves while nobody is connected, and another one comes later.
    session.release(&query(&list, &Target::All, Window::default()), seconds(1));
    session.handle_timeout(seconds(10));
    session.handle_open(seconds(10));
    assert_eq!(sent(&mut session), ["+R/list#a", "+|"]);
    session.want(&query(&list, &Target::All, Window::default()));
    assert_eq!(sent(&mut session), ["-R/list#a", "+R/list", "+|"]);
}

#[test]
fn what_only_lingers_gives_way() {
    let settings = Settings {
        max_subscriptions: 1,
        ..v1()
    };
    let mut session = Session::new(settings, 7);
    let list = view("R/list");
    let row = |name| query(&list, &key(name), Window::default());
    assert_eq!(session.admit(&[row("a")]), Ok(()));
    session.want(&query(&list, &key("a"), Window::default()));
    let two = TooManySubscriptions {
        wanted: 2,
        limit: 1,
    };
    let admitted = session.admit(&[row("b"), row("b")]);
    assert_eq!(admitted, Err(two));
    session.release(&query(&list, &key("a"), Window::default()), Time::ZERO);
    assert_eq!(session.admit(&[row("b")]), Ok(()));
}
