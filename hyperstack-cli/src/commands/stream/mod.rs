//! `hs stream`: a view as it changes, as a table or as lines.

mod cells;
mod change;
mod columns;
mod follow;
mod lines;
mod path;
mod plain;
mod save;
mod screen;
mod table;
mod view;
mod words;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use hyperstack_sdk::{HyperStack, Value};

use follow::Follow;
use lines::Style;
use path::Path;
use save::Save;
use view::{Part, ViewId};

use super::interrupt::Interrupt;
use super::tell_error;

/// Shows a view of a server as it changes: in a terminal a table, else a line for each update
///
/// Lines are `upsert KEY {row}`, `patch KEY {what changed}` and `delete KEY`; with --json an object
/// each. The connection's state and errors go to the standard error. A lost connection is restored.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  hs stream wss://ore.example OreRound/latest
  hs stream wss://ore.example OreRound --where state.status=open --fields id.round_id,state
  hs stream wss://ore.example OreRound --json --count 100 | jq .data.id
  hs stream wss://ore.example OreRound/state --key 42
  hs stream wss://ore.example OreRound --save session.jsonl.gz --duration 60

Ends with 0 as asked (q, ctrl-c, a closed terminal, --count, --duration, or nobody reads its lines any \
more), with 1 on an error, with 2 where it cannot be understood.")]
pub(crate) struct Args {
    /// The server: wss://… or ws://…
    url: String,
    /// Entity/name, such as OreRound/latest, or the entity for its list
    view: ViewId,
    /// Only the row with this key
    #[arg(long, conflicts_with_all = ["take", "skip", "filters"])]
    key: Option<String>,
    /// At most so many rows, from the front of the view
    #[arg(long, value_name = "N")]
    take: Option<u64>,
    /// Without so many rows at the front of the view
    #[arg(long, value_name = "N")]
    skip: Option<u64>,
    /// Only rows with this value at this path; the value is JSON, or else text. More than one: all hold
    #[arg(long = "where", value_name = "PATH=VALUE", value_parser = filter)]
    filters: Vec<(String, Value)>,
    /// Only these fields: names joined by dots, such as id.round_id
    #[arg(long, value_name = "PATHS", value_delimiter = ',')]
    fields: Vec<Path>,
    /// Records the session for `hs serve`; compressed where the name ends in .gz
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Overwrites the file of --save
    #[arg(long, requires = "save")]
    force: bool,
    /// A JSON object a line
    #[arg(long)]
    json: bool,
    /// The token, if the server wants one; better in the environment, as HYPERSTACK_TOKEN
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Ends after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    duration: Option<Duration>,
    /// Ends after so many updates
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

/// Streams until something ends it.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.view.needs_key() && args.key.is_none() {
        tell_error(&anyhow!(
            "{} has one row at a time: say which by --key KEY",
            args.view
        ));
        return Ok(ExitCode::from(2));
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let done = runtime.block_on(stream(args));
    // A key that was not pressed is not waited for.
    runtime.shutdown_background();
    done.map(|()| ExitCode::SUCCESS)
}

async fn stream(args: Args) -> anyhow::Result<()> {
    let mut interrupt = Interrupt::new()?;
    let save = match &args.save {
        Some(path) => Some(Save::create(path, args.force)?),
        None => None,
    };
    let builder = HyperStack::builder().url(&args.url);
    // A late answer is one.
    let mut builder = builder.initial_data_timeout(Duration::MAX);
    if let Some(token) = args.token.or_else(token_of_environment) {
        builder = builder.token(token);
    }
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
            // Of two errors this one counts.
            let _ = save.map(Save::finish);
            return Err(words::refused(error));
        }
    };
    let part = Part {
        key: args.key,
        filters: args.filters,
        skip: args.skip,
        take: args.take,
        fields: args.fields,
    };
    let lines = args.json || !io::stdout().is_terminal();
    let mut follow = Follow::new(hs, &args.view, &part, lines, args.duration, save, interrupt);
    let done = match lines {
        true => {
            let style = Style {
                json: args.json,
                fields: part.fields,
            };
            plain::run(&mut follow, &style, args.count).await
        }
        false => {
            let table = table::Table::new(args.view.to_string(), part.fields);
            screen::run(&mut follow, table, args.count).await
        }
    };
    let saved = follow.save.take().map_or(Ok(()), Save::finish);
    done.and(saved)
}

fn token_of_environment() -> Option<String> {
    let token = std::env::var("HYPERSTACK_TOKEN").ok()?;
    (!token.is_empty()).then_some(token)
}

fn filter(text: &str) -> Result<(String, Value), &'static str> {
    let (path, value) = text
        .split_once('=')
        .ok_or("a filter is PATH=VALUE, such as state.status=open")?;
    path.parse::<Path>()?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((path.to_owned(), value))
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok();
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or("a number of seconds")
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
