//! A `nats-server` for tests.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A running `nats-server` with JetStream, on a free port of this machine. It is killed when you drop it.
#[derive(Debug)]
pub struct NatsServer {
    child: Child,
    port: u16,
    store: PathBuf,
    arguments: Vec<String>,
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
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("nats-tests-{}-{number}", std::process::id());
        let store = std::env::temp_dir().join(name);
        let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        let (child, port) = spawn(&store, None, &arguments);
        NatsServer {
            child,
            port,
            store,
            arguments,
        }
    }

    /// Returns the URL, without a user.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
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
        (self.child, _) = spawn(&self.store, Some(self.port), &self.arguments);
    }

    /// Kills the server, and deletes its store.
    pub fn destroy(&mut self) {
        self.kill();
        // It may never have written anything.
        let _ = std::fs::remove_dir_all(&self.store);
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.destroy();
    }
}

/// Starts a server, and waits until it says that it is ready. Returns its port.
fn spawn(store: &Path, port: Option<u16>, arguments: &[String]) -> (Child, u16) {
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
    let log = child.stderr.take().expect("the log is piped");
    let mut lines = BufReader::new(log).lines();
    let (mut log, mut port) = (String::new(), port);
    loop {
        let line = match lines.next() {
            Some(Ok(line)) => line,
            _ => panic!("nats-server has ended:\n{log}"),
        };
        if let Some((_, address)) = line.split_once("Listening for client connections on ") {
            let digits = address
                .rsplit(':')
                .next()
                .and_then(|port| port.parse().ok());
            port = port.or(digits);
        }
        if line.contains("Server is ready") {
            break;
        }
        log.push_str(&line);
        log.push('\n');
    }
    // Without a reader, the server blocks when its log fills the pipe.
    std::thread::spawn(move || lines.for_each(drop));
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
