//! `hs get`: prints the rows that a view has now.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use hyperstack_sdk::{ReadError, Value};
use serde::Serialize;

use super::access::{self, Access};
use super::stream::{
    self, filter, messages, pick, seconds, snapshot_table, with_times, without_positions, Part,
    Path, View, ViewId,
};
use super::{print_error, print_note};

/// Print the rows that a view has now
///
/// In a terminal, this command prints a table, or one line per field if there is only one row.
/// Otherwise, it prints one line per row: `KEY {row}`. With --json, each line is an object with `key`
/// and `data`.
#[derive(clap::Args)]
#[command(after_help = concat!(
    "\
Examples:
  hs get wss://ore.example OreRound/latest
  hs get wss://ore.example OreRound --key 42
  hs get wss://ore.example OreRound --where state.status=open --fields id.round_id,state
  hs get wss://ore.example OreRound --json | jq .data.id

",
    environment!(),
    "
Exit codes:
  0  rows were printed
  1  the view has no such row, or an error
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
    /// Print at most N rows, counted after --skip
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
    /// Show Unix times as numbers. JSON always does
    #[arg(long)]
    raw: bool,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
    /// Timeout for connecting, and again for reading the view
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "10")]
    timeout: Duration,
}

/// The width of the table if the terminal does not say how wide it is.
const WIDTH: usize = 80;

pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.view.needs_key() && args.key.is_none() {
        print_error(&anyhow!("{} needs a key: pass --key KEY", args.view));
        return Ok(ExitCode::from(2));
    }
    // With one thread, no row changes while the rows are read.
    super::on_one_thread(get(args))?
}

async fn get(args: Args) -> anyhow::Result<ExitCode> {
    let builder = args.access.builder(&args.url);
    let builder = builder
        .auto_reconnect(false)
        .connect_timeout(args.timeout)
        .initial_data_timeout(args.timeout);
    let hs = builder.connect().await.map_err(messages::connect_error)?;
    let part = Part {
        key: args.key,
        filters: args.filters,
        skip: args.skip,
        take: args.take,
        fields: args.fields,
        plot: None,
    };
    let read = View::new(&hs, &args.view, &part).entries().await;
    let mut rows = read.map_err(|error| read_error(error, SLOW))?;
    if rows.is_empty() {
        print_note(nothing(&args.view, &part, hs.stats().rows));
        return Ok(ExitCode::FAILURE);
    }
    let data: Vec<_> = rows.iter().map(|(_, row)| row.clone()).collect();
    for note in messages::unknown_fields(&part.fields, &data) {
        print_note(format!("note: {note}"));
    }
    if !args.json && !args.raw {
        for (_, row) in &mut rows {
            *row = Arc::new(with_times((**row).clone()));
        }
    }
    if args.json || !io::stdout().is_terminal() {
        let lines = rows.iter();
        let lines: Vec<_> = lines
            .filter_map(|(key, row)| line(key, row, &part.fields, args.json))
            .collect();
        super::print(&lines.concat())?;
        return Ok(match lines.is_empty() {
            true => ExitCode::FAILURE,
            false => ExitCode::SUCCESS,
        });
    }
    let width = ratatui::crossterm::terminal::size();
    let width = width.map_or(WIDTH, |(columns, _)| usize::from(columns));
    let table = snapshot_table(&rows, &part.fields, width);
    super::print(&table.text)?;
    if let Some(note) = table.note {
        print_note(format!("note: {note}"));
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Line<'r> {
    key: &'r str,
    data: &'r Value,
}

/// Formats a row as a line of text or JSON. Returns `None` if the row has none of the fields.
fn line(key: &str, row: &Arc<Value>, fields: &[Path], as_json: bool) -> Option<String> {
    let row = match fields {
        [] => (**row).clone(),
        fields => pick(row, fields)?,
    };
    if as_json {
        // Serializing never fails, because all keys are text.
        let line = serde_json::to_string(&Line { key, data: &row });
        return line.ok().map(|line| line + "\n");
    }
    let key = stream::plain_key(key);
    Some(format!("{key} {}\n", without_positions(row)))
}

/// Says why no row is printed. `held` is the number of rows that the client received.
fn nothing(view: &ViewId, part: &Part, held: usize) -> String {
    match &part.key {
        Some(key) => format!("{view} has no row with the key \"{key}\""),
        None if !part.filters.is_empty() && held > 0 => format!(
            "none of the {held} rows of {view} passes `--where`. Use wire names joined by dots, and quote text \
             that looks like a number: `--where 'path=\"7\"'`"
        ),
        None if !part.filters.is_empty() => format!("{view} has no row that passes `--where`"),
        None if part.skip.is_some() => format!("{view} has no more rows after `--skip`"),
        None => format!("{view} has no rows"),
    }
}

/// What helps against a slow server.
pub(super) const SLOW: &str = ". If the server is slow, pass a longer --timeout";

/// Adds what to do to an error of a read. `slow` says what helps against a slow server.
pub(super) fn read_error(error: ReadError, slow: &str) -> anyhow::Error {
    match error {
        ReadError::NotYet { view, waited } => anyhow!(
            "{view} did not arrive within {waited:?}\n\
             check the name, which is case-sensitive: servers with protocol v1 never answer for an unknown view{slow}"
        ),
        ReadError::Tape { view } => anyhow!(
            "the view \"{view}\" is a tape, which has no rows: print its records with `hs tape`"
        ),
        ReadError::Closed(reason) => messages::closed("connection", &reason),
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_has_the_key_and_the_row() {
        let row = Arc::new(json!({"_seq": "1:2", "a": {"b": 1}, "c": 2}));
        let of = |fields: &[Path], as_json| line("two words", &row, fields, as_json);
        assert_eq!(
            of(&[], false).as_deref(),
            Some("\"two words\" {\"a\":{\"b\":1},\"c\":2}\n")
        );
        let json = "{\"key\":\"two words\",\"data\":{\"_seq\":\"1:2\",\"a\":{\"b\":1},\"c\":2}}\n";
        assert_eq!(of(&[], true).as_deref(), Some(json));
        let path = |text: &str| text.parse::<Path>().unwrap();
        let one = of(&[path("a.b")], true);
        assert_eq!(
            one.as_deref(),
            Some("{\"key\":\"two words\",\"data\":{\"a\":{\"b\":1}}}\n")
        );
        assert_eq!(of(&[path("d")], false), None);
    }
}
