//! `hs sdk infer` with a server.

use hyperstack_sdk::testing::{ServerError, TestServer};
use hyperstack_sdk::Protocol;
use serde_json::json;

use crate::support::{hs, rounds_of, run, served, session, Ran, Running};

fn infer(arguments: &[&str]) -> Ran {
    let options = ["--seconds", "0", "--stdout"];
    run(&[&["sdk", "infer"], arguments, &options].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn types_are_those_of_the_rows() -> Result<(), ServerError> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = rounds_of(protocol).await?;
        let ran = infer(&[&server.url(), "Round", "Round/best"]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
        let out = ran.out.join("\n");
        for part in [
            &format!("// Inferred from `{}`.", server.url()),
            "#[entity(key = \"id.name\")]\n#[view(best)]\npub struct Round {\n    #[field(default)]\n    pub id: RoundId,\n    pub open: Option<bool>,\n}",
            "pub struct RoundId {\n    pub n: Option<u64>,\n    pub name: Option<String>,\n}",
            "- `best()` is `Round/best`: sorted by `id.n`, descending",
            &format!("url = \"{}\"", server.url()),
        ] {
            assert!(out.contains(part), "{part}: {out}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tape_is_read_too() -> Result<(), ServerError> {
    let server = TestServer::builder().tape("Trade/append", 9);
    let server = server.start().await?;
    server.upsert("Trade", "a", json!({"price": "7"}));
    let ran = infer(&[&server.url(), "Trade/append"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    let out = ran.out.join("\n");
    assert!(
        out.contains("pub struct Trade {\n    pub price: Option<u64>,\n}"),
        "{out}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_explained() -> Result<(), ServerError> {
    let server = TestServer::builder().entity("Round").start().await?;
    let url = server.url();
    let failed = |arguments: &[&str], words: &str| {
        let ran = infer(arguments);
        assert_eq!((ran.code, ran.out.len()), (Some(1), 0), "{ran:?}");
        assert!(ran.err.contains(words), "{ran:?}");
    };
    failed(&[&url], "name the views to read");
    failed(&[&url, "Round/state"], "needs a key");
    failed(&[&url, "Round"], "a longer `--seconds`");
    failed(
        &[&url, "Nothing"],
        "does not know the view \"Nothing/list\"",
    );
    failed(&["https://a.b", "Round"], "did you mean `wss://a.b`?");
    Ok(())
}

#[test]
fn a_replayed_recording_has_the_types_of_the_recording() {
    let (_server, url) = served(&session(), &["--instant"]);
    let live = infer(&[&url, "Round", "--name", "rounds"]);
    let arguments = ["sdk", "infer", "-", "Round", "--name", "rounds", "--stdout"];
    let read = Running::new(hs(&arguments), &session()).end();
    let types = |ran: &Ran| {
        let lines = ran
            .out
            .iter()
            .skip_while(|line| !line.contains("==> src/types.rs"));
        let lines = lines.take_while(|line| !line.contains("==> src/entity.rs"));
        lines
            .filter(|line| !line.starts_with("//"))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (live.code, read.code),
        (Some(0), Some(0)),
        "{live:?} {read:?}"
    );
    assert!(types(&read).len() > 5);
    assert_eq!(types(&live), types(&read));
}
