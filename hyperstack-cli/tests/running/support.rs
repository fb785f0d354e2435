//! The command, a server of a recording, and the recording.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};

use serde_json::{json, Value};

/// A session that was made by hand: a list of three rows of which two change, and a derived view.
pub(crate) fn session() -> String {
    let row = |key: &str, n: u64, open: bool| json!({"key": key, "data": {"id": {"n": n, "name": key}, "open": open}});
    let patch = |key: &str, data: Value| json!({"mode": "list", "entity": "Round/list", "op": "patch", "key": key, "data": data});
    let best = |op: &str, key: &str, data: Value| json!({"mode": "list", "entity": "Round/best", "op": op, "key": key, "data": data});
    let sort = json!({"field": ["id", "n"], "order": "desc"});
    let rows = [row("a", 1, true), row("b", 2, false), row("c", 3, true)];
    [
        (0, "client", json!({"type": "subscribe", "view": "Round/list"})),
        (1, "server", json!({"op": "subscribed", "view": "Round/list", "mode": "list"})),
        (2, "server", json!({"mode": "list", "entity": "Round/list", "op": "snapshot", "data": rows, "complete": true})),
        (3, "server", patch("a", json!({"open": false}))),
        (4, "server", patch("b", json!({"id": {"n": 4}}))),
        (5, "client", json!({"type": "subscribe", "view": "Round/best"})),
        (6, "server", json!({"op": "subscribed", "view": "Round/best", "mode": "list", "sort": sort})),
        (7, "server", json!({"mode": "list", "entity": "Round/best", "op": "snapshot", "data": [row("c", 3, true)], "complete": true})),
        (8, "server", best("delete", "c", Value::Null)),
        (8, "server", best("upsert", "b", json!({"id": {"n": 4}}))),
    ]
    .map(|(ms, from, message)| {
        let kind = if from == "client" { "text" } else { "binary" };
        let text = message.to_string();
        json!({"ms": ms, "from": from, "kind": kind, "gzip": false, "text": text}).to_string() + "\n"
    })
    .concat()
}

/// The command, with nobody at the keyboard.
pub(crate) fn hs(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hs"));
    command.args(arguments).env_remove("HYPERSTACK_TOKEN");
    command.stdin(Stdio::null());
    command
}

/// What it says and how it ends.
pub(crate) fn run(arguments: &[&str]) -> Ran {
    Ran::new(hs(arguments).output().expect("hs can be started"))
}

/// How a command went.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<String>,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn new(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what hs says is text");
        Ran {
            code: output.status.code(),
            out: text(output.stdout).lines().map(str::to_owned).collect(),
            err: text(output.stderr),
        }
    }

    /// The lines as JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        let parsed = self.out.iter().map(|line| serde_json::from_str(line));
        parsed.collect::<Result<_, _>>().expect("JSON lines")
    }
}

/// A command that goes on, until it is dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) out: Option<Lines<BufReader<ChildStdout>>>,
    pub(crate) err: Lines<BufReader<ChildStderr>>,
}

impl Running {
    pub(crate) fn new(mut command: Command, input: &str) -> Self {
        let command = command.stdin(Stdio::piped());
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("hs can be started");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin
            .write_all(input.as_bytes())
            .expect("hs reads its input");
        let out = child.stdout.take().map(|out| BufReader::new(out).lines());
        let err = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        Running { child, out, err }
    }

    /// The next line of its output.
    pub(crate) fn line(&mut self) -> String {
        let out = self.out.as_mut().expect("it is still read");
        out.next().expect("a line").expect("text")
    }

    /// Reads what it says aside until it says this.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        let line = self
            .err
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.contains(words));
        line.unwrap_or_else(|| panic!("it never said `{words}`"))
    }

    pub(crate) fn code(&mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A recording as a server, and its URL.
pub(crate) fn served(recording: &str, arguments: &[&str]) -> (Running, String) {
    let mut command = hs(&["serve", "-", "--port", "0"]);
    command.args(arguments);
    let mut server = Running::new(command, recording);
    let line = server.line();
    let url = line
        .strip_prefix("listening on ")
        .expect("the first line is the URL");
    let url = url.to_owned();
    (server, url)
}

/// A file of this name that is not there.
pub(crate) fn no_file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&path);
    path
}
