//! Generated types from end to end. The output of the virtual machine goes through the server's projector and
//! socket into the SDK, whose rows equal the server's cache.

use hyperstack_interop::{entity, Chain, Change, Machine, Setup, Size, ADDRESS};
use hyperstack_sdk::{Entity, HyperStack, Patch, PatchError, Record};
use serde_json::{json, Value};

use crate::stacks::*;
use crate::support::*;
use crate::Outcome;

/// Half of an entity's events are in the snapshot, and the others come as changes.
async fn arrives<T>(stack: &str) -> Outcome
where
    T: Record + Entity<Data = T> + TryFrom<T::Patch, Error = PatchError>,
{
    let changes = run(stack).into_iter().map(Change::from);
    let changes: Vec<_> = changes
        .filter(|change| change.entity() == T::NAME)
        .collect();
    let (before, after) = changes.split_at(changes.len() / 2);
    let server = Setup::new(entity(T::NAME)).start();
    server.apply(before.to_vec()).await;

    let hs = HyperStack::connect(server.url()).await?;
    let mut updates = hs.watch::<T>();
    next(&mut updates).await;
    server.apply(after.to_vec()).await;

    let mut expected = Vec::new();
    for row in server.rows::<Value>(&format!("{}/list", T::NAME)).await {
        let patch = T::Patch::decode(&row.to_string(), &[""; 0])?;
        expected.push(T::try_from(patch)?);
    }
    assert!(!expected.is_empty());
    until(&mut updates, async || hs.list_sync::<T>() == expected).await;
    assert_eq!(hs.stats().row_errors, 0);
    Ok(())
}

#[tokio::test]
async fn ore_rounds() -> Outcome {
    arrives::<ore::OreRound>(ore::FILE).await
}

#[tokio::test]
async fn ore_treasuries() -> Outcome {
    arrives::<ore::OreTreasury>(ore::FILE).await
}

#[tokio::test]
async fn ore_miners() -> Outcome {
    arrives::<ore::OreMiner>(ore::FILE).await
}

#[tokio::test]
async fn pumpfun_tokens() -> Outcome {
    arrives::<pumpfun::PumpfunToken>(pumpfun::FILE).await
}

#[tokio::test]
async fn vaults() -> Outcome {
    arrives::<shapes::Vault>(shapes::FILE).await
}

/// Events of a token that was created before the server started. The server knows its mint only as the row's
/// key.
#[tokio::test]
async fn a_token_whose_creation_was_not_seen() -> Outcome {
    let chain = Chain::new(pumpfun::FILE);
    let changes = Machine::new(pumpfun::FILE).process(&chain.event("BuyIxState", Size::Small));
    let server = Setup::new(entity("PumpfunToken")).start();
    server.apply(changes.into_iter().map(Change::from)).await;

    let hs = HyperStack::connect(server.url()).await?;
    let token = soon(hs.try_get::<pumpfun::PumpfunToken>(ADDRESS)).await?;
    let token = token.ok_or("no row")?;
    assert_eq!(
        (token.id.mint, token.trading.buy_count),
        (None, Some(Some(1)))
    );
    Ok(())
}

/// A change replaces an account, but the server's cache merges it, so a map keeps removed entries. Later
/// subscribers get them.
#[tokio::test]
async fn removed_map_entries_of_an_account_stay_in_the_cache() -> Outcome {
    let (chain, mut machine) = (Chain::new(shapes::FILE), Machine::new(shapes::FILE));
    let mut event = chain.event("shapes::VaultState", Size::Small);
    let server = Setup::new(entity("Vault")).start();
    let hs = HyperStack::connect(server.url()).await?;
    let mut updates = hs.watch::<shapes::Vault>();
    let mut seats = Vec::new();
    for map in [json!({"1": {}}), json!({"2": {}})] {
        event.value["seats"] = map;
        let changes = machine.process(&event);
        let (update, ()) = tokio::join!(
            next(&mut updates),
            server.apply(changes.into_iter().map(Change::from))
        );
        let capture = update.into_data().and_then(|row| row.plain.flatten());
        let map = capture.and_then(|capture| capture.data.seats);
        seats.push(map.ok_or("no seats")?.into_keys().collect::<Vec<_>>());
    }
    assert_eq!(seats, [[1], [2]]);
    let row = server.row("Vault/list", ADDRESS).await.ok_or("no row")?;
    let cached = &row["plain"]["data"]["seats"];
    assert_eq!(*cached, json!({"1": {}, "2": {}}));
    Ok(())
}
