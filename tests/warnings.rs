//! Mistakes that a stream cannot report, because they look like its regular end, are logged once.

use std::cell::RefCell;
use std::fmt::Debug;

use futures_util::FutureExt;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::Offline;
use tracing::field::{Field, Visit};
use tracing::{span, Level};

use crate::defects_v2;
use crate::support::*;

thread_local! {
    static WARNINGS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// A client that the subscriber uses for each warning.
    static CLIENT: RefCell<Option<HyperStack>> = const { RefCell::new(None) };
}

/// Collects the SDK's warnings on this thread.
struct Subscriber;

impl tracing::Subscriber for Subscriber {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN && metadata.target().starts_with("hyperstack_sdk")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Message(String);

        impl Visit for Message {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }

        let mut message = Message(String::new());
        event.record(&mut message);
        WARNINGS.with_borrow_mut(|warnings| warnings.push(message.0));
        CLIENT.with_borrow(|client| client.as_ref().map(HyperStack::stats));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Polls a stream that has no items to its end and beyond, and returns the warnings about it.
async fn warnings_of<I>(mut stream: impl Stream<Item = I> + Unpin) -> Vec<String> {
    let _guard = tracing::subscriber::set_default(Subscriber);
    WARNINGS.take();
    for _ in 0..2 {
        assert!(soon(stream.next()).await.is_none());
    }
    let warnings = WARNINGS.take().into_iter();
    // The client also logs the server's error.
    let about_streams = warnings.filter(|warning| warning.starts_with("a stream of "));
    about_streams.collect()
}

#[tokio::test]
async fn a_stream_that_outlives_its_client_logs_one_warning() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let expected = format!(
        "a stream of {} ended because its client was dropped: keep the `HyperStack` or a view handle, or call \
         `.keep_alive()` on the stream",
        std::any::type_name::<Game>()
    );

    // Never polled before.
    let updates = client(&server).connect().await?.watch::<Game>();
    assert_eq!(warnings_of(updates).await, [expected.as_str()]);

    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    drop(hs);
    assert_eq!(warnings_of(updates).await, [expected.as_str()]);

    // To disconnect is no mistake.
    let hs = client(&server).connect().await?;
    let updates = hs.watch::<Game>();
    soon(hs.disconnect()).await;
    assert_eq!(warnings_of(updates).await, [""; 0]);
    Ok(())
}

#[test]
fn a_subscriber_may_use_the_client_when_a_sort_is_unreadable() {
    let offline = Offline::new(HyperStack::builder());
    let mut games = offline.client().watch::<Game>();
    assert!(games.next().now_or_never().is_none());
    let mut best = offline.client().views::<GameViews>().nowhere().watch();
    assert!(best.next().now_or_never().is_none());

    let _guard = tracing::subscriber::set_default(Subscriber);
    WARNINGS.take();
    CLIENT.set(Some(offline.client().clone()));
    offline.receive_all([
        r#"{"op":"subscribed","subscriptionId":"1","query":{"view":"Game/list"}}"#,
        r#"{"op":"subscribed","subscriptionId":"2","query":{"view":"Game/nowhere"},"sort":{"field":7}}"#,
    ]);
    CLIENT.take();
    assert_eq!(
        WARNINGS.take(),
        [
            r#"cannot read the sort of Game/nowhere, so its rows stay in the order of arrival: {"field":7}"#
        ]
    );
}

#[tokio::test]
async fn a_stream_of_an_unknown_view_logs_one_warning() -> anyhow::Result<()> {
    let server = defects_v2::games().start().await?;
    let hs = defects_v2::client(&server).connect().await?;
    let updates = hs.views::<GameViews>().nowhere().watch();
    let expected = format!(
        "a stream of {} ended: the server does not know the view \"Game/nowhere\"",
        std::any::type_name::<Game>()
    );
    assert_eq!(warnings_of(updates).await, [expected]);
    Ok(())
}
