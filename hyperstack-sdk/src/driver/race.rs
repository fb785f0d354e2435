//! Races the addresses of a host for the first one that works (Happy Eyeballs, RFC 8305).

use std::collections::VecDeque;
use std::fmt;
use std::future::{ready, Future};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{sleep_until, timeout, Instant};

/// How long a TCP connection may take before the next address is tried too. RFC 8305 recommends this value.
const CONNECT_DELAY: Duration = Duration::from_millis(250);

/// How long the handshake may take before the next address is tried too. It is longer, because each handshake costs
/// the server a connection, and because one takes several round trips.
pub(super) const HANDSHAKE_DELAY: Duration = Duration::from_secs(1);

/// Why a handshake failed.
pub(super) enum Failure<E> {
    /// This address does not work. Another one may.
    Address(String),
    /// The peer said no, and would say the same at another address.
    Final(E),
}

impl<E> Failure<E> {
    pub(super) fn map<F>(self, wrap: impl FnOnce(E) -> F) -> Failure<F> {
        match self {
            Failure::Address(cause) => Failure::Address(cause),
            Failure::Final(error) => Failure::Final(wrap(error)),
        }
    }
}

/// The addresses that a race has tried, and what happened at each.
#[derive(Default)]
pub(super) struct Tried(Vec<(SocketAddr, Progress)>);

enum Progress {
    Connecting,
    /// Waits for the handshake with another address.
    Connected,
    Handshaking,
    Failed(String),
}

/// Connects to the addresses until a handshake with one of them succeeds. Returns `None` as the error if all failed:
/// then `tried` says why.
///
/// Each address but the first has to wait: for a failure, or until the address before it takes too long. The first
/// handshake to succeed wins, and the other connections are dropped. Only one handshake starts at a time, so the server
/// rarely sees a second one. After a final failure, handshakes that are under way get `handshake_delay` to succeed.
pub(super) async fn race<S, T, E, Connecting, Handshaking>(
    addresses: Vec<SocketAddr>,
    handshake_delay: Duration,
    tried: &mut Tried,
    connect: impl Fn(SocketAddr) -> Connecting,
    handshake: impl Fn(S) -> Handshaking,
) -> Result<T, Option<E>>
where
    Connecting: Future<Output = io::Result<S>>,
    Handshaking: Future<Output = Result<T, Failure<E>>>,
{
    let mut waiting = interleaved(addresses);
    let mut connecting = FuturesUnordered::new();
    let mut connected = VecDeque::new();
    let mut handshaking = FuturesUnordered::new();
    let mut next_connect = Instant::now();
    let mut next_handshake = next_connect;
    loop {
        // Start everything that is due before waiting: tokio's timer rounds up to the next millisecond.
        let now = Instant::now();
        if next_handshake <= now {
            if let Some((address, stream)) = connected.pop_front() {
                tried.note(address, Progress::Handshaking);
                let handshake = handshake(stream);
                handshaking.push(async move { (address, handshake.await) });
                next_handshake = now + handshake_delay;
                next_connect = next_handshake;
            }
        }
        if next_connect <= now {
            if let Some(address) = waiting.pop_front() {
                tried.note(address, Progress::Connecting);
                let connect = connect(address);
                connecting.push(async move { (address, connect.await) });
                next_connect = now + CONNECT_DELAY;
            }
        }
        tokio::select! {
            biased;
            Some((address, outcome)) = handshaking.next() => match outcome {
                Ok(done) => return Ok(done),
                Err(Failure::Final(error)) => {
                    // The server may have rejected this one because it counts the others as connections.
                    let others = handshaking.filter_map(|(_, outcome)| ready(outcome.ok()));
                    let won = timeout(handshake_delay, pin!(others).next()).await;
                    return won.ok().flatten().ok_or(Some(error));
                }
                Err(Failure::Address(cause)) => {
                    tried.note(address, Progress::Failed(cause));
                    next_handshake = Instant::now();
                    next_connect = next_handshake;
                }
            },
            Some((address, outcome)) = connecting.next() => match outcome {
                Ok(stream) => {
                    tried.note(address, Progress::Connected);
                    connected.push_back((address, stream));
                }
                Err(error) => {
                    let error: io::Error = error;
                    tried.note(address, Progress::Failed(error.to_string()));
                    next_connect = next_handshake.max(Instant::now());
                }
            },
            () = sleep_until(next_handshake), if !connected.is_empty() => {}
            () = sleep_until(next_connect), if !waiting.is_empty() => {}
            else => return Err(None),
        }
    }
}

/// Alternates between IPv6 and IPv4, because often only one of them works. Starts with the first address and otherwise
/// keeps the system's order. Drops duplicates.
fn interleaved(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut these, mut those): (VecDeque<_>, VecDeque<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let mut all = VecDeque::new();
    while let Some(address) = these.pop_front().or_else(|| those.pop_front()) {
        if !all.contains(&address) {
            all.push_back(address);
        }
        std::mem::swap(&mut these, &mut those);
    }
    all
}

impl Tried {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn note(&mut self, address: SocketAddr, progress: Progress) {
        match self.0.iter_mut().find(|(other, _)| *other == address) {
            Some((_, before)) => *before = progress,
            None => self.0.push((address, progress)),
        }
    }

    /// Returns each distinct cause with its addresses.
    fn causes(&self) -> Vec<(&str, Vec<SocketAddr>)> {
        let mut causes: Vec<(&str, Vec<SocketAddr>)> = Vec::new();
        for (address, progress) in &self.0 {
            let cause = match progress {
                Progress::Connecting => "no connection",
                Progress::Connected => "no handshake yet",
                Progress::Handshaking => "no reply",
                Progress::Failed(cause) => cause,
            };
            match causes.iter_mut().find(|(other, _)| *other == cause) {
                Some((_, addresses)) => addresses.push(*address),
                None => causes.push((cause, vec![*address])),
            }
        }
        causes
    }

    /// Returns the causes without their addresses.
    pub(super) fn without_addresses(&self) -> String {
        let causes: Vec<_> = self.causes().into_iter().map(|(cause, _)| cause).collect();
        causes.join("; ")
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (cause, addresses)) in self.causes().into_iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{cause} at ")?;
            for (i, address) in addresses.iter().enumerate() {
                let separator = match i {
                    0 => "",
                    i if i + 1 == addresses.len() => " and ",
                    _ => ", ",
                };
                write!(f, "{separator}{address}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::sleep;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(10);

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// What the host with this number in its address does.
    #[derive(Clone, Copy)]
    enum Does {
        Swallow,
        Refuse,
        /// Accepts after this many milliseconds, and closes after this many.
        Close(u64, u64),
        Hang,
        Reject,
        /// Accepts after this many milliseconds, and answers the handshake after this many.
        Answer(u64, u64),
    }
    use Does::*;

    /// A race between hosts. Returns the winner, the milliseconds it took, and the report.
    async fn run(hosts: &[Does]) -> (Result<u16, Option<&'static str>>, u128, String) {
        let addresses = (1..)
            .zip(hosts)
            .map(|(port, _)| ([10, 0, 0, 1], port).into());
        let mut tried = Tried::default();
        let start = Instant::now();
        let raced = race(
            addresses.collect(),
            HANDSHAKE_DELAY,
            &mut tried,
            |address: SocketAddr| async move {
                let does = hosts[usize::from(address.port()) - 1];
                match does {
                    Swallow => pending().await,
                    Refuse => Err(io::Error::other("refused")),
                    Close(after, _) | Answer(after, _) => {
                        sleep(Duration::from_millis(after)).await;
                        Ok((address.port(), does))
                    }
                    _ => Ok((address.port(), does)),
                }
            },
            |(port, does)| async move {
                match does {
                    Close(_, after) => {
                        sleep(Duration::from_millis(after)).await;
                        Err(Failure::Address("closed".into()))
                    }
                    Reject => Err(Failure::Final("rejected")),
                    Answer(_, after) => {
                        sleep(Duration::from_millis(after)).await;
                        Ok(port)
                    }
                    _ => pending().await,
                }
            },
        );
        let raced = tokio::time::timeout(DEADLINE, raced).await;
        let raced = raced.unwrap_or(Err(Some("late")));
        (raced, start.elapsed().as_millis(), tried.to_string())
    }

    async fn won(hosts: &[Does]) -> (u16, u128) {
        let (raced, millis, tried) = run(hosts).await;
        (raced.unwrap_or_else(|_| panic!("{tried}")), millis)
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_does_not_answer_gets_a_head_start_of_250_ms() {
        assert_eq!(won(&[Swallow, Answer(0, 0)]).await, (2, 250));
        assert_eq!(won(&[Swallow, Swallow, Answer(0, 0)]).await, (3, 500));
        assert_eq!(won(&[Answer(200, 40), Answer(0, 0)]).await, (1, 240));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_the_next_address_starts_at_once() {
        assert_eq!(won(&[Refuse, Answer(0, 0)]).await, (2, 0));
        assert_eq!(won(&[Close(0, 0), Refuse, Answer(0, 0)]).await, (3, 0));
        // The second connection is open before the first handshake fails.
        assert_eq!(won(&[Close(260, 50), Answer(20, 5)]).await, (2, 315));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_address_can_still_win() {
        assert_eq!(won(&[Answer(600, 0), Swallow]).await, (1, 600));
        assert_eq!(won(&[Answer(0, 3000), Hang]).await, (1, 3000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_handshake_without_reply_gets_a_head_start_of_one_second() {
        assert_eq!(won(&[Hang, Answer(0, 0)]).await, (2, 1000));
        assert_eq!(won(&[Hang, Refuse, Answer(0, 0)]).await, (3, 1000));
        assert_eq!(won(&[Answer(0, 999), Answer(0, 0)]).await, (1, 999));
    }

    /// Both connections open within the delay, but the server gets one handshake.
    #[tokio::test(start_paused = true)]
    async fn one_handshake_starts_at_a_time() {
        let (raced, millis, tried) = run(&[Answer(260, 50), Answer(20, 0)]).await;
        assert_eq!((raced, millis), (Ok(1), 310));
        assert!(tried.ends_with("no handshake yet at 10.0.0.1:2"), "{tried}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_of_the_server_ends_the_race() {
        let (raced, millis, _) = run(&[Refuse, Reject, Answer(0, 0)]).await;
        assert_eq!((raced, millis), (Err(Some("rejected")), 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_rejection_waits_for_a_handshake_under_way() {
        assert_eq!(won(&[Answer(0, 1500), Reject]).await, (1, 1500));
        let (raced, millis, _) = run(&[Hang, Reject]).await;
        assert_eq!((raced, millis), (Err(Some("rejected")), 2000));
    }

    #[tokio::test(start_paused = true)]
    async fn the_report_names_each_address_and_each_cause_once() {
        let (raced, millis, tried) = run(&[Refuse, Close(0, 0), Refuse, Refuse]).await;
        assert_eq!((raced, millis), (Err(None), 0));
        assert_eq!(
            tried,
            "refused at 10.0.0.1:1, 10.0.0.1:3 and 10.0.0.1:4; closed at 10.0.0.1:2"
        );
        let (raced, _, tried) = run(&[Swallow, Hang, Refuse]).await;
        assert_eq!(raced, Err(Some("late")));
        assert_eq!(
            tried,
            "no connection at 10.0.0.1:1; no reply at 10.0.0.1:2; refused at 10.0.0.1:3"
        );
        let (raced, ..) = run(&[]).await;
        assert_eq!(raced, Err(None));
    }

    #[test]
    fn families_alternate_from_the_first_address() {
        let [a, b, c, v, w] = ["[::1]:1", "[::2]:1", "[::3]:1", "1.0.0.1:1", "1.0.0.2:1"].map(at);
        assert_eq!(interleaved(vec![a, b, c, v]), [a, v, b, c]);
        assert_eq!(interleaved(vec![v, w, a, v]), [v, a, w]);
        assert_eq!(interleaved(vec![]), []);
    }
}
