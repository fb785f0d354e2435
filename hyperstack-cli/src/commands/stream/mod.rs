//! `hs stream`: shows a view as it changes, as a table or as lines.

mod cells;
mod change;
mod chart;
mod columns;
mod follow;
mod lines;
pub(super) mod messages;
mod number;
mod pace;
mod path;
mod plain;
mod plot;
mod save;
mod screen;
mod snapshot;
mod sort;
mod table;
mod times;
mod view;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use hyperstack_sdk::Value;

use follow::Follow;
use lines::Style;
use save::Save;
use sort::Sort;
use table::{Look, Table};

pub(super) use follow::state;
pub(super) use lines::{plain as plain_key, without_positions};
pub(super) use path::{pick, Path};
pub(super) use snapshot::snapshot_table;
pub(super) use times::with_times;
pub(super) use view::{first_rows, Part, View, ViewId};

use super::access::{self, Access};
use super::interrupt::Interrupt;
use super::{is_colored, print_error};

/// Show a view as it changes
///
/// In a terminal, this command draws a table. Otherwise, it prints one line per update: `upsert KEY
/// {row}`, `patch KEY {changed fields}` or `delete KEY`. With --json, each line is an object. The
/// connection's state and errors go to standard error. The command reconnects after a lost connection,
/// but fails if the first attempt fails.
#[derive(clap::Args)]
#[command(after_help = concat!(
    "\
Examples:
  hs stream wss://ore.example OreRound/latest
  hs stream wss://ore.example OreRound --where state.status=open --fields id.round_id,state
  hs stream wss://ore.example OreRound --json --count 100 | jq .data.id
  hs stream wss://ore.example OreRound/state --key 42
  hs stream wss://ore.example OreRound --plot state.motherlode --sort state.motherlode:desc
  hs stream wss://ore.example OreRound --save session.jsonl.gz --duration 60

",
    environment!(),
    "
Exit codes:
  0  you quit (q, ctrl-c), --count or --duration was reached, or the terminal or output was closed
  1  error
  2  usage error"
))]
pub(crate) struct Args {
    /// The server: wss://… or ws://…
    #[arg(value_parser = access::url)]
    url: String,
    /// Entity/name, such as OreRound/latest; an entity name alone means its list
    view: ViewId,
    /// Only the row with this key; not with --where, --skip or --take
    #[arg(long, conflicts_with_all = ["take", "skip", "filters"])]
    key: Option<String>,
    /// Show at most N rows, counted after --skip
    #[arg(long, value_name = "N")]
    take: Option<usize>,
    /// Skip the first N rows that pass --where
    #[arg(long, value_name = "N")]
    skip: Option<usize>,
    /// Only rows whose field PATH equals VALUE, which is JSON if possible, otherwise text: for the
    /// text 7, write 'id="7"'. Repeat to combine filters with AND
    #[arg(long = "where", value_name = "PATH=VALUE", value_parser = filter)]
    filters: Vec<(String, Value)>,
    /// Only these fields: dotted paths, separated by commas, such as id.round_id,state
    #[arg(long, value_name = "PATHS", value_delimiter = ',')]
    fields: Vec<Path>,
    /// Draw a chart of this numeric field over time, for the six rows that change most often, and a sparkline for
    /// each row. Needs a terminal
    #[arg(long, value_name = "PATH", conflicts_with = "json")]
    plot: Option<Path>,
    /// Sort the table by this field [default: the view's order]. Null comes last. Needs a terminal
    #[arg(long, value_name = "PATH[:desc]", conflicts_with = "json")]
    sort: Option<Sort>,
    /// Show Unix times as numbers. JSON always does
    #[arg(long)]
    raw: bool,
    /// Record the session for `hs serve`; compressed if the name ends in .gz
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Overwrite the file of --save
    #[arg(long, requires = "save")]
    force: bool,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
    /// End this many seconds after connecting
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    duration: Option<Duration>,
    /// End after N updates
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

/// Streams until the user, a limit or an error ends it.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.view.needs_key() && args.key.is_none() {
        print_error(&anyhow!("{} needs a key: pass --key KEY", args.view));
        return Ok(ExitCode::from(2));
    }
    let lines = args.json || !io::stdout().is_terminal();
    let drawn = [
        ("--plot", args.plot.is_some()),
        ("--sort", args.sort.is_some()),
    ];
    if let (true, Some((option, _))) = (lines, drawn.iter().find(|(_, is_set)| *is_set)) {
        print_error(&anyhow!(
            "{option} needs the table, which is drawn only in a terminal: standard output is not one, so omit {option}"
        ));
        return Ok(ExitCode::from(2));
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let done = runtime.block_on(stream(args, lines));
    // A blocked write to standard output must not delay the exit.
    runtime.shutdown_background();
    done.map(|()| ExitCode::SUCCESS)
}

async fn stream(args: Args, lines: bool) -> anyhow::Result<()> {
    let mut interrupt = Interrupt::new()?;
    let save = match &args.save {
        Some(path) => Some(Save::create(path, args.force)?),
        None => None,
    };
    let builder = args.access.builder(&args.url);
    // A slow answer is reported, but is not an error.
    let mut builder = builder.initial_data_timeout(Duration::MAX);
    if let Some(save) = &save {
        builder = builder.record(save.recorder());
    }
    let connected = tokio::select! {
        connected = builder.connect() => connected.map(Some),
        () = interrupt.wait() => Ok(None),
    };
    let hs = match connected {
        Ok(Some(hs)) => hs,
        Ok(None) => return save.map_or(Ok(()), Save::finish),
        Err(error) => {
            // The connection error matters more than one of the recording.
            let _ = save.map(Save::finish);
            return Err(messages::connect_error(error));
        }
    };
    let mut named = args.fields.clone();
    let sorted = args.sort.iter().map(|sort| &sort.path);
    for path in args.plot.iter().chain(sorted) {
        if !named.contains(path) {
            named.push(path.clone());
        }
    }
    let part = Part {
        key: args.key,
        filters: args.filters,
        skip: args.skip,
        take: args.take,
        fields: named,
        plot: args.plot.clone(),
    };
    let mut follow = Follow::new(hs, &args.view, &part, lines, args.duration, save, interrupt);
    let done = if lines {
        let style = Style {
            json: args.json,
            fields: args.fields,
            raw: args.raw,
        };
        plain::run(&mut follow, &style, args.count).await
    } else {
        let look = Look {
            fields: args.fields,
            plot: args.plot,
            sort: args.sort,
            raw: args.raw,
            highlight: is_colored(&io::stdout()),
        };
        let table = Table::new(args.view.to_string(), look);
        screen::run(&mut follow, table, args.count).await
    };
    let saved = follow.save.take().map_or(Ok(()), Save::finish);
    done.and(saved)
}

/// Parses the value of `--where`.
pub(super) fn filter(text: &str) -> Result<(String, Value), &'static str> {
    let (path, value) = text
        .split_once('=')
        .ok_or("expected PATH=VALUE, such as state.status=open")?;
    path.parse::<Path>()?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((path.to_owned(), value))
}

/// Parses the value of `--duration`.
pub(super) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok();
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or("expected a number of seconds")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_value_of_a_filter_is_json_or_text() {
        let value = |text: &str| filter(text).map(|(_, value)| value);
        assert_eq!(value("a.b=7"), Ok(json!(7)));
        assert_eq!(value("a.b=\"7\""), Ok(json!("7")));
        assert_eq!(value("a.b=null"), Ok(Value::Null));
        assert_eq!(value("a.b=open"), Ok(json!("open")));
        assert_eq!(value("a.b=c=d"), Ok(json!("c=d")));
        assert_eq!(value("a.b="), Ok(json!("")));
        assert!(filter("a.b").is_err() && filter("=7").is_err());
    }
}
