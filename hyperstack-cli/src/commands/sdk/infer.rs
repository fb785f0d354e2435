//! `hs sdk infer`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{anyhow, bail, Result};
use hyperstack_cli::infer::{self, Observer};
use hyperstack_sdk::testing::Side;
use hyperstack_sdk::wire::Entry;
use hyperstack_sdk::{HyperStack, ReadError, StreamExt};
use tokio::task::JoinSet;

use super::create::{names, Delivery, Generated};
use super::{values, Choices, Target};
use crate::commands::access::Access;
use crate::commands::interrupt::Interrupt;
use crate::commands::stream::{messages, seconds, Part, View, ViewId};
use crate::commands::{self, get, serve, warn};

/// Generate a typed Rust crate or module from a recording or a server, without a stack file
///
/// The types are those of the values that this command sees: an integer is a u64, or an i64 if one is
/// negative, and has 128 bits only if a value needs them; a field is nullable if one value is null; an
/// object is a map if its keys look like data. The generated code decodes the recording without an
/// error, but a value of another type that arrives later does not decode. Prefer a stack file if you
/// can get it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  hs stream wss://game.example Game --save game.jsonl.gz --duration 60
  hs sdk infer game.jsonl.gz
  hs sdk infer game.jsonl.gz Game --module --output src/game
  hs sdk infer wss://game.example Game Game/latest Player --seconds 60
  hs sdk infer game.jsonl.gz --stdout

The more rows and changes the command sees, the better the types fit.")]
pub(super) struct Args {
    /// A recording of `hs stream --save`, `-` for standard input, or a server: wss://… or ws://…
    source: String,
    /// The views of the server to read. For a recording: the views, or the entities, to use [default: all]
    #[arg(value_name = "VIEW", value_parser = view)]
    views: Vec<String>,
    /// The stack's name [default: the recording's, or that of the first entity]
    #[arg(long)]
    name: Option<String>,
    /// Read the server's views for this long
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "10")]
    seconds: Duration,
    #[command(flatten)]
    choices: Choices,
    #[command(flatten)]
    delivery: Delivery,
    #[command(flatten)]
    access: Access,
}

/// Checks the name of a view or an entity.
fn view(text: &str) -> Result<String, &'static str> {
    text.parse::<ViewId>().map(|_| text.to_owned())
}

pub(super) fn run(args: Args, config: Option<&Path>) -> Result<ExitCode> {
    let config = commands::load_config(config)?;
    let mut choices = args.choices;
    let is_server = args.source.contains("://");
    let (observer, source, stem) = if is_server {
        let url = values::url(&args.source).map_err(|reason| anyhow!("{reason}"))?;
        let shown = without_secrets(&url);
        if choices.url.is_none() && shown == url {
            choices.url = Some(url);
        }
        let observer = observe(&args.source, &args.views, args.seconds, args.access)?;
        (observer, format!("`{shown}`"), None)
    } else {
        let path = PathBuf::from(&args.source);
        let observer = read(&path, &args.views)?;
        match args.source.as_str() {
            "-" => (observer, "standard input".to_owned(), None),
            _ => (observer, format!("`{}`", path.display()), stem(&path)),
        }
    };
    let mut warnings: Vec<_> = config.warnings.clone();
    let mut note = |warning: String| {
        warn(&warning);
        warnings.push(warning);
    };
    for entity in observer.without_rows() {
        note(format!(
            "{source} has no rows of {entity}, which is left out"
        ));
    }
    if observer.skipped() > 0 {
        note(format!(
            "skipped {} rows that are not objects",
            observer.skipped()
        ));
    }
    let first = observer.entities().next().map(str::to_owned);
    let Some(first) = first else {
        bail!(
            "{source} has no rows to infer types from{}",
            hint(is_server)
        );
    };
    // The header must not depend on where the project is.
    let origin = match Path::new(&args.source).file_name() {
        Some(file) if !is_server && args.source != "-" => format!("`{}`", file.to_string_lossy()),
        _ => source.clone(),
    };
    let name = args.name.or(stem).unwrap_or(first);
    let stack = observer.stack(&name);
    let target = Target::new(&name, None, &config, &choices)?;
    let generated = Generated {
        files: infer::generate(&stack, &target.options, &origin),
        hash: stack.hash(),
        entities: names(stack.entities.iter()),
        name,
        path: (!is_server && args.source != "-").then(|| args.source.into()),
        source,
        target,
        warnings,
    };
    generated.deliver(&args.delivery)
}

fn hint(is_server: bool) -> &'static str {
    if is_server {
        ": the views are empty. Try again with a longer `--seconds`"
    } else {
        ": record more with `hs stream --save`, or name other views"
    }
}

/// Reads a recording.
fn read(path: &Path, views: &[String]) -> Result<Observer> {
    let recording = serve::open(path, "read")?;
    let mut observer = Observer::of(views);
    for entry in &recording {
        note(&mut observer, entry);
    }
    if observer.entities().next().is_none() && !views.is_empty() {
        let known = recording.views().join(", ");
        bail!(
            "{} has no rows of these views. Its views are: {known}",
            path.display()
        );
    }
    Ok(observer)
}

fn note(observer: &mut Observer, entry: &Entry) {
    match entry.from {
        Side::Client => observer.client_message(&entry.text),
        Side::Server => observer.server_message(&entry.text),
    }
}

/// Reads views of a server.
fn observe(url: &str, views: &[String], during: Duration, access: Access) -> Result<Observer> {
    if views.is_empty() {
        bail!(
            "name the views to read, such as `hs sdk infer {} Game`",
            without_secrets(url)
        );
    }
    let views = views.iter().map(|view| view.parse());
    let views: Vec<ViewId> = views
        .collect::<Result<_, _>>()
        .map_err(|reason| anyhow!("{reason}"))?;
    if let Some(view) = views.iter().find(|view| view.needs_key()) {
        bail!("{view} needs a key: read the entity's list instead");
    }
    let observer = Arc::new(Mutex::new(Observer::new()));
    commands::on_one_thread(async {
        let mut interrupt = Interrupt::new()?;
        let observes = observer.clone();
        let builder = access.builder(url).initial_data_timeout(PATIENCE);
        let builder = builder.record(move |entry| note(&mut locked(&observes), &entry));
        let reading = async {
            let hs = builder.connect().await.map_err(messages::connect_error)?;
            follow(&hs, &views, during).await
        };
        tokio::select! {
            read = reading => read,
            // What was seen so far may do.
            () = interrupt.wait() => Ok(()),
        }
    })??;
    let observer = std::mem::take(&mut *locked(&observer));
    Ok(observer)
}

fn locked(observer: &Mutex<Observer>) -> MutexGuard<'_, Observer> {
    observer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long the snapshot of a view, or the retained records of a tape, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Keeps views subscribed for a time. Fails if one cannot be read.
async fn follow(hs: &HyperStack, views: &[ViewId], during: Duration) -> Result<()> {
    let mut readers = JoinSet::new();
    for id in views {
        let view = View::new(hs, id, &Part::default());
        match view.snapshot().await {
            Ok(_) => {
                let mut updates = view.watch().shared();
                readers.spawn(async move { while updates.next().await.is_some() {} });
            }
            Err(ReadError::Tape { .. }) => {
                let mut records = hs.raw("").collection(&id.to_string()).tape();
                // The retained records, then the new ones.
                let retained = async { while records.next_retained().await.is_some() {} };
                if tokio::time::timeout(PATIENCE, retained).await.is_err() {
                    bail!("the records of {id} did not arrive within {PATIENCE:?}");
                }
                readers.spawn(async move { while records.next().await.is_some() {} });
            }
            Err(error) => return Err(get::read_error(error, "")),
        }
    }
    tokio::time::sleep(during).await;
    match hs.end_reason() {
        Some(reason) => Err(messages::closed("connection", &reason)),
        None => Ok(()),
    }
}

/// Returns a URL without its query, user and password.
fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (host, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// Returns the name of a recording: `game` for `game.jsonl.gz`.
fn stem(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let stem = name.split('.').next()?;
    (!stem.is_empty()).then(|| stem.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secrets_of_a_url_are_left_out() {
        for (url, shown) in [
            ("wss://a.b", "wss://a.b"),
            ("wss://me:pass@a.b:1/c/@d?token=x#y", "wss://a.b:1/c/@d"),
            ("wss://a.b?token=x@y", "wss://a.b"),
        ] {
            assert_eq!(without_secrets(url), shown);
        }
    }

    #[test]
    fn a_recording_has_a_name() {
        let stem = |path: &str| stem(Path::new(path));
        assert_eq!(stem("a/game.jsonl.gz").as_deref(), Some("game"));
        assert_eq!(stem(".jsonl"), None);
    }
}
