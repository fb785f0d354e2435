//! The server, reduced to what a flood needs.

use crate::contender::Contender;
use crate::frames::{self, Frames, Of};
use crate::inbox::{Count, Inbox, Job, Room};
use crate::request::{self, Subscription};
use crate::scenario::{self, Scenario, Task, RATE};
use crate::subscriptions::Subscriptions;
use crate::view::Part;
use crate::{side, usage, Result};
use decode::random::Random;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tungstenite::{Message, WebSocket};

/// The maximum number of updates in one write.
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
    let (scenario, contender) = wanted(&lines.next().ok_or("no scenario")??)?;
    let of = Of::new(&scenario, contender.generation);
    let frames = frames(of, made);
    frames.prepare(scenario.task == Task::Flood);

    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    writeln!(side, "{}", listener.local_addr()?.port())?;
    let (socket, _) = listener.accept()?;
    socket.set_nodelay(true)?;
    let reading = tungstenite::accept(socket.try_clone()?)?;

    let inbox = Arc::new(Inbox::default());
    let (of_side, of_socket) = (inbox.clone(), inbox.clone());
    thread::spawn(move || side::listen(lines, &of_side));
    thread::spawn(move || listen(reading, &of_socket));
    let unpaced = Task::Snapshot { paced: false };
    let mut session = Session {
        task: scenario.task,
        paces_rows: contender.reads_batches() && scenario.task != unpaced,
        frames,
        socket,
        side,
        inbox,
        subscriptions: Subscriptions::new(of),
        rows: 0,
        random: Random(3),
    };
    // A client that disconnects during a write is not an error.
    let _ = session.run();
    let _ = session.socket.shutdown(std::net::Shutdown::Both);
    Ok(())
}

/// Reads a client's first line: a scenario, its number of rows, and the client.
fn wanted(line: &str) -> Result<(Scenario, Contender)> {
    let words: Vec<&str> = line.split(' ').collect();
    let [name, rows, contender] = words[..] else {
        return Err(format!("not a scenario, rows and a client: {line}").into());
    };
    let scenario = scenario::find(name).ok_or_else(|| format!("no scenario {name}"))?;
    let scenario = scenario.with_rows(rows.parse()?);
    let contender = Contender::named(contender).ok_or_else(|| format!("no client {contender}"))?;
    Ok((scenario, contender))
}

/// Returns frames, which are kept for later clients.
fn frames(of: Of, made: &Made) -> Arc<Frames> {
    let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = made.iter().find(|kept| kept.of() == of);
    kept.cloned().unwrap_or_else(|| {
        let frames = Arc::new(Frames::new(of));
        made.push(frames.clone());
        frames
    })
}

/// Passes on a client's requests until it disconnects.
fn listen(mut socket: WebSocket<TcpStream>, inbox: &Inbox) {
    while let Ok(message) = socket.read() {
        if let Message::Text(text) = message {
            request::job(&text)
                .into_iter()
                .for_each(|job| inbox.push(job));
        }
    }
    inbox.close();
}

struct Session {
    task: Task,
    /// Whether rows wait until the reader has taken earlier ones.
    paces_rows: bool,
    frames: Arc<Frames>,
    socket: TcpStream,
    side: TcpStream,
    inbox: Arc<Inbox>,
    subscriptions: Subscriptions,
    /// The number of snapshot rows sent.
    rows: u64,
    random: Random,
}

impl Session {
    fn run(&mut self) -> Result<()> {
        while let Some(job) = self.inbox.wait() {
            if matches!(job, Job::Go) {
                let sent = match self.task {
                    Task::Latency => self.trickle()?,
                    Task::Flood | Task::Snapshot { .. } => self.flood()?,
                };
                writeln!(self.side, "{sent}")?;
            } else {
                self.handle(job)?;
            }
        }
        Ok(())
    }

    /// Handles a job. Returns whether it stops the updates.
    fn handle(&mut self, job: Job) -> Result<bool> {
        match job {
            Job::Subscribe(subscription) => self.subscribe(subscription)?,
            Job::Unsubscribe(id) => {
                self.subscriptions.remove(&id);
                self.socket.write_all(&frames::unsubscribed(&id))?;
            }
            Job::Go => {}
            Job::Stop => return Ok(true),
        }
        Ok(false)
    }

    fn subscribe(&mut self, subscription: Subscription) -> Result<()> {
        self.socket
            .write_all(&self.frames.subscribed(&subscription))?;
        let frames = self.frames.clone();
        if subscription.snapshot && subscription.part != Part::Tape {
            for (rows, frame) in frames.snapshot(&subscription) {
                self.send_rows(rows, &frame)?;
            }
        }
        self.subscriptions.add(subscription);
        Ok(())
    }

    fn send_rows(&mut self, rows: u64, frame: &[u8]) -> Result<()> {
        if self.paces_rows {
            // If the client is gone, the write fails.
            self.inbox.room(Count::Rows, self.rows, rows);
        }
        self.rows += rows;
        Ok(self.socket.write_all(frame)?)
    }

    /// Sends updates whenever there is room, until a job stops them. Returns how many it sent.
    fn flood(&mut self) -> Result<u64> {
        let frames = self.frames.clone();
        let ring = frames.ring();
        let mut chunk = Vec::new();
        // The updates taken from the ring. Those that no subscription matches are not sent.
        let mut taken = 0;
        let mut sent = 0;
        // A tape has no rows, so its reader does not know when it is subscribed.
        while self.subscriptions.is_empty() {
            let Some(job) = self.inbox.wait() else {
                return Ok(sent);
            };
            if self.handle(job)? {
                return Ok(sent);
            }
        }
        loop {
            match self.inbox.room(Count::Updates, sent, 1) {
                Room::For(room) => {
                    let end = sent + room.min(CHUNK);
                    chunk.clear();
                    while sent < end {
                        let before = chunk.len();
                        for id in self.subscriptions.of_row(ring.row(taken)) {
                            ring.write(taken, id, &mut chunk);
                        }
                        taken += 1;
                        sent += u64::from(chunk.len() > before);
                    }
                    self.socket.write_all(&chunk)?;
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
        let mut message = Vec::new();
        let mut sent = 0;
        loop {
            if self.inbox.interrupts() && self.stops()? {
                return Ok(sent);
            }
            let due = start + Duration::from_micros(sent * 1_000_000 / RATE);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let patch = self.frames.stamped(usage::micros(), &mut self.random);
            message.clear();
            for id in self.subscriptions.of_row(patch.row(sent)) {
                patch.write(sent, id, &mut message);
            }
            sent += 1;
            self.socket.write_all(&message)?;
        }
    }

    /// Handles a job that arrives between updates. Returns whether it ends them.
    fn stops(&mut self) -> Result<bool> {
        match self.inbox.job() {
            Some(job) => self.handle(job),
            None => Ok(true),
        }
    }
}
