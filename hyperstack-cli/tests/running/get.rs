//! `hs get`.

use hyperstack_sdk::testing::{ServerError, TestServer};
use hyperstack_sdk::Protocol;
use serde_json::json;

use crate::support::{rounds_of, run, Ran};

const BOTH: [Protocol; 2] = [Protocol::V1, Protocol::V2];

fn get(arguments: &[&str]) -> Ran {
    run(&[&["get"], arguments].concat())
}

fn sorted(ran: &Ran) -> Vec<&str> {
    let mut lines: Vec<_> = ran.out.iter().map(String::as_str).collect();
    lines.sort_unstable();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_printed_once() -> Result<(), ServerError> {
    for protocol in BOTH {
        let server = rounds_of(protocol).await?;
        let ran = get(&[&server.url(), "Round"]);
        let rows = [
            r#"a {"id":{"n":1,"name":"a"},"open":true}"#,
            r#"b {"id":{"n":2,"name":"b"},"open":false}"#,
            r#"c {"id":{"n":3,"name":"c"},"open":true}"#,
        ];
        assert_eq!(sorted(&ran), rows, "{protocol:?} {ran:?}");
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));

        // A derived view has an order.
        let ran = get(&[&server.url(), "Round/best", "--fields", "id.n", "--json"]);
        let rows = [("c", 3), ("b", 2), ("a", 1)];
        let rows = rows.map(|(key, n)| format!(r#"{{"key":"{key}","data":{{"id":{{"n":{n}}}}}}}"#));
        assert_eq!((ran.code, &ran.out[..]), (Some(0), &rows[..]), "{ran:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_selects_a_row_of_a_list_or_a_state() -> Result<(), ServerError> {
    for protocol in BOTH {
        let server = rounds_of(protocol).await?;
        for view in ["Round", "Round/state"] {
            let ran = get(&[&server.url(), view, "--key", "b"]);
            let row = r#"b {"id":{"n":2,"name":"b"},"open":false}"#;
            assert_eq!((ran.code, &ran.out[..]), (Some(0), &[row.to_owned()][..]));
            let ran = get(&[&server.url(), view, "--key", "z"]);
            assert_eq!((ran.code, ran.out.len()), (Some(1), 0), "{ran:?}");
            let note = "has no row with the key \"z\"";
            assert!(ran.err.contains(note), "{ran:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_windows_select_rows() -> Result<(), ServerError> {
    for protocol in BOTH {
        let server = rounds_of(protocol).await?;
        let url = server.url();
        let keys = |arguments: &[&str]| {
            let ran = get(&[&[&*url, "Round/best", "--fields", "id.n"], arguments].concat());
            let keys = ran.out.iter().map(|line| line[..1].to_owned());
            (ran.code, keys.collect::<String>(), ran.err)
        };
        let some = |keys: &str| (Some(0), keys.to_owned(), String::new());
        assert_eq!(keys(&["--where", "open=true"]), some("ca"));
        assert_eq!(keys(&["--take", "2"]), some("cb"));
        assert_eq!(keys(&["--skip", "1", "--take", "1"]), some("b"));
        let (code, printed, note) = keys(&["--where", "open=7"]);
        assert_eq!((code, &*printed), (Some(1), ""));
        assert!(note.contains("passes `--where`"), "{note}");
        let (code, printed, note) = keys(&["--skip", "9"]);
        assert_eq!((code, &*printed), (Some(1), ""));
        assert!(note.contains("no more rows after `--skip`"), "{note}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_view_is_known_at_once() -> Result<(), ServerError> {
    for protocol in BOTH {
        let server = TestServer::builder().protocol(protocol);
        let server = server.entity("Round").start().await?;
        // Much longer than a test may take.
        let ran = get(&[&server.url(), "Round", "--timeout", "3600"]);
        assert_eq!((ran.code, ran.out.len()), (Some(1), 0), "{ran:?}");
        assert_eq!(ran.err, "Round/list has no rows");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_never_answers_is_an_error() -> Result<(), ServerError> {
    let server = rounds_of(Protocol::V1).await?;
    let ran = get(&[&server.url(), "Nothing/here", "--timeout", "0.2"]);
    assert_eq!((ran.code, ran.out.len()), (Some(1), 0), "{ran:?}");
    assert!(ran.err.starts_with("error: "), "{ran:?}");
    assert!(ran.err.contains("Nothing/here"), "{ran:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn wide_integers_stay_exact() -> Result<(), ServerError> {
    let server = TestServer::builder().entity("Round").start().await?;
    let n = "340282366920938463463374607431768211455";
    server.upsert("Round", "a", json!({"n": n, "m": u64::MAX}));
    let ran = get(&[&server.url(), "Round", "--fields", "m,n"]);
    let line = format!(r#"a {{"m":18446744073709551615,"n":"{n}"}}"#);
    assert_eq!(ran.out, [line], "{ran:?}");
    Ok(())
}

#[test]
fn a_state_needs_a_key() {
    let ran = get(&["ws://a.b", "Round/state"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("--key KEY"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_an_error() -> Result<(), ServerError> {
    let stopped = TestServer::builder().start().await?;
    stopped.stop().await;
    let ran = get(&[&stopped.url(), "Round"]);
    assert_eq!((ran.code, ran.out.len()), (Some(1), 0), "{ran:?}");
    assert!(ran.err.contains("check that the server is running"));
    Ok(())
}
