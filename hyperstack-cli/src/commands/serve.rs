//! `hs serve`: a recording as a server.

use std::future::pending;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{bail, ensure, Context};
use hyperstack_sdk::testing::{Pace, Recording, Refusal, ServerError, TestServer};

use super::interrupt::Interrupt;

/// Plays a recording of a session as a server: whoever subscribes gets what was recorded, from the start
///
/// The snapshot comes at once, what followed at the pace of the recording. A view is played to each
/// client, and again to one that comes back. When all has been played, connections stay open.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  hs stream wss://ore.example OreRound/latest --save ore.jsonl --duration 60
  hs serve ore.jsonl
  hs stream ws://127.0.0.1:8877 OreRound/latest")]
pub(crate) struct Args {
    /// The recording: JSON lines, compressed or not; `-` is the standard input
    file: PathBuf,
    /// The port; 0 is a free one
    #[arg(long, default_value_t = 8877)]
    port: u16,
    /// The address or name of this machine to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// How many times as fast as recorded
    #[arg(long, value_name = "FACTOR", value_parser = speed)]
    speed: Option<f64>,
    /// All at once
    #[arg(long, conflicts_with = "speed")]
    instant: bool,
    /// When all that was asked for has been played, close the connections: who comes back gets it again
    #[arg(long = "loop")]
    again: bool,
    /// When all that was asked for has been played, close the connections, and end
    #[arg(long, conflicts_with = "again")]
    once: bool,
}

/// Serves until it is interrupted, or until all was played once.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let recording = open(&args.file)?;
    let views = recording.views();
    ensure!(
        !views.is_empty(),
        "{}: nothing to play: a recording has the server's answer to a subscription, a message with \
         the `op` `subscribed`",
        args.file.display()
    );
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
        let play = async {
            super::print(&announcement(&server.url(), &views))?;
            match (args.once, args.again) {
                (true, _) => play_once(&server).await,
                (_, true) => play_again(&server).await,
                _ => pending().await,
            }
            anyhow::Ok(())
        };
        tokio::select! {
            // Who reads where it listens may already interrupt it.
            biased;
            () = interrupt.wait() => {}
            played = play => played?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn open(file: &Path) -> anyhow::Result<Recording> {
    let recording = match file.to_str() {
        Some("-") => Recording::from_reader(io::stdin().lock()),
        _ => Recording::open(file),
    };
    recording.with_context(|| file.display().to_string())
}

fn address(host: &str, port: u16) -> anyhow::Result<SocketAddr> {
    let found = (host, port).to_socket_addrs();
    match found.with_context(|| format!("the host `{host}`"))?.next() {
        Some(address) => Ok(address),
        None => bail!("the host `{host}` has no address"),
    }
}

fn not_started(error: ServerError, port: u16) -> anyhow::Error {
    let is_of_the_port = matches!(
        &error,
        ServerError::Listen(_, cause)
            if matches!(cause.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied)
    );
    let error = anyhow::Error::new(error);
    match is_of_the_port {
        true => error.context(format!(
            "port {port} is not to be had: `--port 0` takes a free one"
        )),
        false => error,
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if f64::is_finite(speed) && speed > 0.0 => Ok(speed),
        _ => Err("a number above zero".to_owned()),
    }
}

/// Where it listens, in a line of its own that scripts read, and how to look.
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

/// Waits until all that was asked for has been played and everyone has left.
async fn play_once(server: &TestServer) {
    server.wait_replayed().await;
    // Who came before the others have left would be one more to wait for.
    let over = Refusal::new("recording-over").status(503);
    server.refuse(over.message("the recording was played"));
    server.close_connections(1000, "the end of the recording");
    server.wait_for_connections(0).await;
}

/// Lets clients go once all has been played, so that they come back for it.
async fn play_again(server: &TestServer) {
    loop {
        server.wait_for_subscriptions(|live| !live.is_empty()).await;
        play_once(server).await;
        server.refuse(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_reads_the_first_line() {
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
    fn a_speed_is_a_number_above_zero() {
        assert_eq!(speed("2.5"), Ok(2.5));
        for none in ["0", "-1", "NaN", "inf", "fast"] {
            assert!(speed(none).is_err(), "{none}");
        }
    }
}
