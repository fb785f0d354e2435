//! No secret appears in an error, in `Debug` output or in a log, including those of dependencies.

use std::cell::RefCell;
use std::fmt::{Debug, Display};
use std::sync::{Once, OnceLock};

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Refusal, TokenEndpoint, TokenReply};
use tokio::runtime::Runtime;
use tracing::field::{Field, Visit};
use tracing::span;

use super::*;

/// The secrets. They all differ, so that a leak shows what leaked.
const SECRETS: [&str; 9] = [
    "token-1-c4tch3d",
    "token-2-c4tch3d",
    "token-3-c4tch3d",
    "api-key-c4tch3d",
    "endpoint-header-c4tch3d",
    "endpoint-query-c4tch3d",
    "header-c4tch3d",
    "query-c4tch3d",
    "password-c4tch3d",
];

/// Returns the [`SECRETS`] in a text, also as hexadecimal digits, because frames are logged so.
fn leaks(text: &str) -> impl Iterator<Item = &'static str> + '_ {
    SECRETS.into_iter().filter(move |secret| {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        text.contains(secret) || text.contains(&hex)
    })
}

thread_local! {
    /// The log of this thread, while a test captures it.
    static LOGGED: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

fn note(text: impl FnOnce() -> String) {
    LOGGED.with_borrow_mut(|logged| {
        if let Some(logged) = logged {
            logged.push(text());
        }
    });
}

/// The program's logger for crates that use `log`.
struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        note(|| format!("{} {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}

/// This thread's subscriber for crates that use `tracing`.
struct Subscriber;

impl tracing::Subscriber for Subscriber {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        note(|| format!("{span:?}"));
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        note(|| format!("{values:?}"));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Text(String);

        impl Visit for Text {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                self.0 += &format!(" {field}={value:?}");
            }
        }

        let mut text = Text(event.metadata().target().to_owned());
        event.record(&mut text);
        note(|| text.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Starts a server whose logs, which show what it receives, are not captured with this thread's.
async fn elsewhere<F>(start: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all();
        builder.build().expect("a runtime")
    });
    let started = runtime.spawn(start).await;
    started.expect("it does not panic")
}

/// Formats a value in every way, and checks it like the logs.
fn show(thing: &(impl Debug + ?Sized)) {
    note(|| format!("{thing:?} {thing:#?}"));
}

fn show_error(error: &(impl Debug + Display)) {
    note(|| error.to_string());
    show(error);
}

#[tokio::test]
async fn no_secret_is_shown() -> anyhow::Result<()> {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        log::set_logger(&Logger).expect("the only logger");
        log::set_max_level(log::LevelFilter::Trace);
    });
    let _guard = tracing::subscriber::set_default(Subscriber);
    LOGGED.set(Some(Vec::new()));

    by_key().await?;
    by_query().await?;
    by_password().await?;
    let shown = LOGGED.take().unwrap_or_default();
    for target in ["hyperstack_sdk", "tungstenite::protocol"] {
        let heard = shown.iter().any(|text| text.starts_with(target));
        assert!(
            heard,
            "nothing was logged by {target}: this would prove nothing"
        );
    }
    for text in &shown {
        assert_eq!(leaks(text).collect::<Vec<_>>(), [""; 0], "{text}");
    }
    Ok(())
}

/// Runs a client with a key, an endpoint and a header: refused, connected, renewed, reconnected, and closed.
async fn by_key() -> anyhow::Result<()> {
    let [one, two, three, key, endpoint_header, endpoint_query, header, query, _] = SECRETS;
    let server = elsewhere(games().token(one).refresh(refresh()).start()).await?;
    put(&server, "a", 1.0);
    let still = Still::new();
    let endpoint = TokenEndpoint::start().await?;
    let address = server.address();
    let builder = quiet(&server)
        .url(format!("ws://{address}/?x={query}"))
        .api_key(key)
        .token_endpoint(format!("{}?{endpoint_query}", endpoint.url()))
        .token_endpoint_header("X-Tenant", endpoint_header)
        .header("X-Mine", header);
    show(&builder);
    let echo = [key, endpoint_header, endpoint_query].join(" ");
    endpoint.reply(TokenReply::refusal(401, "invalid-api-key", &echo));
    show_error(&soon(builder.clone().connect()).await.unwrap_err());
    endpoint.reply(TokenReply::new(200, one));
    show_error(&soon(builder.clone().connect()).await.unwrap_err());
    endpoint.reply(TokenReply::token(&format!("{one}\n"), FAR));
    show_error(&soon(builder.clone().connect()).await.unwrap_err());

    // The token says that it lives 100 seconds.
    let jwt = |token| format!("{token}.eyJpYXQiOjEwMDAsImV4cCI6MTEwMH0.c2ln");
    for token in [one, two, three] {
        server.accept_token(&jwt(token));
    }
    endpoint.reply(TokenReply::token(&jwt(one), 1100));
    let hs = soon(builder.connect()).await?;
    let mut updates = hs.watch::<Game>();
    let mut errors = hs.try_watch::<Game>();
    let mut faults = hs.faults();
    read(&mut updates, 1).await;
    show(&hs);
    endpoint.reply(TokenReply::token(&jwt(two), 1100));
    still.advance(SECOND * 50).await;
    soon(server.wait_for_message(|message| message["token"] == jwt(two))).await;
    put(&server, "a", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["patch a 2"]);
    let refusal = Refusal::new("token-expired").message(&format!("{} has expired", jwt(two)));
    server.refuse_next(refusal);
    endpoint.reply(TokenReply::token(&jwt(three), 1100));
    server.drop_connections();
    still.advance(Duration::ZERO).await;
    put(&server, "a", 3.0);
    assert_eq!(next(&mut updates).await.key(), "a");
    assert_eq!(presented(&server), [jwt(one), jwt(two), jwt(three)]);
    let refusal = Refusal::new("token-missing").message(&format!("{} is none", jwt(three)));
    server.refuse(refusal);
    server.drop_connections();
    still.advance(Duration::ZERO).await;
    show_error(&ended_by(&mut updates).await);
    show_error(&hs.end_reason().unwrap());
    show(&(
        &hs,
        &updates,
        hs.connection_states(),
        hs.last_error(),
        hs.stats(),
    ));
    while let Some(fault) = soon(faults.next()).await {
        show_error(&fault);
    }
    while let Some(item) = soon(errors.next()).await {
        if let Err(error) = item {
            show_error(&error);
        }
    }
    Ok(())
}

/// Runs a client with a token in the query: refused, connected, and closed.
async fn by_query() -> anyhow::Result<()> {
    let [one, two, ..] = SECRETS;
    let server = elsewhere(games().token(one).start()).await?;
    put(&server, "a", 1.0);
    let builder = client(&server).token_in_query("token");
    let wrong = builder.clone().token(two);
    show(&wrong);
    show_error(&soon(wrong.connect()).await.unwrap_err());
    let unusable = builder.clone().token(format!("{one} #"));
    show_error(&unusable.connect().await.unwrap_err());
    let hs = builder.token(one).connect().await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    show(&hs);
    server.expire_token(one);
    server.drop_connections();
    show_error(&ended_by(&mut updates).await);
    // The server is down.
    server.stop().await;
    let builder = client(&server).token_in_query("token").token(one);
    show_error(&soon(builder.connect()).await.unwrap_err());
    Ok(())
}

/// Runs a client with a password in the URL: refused in several ways, and connected.
async fn by_password() -> anyhow::Result<()> {
    let [token, .., password] = SECRETS;
    let server = elsewhere(games().start()).await?;
    let address = server.address();
    let builder = client(&server).url(format!("ws://me:{password}@{address}"));
    show(&builder);
    show_error(&builder.clone().token(token).connect().await.unwrap_err());
    server.refuse_next(Refusal::new("token-missing").message(password));
    show_error(&soon(builder.clone().connect()).await.unwrap_err());
    let malformed = format!("ws://me:{password}%@{address}");
    let malformed = builder.clone().url(malformed).connect();
    show_error(&malformed.await.unwrap_err());
    show(&soon(builder.connect()).await?);
    Ok(())
}

fn refresh() -> Refresh {
    Refresh::Check { expires_at: FAR }
}
