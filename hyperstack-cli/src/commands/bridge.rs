//! `hs bridge`: copies views to NATS.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{anyhow, bail, ensure, Context as _, Result};
use hyperstack_nats::async_nats::jetstream::stream::StorageType;
use hyperstack_nats::async_nats::{ConnectOptions, Event};
use hyperstack_nats::{Bridge, BridgeStatus, Servers, ViewStatus};
use serde::Deserialize;
use tokio::task::JoinSet;

use super::access::Access;
use super::interrupt::Interrupt;
use super::stream::{messages, ViewId};
use super::{print_error, print_note, warn};

/// Copy views from a server to NATS JetStream, for any number of clients
///
/// A view with rows becomes a bucket, and a tape becomes a stream. Clients read them with the crate hyperstack-nats. Two
/// bridges can copy the same views: if one stops, the other continues. The command ends with 1 if it cannot connect at the
/// start, so run it under a supervisor. Later, it reconnects. Errors, gaps and changes of state go to standard error.
#[derive(clap::Args)]
#[command(after_help = concat!(
    "\
Examples:
  hs bridge --from wss://ore.example --view OreRound/list --tape Trade/append --to nats://localhost:4222 --prefix ore
  hs bridge bridge.toml

A file can set the same options, without the dashes, except --token, --insecure and --origin. `views` and `tapes` are
lists, which --view and --tape replace. Paths are relative to the file:
  from = \"wss://ore.example\"
  views = [\"OreRound/list\", \"OreRound/latest\"]
  tapes = [\"Trade/append\"]
  to = \"tls://nats.example:4222\"
  prefix = \"ore\"
  max-age = 172800
  credentials = \"bridge.creds\"

",
    environment!(),
    "  NATS_URL                     the NATS servers, if neither --to nor the file names them

Exit codes:
  0  stopped by ctrl-c or SIGTERM
  1  error
  2  usage error"
))]
pub(crate) struct Args {
    /// A TOML file with options. Options of the command line take precedence
    file: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    access: Access,
}

/// The options of the command line and of the file.
#[derive(Default, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Options {
    /// The server to copy from: wss://… or ws://…
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// A view with rows, such as OreRound/latest; an entity name alone means its list; repeatable
    #[arg(long = "view", value_name = "VIEW")]
    views: Vec<String>,
    /// A tape, such as Trade/append; an entity name alone means its append view; repeatable
    #[arg(long = "tape", value_name = "VIEW")]
    tapes: Vec<String>,
    /// The NATS servers: nats://… or tls://…, separated by commas. If the URL has a password, prefer the variable
    /// NATS_URL: other users can see command lines
    #[arg(long, value_name = "URLS")]
    to: Option<String>,
    /// The start of the names of all buckets and streams, the same for all bridges and clients of these views
    #[arg(long, value_name = "NAME")]
    prefix: Option<String>,
    /// The credentials file for NATS
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// Root certificates to trust for NATS, in PEM format, instead of the system's
    #[arg(long, value_name = "FILE")]
    nats_ca: Option<PathBuf>,
    /// The number of NATS servers that store each row and record; for new buckets and streams only [default: 1]
    #[arg(long, value_name = "N")]
    replicas: Option<usize>,
    /// Retain the records of a tape for this many seconds; 0 for no limit; for new streams only [default: 86400]
    #[arg(long, value_name = "SECONDS")]
    max_age: Option<u64>,
    /// Retain at most N records of a tape; 0 for no limit; for new streams only [default: 0]
    #[arg(long, value_name = "N")]
    max_records: Option<u64>,
    /// Retain at most N bytes of a tape; 0 for no limit; for new streams only [default: 0]
    #[arg(long, value_name = "N")]
    max_bytes: Option<u64>,
    /// Write a heartbeat for each view every N milliseconds [default: 1000]
    #[arg(long, value_name = "N")]
    interval: Option<u64>,
    /// Wait N milliseconds for another bridge before appending to a tape in its place [default: 1000]
    #[arg(long, value_name = "N")]
    patience: Option<u64>,
    /// Where NATS stores rows and records; for new buckets and streams only [default: file]
    #[arg(long, value_name = "WHERE")]
    storage: Option<Storage>,
}

#[derive(Clone, Copy, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Storage {
    File,
    Memory,
}

/// Copies until the user or an error ends it.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let options = match &args.file {
        Some(file) => Options::read(file).map(|read| args.options.over(read)),
        None => Ok(args.options),
    };
    let settings = match options.and_then(Settings::new) {
        Ok(settings) => settings,
        Err(error) => {
            print_error(&error);
            return Ok(ExitCode::from(2));
        }
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let done = runtime.block_on(copy(settings, args.access));
    runtime.shutdown_background();
    done.map(|()| ExitCode::SUCCESS)
}

async fn copy(settings: Settings, access: Access) -> Result<()> {
    let mut interrupt = Interrupt::new()?;
    let bridge = tokio::select! {
        bridge = settings.bridge(access) => bridge?,
        () = interrupt.wait() => return Ok(()),
    };
    let mut reports = JoinSet::new();
    for view in bridge.status().views() {
        reports.spawn(report(bridge.status(), view));
    }
    let mut run = pin!(bridge.run());
    tokio::select! {
        Err(error) = &mut run => {
            // They end with the bridge.
            while reports.join_next().await.is_some() {}
            Err(error.into())
        }
        () = interrupt.wait() => {
            reports.shutdown().await;
            Ok(())
        }
    }
}

/// Prints the errors and gaps of a view, and whenever it is up to date or no longer is.
async fn report(bridge: BridgeStatus, mut last: ViewStatus) {
    let view = last.view.clone();
    loop {
        let has_changed = |now: &ViewStatus| {
            let is_new_error = now.error.is_some() && now.error != last.error;
            is_new_error || now.is_caught_up != last.is_caught_up || now.gaps != last.gaps
        };
        let Some(now) = bridge.wait_for(&view, has_changed).await else {
            return;
        };
        if let Some(gap) = now.last_gap.as_ref().filter(|_| now.gaps != last.gaps) {
            match now.gaps - last.gaps {
                1 => warn(format!("{view}: {gap}")),
                gaps => warn(format!("{view}: {gaps} gaps, the last one: {gap}")),
            }
        }
        match &now.error {
            Some(error) if now.error != last.error => warn(format!("{view}: {error}")),
            Some(_) => {}
            None if now.is_caught_up == last.is_caught_up => {}
            None if now.is_caught_up => print_note(format!("{view}: up to date")),
            None => print_note(format!("{view}: not up to date")),
        }
        last = now;
    }
}

/// The options, complete and checked.
struct Settings {
    from: String,
    views: Vec<ViewId>,
    tapes: Vec<ViewId>,
    to: Servers,
    prefix: String,
    options: Options,
}

impl Settings {
    fn new(options: Options) -> Result<Self> {
        let needs = |option, example| {
            format!("`{option}` is missing: add it, for example `{option} {example}`")
        };
        let from = options.from.clone();
        let from = from.with_context(|| needs("--from", "wss://ore.example"))?;
        let to = options
            .to
            .clone()
            .or_else(|| std::env::var("NATS_URL").ok());
        let to = to.with_context(|| needs("--to", "nats://localhost:4222"))?;
        let prefix = options.prefix.clone();
        let prefix = prefix.with_context(|| needs("--prefix", "ore"))?;
        ensure!(!prefix.is_empty(), "`--prefix` must not be empty");
        ensure!(
            !options.views.is_empty() || !options.tapes.is_empty(),
            "nothing to copy: name a view with `--view`, or a tape with `--tape`"
        );
        let ranges = [
            ("interval", options.interval, 1),
            ("patience", options.patience, 4),
        ];
        for (option, value, least) in ranges {
            let is_valid = value.is_none_or(|value| (least..=3_600_000).contains(&value));
            ensure!(
                is_valid,
                "`--{option}`: expected {least} to 3600000 milliseconds"
            );
        }
        let ids = |option: &str, ids: &[String], default| {
            let parse = |id: &String| {
                let parsed = ViewId::parse(id, default);
                parsed.with_context(|| {
                    format!("`{option} {id}`: expected Entity/name, such as Round/{default}")
                })
            };
            ids.iter().map(parse).collect::<Result<Vec<_>>>()
        };
        let views = ids("--view", &options.views, "list")?;
        if let Some(view) = views.iter().find(|view| view.needs_key()) {
            bail!("`--view {view}`: a state view is read by key; copy the entity's list, which has the same rows");
        }
        Ok(Settings {
            from,
            views,
            tapes: ids("--tape", &options.tapes, "append")?,
            to: to.parse().context("`--to`")?,
            prefix,
            options,
        })
    }

    /// Connects to both servers.
    async fn bridge(self, access: Access) -> Result<Bridge> {
        let server = access.builder(&self.from).linger(Duration::ZERO);
        let server = server.connect().await.map_err(messages::connect_error)?;
        // A stream without a leader does not answer.
        let connect = ConnectOptions::new().request_timeout(Some(Duration::from_secs(3)));
        let last = Arc::new(Mutex::new(None));
        let connect = connect.event_callback(move |event| {
            // A missing permission causes the same error for each row.
            let last = last.lock().map(|mut last| last.replace(event.clone()));
            let is_repeated = last.is_ok_and(|last| last.as_ref() == Some(&event));
            if let Event::ServerError(_) | Event::ClientError(_) | Event::Disconnected = event {
                if !is_repeated {
                    warn(format!("NATS: {event}"));
                }
            }
            std::future::ready(())
        });
        let mut connect = self.to.configure(connect);
        if let Some(roots) = &self.options.nats_ca {
            connect = connect.add_root_certificates(roots.clone());
        }
        if let Some(file) = &self.options.credentials {
            let read = connect.credentials_file(file).await;
            connect = read.with_context(|| format!("cannot read {}", file.display()))?;
        }
        let nats = connect.connect(self.to.addresses()).await;
        let nats = nats.with_context(|| format!("cannot connect to NATS at {}", self.to))?;
        let mut bridge = Bridge::builder(server, nats, &self.prefix);
        for view in &self.views {
            bridge = bridge.view(view.to_string());
        }
        for tape in &self.tapes {
            bridge = bridge.tape(tape.to_string());
        }
        let options = &self.options;
        if let Some(replicas) = options.replicas {
            bridge = bridge.replicas(replicas);
        }
        if let Some(seconds) = options.max_age {
            bridge = bridge.max_age((seconds > 0).then(|| Duration::from_secs(seconds)));
        }
        if let Some(records) = options.max_records {
            bridge = bridge.max_records(records);
        }
        if let Some(bytes) = options.max_bytes {
            bridge = bridge.max_bytes(bytes);
        }
        if let Some(interval) = options.interval {
            bridge = bridge.interval(Duration::from_millis(interval));
        }
        if let Some(patience) = options.patience {
            bridge = bridge.patience(Duration::from_millis(patience));
        }
        if let Some(storage) = options.storage {
            bridge = bridge.storage(match storage {
                Storage::File => StorageType::File,
                Storage::Memory => StorageType::Memory,
            });
        }
        print_note(format!("copying to {}, prefix {}", self.to, self.prefix));
        Ok(bridge.build())
    }
}

impl Options {
    fn read(file: &Path) -> Result<Self> {
        let shown = file.display();
        let text = std::fs::read_to_string(file);
        let text = text.with_context(|| format!("cannot read {shown}"))?;
        // The error of the parser shows the line, which can have a password.
        let mut options: Self = toml::from_str(&text).map_err(|error: toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text[..start].matches('\n').count() + 1;
            anyhow!("invalid file {shown}, line {line}: {}", error.message())
        })?;
        // Paths in the file are relative to its directory.
        let directory = file.parent().unwrap_or(Path::new(""));
        for path in [&mut options.credentials, &mut options.nats_ca] {
            *path = path.take().map(|path| directory.join(path));
        }
        Ok(options)
    }

    /// Returns these options, and for each one that is not set the other's.
    fn over(self, other: Self) -> Self {
        let list = |own: Vec<String>, other| if own.is_empty() { other } else { own };
        Options {
            from: self.from.or(other.from),
            views: list(self.views, other.views),
            tapes: list(self.tapes, other.tapes),
            to: self.to.or(other.to),
            prefix: self.prefix.or(other.prefix),
            credentials: self.credentials.or(other.credentials),
            nats_ca: self.nats_ca.or(other.nats_ca),
            replicas: self.replicas.or(other.replicas),
            max_age: self.max_age.or(other.max_age),
            max_records: self.max_records.or(other.max_records),
            max_bytes: self.max_bytes.or(other.max_bytes),
            interval: self.interval.or(other.interval),
            patience: self.patience.or(other.patience),
            storage: self.storage.or(other.storage),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(toml: &str) -> Options {
        toml::from_str(toml).unwrap()
    }

    fn error(toml: &str) -> String {
        Settings::new(options(toml)).err().unwrap().to_string()
    }

    #[test]
    fn the_command_line_takes_precedence_over_the_file() {
        let file = "from = 'ws://a'\nto = 'nats://n'\nprefix = 'p'\nviews = ['Round']\nmax-age = 7";
        let line = options("prefix = 'q'\ntapes = ['Trade']");
        let settings = Settings::new(line.over(options(file))).unwrap();
        let ids = |views: &[ViewId]| views.iter().map(ViewId::to_string).collect::<Vec<_>>();
        assert_eq!(ids(&settings.views), ["Round/list"]);
        assert_eq!(ids(&settings.tapes), ["Trade/append"]);
        assert_eq!(
            (settings.prefix.as_str(), settings.options.max_age),
            ("q", Some(7))
        );
    }

    #[test]
    fn a_missing_or_invalid_option_is_named() {
        let all = "from = 'ws://a'\nto = 'nats://n'\nprefix = 'p'\n";
        for (toml, part) in [
            ("", "`--from` is missing"),
            (
                &format!("{all}views = ['a']\ninterval = 0"),
                "`--interval`: expected 1 to 3600000",
            ),
            ("from = 'ws://a'\nto = 'nats://n'", "`--prefix` is missing"),
            (all, "nothing to copy"),
            (
                &format!("{all}views = ['a/b/c']"),
                "`--view a/b/c`: expected Entity/name",
            ),
            (
                &format!("{all}views = ['Round/state']"),
                "copy the entity's list",
            ),
            (
                "from = 'ws://a'\nto = 'http://me:secret@n'\nprefix = 'p'\nviews = ['a']",
                "`--to`",
            ),
        ] {
            let error = error(toml);
            assert!(error.contains(part), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(toml::from_str::<Options>("form = 'ws://a'").is_err());
    }
}
