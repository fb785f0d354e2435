//! The server, reduced to what a flood needs.

use crate::frames::Frames;
use crate::inbox::{Count, Inbox, Job, Room};
use crate::scenario::{self, Scenario, Task, RATE};
use crate::{side, usage, Result};
use decode::random::Random;
use serde::Deserialize;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tungstenite::{Message, WebSocket};

/// The maximum number of patches in one write.
const CHUNK: u64 = 256;

/// The frames of all scenarios used so far.
type Made = Mutex<Vec<Arc<Frames>>>;

/// Serves until standard input ends. The first line on standard output is the server's address.
pub fn serve() -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    println!("{}", listener.local_addr()?);
    thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let made = Arc::new(Made::default());
    for side in listener.incoming() {
        let (side, made) = (side?, made.clone());
        thread::spawn(move || {
            if let Err(error) = session(side, &made) {
                eprintln!("the server's session: {error}");
            }
        });
    }
    Ok(())
}

/// Serves one client, from its first line on the side channel until it disconnects.
fn session(mut side: TcpStream, made: &Made) -> Result<()> {
    side.set_nodelay(true)?;
    let mut lines = BufReader::new(side.try_clone()?).lines();
    let wanted = lines.next().ok_or("no scenario")??;
    let (name, rows) = wanted.split_once(' ').ok_or("no number of rows")?;
    let scenario = Scenario {
        rows: rows.parse()?,
        ..scenario::find(name).ok_or_else(|| format!("no scenario {name}"))?
    };
    let frames = frames(&scenario, made);

    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    writeln!(side, "{}", listener.local_addr()?.port())?;
    let (socket, _) = listener.accept()?;
    socket.set_nodelay(true)?;
    let reading = tungstenite::accept(socket.try_clone()?)?;

    let inbox = Arc::new(Inbox::default());
    let (of_side, of_socket) = (inbox.clone(), inbox.clone());
    thread::spawn(move || side::listen(lines, &of_side));
    thread::spawn(move || listen(reading, &of_socket));
    let mut session = Session {
        scenario,
        frames,
        socket,
        side,
        inbox,
        rows: 0,
        random: Random(3),
    };
    // A client that disconnects during a write is not an error.
    let _ = session.run();
    let _ = session.socket.shutdown(std::net::Shutdown::Both);
    Ok(())
}

/// Returns the scenario's frames. They are all made now, before a client waits for them, and kept for later
/// clients.
fn frames(scenario: &Scenario, made: &Made) -> Arc<Frames> {
    let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = made
        .iter()
        .find(|kept| kept.is_of(scenario.shape, scenario.rows));
    let frames = kept.cloned().unwrap_or_else(|| {
        let frames = Arc::new(Frames::new(scenario.shape, scenario.rows));
        made.push(frames.clone());
        frames
    });
    frames.snapshot().next();
    if scenario.task == Task::Flood {
        frames.ring();
    }
    frames
}

/// Passes on a client's subscriptions until it disconnects.
fn listen(mut socket: WebSocket<TcpStream>, inbox: &Inbox) {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Request {
        r#type: String,
        key: Option<String>,
        with_snapshot: Option<bool>,
    }

    while let Ok(message) = socket.read() {
        let Message::Text(text) = message else {
            continue;
        };
        match serde_json::from_str::<Request>(&text) {
            Ok(request) if request.r#type == "subscribe" => inbox.push(Job::Subscribe {
                key: request.key,
                snapshot: request.with_snapshot.unwrap_or(true),
            }),
            // No other message gets an answer.
            _ => {}
        }
    }
    inbox.close();
}

struct Session {
    scenario: Scenario,
    frames: Arc<Frames>,
    socket: TcpStream,
    side: TcpStream,
    inbox: Arc<Inbox>,
    /// The number of snapshot rows sent.
    rows: u64,
    random: Random,
}

impl Session {
    fn run(&mut self) -> Result<()> {
        while let Some(job) = self.inbox.wait() {
            match job {
                Job::Subscribe { key, snapshot } => self.subscribe(key, snapshot)?,
                Job::Go => {
                    let sent = match self.scenario.task {
                        Task::Latency => self.trickle()?,
                        Task::Flood | Task::Snapshot { .. } => self.flood()?,
                    };
                    writeln!(self.side, "{sent}")?;
                }
                Job::Stop => {}
            }
        }
        Ok(())
    }

    fn subscribe(&mut self, key: Option<String>, snapshot: bool) -> Result<()> {
        self.socket.write_all(&self.frames.subscribed())?;
        let frames = self.frames.clone();
        match key {
            _ if !snapshot => {}
            None => {
                for (rows, frame) in frames.snapshot() {
                    self.send_rows(rows, &frame)?;
                }
            }
            Some(key) => {
                if let Some(frame) = frames.snapshot_of(&key) {
                    self.send_rows(1, &frame)?;
                }
            }
        }
        Ok(())
    }

    fn send_rows(&mut self, rows: u64, frame: &[u8]) -> Result<()> {
        let unpaced = Task::Snapshot { paced: false };
        if self.scenario.task != unpaced {
            // The client is gone, so the write will fail.
            self.inbox.room(Count::Rows, self.rows, rows);
        }
        self.rows += rows;
        Ok(self.socket.write_all(frame)?)
    }

    /// Sends patches whenever there is room, until a job stops it. Returns how many it sent.
    fn flood(&mut self) -> Result<u64> {
        let frames = self.frames.clone();
        let ring = frames.ring();
        let mut sent = 0;
        loop {
            match self.inbox.room(Count::Patches, sent, 1) {
                Room::For(room) => {
                    let (count, bytes) = ring.after(sent, room.min(CHUNK));
                    self.socket.write_all(bytes)?;
                    sent += count;
                }
                Room::Job => {
                    if self.stops()? {
                        return Ok(sent);
                    }
                }
                Room::Closed => return Ok(sent),
            }
        }
    }

    /// Sends patches one by one, each at its time, until a job stops it. Returns how many it sent.
    fn trickle(&mut self) -> Result<u64> {
        let start = Instant::now();
        let mut sent = 0;
        loop {
            if self.inbox.interrupts() && self.stops()? {
                return Ok(sent);
            }
            let due = start + Duration::from_micros(sent * 1_000_000 / RATE);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            sent += 1;
            let frame = self.frames.stamped(sent, usage::micros(), &mut self.random);
            self.socket.write_all(&frame)?;
        }
    }

    /// Handles a job that arrives between patches. Returns whether it ends them.
    fn stops(&mut self) -> Result<bool> {
        match self.inbox.job() {
            Some(Job::Subscribe { key, snapshot }) => self.subscribe(key, snapshot)?,
            Some(Job::Go) => {}
            Some(Job::Stop) | None => return Ok(true),
        }
        Ok(false)
    }
}
