//! The command, a server of a recording, and the recording.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use hyperstack_sdk::testing::{SeqSource, ServerError, Sort, TestServer};
use hyperstack_sdk::Protocol;
use serde_json::{json, Map, Value};

/// A server of the rows that a session begins with. What becomes of them is up to the test: what
/// changes once these rows were read is one line each.
pub(crate) async fn rounds() -> Result<TestServer, ServerError> {
    rounds_of(Protocol::V1).await
}

/// The same of a protocol generation.
pub(crate) async fn rounds_of(protocol: Protocol) -> Result<TestServer, ServerError> {
    let server = TestServer::builder().protocol(protocol);
    let server = server.view_unlimited("Round/best", Sort::desc("id.n"));
    let server = server.seq(SeqSource::Off).start().await?;
    for (key, n, open) in ROWS {
        server.upsert("Round", key, row(key, n, open));
    }
    Ok(server)
}

const ROWS: [(&str, u64, bool); 3] = [("a", 1, true), ("b", 2, false), ("c", 3, true)];

fn row(key: &str, n: u64, open: bool) -> Value {
    json!({"id": {"n": n, "name": key}, "open": open})
}

/// The rows of `Round/list` at the end of [`session`].
pub(crate) fn last_rows() -> Value {
    json!({"a": row("a", 1, false), "b": row("b", 4, false), "c": row("c", 3, true)})
}

/// A session that was made by hand: a list of three rows of which two change, and a derived view.
pub(crate) fn session() -> String {
    let row = |(key, n, open)| json!({"key": key, "data": row(key, n, open)});
    let patch = |key: &str, data: Value| json!({"mode": "list", "entity": "Round/list", "op": "patch", "key": key, "data": data});
    let best = |op: &str, key: &str, data: Value| json!({"mode": "list", "entity": "Round/best", "op": op, "key": key, "data": data});
    let sort = json!({"field": ["id", "n"], "order": "desc"});
    let rows = ROWS.map(row);
    [
        (0, "client", json!({"type": "subscribe", "view": "Round/list"})),
        (1, "server", json!({"op": "subscribed", "view": "Round/list", "mode": "list"})),
        (2, "server", json!({"mode": "list", "entity": "Round/list", "op": "snapshot", "data": rows, "complete": true})),
        (3, "server", patch("a", json!({"open": false}))),
        (4, "server", patch("b", json!({"id": {"n": 4}}))),
        (5, "client", json!({"type": "subscribe", "view": "Round/best"})),
        (6, "server", json!({"op": "subscribed", "view": "Round/best", "mode": "list", "sort": sort})),
        (7, "server", json!({"mode": "list", "entity": "Round/best", "op": "snapshot", "data": [row(ROWS[2])], "complete": true})),
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

/// The command.
pub(crate) fn hs(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hs"));
    command.args(arguments).env_remove("HYPERSTACK_TOKEN");
    command
}

/// What it says and how it ends, by itself.
pub(crate) fn run(arguments: &[&str]) -> Ran {
    Running::new(hs(arguments), "").end()
}

/// The signals that end `hs`. Under `nohup` it ignores a hangup, as it should, and so do these tests.
#[cfg(unix)]
pub(crate) fn ending_signals() -> Vec<&'static str> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The first bit stands for the first signal, the hangup.
    if ignored.is_some_and(|mask| mask & 1 == 1) {
        vec!["-INT", "-TERM"]
    } else {
        vec!["-INT", "-TERM", "-HUP"]
    }
}

/// How a command went.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<String>,
    pub(crate) err: String,
}

/// A command that goes on, until it is dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    out: Pipe,
    err: Pipe,
}

/// A command that is waited for, and silent for so long, fails the test.
const PATIENCE: Duration = Duration::from_secs(60);

impl Running {
    pub(crate) fn new(mut command: Command, input: &str) -> Self {
        let command = command.stdin(Stdio::piped());
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("hs can be started");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin
            .write_all(input.as_bytes())
            .expect("hs reads its input");
        let out = Pipe::new(child.stdout.take().expect("a pipe"));
        let err = Pipe::new(child.stderr.take().expect("a pipe"));
        Running { child, out, err }
    }

    /// The next line of its output.
    pub(crate) fn line(&mut self) -> String {
        let line = self.out.next();
        line.unwrap_or_else(|| self.give_up("there is no other line"))
    }

    /// So many lines of its output.
    pub(crate) fn lines(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.line()).collect()
    }

    /// The lines that say what there is to begin with: in which order depends on whether the rows
    /// were there when they were first asked for.
    pub(crate) fn first_lines(&mut self, count: usize) -> Vec<String> {
        let mut lines = self.lines(count);
        lines.sort_unstable();
        lines
    }

    /// Reads its JSON lines until the rows are these, however many changes it takes.
    pub(crate) fn wait_for_rows(&mut self, wanted: &Value) {
        let mut rows = Value::Object(Map::new());
        while rows != *wanted {
            let line = self.line();
            let line: Value = serde_json::from_str(&line).expect("a JSON line");
            let key = line["key"].as_str().expect("a key");
            match line.get("data") {
                Some(row) => rows[key] = row.clone(),
                None => drop(rows.as_object_mut().and_then(|rows| rows.remove(key))),
            }
        }
    }

    /// Reads what it says aside until it says this.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        loop {
            match self.err.next() {
                Some(line) if line.contains(words) => return line,
                Some(_) => {}
                None => self.give_up(&format!("it never said `{words}`")),
            }
        }
    }

    /// Leaves its output without a reader.
    pub(crate) fn stop_reading(&mut self) {
        self.out.lines = None;
    }

    /// Leaves what it says aside without a reader.
    pub(crate) fn stop_listening(&mut self) {
        self.err.lines = None;
    }

    /// Sends it a signal.
    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    /// Waits until it ends by itself; what it said that was not read yet.
    pub(crate) fn end(&mut self) -> Ran {
        let out = self.out.by_ref().collect();
        let err = self.err.by_ref().collect::<Vec<_>>().join("\n");
        if self.out.late || self.err.late {
            self.give_up("it does not end");
        }
        let code = self.child.wait().expect("it ends").code();
        Ran { code, out, err }
    }

    /// Waits until it ends by itself although nobody reads its output; its exit code.
    pub(crate) fn end_unread(&mut self) -> Option<i32> {
        self.err.by_ref().for_each(drop);
        if self.err.late {
            self.give_up("it does not end");
        }
        self.child.wait().expect("it ends").code()
    }

    fn give_up(&mut self, why: &str) -> ! {
        // It may have ended by itself.
        let _ = self.child.kill();
        let (out, err) = (self.out.all(), self.err.all());
        panic!("{why}; it said {out:#?}, and aside {err:#?}")
    }
}

/// What it says, line by line. It ends where there is no other line.
struct Pipe {
    lines: Option<Lines<BufReader<Box<dyn Read + Send>>>>,
    said: Vec<String>,
    /// Whether a line was waited for in vain.
    late: bool,
}

impl Pipe {
    fn new(pipe: impl Read + Send + 'static) -> Self {
        let pipe: Box<dyn Read + Send> = Box::new(pipe);
        Pipe {
            lines: Some(BufReader::new(pipe).lines()),
            said: Vec::new(),
            late: false,
        }
    }

    /// All that it said.
    fn all(&mut self) -> &[String] {
        self.by_ref().for_each(drop);
        &self.said
    }
}

impl Iterator for Pipe {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut lines = self.lines.take()?;
        let (told, line) = channel();
        thread::spawn(move || {
            let line = lines.next();
            // Nobody may have had the patience.
            let _ = told.send((line, lines));
        });
        let Ok((line, lines)) = line.recv_timeout(PATIENCE) else {
            self.late = true;
            return None;
        };
        self.lines = Some(lines);
        let line = line?.expect("what hs says is text");
        self.said.push(line.clone());
        Some(line)
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
    let command = hs(&[&["serve", "-", "--port", "0"], arguments].concat());
    served_by(command, recording)
}

/// The server that a command is, and its URL.
pub(crate) fn served_by(command: Command, input: &str) -> (Running, String) {
    let mut server = Running::new(command, input);
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
