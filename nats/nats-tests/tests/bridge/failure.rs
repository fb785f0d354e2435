//! Bridges that cannot copy, and say why.

use hyperstack_nats::{BridgeError, ViewError};

use super::*;

/// Starts a bridge of a server with players. Returns its state, and its end.
async fn start(
    source: &TestServer,
    nats: async_nats::Client,
    with: impl FnOnce(BridgeBuilder) -> BridgeBuilder,
) -> (BridgeStatus, JoinHandle<BridgeError>) {
    let hs = settings().initial_data_timeout(Duration::from_millis(50));
    let hs = soon(hs.url(source.url()).connect()).await.unwrap();
    let bridge = Bridge::builder(hs, nats, PREFIX).interval(Duration::from_millis(100));
    let bridge = with(bridge).build();
    let status = bridge.status();
    let run = async {
        let Err(error) = bridge.run().await;
        error
    };
    (status, tokio::spawn(run))
}

async fn players(protocol: Protocol) -> TestServer {
    let server = TestServer::builder().protocol(protocol).entity("Player");
    server.start().await.unwrap()
}

async fn connect(nats: &NatsServer) -> async_nats::Client {
    soon(async_nats::connect(nats.url())).await.unwrap()
}

/// A v1 server does not answer. The client notices it when the server answers for another view.
#[tokio::test]
async fn a_view_that_a_v1_server_does_not_know() {
    let source = players(Protocol::V1).await;
    for views in [&["Plyer/list"] as &[_], &["Plyer/list", "Player/list"]] {
        let nats = NatsServer::start();
        let with = |bridge| views.iter().copied().fold(bridge, BridgeBuilder::view);
        let (status, _run) = start(&source, connect(&nats).await, with).await;
        let mut texts = Vec::new();
        let failed = status.wait_for("Plyer/list", |view| {
            texts.extend(view.error.as_ref().map(ToString::to_string));
            let error = view.error.as_ref();
            error.is_some_and(|error| views.len() == 1 || error.is_final())
        });
        assert!(soon(failed).await.is_some());
        for text in texts {
            assert!(text.contains("not know the view"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_view_that_is_also_named_as_a_tape() {
    let (source, nats) = (players(Protocol::V2).await, NatsServer::start());
    let with = |bridge: BridgeBuilder| bridge.tape("Player/list");
    let (_, run) = start(&source, connect(&nats).await, with).await;
    let view = "Player/list".to_owned();
    let expected = BridgeError::View(ViewError::NotATape { view });
    assert_eq!(soon(run).await.unwrap(), expected);

    let with = |bridge: BridgeBuilder| bridge.tape("Player/list").view("Player/list");
    let (_, run) = start(&source, connect(&nats).await, with).await;
    let view = "Player/list".to_owned();
    assert_eq!(soon(run).await.unwrap(), BridgeError::Ambiguous { view });
}

#[tokio::test]
async fn a_bridge_with_incomplete_settings() {
    let (source, nats) = (players(Protocol::V2).await, NatsServer::start());
    let (_, run) = start(&source, connect(&nats).await, |bridge| bridge).await;
    assert_eq!(soon(run).await.unwrap(), BridgeError::NoViews);
    let hs = soon(settings().url(source.url()).connect()).await.unwrap();
    let bridge = Bridge::builder(hs, connect(&nats).await, "").view("Player/list");
    let Err(error) = soon(bridge.build().run()).await;
    assert_eq!(error, BridgeError::EmptyPrefix);
}

#[tokio::test]
async fn a_closed_client_of_nats_ends_the_bridge() {
    let (source, nats) = (players(Protocol::V2).await, NatsServer::start());
    let client = connect(&nats).await;
    let with = |bridge: BridgeBuilder| bridge.view("Player/list");
    let (status, run) = start(&source, client.clone(), with).await;
    assert!(soon(status.wait_caught_up()).await);
    client.drain().await.unwrap();
    assert_eq!(soon(run).await.unwrap(), BridgeError::NatsClosed);
}

#[tokio::test]
async fn extreme_settings_are_limited() {
    let server = TestServer::builder().protocol(Protocol::V2).entity("Trade");
    let server = server.tape("Trade/append", 10).start().await;
    let (source, nats) = (server.unwrap(), NatsServer::start());
    let with = |bridge: BridgeBuilder| {
        let bridge = bridge.interval(Duration::MAX).patience(Duration::MAX);
        let bridge = bridge.replicas(0).max_records(0).max_bytes(u64::MAX);
        bridge.max_age(Some(Duration::MAX)).tape("Trade/append")
    };
    let client = connect(&nats).await;
    let (status, _run) = start(&source, client.clone(), with).await;
    assert!(soon(status.wait_caught_up()).await);
    let jetstream = async_nats::jetstream::new(client);
    let stream = jetstream.get_stream("TAPE_game_Trade_append").await;
    let config = stream.unwrap().cached_info().config.clone();
    let limits = (config.max_messages, config.max_bytes, config.num_replicas);
    assert_eq!(limits, (-1, -1, 1));
    assert_eq!(config.max_age, Duration::ZERO);
}
