//! A `nats-server` for tests.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How long to wait for a line in the log.
const DEADLINE: Duration = Duration::from_secs(20);

/// A directory for temporary files. It is deleted when you drop it.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// Returns a directory that does not exist yet.
    pub fn temporary() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("nats-tests-{}-{number}", std::process::id());
        Directory(std::env::temp_dir().join(name))
    }

    /// Writes a file, and returns its path.
    ///
    /// # Panics
    ///
    /// If it cannot write the file.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::create_dir_all(&self.0)
            .and_then(|()| std::fs::write(&path, text))
            .expect("cannot write a temporary file");
        path.display().to_string()
    }

    fn delete(&self) {
        // It may never have been written to.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.delete();
    }
}

/// The lines that a server has logged.
#[derive(Debug, Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    grown: Condvar,
}

impl Log {
    fn push(&self, line: String) {
        self.lines.lock().unwrap().push(line);
        self.grown.notify_all();
    }
}

/// A running `nats-server` with JetStream, on a free port of this machine. It is killed when you drop it.
#[derive(Debug)]
pub struct NatsServer {
    child: Child,
    port: u16,
    store: Directory,
    arguments: Vec<String>,
    log: Arc<Log>,
}

impl NatsServer {
    /// Starts a server with an empty store, and waits until it is ready.
    ///
    /// # Panics
    ///
    /// If there is no `nats-server`, or it does not start.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with more arguments.
    pub fn start_with(arguments: &[&str]) -> Self {
        let store = Directory::temporary();
        let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        let log = Arc::default();
        let (child, port) = spawn(&store.0, None, &arguments, &log);
        NatsServer {
            child,
            port,
            store,
            arguments,
            log,
        }
    }

    /// Returns the URL, without a user.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Waits until the log has a line with this text. Returns all lines up to there.
    ///
    /// # Panics
    ///
    /// If the server does not log it soon.
    pub fn log_until(&self, text: &str) -> Vec<String> {
        let find = |lines: &[String]| lines.iter().position(|line| line.contains(text));
        let lacks = |lines: &mut Vec<String>| find(lines).is_none();
        let lines = self.log.lines.lock().unwrap();
        let waited = self.log.grown.wait_timeout_while(lines, DEADLINE, lacks);
        let lines = waited.unwrap().0.clone();
        match find(&lines) {
            Some(found) => lines[..=found].to_vec(),
            None => panic!("nats-server did not log {text:?}:\n{}", lines.join("\n")),
        }
    }

    /// Kills the server. Its store stays.
    pub fn kill(&mut self) {
        // If it has ended already, there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Kills the server, unless it is dead, and starts it again with the same port and store.
    pub fn restart(&mut self) {
        self.kill();
        (self.child, _) = spawn(&self.store.0, Some(self.port), &self.arguments, &self.log);
    }

    /// Kills the server, and deletes its store.
    pub fn destroy(&mut self) {
        self.kill();
        self.store.delete();
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts a server, and waits until it says that it is ready. Returns its port.
fn spawn(store: &Path, port: Option<u16>, arguments: &[String], log: &Arc<Log>) -> (Child, u16) {
    let asked = port.map_or("-1".to_owned(), |port| port.to_string());
    let mut command = Command::new(program());
    command
        .args(["-js", "-a", "127.0.0.1", "-p", &asked, "-sd"])
        .arg(store)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("cannot start nats-server");
    let stderr = child.stderr.take().expect("the log is piped");
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    let mut port = port;
    let mut is_ready = false;
    while !is_ready {
        let Some(line) = lines.next() else {
            let lines = log.lines.lock().unwrap();
            panic!("nats-server has ended:\n{}", lines.join("\n"));
        };
        if let Some((_, address)) = line.split_once("Listening for client connections on ") {
            let digits = address.rsplit(':').next();
            port = port.or(digits.and_then(|port| port.parse().ok()));
        }
        is_ready = line.contains("Server is ready");
        log.push(line);
    }
    // Without a reader, the server blocks when its log fills the pipe.
    let log = Arc::clone(log);
    std::thread::spawn(move || lines.for_each(|line| log.push(line)));
    (child, port.expect("the log names the port"))
}

/// Returns the path of `nats-server`.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // Debian installs it here, which is not on the PATH of every user.
    directories.push("/usr/sbin".into());
    let mut programs = directories.iter().map(|it| it.join("nats-server"));
    programs
        .find(|program| program.is_file())
        .expect("no nats-server found: install it with `apt-get install nats-server`")
}
