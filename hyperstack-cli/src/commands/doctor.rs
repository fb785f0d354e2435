//! `hs doctor`: checks a server step by step.

use std::fmt;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use hyperstack_sdk::wire::{Entry, Side};
use hyperstack_sdk::{
    ConnectError, HyperStack, Protocol, ReadError, StreamError, StreamExt, TapeError,
};
use serde::Serialize;
use tokio::net::{lookup_host, TcpStream};
use tokio::sync::Notify;
use tokio::time::{timeout, timeout_at, Instant};

use super::access::{self, Access};
use super::get;
use super::stream::{first_rows, messages, seconds, Part, View, ViewId};
use super::{green, print_error, yellow};

/// Check a server step by step, and say what is wrong
///
/// This command prints one line per check: the settings, the address, TCP, TLS, the WebSocket
/// handshake, the token, the protocol version and, if you name a view, whether the server knows it,
/// its number of rows, and its updates per second. Checks that cannot run are skipped.
#[derive(clap::Args)]
#[command(after_help = concat!(
    "\
Examples:
  hs doctor wss://ore.example
  hs doctor wss://ore.example OreRound/latest --seconds 30
  hs doctor wss://ore.example OreRound --json | jq '.checks[] | select(.status == \"failed\")'

",
    environment!(),
    "
Exit codes:
  0  no check failed
  1  a check failed
  2  usage error"
))]
pub(crate) struct Args {
    /// The server: wss://… or ws://…
    #[arg(value_parser = access::url)]
    url: String,
    /// Entity/name, such as OreRound/latest; an entity name alone means its list
    view: Option<ViewId>,
    /// Count the view's updates for this long
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "5")]
    seconds: Duration,
    /// Print the result as JSON: `ok`, and for each check its name, `status` and `detail`
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
    /// Timeout for connecting, and again for reading the view
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "10")]
    timeout: Duration,
}

/// The checks, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Check {
    Settings,
    Address,
    Tcp,
    Tls,
    Handshake,
    Token,
    Protocol,
    View,
    Updates,
}

impl Check {
    const ALL: [Check; 9] = [
        Check::Settings,
        Check::Address,
        Check::Tcp,
        Check::Tls,
        Check::Handshake,
        Check::Token,
        Check::Protocol,
        Check::View,
        Check::Updates,
    ];
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Check::Settings => "settings",
            Check::Address => "address",
            Check::Tcp => "TCP",
            Check::Tls => "TLS",
            Check::Handshake => "handshake",
            Check::Token => "token",
            Check::Protocol => "protocol",
            Check::View => "view",
            Check::Updates => "updates",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    Failed,
    Skipped,
}

/// A check that has run or was skipped.
#[derive(Debug, Serialize)]
struct Outcome {
    check: Check,
    status: Status,
    detail: String,
}

/// The outcomes so far.
struct Report {
    outcomes: Vec<Outcome>,
    /// Whether each outcome is printed at once.
    prints: bool,
}

impl Report {
    fn add(&mut self, check: Check, status: Status, detail: impl Into<String>) {
        let outcome = Outcome {
            check,
            status,
            detail: detail.into(),
        };
        if self.prints {
            // If the output is closed, the exit code still says what the checks found.
            let _ = super::print(&outcome.text());
        }
        self.outcomes.push(outcome);
    }

    fn ok(&mut self, check: Check, detail: impl Into<String>) {
        self.add(check, Status::Ok, detail);
    }

    fn failed(&mut self, check: Check, detail: impl Into<String>) {
        self.add(check, Status::Failed, detail);
    }

    fn skipped(&mut self, check: Check, detail: impl Into<String>) {
        self.add(check, Status::Skipped, detail);
    }

    fn is_ok(&self) -> bool {
        let mut outcomes = self.outcomes.iter();
        outcomes.all(|outcome| outcome.status != Status::Failed)
    }

    /// Skips the checks that have not run.
    fn finish(&mut self) {
        let is_missing = |check: &Check| self.outcomes.iter().all(|done| done.check != *check);
        for check in Check::ALL
            .into_iter()
            .filter(is_missing)
            .collect::<Vec<_>>()
        {
            self.skipped(check, "an earlier check failed");
        }
    }
}

impl Outcome {
    fn text(&self) -> String {
        let status = match self.status {
            Status::Ok => green("ok     "),
            Status::Failed => yellow("FAILED "),
            Status::Skipped => "skipped".to_owned(),
        };
        let detail = super::printable(&self.detail);
        let detail = detail.replace('\n', &format!("\n{:20}", ""));
        format!("{status}  {:9}  {detail}\n", self.check)
    }
}

pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    if let Some(view) = args.view.as_ref().filter(|view| view.needs_key()) {
        print_error(&anyhow!(
            "{view} needs a key: check the entity's list instead"
        ));
        return Ok(ExitCode::from(2));
    }
    let json = args.json;
    let report = super::on_one_thread(examine(args))?;
    if json {
        super::print_json(&serde_json::json!({
            "ok": report.is_ok(),
            "checks": report.outcomes,
        }))?;
    }
    Ok(if report.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn examine(args: Args) -> Report {
    let mut report = Report {
        outcomes: Vec::new(),
        prints: !args.json,
    };
    let host = Host::of(&args.url);
    let has_token = args.access.has_token();
    let heard = Arc::new(Notify::new());
    let hears = heard.clone();
    let builder = args.access.builder(&args.url);
    let builder = builder
        .auto_reconnect(false)
        .connect_timeout(args.timeout)
        .initial_data_timeout(args.timeout)
        .record(move |entry: Entry| {
            if entry.from == Side::Server {
                hears.notify_one();
            }
        });
    match builder.connect().await {
        Ok(hs) => {
            report.ok(Check::Settings, "valid");
            reached(&mut report, &host).await;
            report.ok(Check::Handshake, "the server is a WebSocket server");
            connected(&mut report, &hs, &heard, has_token, args.timeout).await;
            match args.view {
                Some(view) => examine_view(&mut report, &hs, &view, args.seconds).await,
                None => {
                    report.skipped(Check::View, "no view was named");
                    report.skipped(Check::Updates, "no view was named");
                }
            }
        }
        Err(error) => explain(&mut report, &host, &error, args.timeout).await,
    }
    report.finish();
    report
}

/// The host of a URL. Empty if the URL is invalid, which the client reports.
struct Host {
    name: String,
    port: u16,
    is_secure: bool,
}

impl Host {
    fn of(url: &str) -> Host {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let is_secure = scheme.eq_ignore_ascii_case("wss");
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let rest = rest.rsplit('@').next().unwrap_or_default();
        let (name, port) = match rest.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
            _ => (rest, None),
        };
        Host {
            name: name.trim_matches(['[', ']']).to_owned(),
            port: port.unwrap_or(if is_secure { 443 } else { 80 }),
            is_secure,
        }
    }

    async fn addresses(&self) -> Result<Vec<SocketAddr>, String> {
        match lookup_host((self.name.as_str(), self.port)).await {
            Ok(found) => Ok(found.collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn shown(&self, addresses: &[SocketAddr]) -> String {
        let mut shown: Vec<_> = addresses.iter().map(|it| it.ip().to_string()).collect();
        shown.dedup();
        match shown.join(", ") {
            shown if shown == self.name => shown,
            shown => format!("{} is {shown}", self.name),
        }
    }
}

/// Reports the checks of a connection that is open.
async fn reached(report: &mut Report, host: &Host) {
    match host.addresses().await {
        Ok(addresses) => report.ok(Check::Address, host.shown(&addresses)),
        // A proxy resolved the name instead.
        Err(reason) => report.skipped(
            Check::Address,
            format!("only the proxy can resolve {}: {reason}", host.name),
        ),
    }
    report.ok(Check::Tcp, format!("connected to port {}", host.port));
    secured(report, host);
}

fn secured(report: &mut Report, host: &Host) {
    match host.is_secure {
        true => report.ok(
            Check::Tls,
            format!("the certificate is trusted and names {}", host.name),
        ),
        false => report.skipped(Check::Tls, "ws:// is not encrypted"),
    }
}

/// Reports the first check that failed, and those before it.
async fn explain(report: &mut Report, host: &Host, error: &ConnectError, patience: Duration) {
    let detail = messages::connect_error(error.clone()).to_string();
    match error {
        ConnectError::Config(_) => report.failed(Check::Settings, detail),
        ConnectError::Unreachable { .. } | ConnectError::Timeout { .. } => {
            report.ok(Check::Settings, "valid");
            find_failure(report, host, error, detail, patience).await;
        }
        ConnectError::ProxyRejected { .. } => {
            report.ok(Check::Settings, "valid");
            report.skipped(Check::Address, "the proxy resolves the name");
            report.failed(Check::Tcp, detail);
        }
        ConnectError::Rejected { status, code, .. } => {
            report.ok(Check::Settings, "valid");
            reached(report, host).await;
            if matches!(status, 401 | 403) || code.is_some() {
                report.ok(Check::Handshake, format!("the server replied ({status})"));
                report.failed(Check::Token, detail);
            } else {
                report.failed(Check::Handshake, detail);
            }
        }
        ConnectError::Lost { .. } | ConnectError::Redirected { .. } => {
            report.ok(Check::Settings, "valid");
            reached(report, host).await;
            report.failed(Check::Handshake, detail);
        }
        _ => {
            report.ok(Check::Settings, "valid");
            report.failed(Check::Handshake, detail);
        }
    }
}

/// Finds out how far the client came, with a TCP connection of its own.
async fn find_failure(
    report: &mut Report,
    host: &Host,
    error: &ConnectError,
    detail: String,
    patience: Duration,
) {
    let (ConnectError::Unreachable { reason, .. } | ConnectError::Timeout { reason, .. }) = error
    else {
        return report.failed(Check::Tcp, detail);
    };
    if reason.starts_with("through the proxy ") {
        report.skipped(Check::Address, "the proxy resolves the name");
        return report.failed(Check::Tcp, detail);
    }
    let addresses = match host.addresses().await {
        Ok(addresses) => addresses,
        Err(_) => return report.failed(Check::Address, detail),
    };
    report.ok(Check::Address, host.shown(&addresses));
    let connection = timeout(patience, TcpStream::connect(&addresses[..])).await;
    if !matches!(connection, Ok(Ok(_))) {
        return report.failed(Check::Tcp, detail);
    }
    report.ok(Check::Tcp, format!("connected to port {}", host.port));
    match (host.is_secure, error) {
        (true, ConnectError::Unreachable { .. }) => report.failed(Check::Tls, detail),
        _ => report.failed(Check::Handshake, detail),
    }
}

/// Reports the token and the protocol of an open connection.
async fn connected(
    report: &mut Report,
    hs: &HyperStack,
    heard: &Notify,
    has_token: bool,
    patience: Duration,
) {
    // The first message, the answer to the client's probe, shows the protocol. A server may also reject the token
    // with its first message.
    let answer = timeout(ANSWER.min(patience), heard.notified()).await;
    if let Some(reason) = hs.end_reason() {
        return report.failed(
            Check::Token,
            messages::closed("connection", &reason).to_string(),
        );
    }
    report.ok(
        Check::Token,
        match has_token {
            true => "accepted",
            false => "none was sent, and the server does not require one",
        },
    );
    let protocol = match hs.stats().protocol {
        Protocol::V1 => "v1 (Hyperstack 0.5 or 0.6)",
        Protocol::V2 => "v2 (Arete)",
        _ => "not known yet",
    };
    report.ok(
        Check::Protocol,
        match answer {
            Ok(()) => protocol.to_owned(),
            Err(_) => format!("{protocol}, assumed: the server has sent no message"),
        },
    );
}

/// How long a server may take to show its protocol. A server that shows none is taken for one of v1 after a second.
const ANSWER: Duration = Duration::from_secs(3);

/// Reports whether the server knows a view, and how often it changes.
async fn examine_view(report: &mut Report, hs: &HyperStack, id: &ViewId, during: Duration) {
    if !report.is_ok() {
        return;
    }
    let view = View::new(hs, id, &Part::default());
    let before = hs.stats().bytes;
    let counted = match view.snapshot().await {
        Ok(rows) => {
            report.ok(Check::View, format!("{id} has {} rows", rows.len()));
            count(&view, during).await
        }
        Err(ReadError::Tape { .. }) => {
            report.ok(Check::View, format!("{id} is a tape, an event log"));
            count_records(hs, id, during).await
        }
        Err(error) => {
            return report.failed(Check::View, get::read_error(error, get::SLOW).to_string())
        }
    };
    match counted {
        Ok(updates) => {
            let bytes = hs.stats().bytes - before;
            let per_second = rate(updates, during);
            report.ok(
                Check::Updates,
                format!("{per_second:.1} per second: {updates} in {during:?}; {bytes} bytes with the snapshot"),
            );
        }
        Err(reason) => report.failed(Check::Updates, reason),
    }
}

fn rate(updates: u64, during: Duration) -> f64 {
    // The count is far below 2^53, so the conversion is exact.
    let updates = updates as f64;
    match during.as_secs_f64() {
        seconds if seconds > 0.0 => updates / seconds,
        _ => 0.0,
    }
}

/// Counts the updates after the snapshot.
async fn count(view: &View, during: Duration) -> Result<u64, String> {
    let mut updates = view.watch().unbounded().shared();
    first_rows(&mut updates).await;
    let end = Instant::now() + during;
    let mut count = 0;
    while let Ok(update) = timeout_at(end, updates.next()).await {
        match update {
            Some(Ok(_)) => count += 1,
            Some(Err(StreamError::Ended(reason))) => return Err(reason.to_string()),
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("the stream ended".to_owned()),
        }
    }
    Ok(count)
}

/// Counts the new records of a tape.
async fn count_records(hs: &HyperStack, id: &ViewId, during: Duration) -> Result<u64, String> {
    let mut records = hs.raw("").collection(&id.to_string()).tape().from_now();
    let end = Instant::now() + during;
    let mut count = 0;
    while let Ok(record) = timeout_at(end, records.next()).await {
        match record {
            Some(Ok(_)) => count += 1,
            Some(Err(TapeError::Gap(_))) => {}
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("the tape ended".to_owned()),
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use hyperstack_sdk::testing::Offline;

    use super::*;

    #[test]
    fn the_host_of_a_url_is_found() {
        for (url, name, port) in [
            ("wss://ore.example/path?x=1", "ore.example", 443),
            ("WSS://me:pass@ore.example:8443", "ore.example", 8443),
            ("ws://[::1]:8877", "::1", 8877),
            ("ws://[::1]", "::1", 80),
            ("nonsense", "", 80),
        ] {
            let host = Host::of(url);
            assert_eq!((&*host.name, host.port), (name, port), "{url}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn updates_are_counted_without_the_snapshot() {
        let offline = Offline::new(HyperStack::builder());
        let id = "Round".parse().unwrap();
        let view = View::new(offline.client(), &id, &Part::default());
        let snapshot = async {
            tokio::task::yield_now().await;
            offline.receive(r#"{"protocolVersion":2,"op":"subscribed","subscriptionId":"1","query":{"view":"Round/list"},"mode":"list"}"#);
            offline.receive(r#"{"protocolVersion":2,"op":"snapshot","subscriptionId":"1","entity":"Round/list","data":[{"key":"a","data":{"n":1}},{"key":"b","data":{"n":1}}],"complete":true}"#);
        };
        let (rows, ()) = tokio::join!(view.snapshot(), snapshot);
        assert_eq!(rows.unwrap().len(), 2);
        let live = async {
            tokio::task::yield_now().await;
            for n in 2..5 {
                offline.receive(format!(r#"{{"protocolVersion":2,"op":"patch","subscriptionId":"1","entity":"Round/list","key":"a","data":{{"n":{n}}}}}"#));
            }
        };
        let (updates, ()) = tokio::join!(count(&view, Duration::from_secs(5)), live);
        assert_eq!(updates, Ok(3));
        assert!((rate(3, Duration::from_secs(5)) - 0.6).abs() < 1e-9);
    }
}
