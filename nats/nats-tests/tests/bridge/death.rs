//! What dies, and what clients see.

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use hyperstack_sdk::{GapCause, Tape, TapeError};
use nats_tests::NatsServer;

use super::{client, equal, grown, Process, Running};
use crate::source::{prices, put, server, tape, trade};
use crate::support::{next, Hand, Trade};

const LIST: &str = "Player/list";
const TAPE: &str = "Trade/append";

/// Waits until a client of NATS has the rows that a client of the server has. Returns how many.
async fn same_rows(server: &TestServer, hs: &HyperStack) -> usize {
    let direct = HyperStack::connect(server.url()).await.unwrap();
    let rows = |hs: &HyperStack| hs.raw("Player").list();
    equal(rows(&direct), rows(hs), true).await
}

async fn gap(tape: &mut Tape<Trade>) -> hyperstack_sdk::TapeGap {
    match next(tape).await {
        Err(TapeError::Gap(gap)) => *gap,
        other => panic!("not a gap: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_is_killed_in_a_snapshot() {
    let (server, nats) = (server(0).await, NatsServer::start());
    let hand = Hand::new(&nats).await;
    put(&server, 0..5_000, 1);
    let bridge = Process::start(&server, &nats, &[LIST]);
    grown(&hand.jetstream, "KV_game_Player_list", 500).await;
    drop(bridge);
    // Meanwhile, the rows change.
    put(&server, 0..100, -1);
    (100..300).for_each(|n| server.delete("Player", &format!("k{n}")));
    let _bridge = Process::start(&server, &nats, &[LIST]);
    assert_eq!(same_rows(&server, &client(&nats).await).await, 4_800);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_is_killed_in_a_tape() {
    let (server, nats) = (server(10_000).await, NatsServer::start());
    let hand = Hand::new(&nats).await;
    trade(&server, 0..5_000);
    for records in [500, 1_500, 3_000] {
        let _bridge = Process::start(&server, &nats, &[TAPE]);
        grown(&hand.jetstream, "TAPE_game_Trade_append", records).await;
    }
    let _bridge = Process::start(&server, &nats, &[TAPE]);
    let hs = client(&nats).await;
    let mut tape = tape(&hs);
    assert_eq!(
        prices(&mut tape, 5_000).await,
        (0..5_000).collect::<Vec<_>>()
    );
    trade(&server, 5_000..5_010);
    assert_eq!(
        prices(&mut tape, 10).await,
        (5_000..5_010).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tape_lost_records_while_no_bridge_ran() {
    let (server, nats) = (server(100).await, NatsServer::start());
    trade(&server, 0..50);
    let bridge = Running::start(&server, &nats, |bridge| bridge.tape(TAPE)).await;
    bridge.caught_up().await;
    let hs = client(&nats).await;
    let mut tape = tape(&hs);
    assert_eq!(prices(&mut tape, 50).await, (0..50).collect::<Vec<_>>());
    drop(bridge);
    trade(&server, 50..250);
    let _bridge = Running::start(&server, &nats, |bridge| bridge.tape(TAPE)).await;
    assert_eq!(gap(&mut tape).await.cause, GapCause::MissedByServer);
    assert_eq!(prices(&mut tape, 100).await, (150..250).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_restarts_with_its_store() {
    let (server, mut nats) = (server(1_000).await, NatsServer::start());
    put(&server, 0..500, 1);
    trade(&server, 0..100);
    let bridge = Running::start(&server, &nats, |it| it.view(LIST).tape(TAPE)).await;
    let hs = client(&nats).await;
    bridge.caught_up().await;
    assert_eq!(same_rows(&server, &hs).await, 500);
    let mut tape = tape(&hs);
    assert_eq!(prices(&mut tape, 50).await, (0..50).collect::<Vec<_>>());
    nats.kill();
    put(&server, 400..600, -1);
    server.delete("Player", "k0");
    trade(&server, 100..200);
    nats.restart();
    put(&server, 600..700, 1);
    assert_eq!(same_rows(&server, &hs).await, 699);
    assert_eq!(prices(&mut tape, 150).await, (50..200).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_restarts_without_its_store() {
    let (server, mut nats) = (server(1_000).await, NatsServer::start());
    put(&server, 0..500, 1);
    trade(&server, 0..100);
    let bridge = Running::start(&server, &nats, |it| it.view(LIST).tape(TAPE)).await;
    let hs = client(&nats).await;
    bridge.caught_up().await;
    assert_eq!(same_rows(&server, &hs).await, 500);
    let mut tape = tape(&hs);
    assert_eq!(prices(&mut tape, 100).await, (0..100).collect::<Vec<_>>());
    nats.destroy();
    put(&server, 400..600, -1);
    server.delete("Player", "k0");
    nats.restart();
    assert_eq!(same_rows(&server, &hs).await, 599);
    // The bridge copies the records that the server retains into a new stream.
    assert_eq!(gap(&mut tape).await.cause, GapCause::NewEpoch);
    assert_eq!(prices(&mut tape, 100).await, (0..100).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_bridges_is_killed() {
    let (server, nats) = (server(10_000).await, NatsServer::start());
    put(&server, 0..500, 1);
    trade(&server, 0..100);
    let start = || Running::start(&server, &nats, |it| it.view(LIST).tape(TAPE));
    let (first, second) = (start().await, start().await);
    first.caught_up().await;
    second.caught_up().await;
    let hs = client(&nats).await;
    let mut states = hs.connection_states();
    let mut tape = tape(&hs);
    assert_eq!(same_rows(&server, &hs).await, 500);
    for round in 0..10 {
        put(&server, 0..100, round);
        trade(&server, 100 + round * 100..200 + round * 100);
    }
    drop(first);
    for round in 10..20 {
        put(&server, 50..150, round);
        trade(&server, 100 + round * 100..200 + round * 100);
    }
    server.delete("Player", "k0");
    assert_eq!(same_rows(&server, &hs).await, 499);
    assert_eq!(
        prices(&mut tape, 2_100).await,
        (0..2_100).collect::<Vec<_>>()
    );
    // Clients notice nothing.
    while let Some(change) = futures_util::FutureExt::now_or_never(states.next()) {
        let state = change.map(|change| change.state);
        assert_eq!(state, Some(ConnectionState::Connected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_restarts() {
    let (server, nats) = (server(1_000).await, NatsServer::start());
    put(&server, 0..500, 1);
    trade(&server, 0..100);
    let _bridges = [
        Running::start(&server, &nats, |it| it.view(LIST).tape(TAPE)).await,
        Running::start(&server, &nats, |it| it.view(LIST).tape(TAPE)).await,
    ];
    let hs = client(&nats).await;
    let mut tape = tape(&hs);
    assert_eq!(same_rows(&server, &hs).await, 500);
    assert_eq!(prices(&mut tape, 100).await, (0..100).collect::<Vec<_>>());
    // Its rows are gone, and its records have a new epoch.
    server.restart().await.unwrap();
    put(&server, 100..400, 2);
    trade(&server, 200..300);
    assert_eq!(same_rows(&server, &hs).await, 300);
    assert_eq!(gap(&mut tape).await.cause, GapCause::MissedByServer);
    assert_eq!(prices(&mut tape, 100).await, (200..300).collect::<Vec<_>>());
    // Its rows are the same, but their versions are new.
    server.restart_with_rows();
    put(&server, 0..50, 3);
    assert_eq!(same_rows(&server, &hs).await, 350);
    trade(&server, 300..310);
    assert_eq!(prices(&mut tape, 10).await, (300..310).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_is_away_longer_than_the_retention() {
    let (server, nats) = (server(1_000).await, NatsServer::start());
    trade(&server, 0..10);
    let _bridge = Running::start(&server, &nats, |it| it.tape(TAPE).max_records(50)).await;
    let hs = client(&nats).await;
    let mut before = tape(&hs);
    assert_eq!(prices(&mut before, 9).await, (0..9).collect::<Vec<_>>());
    let cursor = next(&mut before).await.unwrap().cursor;
    drop(before);
    hs.disconnect().await;
    trade(&server, 10..210);
    let hand = Hand::new(&nats).await;
    grown(&hand.jetstream, "TAPE_game_Trade_append", 210).await;
    let hs = client(&nats).await;
    let mut tape = tape(&hs).after(cursor);
    let gap = gap(&mut tape).await;
    assert_eq!((gap.cause, gap.lost), (GapCause::Expired, Some(150)));
    assert_eq!(prices(&mut tape, 50).await, (160..210).collect::<Vec<_>>());
}
