//! The second connection between client and server, which carries lines. The client reports what reached its
//! reader, and the server how much it sent. The WebSocket cannot carry this, because no client passes such
//! messages on.

use crate::contender::Contender;
use crate::inbox::{Count, Inbox, Job};
use crate::scenario::Scenario;
use crate::Result;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::thread;
use tokio::sync::oneshot;

/// The client's end.
pub struct Side {
    stream: Mutex<TcpStream>,
}

/// A message from the server to the client.
pub struct Replies {
    /// The WebSocket URL for this client.
    pub url: String,
    /// The number of updates sent, once all are.
    pub sent: oneshot::Receiver<u64>,
}

impl Side {
    /// Requests a scenario from a server, for this client.
    pub fn open(
        server: SocketAddr,
        scenario: &Scenario,
        contender: Contender,
    ) -> Result<(Self, Replies)> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let side = Side {
            stream: Mutex::new(stream),
        };
        let (name, rows) = (scenario.name, scenario.rows);
        side.say(&format!("{name} {rows} {}", contender.name()));
        let port: u16 = lines.next().ok_or("the server is gone")??.parse()?;
        let (tell, sent) = oneshot::channel();
        thread::spawn(move || {
            if let Some(Ok(line)) = lines.next() {
                let _ = tell.send(line.parse().unwrap_or_default());
            }
        });
        let url = format!("ws://127.0.0.1:{port}");
        Ok((side, Replies { url, sent }))
    }

    pub fn received(&self, count: Count, number: u64) {
        match count {
            Count::Rows => self.say(&format!("rows {number}")),
            Count::Updates => self.say(&format!("updates {number}")),
        }
    }

    pub fn go(&self) {
        self.say("go");
    }

    pub fn stop(&self) {
        self.say("stop");
    }

    fn say(&self, line: &str) {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        // One write makes one packet. The loss of the server is noticed elsewhere.
        let _ = stream.write_all(format!("{line}\n").as_bytes());
    }
}

/// Passes on a client's messages until it disconnects.
pub fn listen(lines: impl Iterator<Item = std::io::Result<String>>, inbox: &Inbox) {
    for line in lines.map_while(std::result::Result::ok) {
        let number = |text: &str| text.parse().unwrap_or_default();
        match line.split_once(' ') {
            Some(("rows", rows)) => inbox.received(Count::Rows, number(rows)),
            Some(("updates", updates)) => inbox.received(Count::Updates, number(updates)),
            _ if line == "go" => inbox.push(Job::Go),
            _ if line == "stop" => inbox.push(Job::Stop),
            _ => break,
        }
    }
    inbox.close();
}
