//! `hs tape`: prints the records of a tape as lines.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use hyperstack_sdk::{
    ConnectionState, Cursor, Feed, StateChange, StreamExt, Tape, TapeError, TapeRecord, Value,
};
use serde::Serialize;
use tokio::time::Instant;

use super::access::{self, Access};
use super::interrupt::Interrupt;
use super::lines::{self, End, Lines, Source};
use super::stream::{self, filter, messages, seconds, without_positions, ViewId};
use super::{print_note, printable, warn};

/// Print the records of a tape: an event log of a v2 server
///
/// This command prints the records that the server retains, and then each new one: `CURSOR KEY {fields}`. A list that
/// the event appended to shows only its new elements. With --json, each line is an object with `cursor`, `key` and
/// `patch`. If the event appended to a list, `append` lists the paths of such lists in the patch. To continue later,
/// pass the last cursor to --after. If records are lost, a warning on standard error says which. The connection's state
/// goes to standard error too.
#[derive(clap::Args)]
#[command(after_help = concat!(
    "\
Examples:
  hs tape wss://ore.example Trade
  hs tape wss://ore.example Trade/append --json --until-now > trades.jsonl
  hs tape wss://ore.example Trade --after \"$(tail -1 trades.jsonl | jq -r .cursor)\"

",
    environment!(),
    "
Exit codes:
  0  you quit (ctrl-c), --count, --duration or --until-now was reached, or the output was closed
  1  error
  2  usage error"
))]
pub(crate) struct Args {
    /// The server: wss://… or ws://…
    #[arg(value_parser = access::url)]
    url: String,
    /// Entity/name, such as Trade/append; an entity name alone means its append view
    #[arg(value_parser = append_view)]
    view: ViewId,
    /// Start with the record after this cursor
    #[arg(long, value_name = "CURSOR", conflicts_with = "from_now")]
    after: Option<Cursor>,
    /// Skip the records that the server has now
    #[arg(long)]
    from_now: bool,
    /// End after the records that the server has now. The end is unknown with --key or --where, and with a token
    /// that gives access to some rows only
    #[arg(long, conflicts_with_all = ["from_now", "key", "filters"])]
    until_now: bool,
    /// Exit with an error if records are lost
    #[arg(long)]
    strict: bool,
    /// Only records of this key
    #[arg(long)]
    key: Option<String>,
    /// Only records that set the field PATH to VALUE, which is JSON if possible, otherwise text. Repeat to combine
    /// filters with AND
    #[arg(long = "where", value_name = "PATH=VALUE", value_parser = filter)]
    filters: Vec<(String, Value)>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
    /// End this many seconds after connecting
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    duration: Option<Duration>,
    /// End after N records
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

/// Parses the id of an append view.
fn append_view(text: &str) -> Result<ViewId, &'static str> {
    ViewId::parse(text, "append").ok_or(
        "expected Entity/name, such as `Trade/append`, or an entity name for its append view",
    )
}

/// Prints records until the user, a limit or an error ends it.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    let done = runtime.block_on(print(args));
    // A blocked write to standard output must not delay the exit.
    runtime.shutdown_background();
    done.map(|()| ExitCode::SUCCESS)
}

async fn print(args: Args) -> anyhow::Result<()> {
    let mut interrupt = Interrupt::new()?;
    let builder = args.access.builder(&args.url);
    let hs = tokio::select! {
        connected = builder.connect() => connected.map_err(messages::connect_error)?,
        () = interrupt.wait() => return Ok(()),
    };
    let view = hs.raw("").collection(&args.view.to_string());
    let mut tape = view.tape();
    for (path, value) in args.filters {
        tape = tape.filter(&path, value);
    }
    if let Some(key) = args.key {
        tape = tape.key(key);
    }
    if let Some(cursor) = args.after {
        tape = tape.after(cursor);
    }
    if args.from_now {
        tape = tape.from_now();
    }
    if args.strict {
        tape = tape.end_at_gap();
    }
    let mut records = Records {
        tape,
        states: hs.connection_states(),
        until_now: args.until_now,
        strict: args.strict,
        json: args.json,
        left: args.count,
        until: args.duration.and_then(|it| Instant::now().checked_add(it)),
        interrupt,
    };
    lines::print(&mut records).await
}

/// The records of a tape, and what else can happen to it.
struct Records {
    tape: Tape<Value>,
    states: Feed<StateChange>,
    until_now: bool,
    strict: bool,
    json: bool,
    /// The number of records still to be printed.
    left: Option<u64>,
    until: Option<Instant>,
    interrupt: Interrupt,
}

impl Source for Records {
    async fn read(&mut self, lines: Lines) -> anyhow::Result<End> {
        while self.left != Some(0) {
            let item = tokio::select! {
                biased;
                () = lines.closed() => break,
                () = self.interrupt.wait_until(self.until) => return Ok(End::Requested),
                Some(change) = self.states.next() => {
                    match change.state {
                        ConnectionState::Connected | ConnectionState::Connecting => {
                            print_note(stream::state(&change));
                        }
                        _ => warn(stream::state(&change)),
                    }
                    continue;
                }
                item = next(&mut self.tape, self.until_now) => item,
            };
            match item {
                None => break,
                Some(Ok(record)) => {
                    self.left = self.left.map(|left| left - 1);
                    let line = line(&record, self.json);
                    tokio::select! {
                        biased;
                        () = lines.send(line) => {}
                        () = self.stopped() => return Ok(End::Requested),
                    }
                }
                Some(Err(TapeError::Gap(gap))) if self.strict => return Err(anyhow!("{gap}")),
                Some(Err(
                    error @ (TapeError::Gap(_)
                    | TapeError::Decode { .. }
                    | TapeError::OverLimit { .. }),
                )) => warn(error),
                Some(Err(TapeError::NotATape { view })) => {
                    return Err(anyhow!(
                        "the view \"{view}\" is not a tape: show its rows with `hs stream`"
                    ));
                }
                Some(Err(TapeError::Closed(reason))) => {
                    return Err(messages::closed("tape", &reason))
                }
                Some(Err(error)) => return Err(anyhow!("{error}")),
            }
        }
        Ok(End::Complete)
    }

    async fn stopped(&mut self) {
        self.interrupt.wait_until(self.until).await;
    }
}

async fn next(
    tape: &mut Tape<Value>,
    until_now: bool,
) -> Option<Result<TapeRecord<Value>, TapeError>> {
    if until_now {
        tape.next_retained().await
    } else {
        tape.next().await
    }
}

#[derive(Serialize)]
struct Line<'r> {
    cursor: &'r Cursor,
    key: &'r str,
    patch: &'r Value,
    /// The paths of arrays in the patch that have only the new elements.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    append: &'r [String],
}

/// Formats a record as a line of text or JSON.
fn line(record: &TapeRecord<Value>, json: bool) -> String {
    let TapeRecord {
        cursor, key, patch, ..
    } = record;
    if json {
        let line = Line {
            cursor,
            key,
            patch: &patch.value,
            append: &patch.append,
        };
        // Serializing never fails, because all keys are text.
        return serde_json::to_string(&line).unwrap_or_default();
    }
    let key = stream::plain_key(key);
    let cursor = printable(&cursor.to_string());
    format!("{cursor} {key} {}", without_positions(patch.value.clone()))
}
