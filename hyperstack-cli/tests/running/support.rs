//! Runs `hs`, and provides servers and a recording.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use hyperstack_sdk::testing::{SeqSource, ServerError, Sort, TestServer};
use hyperstack_sdk::Protocol;
use serde_json::{json, Map, Value};

/// Starts a v1 server with the first rows of [`session`]. After the client has read them, each change by the test
/// is one line.
pub(crate) async fn rounds() -> Result<TestServer, ServerError> {
    rounds_of(Protocol::V1).await
}

/// Starts the server of [`rounds`] for a protocol generation.
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

/// Returns the rows of `Round/list` at the end of [`session`].
pub(crate) fn last_rows() -> Value {
    json!({"a": row("a", 1, false), "b": row("b", 4, false), "c": row("c", 3, true)})
}

/// Returns a hand-made recording: a list of three rows, two of them changing, and a derived view.
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

/// Returns the command `hs` with these arguments.
pub(crate) fn hs(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hs"));
    command.args(arguments);
    // The environment of the tests must not change what they check.
    for variable in [
        "HYPERSTACK_TOKEN",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ] {
        command.env_remove(variable);
    }
    command
}

/// Runs `hs` until it exits by itself.
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

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<String>,
    pub(crate) err: String,
}

/// A running command. Dropping it kills the command.
pub(crate) struct Running {
    pub(crate) child: Child,
    out: Pipe,
    err: Pipe,
}

/// A test fails if its command prints nothing for this long.
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

    /// Reads the next line of standard output.
    pub(crate) fn line(&mut self) -> String {
        let line = self.out.next();
        line.unwrap_or_else(|| self.give_up("there is no further line"))
    }

    /// Reads `count` lines of standard output.
    pub(crate) fn lines(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.line()).collect()
    }

    /// Reads the lines of the snapshot and sorts them. Their order depends on whether the rows had arrived
    /// before the first read.
    pub(crate) fn first_lines(&mut self, count: usize) -> Vec<String> {
        let mut lines = self.lines(count);
        lines.sort_unstable();
        lines
    }

    /// Reads JSON lines until the rows equal `wanted`.
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

    /// Reads lines of standard error until one contains `text`.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        loop {
            match self.err.next() {
                Some(line) if line.contains(text) => return line,
                Some(_) => {}
                None => self.give_up(&format!("standard error never contained `{text}`")),
            }
        }
    }

    /// Closes its standard output.
    pub(crate) fn close_stdout(&mut self) {
        self.out.lines = None;
    }

    /// Closes its standard error.
    pub(crate) fn close_stderr(&mut self) {
        self.err.lines = None;
    }

    /// Sends the command a signal.
    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    /// Waits until the command exits by itself, and returns the output that was not read yet.
    pub(crate) fn end(&mut self) -> Ran {
        let out = self.out.by_ref().collect();
        let err = self.err.by_ref().collect::<Vec<_>>().join("\n");
        if self.out.late || self.err.late {
            self.give_up("it does not end");
        }
        let code = self.child.wait().expect("it ends").code();
        Ran { code, out, err }
    }

    /// Waits until the command exits by itself while its standard output is not read. Returns the exit code.
    pub(crate) fn end_unread(&mut self) -> Option<i32> {
        self.err.by_ref().for_each(drop);
        if self.err.late {
            self.give_up("it does not end");
        }
        self.child.wait().expect("it ends").code()
    }

    fn give_up(&mut self, why: &str) -> ! {
        // The command may have exited already.
        let _ = self.child.kill();
        let (out, err) = (self.out.all(), self.err.all());
        panic!("{why}; stdout: {out:#?}, stderr: {err:#?}")
    }
}

/// The lines of an output of the command.
struct Pipe {
    lines: Option<Lines<BufReader<Box<dyn Read + Send>>>>,
    read: Vec<String>,
    /// Whether a read timed out.
    late: bool,
}

impl Pipe {
    fn new(pipe: impl Read + Send + 'static) -> Self {
        let pipe: Box<dyn Read + Send> = Box::new(pipe);
        Pipe {
            lines: Some(BufReader::new(pipe).lines()),
            read: Vec::new(),
            late: false,
        }
    }

    /// Returns all lines, including those that were read before.
    fn all(&mut self) -> &[String] {
        self.by_ref().for_each(drop);
        &self.read
    }
}

impl Iterator for Pipe {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut lines = self.lines.take()?;
        let (sender, line) = channel();
        thread::spawn(move || {
            let line = lines.next();
            // The receiver is gone after a timeout.
            let _ = sender.send((line, lines));
        });
        let Ok((line, lines)) = line.recv_timeout(PATIENCE) else {
            self.late = true;
            return None;
        };
        self.lines = Some(lines);
        let line = line?.expect("the output is text");
        self.read.push(line.clone());
        Some(line)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The command may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts `hs serve` with a recording, and returns it with its URL.
pub(crate) fn served(recording: &str, arguments: &[&str]) -> (Running, String) {
    let command = hs(&[&["serve", "-", "--port", "0"], arguments].concat());
    served_by(command, recording)
}

/// Starts a command that is a server, and returns it with its URL.
pub(crate) fn served_by(command: Command, input: &str) -> (Running, String) {
    let mut server = Running::new(command, input);
    let line = server.line();
    let url = line
        .strip_prefix("listening on ")
        .expect("the first line is the URL");
    let url = url.to_owned();
    (server, url)
}

/// Returns the path of a file that does not exist.
pub(crate) fn no_file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&path);
    path
}
