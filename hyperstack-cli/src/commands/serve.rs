//! `hs serve`: replays a recording as a server.

use std::fs::{self, File};
use std::future::pending;
use std::io::{self, BufReader, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{bail, ensure, Context};
use hyperstack_sdk::testing::{Pace, Recording, Refusal, ServerError, TestServer};
use serde::de::IgnoredAny;
use serde::Deserialize;

use super::interrupt::Interrupt;

/// Replay a recording as a server
///
/// A client that subscribes to a view gets its recorded snapshot at once, then the updates at the
/// recorded pace. A client that reconnects starts again. Connections stay open at the end.
///
/// If the recording has several subscriptions to a view, protocol v1 always replays the first, and
/// v2 replays the next one for each new subscription.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  hs stream wss://ore.example OreRound/latest --save ore.jsonl --duration 60
  hs serve ore.jsonl
  hs stream ws://127.0.0.1:8877 OreRound/latest")]
pub(crate) struct Args {
    /// The recording: JSON lines, optionally compressed with gzip; `-` for standard input
    file: PathBuf,
    /// The port; 0 picks a free one
    #[arg(long, default_value_t = 8877)]
    port: u16,
    /// The address or host name to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Replay FACTOR times as fast; 0.5 is half as fast
    #[arg(long, value_name = "FACTOR", value_parser = speed)]
    speed: Option<f64>,
    /// Send all updates without delay
    #[arg(long, conflicts_with = "speed")]
    instant: bool,
    /// When all clients have the whole recording, disconnect them, so that they start again
    #[arg(long = "loop")]
    again: bool,
    /// When all clients have the whole recording, disconnect them and exit
    #[arg(long, conflicts_with = "again")]
    once: bool,
}

/// Serves until a signal arrives or, with `--once`, until the recording ends.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let recording = open(&args.file, "replay")?;
    let views = recording.views();
    let address = address(&args.host, args.port)?;
    let pace = match args.speed {
        Some(speed) => Pace::Speed(speed),
        None if args.instant => Pace::Instant,
        None => Pace::Recorded,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut interrupt = Interrupt::new()?;
        let server = TestServer::builder().replay(recording, pace);
        let server = server.address(address).start().await;
        let server = server.map_err(|error| not_started(error, args.port))?;
        let replay = async {
            super::print(&announcement(&server.url(), &views))?;
            if args.once {
                replay_once(&server).await;
            } else if args.again {
                replay_in_a_loop(&server).await;
            } else {
                pending().await
            }
            anyhow::Ok(())
        };
        tokio::select! {
            // Handle signals first: a script may send one as soon as it has read the URL.
            biased;
            () = interrupt.wait() => {}
            replayed = replay => replayed?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Opens a recording, to `replay` it for example. If the file is something else, the error says what it is.
pub(crate) fn open(file: &Path, purpose: &str) -> anyhow::Result<Recording> {
    if file.as_os_str() == "-" {
        let recording = Recording::from_reader(io::stdin().lock());
        let recording = recording.with_context(|| format!("cannot {purpose} standard input"))?;
        ensure!(
            has_views(&recording),
            "cannot {purpose} standard input: {NO_VIEWS}"
        );
        return Ok(recording);
    }
    let shown = file.display();
    match fs::metadata(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "the recording {shown} does not exist\n\
             record one with `hs stream URL VIEW --save {shown}`"
        ),
        Ok(found) if found.is_dir() => bail!(
            "{shown} is a directory, not a recording\n\
             pass the path of a file that `hs stream --save` has written"
        ),
        _ => {}
    }
    match Recording::open(file) {
        Ok(recording) if has_views(&recording) => Ok(recording),
        recording => match artifact(file) {
            Some(kind) => bail!(
                "{shown} is a {kind}, not a recording\n\
                 a stack's rows come from its server: record them with `hs stream URL VIEW --save FILE`, and pass FILE"
            ),
            None => {
                recording.with_context(|| format!("cannot {purpose} {shown}"))?;
                bail!("cannot {purpose} {shown}: {NO_VIEWS}")
            }
        },
    }
}

const NO_VIEWS: &str =
    "it has no subscription: expected a server message with the `op` `subscribed`";

fn has_views(recording: &Recording) -> bool {
    !recording.views().is_empty()
}

/// The members that tell what a file describes. Others are ignored.
#[derive(Deserialize)]
struct Artifact {
    kind: Option<String>,
    stack_name: Option<IgnoredAny>,
    state_name: Option<IgnoredAny>,
}

/// Returns what a file is, if it describes a stack.
fn artifact(file: &Path) -> Option<&'static str> {
    let file = BufReader::new(File::open(file).ok()?);
    let found: Artifact = serde_json::from_reader(file).ok()?;
    match found.kind.as_deref() {
        Some("stack-manifest") => Some("stack-manifest"),
        Some("live-spec") => Some("live-spec"),
        Some("program-spec") => Some("program-spec"),
        _ if found.stack_name.is_some() || found.state_name.is_some() => Some("stack file"),
        _ => None,
    }
}

fn address(host: &str, port: u16) -> anyhow::Result<SocketAddr> {
    let found = (host, port).to_socket_addrs();
    let mut found = found.with_context(|| format!("cannot resolve host `{host}`"))?;
    match found.next() {
        Some(address) => Ok(address),
        None => bail!("host `{host}` has no address"),
    }
}

fn not_started(error: ServerError, port: u16) -> anyhow::Error {
    let is_port_problem = matches!(
        &error,
        ServerError::Listen(_, cause)
            if matches!(cause.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied)
    );
    let error = anyhow::Error::new(error);
    if is_port_problem {
        error.context(format!(
            "port {port} is not available: use `--port 0` to pick a free port"
        ))
    } else {
        error
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if f64::is_finite(speed) && speed > 0.0 => Ok(speed),
        _ => Err("expected a number greater than zero".to_owned()),
    }
}

/// Returns the URL on its own line, for scripts, and a command for each view.
fn announcement(url: &str, views: &[String]) -> String {
    let mut text = format!("listening on {url}\nviews: {}\n", views.join(", "));
    for view in views {
        let key = if view.ends_with("/state") {
            " --key KEY"
        } else {
            ""
        };
        text += &format!("  hs stream {url} {view}{key}\n");
    }
    text
}

/// Waits until everything was replayed and all clients have left.
async fn replay_once(server: &TestServer) {
    server.wait_replayed().await;
    // Refuse new clients, or the wait below might never end.
    let over = Refusal::new("recording-over").status(503);
    server.refuse(over.message("the recording has ended"));
    server.close_connections(1000, "the end of the recording");
    server.wait_for_connections(0).await;
}

/// Disconnects the clients after each replay, so that they reconnect and get it again.
async fn replay_in_a_loop(server: &TestServer) {
    loop {
        server.wait_for_subscriptions(|live| !live.is_empty()).await;
        replay_once(server).await;
        server.refuse(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_url() {
        let views = ["A/list".to_owned(), "A/state".to_owned()];
        assert_eq!(
            announcement("ws://127.0.0.1:1", &views),
            "listening on ws://127.0.0.1:1\n\
             views: A/list, A/state\n  \
             hs stream ws://127.0.0.1:1 A/list\n  \
             hs stream ws://127.0.0.1:1 A/state --key KEY\n"
        );
    }

    #[test]
    fn a_speed_is_greater_than_zero() {
        assert_eq!(speed("2.5"), Ok(2.5));
        for invalid in ["0", "-1", "NaN", "inf", "fast"] {
            assert!(speed(invalid).is_err(), "{invalid}");
        }
    }
}
